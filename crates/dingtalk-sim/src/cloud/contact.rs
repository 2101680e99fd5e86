//! People: individually, by department, and the part of the company that the app may read.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::{
    answer::{Fields, Refusal},
    desk::Desk,
    record,
};
use crate::{code::Kind, directory::Person};

/// Maximum page size.
const PAGE: i64 = 100;

/// `GET /auth/scopes`
#[allow(clippy::unnecessary_wraps, reason = "has the form of every interface")]
pub(crate) fn scopes(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let scope = &desk.world.scope;
    let mut fields = Fields::new();
    let readable = ["name", "userid", "unionid", "mobile", "email"];
    fields.insert("auth_user_field".into(), json!(readable));
    fields.insert(
        "auth_org_scopes".into(),
        json!({"authed_user": scope.users, "authed_dept": scope.departments}),
    );
    Ok(fields)
}

/// `POST /topapi/user/getbyunionid`: employees and external contacts.
pub(crate) fn by_unionid(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let unionid = desk.required("unionid", 400_002)?;
    if let Some(person) = desk.world.visible_by_unionid(&unionid) {
        desk.check_scope(person)?;
        return Ok(result(json!({"contact_type": 0, "userid": person.userid})));
    }
    let outsiders = desk.world.directory.outsiders();
    outsiders
        .iter()
        .find(|outsider| outsider.unionid == unionid)
        .and_then(|outsider| outsider.external_userid.as_ref())
        .map(|userid| result(json!({"contact_type": 1, "userid": userid})))
        .ok_or(Refusal::Code(60121))
}

/// `POST /topapi/v2/user/get`
pub(crate) fn get(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let userid = desk.required("userid", 400_002)?;
    desk.check_language(400_002)?;
    let person = desk.readable_person(&userid)?;
    Ok(result(Value::Object(record::detail(person, desk.config))))
}

/// `POST /topapi/v2/user/getuserinfo`: the person signed in inside `DingTalk`. An expired code is not
/// distinguished from an unknown one.
pub(crate) fn by_in_app_code(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let code = desk.required("code", 41026)?;
    let userid = desk
        .world
        .codes
        .redeem(Kind::InApp, &code, desk.now)
        .map_err(|_| Refusal::Code(40078))?;
    // An external contact can open the app inside DingTalk too.
    let external = (desk.world.directory.outsiders().iter())
        .find(|outsider| outsider.external_userid.as_deref() == Some(&userid));
    if let Some(external) = external {
        return Ok(result(json!({
            "userid": userid,
            "name": external.nick,
            "device_id": format!("dev-{userid}"),
            "sys": false,
            "sys_level": 0,
            "unionid": external.unionid,
            "associated_unionid": crate::directory::made_up_unionid(&external.unionid),
        })));
    }
    let person = desk
        .world
        .visible_person(&userid)
        .cloned()
        .ok_or(Refusal::Code(60121))?;
    desk.world.note_login(&person.unionid);
    Ok(result(json!({
        "userid": person.userid,
        "name": person.name,
        "device_id": format!("dev-{}", person.userid),
        "sys": person.admin,
        "sys_level": i32::from(person.admin),
        "unionid": person.unionid,
        "associated_unionid": crate::directory::made_up_unionid(&person.unionid),
    })))
}

/// `POST /topapi/v2/user/list`: full records, one page at a time.
pub(crate) fn list(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let config = desk.config;
    page(desk, |person, dept_id| {
        let place = person
            .memberships
            .iter()
            .find(|place| place.dept_id == dept_id)?;
        Some(Value::Object(record::list_entry(person, place, config)))
    })
}

/// `POST /topapi/user/listsimple`: names only, one page at a time.
pub(crate) fn list_simple(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    page(desk, |person, _| {
        Some(json!({"userid": person.userid, "name": person.name}))
    })
}

/// `POST /topapi/user/listid`: all ids of one department, regardless of the scope.
pub(crate) fn list_ids(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let dept_id = desk
        .params
        .integer("dept_id", 40035)?
        .ok_or(Refusal::Code(400_002))?;
    let dept_id = desk.existing_department(dept_id)?;
    let ids: Vec<&str> = members(desk, dept_id, Order::Custom)
        .iter()
        .map(|p| p.userid.as_str())
        .collect();
    Ok(result(json!({"userid_list": ids})))
}

/// `POST /topapi/user/count`
pub(crate) fn count(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let only_active = desk
        .params
        .flag("only_active", 400_002)?
        .ok_or(Refusal::Code(400_002))?;
    let count = desk
        .world
        .visible()
        .filter(|person| person.active || !only_active)
        .count();
    Ok(result(json!({"count": count})))
}

/// Sort order of a list.
#[derive(Clone, Copy)]
enum Order {
    Custom,
    Entry { ascending: bool },
    Modified { ascending: bool },
}

/// Returns one page of a department's direct members. People with restricted access are removed only after the
/// page was cut, so a page may be short or empty while more follow.
fn page(desk: &Desk<'_>, entry: impl Fn(&Person, i64) -> Option<Value>) -> Result<Fields, Refusal> {
    let params = desk.params;
    let dept_id = params
        .integer("dept_id", 40035)?
        .ok_or(Refusal::Code(400_002))?;
    let cursor = params
        .integer("cursor", 40035)?
        .ok_or(Refusal::Code(400_002))?;
    let size = params
        .integer("size", 40035)?
        .ok_or(Refusal::Code(400_002))?;
    if !(1..=PAGE).contains(&size) || cursor < 0 {
        return Err(Refusal::Code(40035));
    }
    let all = params.flag("contain_access_limit", 40035)?.unwrap_or(false);
    let order = order(params.text("order_field").as_deref())?;
    desk.check_language(40035)?;
    let dept_id = desk.readable_department(dept_id)?;
    let members = members(desk, dept_id, order);
    let (start, length) = (to_index(cursor), to_index(size));
    let list: Vec<Value> = members
        .iter()
        .skip(start)
        .take(length)
        .filter(|person| all || !person.access_limited)
        .filter_map(|person| entry(person, dept_id))
        .collect();
    let has_more = members.len() > start.saturating_add(length);
    let mut answer = json!({"has_more": has_more, "list": list});
    if has_more && let Some(fields) = answer.as_object_mut() {
        fields.insert("next_cursor".into(), json!(cursor + size));
    }
    Ok(result(answer))
}

/// Returns the direct members in the given order; each sort key is computed only once.
fn members<'a>(desk: &'a Desk<'_>, dept_id: i64, order: Order) -> Vec<&'a Person> {
    let key = |person: &Person| match order {
        Order::Custom => {
            let mut places = person.memberships.iter();
            let place = places.find(|place| place.dept_id == dept_id);
            Reverse(place.map_or(0, |place| place.order))
        }
        Order::Entry { ascending: true } => Reverse(-person.hired_date),
        Order::Entry { ascending: false } => Reverse(person.hired_date),
        Order::Modified { ascending: true } => Reverse(-person.modified_at),
        Order::Modified { ascending: false } => Reverse(person.modified_at),
    };
    let members = desk.world.visible_members(dept_id);
    let mut keyed: Vec<_> = members
        .map(|person| (key(person), person.userid.as_str(), person))
        .collect();
    keyed.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    keyed.into_iter().map(|(_, _, person)| person).collect()
}

fn order(field: Option<&str>) -> Result<Order, Refusal> {
    Ok(match field {
        None | Some("custom") => Order::Custom,
        Some("entry_asc") => Order::Entry { ascending: true },
        Some("entry_desc") => Order::Entry { ascending: false },
        Some("modify_asc") => Order::Modified { ascending: true },
        Some("modify_desc") => Order::Modified { ascending: false },
        Some(_) => return Err(Refusal::Code(40035)),
    })
}

fn to_index(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Returns `result` alone.
pub(crate) fn result(value: Value) -> Fields {
    let mut fields = Fields::new();
    fields.insert("result".into(), value);
    fields
}
