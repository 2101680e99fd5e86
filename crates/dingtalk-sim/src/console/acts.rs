//! The page's forms: each performs one action and redirects to a page that shows the result.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::sync::oneshot;

use super::{approvals, form::Form};
use crate::{
    code::Kind,
    directory::{NewPerson, Person, PersonChange},
    fault::Fault,
    lang::Lang,
    shared::{Announce, Job, Shared},
};

/// `POST /sim/ui/{act}`
pub(super) async fn act(
    name: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let form = Form::parse(&body, Lang::of(&request));
    let outcome = match name.as_str() {
        "check-url" => check_url(&shared, form.lang).await,
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
        return Ok(hired(form.lang, &person, announce));
    }
    let userid = form.required("userid")?;
    Ok(match name {
        "change" => {
            let person = shared.change(&userid, changes(form), announce)?;
            match form.lang {
                Lang::Chinese => format!("{} 的资料已修改", person.name),
                Lang::English => format!("{} has been changed", person.name),
            }
        }
        "dismiss" => {
            shared.dismiss(&userid, announce)?;
            match form.lang {
                Lang::Chinese => format!("{userid} 已离职"),
                Lang::English => format!("{userid} has left"),
            }
        }
        "rehire" => {
            let person = shared.rehire(&userid, form.text("new_userid").as_deref(), announce)?;
            hired(form.lang, &person, announce)
        }
        _ => {
            let code = shared
                .world()
                .codes
                .issue(Kind::InApp, &userid, Instant::now(), false);
            format!("{}{code}", form.lang.say("应用内登录码：", "In-app code: "))
        }
    })
}

/// Says that somebody was hired, and what can be tried with them if no event told of it.
fn hired(lang: Lang, person: &Person, announce: Announce) -> String {
    let (name, userid) = (&person.name, &person.userid);
    match (lang, announce) {
        (Lang::Chinese, Announce::Yes) => format!("{name} 已入职，userid {userid}"),
        (Lang::English, Announce::Yes) => format!("{name} has been hired, userid {userid}"),
        (Lang::Chinese, Announce::No) => format!(
            "{name} 已入职，userid {userid}；没有通知 Dinggate。现在以 {name} 扫码，看看会怎样。"
        ),
        (Lang::English, Announce::No) => format!(
            "{name} has been hired, userid {userid}; Dinggate was not told. Now scan as {name} and see what happens."
        ),
    }
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
            match form.lang {
                Lang::Chinese => format!("部门 {} 已创建，id {}", made.name, made.dept_id),
                Lang::English => format!("Department {} created, id {}", made.name, made.dept_id),
            }
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
            match form.lang {
                Lang::Chinese => format!("部门 {} 已修改", made.name),
                Lang::English => format!("Department {} changed", made.name),
            }
        }
        _ => {
            shared.remove_department(form.number("dept_id")?, announce)?;
            form.lang.say("部门已删除", "Department removed").into()
        }
    })
}

fn cloud_act(name: &str, form: &Form, shared: &Shared) -> anyhow::Result<String> {
    let lang = form.lang;
    match name {
        "fault" => {
            let path = form.required("path")?;
            let times = form.text("times").map(|text| text.parse()).transpose()?;
            shared.world().faults.arm(&path, fault(form)?, times);
            Ok(format!("{}{path}", lang.say("故障已设置：", "Fault set: ")))
        }
        "faults-clear" => {
            shared.world().faults.clear();
            Ok(lang.say("故障已全部清除", "All faults cleared").into())
        }
        "token-revoke" => {
            shared.world().tokens.revoke();
            Ok(lang
                .say("access_token 已作废", "access_token revoked")
                .into())
        }
        "stale" => {
            let (userid, on) = (form.required("userid")?, form.text("on").is_some());
            shared.world().freeze(&userid, on);
            let state = if on {
                lang.say("的查询结果已冻结", "is frozen in answers")
            } else {
                lang.say("的查询结果已恢复", "follows the directory again")
            };
            Ok(format!("{userid} {state}"))
        }
        _ => bail!("{}", lang.say("没有这个操作", "There is no such action")),
    }
}

/// Returns the fault that the form's kind and value describe.
fn fault(form: &Form) -> anyhow::Result<Fault> {
    let kind = form.required("kind")?;
    let value = match form.text("value") {
        None => Value::Null,
        // A code is a number, except for `sub_code`, where it is a string.
        Some(text) if kind == "sub_code" => Value::String(text),
        Some(text) => serde_json::from_str(&text).context(form.lang.say(
            "值不是数字或 JSON",
            "The value is neither a number nor JSON",
        ))?,
    };
    let fault = match value {
        Value::Null => serde_json::json!({"kind": kind}),
        value => serde_json::json!({"kind": kind, "value": value}),
    };
    serde_json::from_value(fault).context(form.lang.say(
        "这种故障需要另一种值",
        "This fault needs another kind of value",
    ))
}

async fn check_url(shared: &Shared, lang: Lang) -> anyhow::Result<String> {
    let (report, outcome) = oneshot::channel();
    shared.enqueue(Job::CheckUrl(report));
    outcome.await?.map_err(anyhow::Error::msg)?;
    Ok(lang.say("check_url 验证通过", "check_url passed").into())
}
