//! A person's record as responses show it; fields that are empty or not permitted are absent.

use serde_json::{Value, json};

use super::answer::Fields;
use crate::{
    config::SimConfig,
    directory::{Membership, Person},
};

/// Returns the record of `/topapi/v2/user/get`.
pub(crate) fn detail(person: &Person, config: &SimConfig) -> Fields {
    let mut record = common(person, config);
    let orders: Vec<Value> = person
        .memberships
        .iter()
        .map(|place| json!({"dept_id": place.dept_id, "order": place.order}))
        .collect();
    let leads: Vec<Value> = person
        .memberships
        .iter()
        .map(|place| json!({"dept_id": place.dept_id, "leader": place.leader}))
        .collect();
    record.insert("dept_order_list".into(), json!(orders));
    record.insert("leader_in_dept".into(), json!(leads));
    record.insert("real_authed".into(), json!(person.active));
    record.insert("senior".into(), json!(person.senior));
    put_text(&mut record, "manager_userid", &person.manager_userid);
    if person.admin {
        let roles = json!([{"id": 2_000_000_001, "name": "主管理员", "group_name": "默认"}]);
        record.insert("role_list".into(), roles);
    }
    record
}

/// Returns the record of `/topapi/v2/user/list`, for one of the person's departments.
pub(crate) fn list_entry(person: &Person, place: &Membership, config: &SimConfig) -> Fields {
    let mut record = common(person, config);
    record.insert("dept_order".into(), json!(place.order));
    record.insert("leader".into(), json!(place.leader));
    record
}

fn common(person: &Person, config: &SimConfig) -> Fields {
    let mut record = Fields::new();
    for (key, value) in [
        ("userid", json!(person.userid)),
        ("unionid", json!(person.unionid)),
        ("name", json!(person.name)),
        ("telephone", json!("")),
        ("job_number", json!(person.job_number)),
        ("title", json!(person.title)),
        ("dept_id_list", json!(person.department_ids())),
        ("hired_date", json!(person.hired_date)),
        ("active", json!(person.active)),
        ("admin", json!(person.admin)),
        ("boss", json!(person.boss)),
        ("hide_mobile", json!(person.access_limited)),
        ("exclusive_account", json!(false)),
    ] {
        record.insert(key.into(), value);
    }
    put_text(&mut record, "avatar", &person.avatar);
    put_text(&mut record, "work_place", &person.work_place);
    if config.may_read_mobile && !person.mobile.is_empty() {
        record.insert("mobile".into(), json!(person.mobile));
        record.insert("state_code".into(), json!("86"));
    }
    if config.may_read_email {
        record.insert("email".into(), json!(person.email));
        put_text(&mut record, "org_email", &person.org_email);
    }
    record
}

fn put_text(record: &mut Fields, key: &str, text: &str) {
    if !text.is_empty() {
        record.insert(key.into(), json!(text));
    }
}
