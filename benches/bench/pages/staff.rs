//! The list of the staff, as the yardstick makes it.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use dinggate::domain::person::Status;
use dinggate::domain::rights::{ContactView, Scope};
use dinggate::http::layout::{Layout, html};
use dinggate::http::view::{Choice, Pager, Paging, Sorting};
use dinggate::store::Conn;
use dinggate::store::department::{self, DepartmentName};
use dinggate::store::staff_list::{self, Row, StaffFilter};
use dinggate::store::web_session::LiveSession;
use dinggate::text::admin_staff::StaffTexts;
use dinggate::text::time::TimeText;

use super::yardstick::{LANG, layout};

const PATH: &str = "/admin/staff";

#[derive(Template)]
#[template(path = "admin/staff.html")]
struct StaffPage {
    layout: Layout,
    t: &'static StaffTexts,
    list: List,
}

/// The same values as in a list of the administration.
struct List {
    q: String,
    filters: Vec<Filter>,
    is_filtered: bool,
    is_sortable: bool,
    sorting: Sorting,
    hidden: Vec<(&'static str, &'static str)>,
    exports: Vec<(&'static str, String)>,
    elsewhere: Option<(String, String)>,
    pager: Pager,
    rows: Vec<Person>,
}

struct Filter {
    name: &'static str,
    label: &'static str,
    choices: Vec<Choice>,
}

struct Person {
    href: String,
    userid: String,
    name: String,
    avatar: Option<String>,
    departments: String,
    title: Option<String>,
    job_number: Option<String>,
    is_employed: bool,
    is_manual: bool,
    left: Option<TimeText>,
}

/// Runs the list's statements and renders its template.
pub async fn page(conn: &mut Conn, live: &LiveSession) -> HttpResponse {
    let filter = StaffFilter {
        scope: Scope::All,
        contacts: ContactView::Full,
        ..StaffFilter::default()
    };
    let paging = Paging::parse(None, None);
    let (limit, offset) = (paging.per_page, paging.offset());
    let page = staff_list::page(conn, &filter, None, limit, offset).await;
    let page = page.unwrap();
    let rows = staff_list::rows(conn, &page.userids).await.unwrap();
    let departments = department::choices(conn, &filter.scope).await.unwrap();
    let layout = layout(live, PATH);
    let t = StaffTexts::of(LANG);
    let statuses = [
        (Status::Employed.as_str().into(), layout.t.employed.into()),
        (Status::Left.as_str().into(), layout.t.left.into()),
    ];
    let departments = departments.iter().map(department_choice);
    let list = List {
        q: String::new(),
        filters: vec![
            select("status", t.status, layout.t.all, statuses),
            select("department", t.department, layout.t.all, departments),
        ],
        is_filtered: false,
        is_sortable: true,
        sorting: Sorting::new(None, &[], "", paging),
        hidden: Vec::new(),
        exports: ["XLSX", "CSV"]
            .map(|label| (label, format!("{PATH}.{}?", label.to_lowercase())))
            .into(),
        elsewhere: None,
        pager: Pager::new(paging, page.total, ""),
        rows: rows.into_iter().map(|row| person(row, live)).collect(),
    };
    html(StatusCode::OK, &StaffPage { layout, t, list })
}

type Text = Cow<'static, str>;

fn select(
    name: &'static str,
    label: &'static str,
    all: &'static str,
    choices: impl IntoIterator<Item = (Text, Text)>,
) -> Filter {
    let all = (Text::from(""), Text::from(all));
    let pairs = [all].into_iter().chain(choices).collect();
    Filter {
        name,
        label,
        choices: Choice::list(pairs, ""),
    }
}

fn department_choice(choice: &DepartmentName) -> (Text, Text) {
    let indent = "\u{3000}".repeat(choice.parents.len());
    let label = format!("{indent}{}", choice.name);
    (choice.dept_id.to_string().into(), label.into())
}

fn person(row: Row, live: &LiveSession) -> Person {
    let userid = row.userid.into_string();
    Person {
        href: format!("{PATH}/{userid}"),
        name: row.name,
        avatar: row.avatar,
        departments: row.departments.join(" · "),
        title: row.title,
        job_number: row.job_number,
        is_employed: row.status == Status::Employed,
        is_manual: row.is_held,
        left: row.left_at.map(|at| TimeText::new(at, live.now, LANG)),
        userid,
    }
}
