//! The page's forms: each performs one action and redirects to a page that shows the result.

use std::time::Instant;

use actix_web::{HttpResponse, http::header, web};
use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::sync::oneshot;

use super::{approvals, form::Form};
use crate::{
    code::Kind,
    directory::{NewPerson, PersonChange},
    fault::Fault,
    shared::{Job, Shared},
};

/// `POST /sim/ui/{act}`
pub(super) async fn act(
    name: web::Path<String>,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let form = Form::parse(&body);
    let outcome = match name.as_str() {
        "check-url" => check_url(&shared).await,
        "hire" | "change" | "dismiss" | "rehire" | "in-app-code" => {
            person_act(&name, &form, &shared)
        }
        "department-create" | "department-change" | "department-remove" => {
            department_act(&name, &form, &shared)
        }
        _ if name.starts_with("approval-") => approvals::act(&name, &form, &shared),
        _ => cloud_act(&name, &form, &shared),
    };
    let page = page_after(&name, &form);
    let (key, text) = match outcome {
        Ok(text) => ("done", text),
        Err(error) => ("failed", format!("{error:#}")),
    };
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair(key, &text)
        .finish();
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, format!("{page}?{query}")))
        .finish()
}

/// Returns the page that a form redirects to.
fn page_after(name: &str, form: &Form) -> String {
    match name {
        "change" | "in-app-code" => match form.text("userid") {
            Some(userid) => format!("/sim/people/{userid}"),
            None => "/".into(),
        },
        "hire" | "dismiss" | "rehire" => "/".into(),
        "check-url" => "/sim/events".into(),
        _ if name.starts_with("approval-") => "/sim/approvals".into(),
        _ if name.starts_with("department-") => "/sim/departments".into(),
        _ => "/sim/faults".into(),
    }
}

fn person_act(name: &str, form: &Form, shared: &Shared) -> anyhow::Result<String> {
    let announce = form.announce();
    if name == "hire" {
        let person = shared.hire(newcomer(form)?, announce)?;
        return Ok(format!("{} 已入职，userid {}", person.name, person.userid));
    }
    let userid = form.required("userid")?;
    Ok(match name {
        "change" => {
            let person = shared.change(&userid, changes(form), announce)?;
            format!("{} 的资料已修改", person.name)
        }
        "dismiss" => {
            shared.dismiss(&userid, announce)?;
            format!("{userid} 已离职")
        }
        "rehire" => {
            let person = shared.rehire(&userid, form.text("new_userid").as_deref(), announce)?;
            format!("{} 已重新入职，userid {}", person.name, person.userid)
        }
        _ => {
            let code = shared
                .world()
                .codes
                .issue(Kind::InApp, &userid, Instant::now(), false);
            format!("应用内登录码 in-app code: {code}")
        }
    })
}

fn newcomer(form: &Form) -> anyhow::Result<NewPerson> {
    Ok(NewPerson {
        name: form.required("name")?,
        userid: form.text("userid"),
        title: form.text("title").unwrap_or_default(),
        mobile: form.text("mobile").unwrap_or_default(),
        departments: form.numbers("department"),
        ..NewPerson::default()
    })
}

fn changes(form: &Form) -> PersonChange {
    let departments = form.numbers("department");
    PersonChange {
        name: form.text("name"),
        nick: form.text("nick"),
        title: form.shown("title"),
        mobile: form.shown("mobile"),
        email: form.shown("email"),
        job_number: form.shown("job_number"),
        departments: Some(departments).filter(|ids| !ids.is_empty()),
        ..PersonChange::default()
    }
}

fn department_act(name: &str, form: &Form, shared: &Shared) -> anyhow::Result<String> {
    let announce = form.announce();
    Ok(match name {
        "department-create" => {
            let (name, parent) = (form.required("name")?, form.number("parent_id")?);
            let made = shared.create_department(&name, parent, announce)?;
            format!("部门 {} 已创建，id {}", made.name, made.dept_id)
        }
        "department-change" => {
            let id = form.number("dept_id")?;
            let parent = form.number("parent_id").ok().filter(|parent| {
                let world = shared.world();
                world
                    .directory
                    .department(id)
                    .is_some_and(|d| d.parent_id != *parent)
            });
            let made =
                shared.change_department(id, form.text("name").as_deref(), parent, announce)?;
            format!("部门 {} 已修改", made.name)
        }
        _ => {
            shared.remove_department(form.number("dept_id")?, announce)?;
            "部门已删除".into()
        }
    })
}

fn cloud_act(name: &str, form: &Form, shared: &Shared) -> anyhow::Result<String> {
    match name {
        "fault" => {
            let path = form.required("path")?;
            let times = form.text("times").map(|text| text.parse()).transpose()?;
            shared.world().faults.arm(&path, fault(form)?, times);
            Ok(format!("故障已设置：{path}"))
        }
        "faults-clear" => {
            shared.world().faults.clear();
            Ok("故障已全部清除".into())
        }
        "token-revoke" => {
            shared.world().tokens.revoke();
            Ok("access_token 已作废".into())
        }
        "stale" => {
            let (userid, on) = (form.required("userid")?, form.text("on").is_some());
            shared.world().freeze(&userid, on);
            let state = if on { "已冻结" } else { "已恢复" };
            Ok(format!("{userid} 的查询结果{state}"))
        }
        _ => bail!("没有这个操作 (no such act)"),
    }
}

/// Returns the fault that the form's kind and value describe.
fn fault(form: &Form) -> anyhow::Result<Fault> {
    let kind = form.required("kind")?;
    let value = match form.text("value") {
        None => Value::Null,
        // A code is a number, except for `sub_code`, where it is a string.
        Some(text) if kind == "sub_code" => Value::String(text),
        Some(text) => serde_json::from_str(&text).context("值不是数字或 JSON (bad value)")?,
    };
    let fault = match value {
        Value::Null => serde_json::json!({"kind": kind}),
        value => serde_json::json!({"kind": kind, "value": value}),
    };
    serde_json::from_value(fault).context("这种故障需要另一种值 (bad value)")
}

async fn check_url(shared: &Shared) -> anyhow::Result<String> {
    let (report, outcome) = oneshot::channel();
    shared.enqueue(Job::CheckUrl(report));
    outcome.await?.map_err(anyhow::Error::msg)?;
    Ok("check_url 验证通过".into())
}
