//! Departments: one level at a time.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    answer::{Fields, Refusal},
    contact::result,
    desk::Desk,
};
use crate::directory::{Department, Person, ROOT};

/// `POST /topapi/v2/department/listsub`: the departments directly below the given one, by default the root.
pub(crate) fn list_sub(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let dept_id = desk.params.integer("dept_id", 400_002)?.unwrap_or(ROOT);
    desk.check_language(400_002)?;
    let dept_id = desk.readable_department(dept_id)?;
    let children: Vec<Value> = desk
        .world
        .directory
        .children(dept_id)
        .map(|child| {
            json!({
                "dept_id": child.dept_id, "name": child.name, "parent_id": child.parent_id,
                "create_dept_group": true, "auto_add_user": true,
            })
        })
        .collect();
    Ok(result(json!(children)))
}

/// `POST /topapi/v2/department/listsubid`: ids only, regardless of the scope.
pub(crate) fn list_sub_ids(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let dept_id = desk
        .params
        .integer("dept_id", 400_002)?
        .ok_or(Refusal::Code(400_002))?;
    let dept_id = desk.existing_department(dept_id)?;
    let ids: Vec<i64> = desk
        .world
        .directory
        .children(dept_id)
        .map(|d| d.dept_id)
        .collect();
    Ok(result(json!({"dept_id_list": ids})))
}

/// `POST /topapi/v2/department/get`
pub(crate) fn get(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let dept_id = desk
        .params
        .integer("dept_id", 400_002)?
        .ok_or(Refusal::Code(400_002))?;
    desk.check_language(400_002)?;
    let dept_id = desk.readable_department(dept_id)?;
    let department = desk
        .world
        .directory
        .department(dept_id)
        .ok_or(Refusal::Code(60003))?;
    Ok(result(record(desk, department)))
}

fn record(desk: &Desk<'_>, department: &Department) -> Value {
    let id = department.dept_id;
    let world = &desk.world;
    let leads = |person: &&Person| {
        let mut places = person.memberships.iter();
        places.any(|place| place.dept_id == id && place.leader)
    };
    let mut leaders: Vec<&str> = world
        .visible_members(id)
        .filter(leads)
        .map(|p| p.userid.as_str())
        .collect();
    leaders.sort_unstable();
    let below: HashSet<&str> = world
        .directory
        .subtree(id)
        .iter()
        .flat_map(|dept_id| world.visible_members(*dept_id))
        .map(|person| person.userid.as_str())
        .collect();
    let (members, direct) = (below.len(), world.visible_members(id).count());
    let mut record = json!({
        "dept_id": id, "name": department.name, "order": department.order,
        "create_dept_group": true, "auto_add_user": true, "from_union_org": false,
        "group_contain_sub_dept": true, "org_dept_owner": "",
        "dept_group_chat_id": format!("chat{id}"), "dept_manager_userid_list": leaders,
        "outer_dept": false, "outer_permit_depts": [], "outer_permit_users": [],
        "hide_dept": false, "dept_permits": [], "user_permits": [],
        "auto_approve_apply": false, "member_count": members, "owning_member_count": direct,
    });
    // The root has no parent.
    if id != ROOT
        && let Some(fields) = record.as_object_mut()
    {
        fields.insert("parent_id".into(), json!(department.parent_id));
    }
    record
}
