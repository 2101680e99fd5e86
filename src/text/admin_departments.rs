//! Texts of the pages of departments.

use super::texts;

texts! {
    /// Texts of the pages of departments.
    pub struct DepartmentTexts {
        title: "部门" | "Departments";
        purpose: "钉钉通讯录中的部门。部门只能在钉钉里修改，变更会自动更新到这里。"
            | "Edit departments in DingTalk; changes appear here automatically.";
        search_label: "部门名称或部门 ID" | "Name or id of a department";
        views: "查看方式" | "Views";
        tree: "组织架构" | "Tree";
        list: "列表" | "List";
        name: "部门" | "Department";
        parents: "上级部门" | "Parent departments";
        people: "在职人数" | "People employed";
        people_hint: "含下级部门" | "incl. sub-departments";
        direct: "（直属 {n} 人）" | " ({n} direct)";
        tree_hint: "数字为在职人数（含下级部门）。" | "The numbers are the people employed, with those in the departments below.";
        own_people: "直属 {n} 人" | "{n} direct";
        more_below: "下级部门：{n} 个" | "{n} more below";
        id: "部门 ID" | "Id";
        looked: "更新时间" | "Last read";
        facts: "基本信息" | "Facts";
        way: "所在位置" | "Path";
        leaders: "主管" | "Leaders";
        whole: "在职人数（含下级部门）" | "People, with those below";
        own: "直属人数" | "Direct members";
        departments_below: "下级部门" | "Sub-departments";
        no_departments_below: "没有下级部门。" | "There is no department below it.";
        members: "直属员工" | "Direct members";
        no_members: "没有直属员工。" | "No direct members.";
        all_members: "查看本部门及下级部门的全部 {n} 名员工" | "All {n} people in it and below it";
        member_name: "姓名" | "Name";
        member_title: "职位" | "Title";
        more_siblings: "另有 {n} 个部门，请在列表中查看" | "{n} more departments: see the list";
        empty_title: "还没有部门" | "No departments yet";
        empty_text: "完成一次全量同步，或钉钉推送部门变更后，部门会显示在这里。"
            | "They appear here after the first full sync, or when DingTalk reports a change.";
        nothing_title: "没有找到部门" | "No department found";
        nothing_text: "没有名称或 ID 与“{q}”匹配的部门。" | "No department’s name or id matches “{q}”.";
    }
}
