//! View models for the templates.

use actix_web::HttpRequest;

use crate::{
    china,
    directory::{Department, Directory, Person},
    event::{EventRecord, EventState},
    lang::Lang,
    shared::Shared,
    world::World,
};

/// What every page shows, and its language.
pub(super) struct Top {
    pub(super) lang: Lang,
    /// Path of the page itself, for the language switch.
    pub(super) path: String,
    /// URL of the application that receives the events.
    pub(super) portal: Option<String>,
    pub(super) company: String,
    pub(super) callback: String,
    /// CSS class for the colour: `ok`, `bad` or `idle`.
    pub(super) callback_class: &'static str,
    pub(super) done: Option<String>,
    pub(super) failed: Option<String>,
}

impl Top {
    pub(super) fn new(shared: &Shared, world: &World, request: &HttpRequest) -> Self {
        let lang = Lang::of(request);
        let get = |name: &str| {
            url::form_urlencoded::parse(request.query_string().as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let (callback_class, callback) = match (&world.callback_url, &world.url_check) {
            (None, _) => {
                let none = lang.say("未设置回调地址", "no callback URL");
                ("idle", none.to_owned())
            }
            (Some(url), None) => {
                let unchecked = lang.say("尚未验证", "not checked yet");
                ("idle", format!("{url} {unchecked}"))
            }
            (Some(url), Some(Ok(()))) => {
                let checked = lang.say("验证通过", "check_url passed");
                ("ok", format!("{url} {checked}"))
            }
            (Some(url), Some(Err(error))) => {
                let failed = lang.say("验证失败：", "check_url failed:");
                ("bad", format!("{url} {failed} {error}"))
            }
        };
        let portal = world.callback_url.as_deref();
        Self {
            lang,
            path: request.path().to_owned(),
            portal: portal
                .and_then(|url| url::Url::parse(url).ok())
                .map(|url| url.origin().ascii_serialization()),
            company: format!(
                "{} · {}",
                world.directory.company_name(),
                shared.config.corp_id
            ),
            callback,
            callback_class,
            done: get("done"),
            failed: get("failed"),
        }
    }

    /// Returns the text in the page's language.
    pub(super) fn t<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        self.lang.say(chinese, english)
    }
}

/// One person in a table.
pub(super) struct PersonRow {
    pub(super) person: Person,
    pub(super) departments: String,
}

impl PersonRow {
    pub(super) fn new(directory: &Directory, person: &Person) -> Self {
        let names: Vec<&str> = person
            .memberships
            .iter()
            .filter_map(|place| directory.department(place.dept_id))
            .map(|department| department.name.as_str())
            .collect();
        Self {
            person: person.clone(),
            departments: names.join("、"),
        }
    }
}

/// One department in the tree, indented by its depth.
pub(super) struct DepartmentRow {
    pub(super) department: Department,
    pub(super) depth: usize,
    pub(super) members: usize,
    /// Whether the person shown on the page belongs to it.
    pub(super) ticked: bool,
}

/// Returns the tree from the root down, each parent before its children.
pub(super) fn tree(directory: &Directory, person: Option<&Person>) -> Vec<DepartmentRow> {
    let mut rows = Vec::new();
    let mut open: Vec<(&Department, usize)> = directory.children(0).map(|d| (d, 0)).collect();
    while let Some((department, depth)) = open.pop() {
        let id = department.dept_id;
        rows.push(DepartmentRow {
            department: department.clone(),
            depth,
            members: directory.members(id).count(),
            ticked: person.is_some_and(|p| p.is_in(id)),
        });
        let mut children: Vec<_> = directory.children(id).map(|d| (d, depth + 1)).collect();
        children.reverse();
        open.extend(children);
    }
    rows
}

/// One event in a table.
pub(super) struct EventRow {
    pub(super) id: u64,
    pub(super) time: String,
    pub(super) event_type: String,
    pub(super) event: String,
    pub(super) class: &'static str,
    pub(super) state: &'static str,
    pub(super) attempts: u32,
    pub(super) error: String,
}

impl EventRow {
    pub(super) fn new(record: &EventRecord, lang: Lang) -> Self {
        let (class, state) = match record.state {
            EventState::Waiting => ("idle", lang.say("等待中", "waiting")),
            EventState::Retrying => ("bad", lang.say("重试中", "retrying")),
            EventState::Delivered => ("ok", lang.say("已送达", "delivered")),
            EventState::Failed => ("bad", lang.say("失败", "failed")),
            EventState::Dropped => ("idle", lang.say("未发送", "not sent")),
        };
        Self {
            id: record.id,
            time: china::clock(record.born_at, "%m-%d %H:%M:%S"),
            event_type: record.event_type.clone(),
            event: record.event.to_string(),
            class,
            state,
            attempts: record.attempts,
            error: record.last_error.clone().unwrap_or_default(),
        }
    }
}
