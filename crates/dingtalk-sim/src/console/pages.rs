//! The pages: people, one person, departments, events, faults.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;

use super::view::{DepartmentRow, EventRow, PersonRow, Top, tree};
use crate::{
    cloud, company,
    directory::{Outsider, Person, ROOT},
    lang::Lang,
    shared::Shared,
    tour::Step,
    world::World,
};

/// Number of events shown, newest first.
const SHOWN: usize = 100;
/// Number of departments shown; each row lists all of them as targets for a move.
const DEPARTMENTS_SHOWN: usize = 200;
/// Number of people shown.
const PEOPLE_SHOWN: usize = 1000;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    top: Top,
    people: Vec<PersonRow>,
    /// Total number of employees; in a large company not all are shown.
    employed: usize,
    wanted: String,
    former: Vec<PersonRow>,
    outsiders: Vec<Outsider>,
    departments: Vec<DepartmentRow>,
    /// The demo company's five things to try; none for another company.
    tour: Vec<TourRow>,
}

/// One thing to try.
struct TourRow {
    text: &'static str,
    is_done: bool,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    top: Top,
    person: Person,
    departments: Vec<DepartmentRow>,
    frozen: bool,
}

#[derive(Template)]
#[template(path = "departments.html")]
struct DepartmentsPage {
    top: Top,
    departments: Vec<DepartmentRow>,
    /// Total number of departments; in a large company not all are shown.
    count: usize,
    root: i64,
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    top: Top,
    events: Vec<EventRow>,
    failed: Vec<EventRow>,
    failed_count: usize,
    /// URL and tags of the callback registered by API.
    registered: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "faults.html")]
struct FaultsPage {
    top: Top,
    paths: Vec<&'static str>,
    /// Path, fault as JSON, remaining count.
    armed: Vec<(String, String, String)>,
    /// Path, calls, most in any second.
    calls: Vec<(String, u64, usize)>,
    frozen: Vec<String>,
}

pub(super) async fn people(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let world = shared.world();
    let directory = &world.directory;
    let wish = url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == "q")
        .map(|(_, text)| text.trim().to_owned())
        .unwrap_or_default();
    let wanted = |p: &Person| p.name.contains(&wish) || p.userid.contains(&wish);
    let rows = |people: &[Person]| {
        people
            .iter()
            .filter(|p| wanted(p))
            .take(PEOPLE_SHOWN)
            .map(|p| PersonRow::new(directory, p))
            .collect()
    };
    html(&PeoplePage {
        top: Top::new(&shared, &world, &request),
        people: rows(directory.people()),
        employed: directory.people().len(),
        wanted: wish.clone(),
        former: rows(directory.former()),
        outsiders: directory.outsiders().to_vec(),
        departments: tree(directory, None),
        tour: tour(&world, Lang::of(&request)),
    })
}

fn tour(world: &World, lang: Lang) -> Vec<TourRow> {
    if world.directory.company_name() != company::NAME {
        return Vec::new();
    }
    let row = |step, chinese, english| TourRow {
        text: lang.say(chinese, english),
        is_done: world.tour.is_done(step),
    };
    vec![
        row(
            Step::Employee,
            "打开门户，以员工张三扫码：登录成功。",
            "Open the portal and scan as the employee 张三: you are signed in.",
        ),
        row(
            Step::Dismissal,
            "在下面的列表里让张三离职，再回到门户：一秒内已被下线。",
            "Dismiss 张三 in the list below and go back to the portal: within a second you are signed out.",
        ),
        row(
            Step::Leaver,
            "以离职者钱多多扫码：被拒绝，页面说明原因。",
            "Scan as 钱多多, who has left: you are refused and told why.",
        ),
        row(
            Step::Newcomer,
            "办理一人入职，勾选“不通知 Dinggate”，再以此人扫码：等待审核。由管理员林晓燕在管理后台通过。",
            "Hire somebody with “Don’t tell Dinggate” ticked and scan as them: they wait for review. The administrator 林晓燕 can approve them.",
        ),
        row(
            Step::LostEvent,
            "修改一人的资料，勾选“不通知 Dinggate”，再以林晓燕在管理后台发起全量同步：变更被补上。",
            "Change somebody with “Don’t tell Dinggate” ticked, then start a full sync as 林晓燕: it makes up for the lost event.",
        ),
    ]
}

pub(super) async fn person(
    userid: web::Path<String>,
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let world = shared.world();
    let Some(person) = world.directory.person(&userid) else {
        return HttpResponse::SeeOther()
            .insert_header((header::LOCATION, "/"))
            .finish();
    };
    html(&PersonPage {
        top: Top::new(&shared, &world, &request),
        departments: tree(&world.directory, Some(person)),
        person: person.clone(),
        frozen: world.frozen.contains_key(userid.as_str()),
    })
}

pub(super) async fn departments(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let world = shared.world();
    let mut departments = tree(&world.directory, None);
    let count = departments.len();
    departments.truncate(DEPARTMENTS_SHOWN);
    html(&DepartmentsPage {
        top: Top::new(&shared, &world, &request),
        departments,
        count,
        root: ROOT,
    })
}

pub(super) async fn events(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let lang = Lang::of(&request);
    let world = shared.world();
    html(&EventsPage {
        top: Top::new(&shared, &world, &request),
        events: world
            .log
            .records()
            .iter()
            .rev()
            .take(SHOWN)
            .map(|record| EventRow::new(record, lang))
            .collect(),
        failed_count: world.log.failed_count(),
        registered: world
            .registered
            .as_ref()
            .map(|callback| (callback.url.clone(), callback.call_back_tag.join(" "))),
        failed: world
            .log
            .failed()
            .map(|record| EventRow::new(record, lang))
            .collect(),
    })
}

pub(super) async fn faults(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let world = shared.world();
    let forever = Lang::of(&request).say("直到清除", "until cleared");
    let armed = world.faults.armed().map(|(path, armed)| {
        let times = armed
            .times
            .map_or_else(|| forever.to_owned(), |n| n.to_string());
        (
            path.clone(),
            serde_json::json!(armed.fault).to_string(),
            times,
        )
    });
    html(&FaultsPage {
        top: Top::new(&shared, &world, &request),
        paths: cloud::paths().collect(),
        armed: armed.collect(),
        calls: world
            .meter
            .all()
            .map(|(path, n, most)| (path.to_owned(), n, most))
            .collect(),
        frozen: world.frozen.keys().cloned().collect(),
    })
}

pub(super) fn html(page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(page) => HttpResponse::Ok()
            .content_type("text/html;charset=UTF-8")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(page),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}
