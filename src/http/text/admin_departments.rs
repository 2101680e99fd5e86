//! Texts of the page of departments.

use super::texts;

texts! {
    /// Texts of the page of departments.
    pub struct DepartmentTexts {
        title: "部门" | "Departments";
        purpose: "钉钉通讯录中的部门。部门只能在钉钉里修改，变更会自动更新到这里。"
            | "The departments of the DingTalk directory. They are changed in DingTalk only, and follow here by themselves.";
        search_label: "部门名称或部门 ID" | "Name or id of a department";
        name: "部门" | "Department";
        parents: "上级部门" | "Parent departments";
        people: "在职人数" | "People employed";
        people_hint: "含下级部门" | "with the departments below";
        direct: "（直属 {n} 人）" | " ({n} directly)";
        id: "部门 ID" | "Id";
        looked: "更新时间" | "Last read";
        empty_title: "还没有部门" | "No departments yet";
        empty_text: "完成一次全量同步，或钉钉推送部门变更后，部门会显示在这里。"
            | "They appear here after the first full sync, or when DingTalk reports a change.";
        nothing_title: "没有找到部门" | "No department found";
        nothing_text: "没有名称或 ID 与“{q}”匹配的部门。" | "No department’s name or id matches “{q}”.";
    }
}
