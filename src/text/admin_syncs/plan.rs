//! Texts of a full sync's plan and its results, record by record.

use crate::text::texts;

texts! {
    /// Texts of the plan of a full sync.
    pub struct PlanTexts {
        title: "完整计划" | "The whole plan";
        hint: "这次同步处理、暂缓和跳过的每一条记录。" | "Every record that this sync has dealt with, held back or passed over.";
        search_label: "姓名、userid、部门、字段或新旧值" | "A name, userid, department, field, old or new value";
        kind: "类型" | "Kind";
        who: "对象" | "Who or what";
        what: "内容" | "What";
        nothing_changed: "全部与通讯录一致，没有任何变更。" | "Everything agrees with the directory: nothing had to be changed.";
        nothing_yet: "还没有记录。" | "There are no records yet.";
        nothing_done: "没有记录。" | "There are no records.";
        records_gone: "记录只保留 {days} 天，已经清除。" | "The records were kept for {days} days and are gone.";
        nothing_title: "没有找到记录" | "Nothing found";
        nothing_text: "没有符合这些条件的记录。" | "No record matches these filters.";
        nobody: "没有 userid 的记录" | "A record without a userid";
        gone: "无" | "none";
        becomes: "变为" | "becomes";

        unionid: "unionid" | "unionid";
        userid: "userid" | "userid";
        name: "姓名" | "Name";
        department_name: "名称" | "Name";
        employed: "在职" | "employed";
        left: "离职" | "left";
        avatar: "头像" | "Picture";
        job_number: "工号" | "Job number";
        position: "职位" | "Title";
        mobile: "手机号" | "Mobile";
        email: "邮箱" | "E-mail";
        hired_date: "入职日期" | "Hired";
        departments: "部门" | "Departments";
        status: "状态" | "State";
        parent: "上级部门" | "Parent";
        order: "排序" | "Order";
        picture_added: "已添加" | "added";
        picture_removed: "已移除" | "removed";
        picture_changed: "已更换" | "replaced";
        joins: "加入部门" | "Joins";
        leaves: "离开部门" | "Leaves";
        leads: "担任主管" | "Now leads";
        leads_no_more: "不再担任主管" | "Leads no more";
        as_leader: "{name}（主管）" | "{name} (leader)";
        order_in: "在{name}中的排序" | "Order in {name}";
        unnamed_department: "部门 {id}" | "Department {id}";
    }
}

impl PlanTexts {
    /// Returns the words for a field of a person or of a department, or `None` for an unknown field.
    pub fn field_words(&self, field: &str, is_department: bool) -> Option<&'static str> {
        let words = match field {
            "name" if is_department => self.department_name,
            "unionid" => self.unionid,
            "userid" => self.userid,
            "name" => self.name,
            "avatar" => self.avatar,
            "job_number" => self.job_number,
            "title" => self.position,
            "mobile" => self.mobile,
            "email" => self.email,
            "hired_date" => self.hired_date,
            "departments" => self.departments,
            "status" => self.status,
            "parent" | "parent_id" => self.parent,
            "order" | "sort_order" => self.order,
            _ => return None,
        };
        Some(words)
    }
}
