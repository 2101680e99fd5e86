//! Controls of people, departments and codes.

use std::time::Instant;

use actix_web::web;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, done, read, read_act};
use crate::{
    code::Kind,
    directory::{NewPerson, Outsider, PersonChange},
    grant::Grant,
    shared::Shared,
};

type Data = web::Data<Shared>;

pub(super) async fn list(shared: Data) -> Answer {
    let world = shared.world();
    Ok(web::Json(json!({
        "employed": world.directory.people(),
        "former": world.directory.former(),
        "outsiders": world.directory.outsiders(),
    })))
}

pub(super) async fn hire(body: web::Bytes, shared: Data) -> Answer {
    let (new, announce) = read_act::<NewPerson>(&body)?;
    Ok(web::Json(json!(shared.hire(new, announce)?)))
}

pub(super) async fn change(userid: web::Path<String>, body: web::Bytes, shared: Data) -> Answer {
    let (change, announce) = read_act::<PersonChange>(&body)?;
    Ok(web::Json(json!(shared.change(&userid, change, announce)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(super) async fn dismiss(userid: web::Path<String>, body: web::Bytes, shared: Data) -> Answer {
    let (Nothing {}, announce) = read_act(&body)?;
    shared.dismiss(&userid, announce)?;
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rehire {
    new_userid: Option<String>,
}

pub(super) async fn rehire(userid: web::Path<String>, body: web::Bytes, shared: Data) -> Answer {
    let (how, announce) = read_act::<Rehire>(&body)?;
    Ok(web::Json(json!(shared.rehire(
        &userid,
        how.new_userid.as_deref(),
        announce
    )?)))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Counts {
    change: usize,
    dismiss: usize,
    hire: usize,
}

/// Changes, dismisses and hires the given numbers of people, without any event.
pub(super) async fn bulk(body: web::Bytes, shared: Data) -> Answer {
    let Counts {
        change,
        dismiss,
        hire,
    } = read(&body)?;
    let bulk = shared.change_bulk(change, dismiss, hire)?;
    Ok(web::Json(json!(bulk)))
}

pub(super) async fn add_outsider(body: web::Bytes, shared: Data) -> Answer {
    let outsider: Outsider = read(&body)?;
    shared.world().directory.add_outsider(outsider);
    shared.save();
    done()
}

pub(super) async fn departments(shared: Data) -> Answer {
    Ok(web::Json(json!(shared.world().directory.departments())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDepartment {
    name: String,
    parent_id: i64,
}

pub(super) async fn create_department(body: web::Bytes, shared: Data) -> Answer {
    let (new, announce) = read_act::<NewDepartment>(&body)?;
    Ok(web::Json(json!(shared.create_department(
        &new.name,
        new.parent_id,
        announce
    )?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DepartmentChange {
    name: Option<String>,
    parent_id: Option<i64>,
}

pub(super) async fn change_department(
    id: web::Path<i64>,
    body: web::Bytes,
    shared: Data,
) -> Answer {
    let (to, announce) = read_act::<DepartmentChange>(&body)?;
    let changed = shared.change_department(*id, to.name.as_deref(), to.parent_id, announce)?;
    Ok(web::Json(json!(changed)))
}

pub(super) async fn remove_department(
    id: web::Path<i64>,
    body: web::Bytes,
    shared: Data,
) -> Answer {
    let (Nothing {}, announce) = read_act(&body)?;
    shared.remove_department(*id, announce)?;
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnsCode {
    unionid: String,
    #[serde(default)]
    expired: bool,
}

pub(super) async fn sns_code(body: web::Bytes, shared: Data) -> Answer {
    let wish: SnsCode = read(&body)?;
    Ok(code(&shared, Kind::Sns, &wish.unionid, wish.expired))
}

/// Returns a code of the newer login page, for the login app and this company.
pub(super) async fn oauth2_code(body: web::Bytes, shared: Data) -> Answer {
    let wish: SnsCode = read(&body)?;
    let grant = Grant {
        unionid: wish.unionid,
        client_id: shared.config.login_app_id.clone(),
        corp_id: Some(shared.config.corp_id.clone()),
    };
    let mut world = shared.world();
    let code = world.grants.issue_code(grant, Instant::now(), wish.expired);
    Ok(web::Json(json!({"code": code})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InAppCode {
    userid: String,
    #[serde(default)]
    expired: bool,
}

pub(super) async fn in_app_code(body: web::Bytes, shared: Data) -> Answer {
    let wish: InAppCode = read(&body)?;
    Ok(code(&shared, Kind::InApp, &wish.userid, wish.expired))
}

fn code(shared: &Shared, kind: Kind, subject: &str, old: bool) -> web::Json<serde_json::Value> {
    let code = shared
        .world()
        .codes
        .issue(kind, subject, Instant::now(), old);
    web::Json(json!({"code": code}))
}
