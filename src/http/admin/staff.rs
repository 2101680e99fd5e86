//! The staff table: searching it, a person's page, and the actions on one person.

mod act;
mod bulk;
mod detail;
pub mod history;
mod timeline;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::links::staff_path;
use super::list_page::{ListPage, ListRequest, ListSpec};
use super::list_query::{ALL, ListQuery};
use crate::context::Context;
use crate::domain::contact_mask::MASK;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::ids::UnionId;
use crate::domain::person::{LeftCause, Status};
use crate::domain::rights::{Action, ContactView};
use crate::http::admin::exports::{Export, FORMATS};
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::Layout;
use crate::http::table::{Cell, TableHead};
use crate::store::department::{self, DepartmentName};
use crate::store::staff_list::{self, Row, StaffFilter};
use crate::store::{Conn, StoreError};
use crate::text::admin_lists::ListTexts;
use crate::text::admin_staff::StaffTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::{TimeText, china_day};
use futures_util::stream::TryStreamExt as _;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/staff").route(web::get().to(list)))
        // No userid reads like this path, which is a sibling of the paths of people.
        .service(web::resource("/staff-bulk").route(web::post().to(bulk::start)))
        .service(web::resource(format!("/staff{FORMATS}")).route(web::get().to(export)))
        .service(web::resource("/staff/{userid}").route(web::get().to(detail::detail)))
        .service(web::resource("/staff/{userid}/leave").route(web::post().to(act::leave)))
        .service(web::resource("/staff/{userid}/restore").route(web::post().to(act::restore)))
        .service(
            web::resource("/staff/{userid}/end-sessions").route(web::post().to(act::end_sessions)),
        );
}

const LIST: ListSpec = ListSpec {
    filters: &[("status", ALL), ("department", ALL)],
    columns: &["name", "userid", "title", "job_number", "status"],
    ..ListSpec::PLAIN
};
const EXPORT: TableHead = TableHead {
    list: ExportedList::Staff,
    columns: &[
        ExportColumn::Userid,
        ExportColumn::Name,
        ExportColumn::Status,
        ExportColumn::Unionid,
        ExportColumn::JobNumber,
        ExportColumn::Title,
        ExportColumn::Mobile,
        ExportColumn::Email,
        ExportColumn::Departments,
        ExportColumn::HiredDate,
        ExportColumn::LeftAt,
        ExportColumn::LeftCause,
        ExportColumn::LeftByHand,
    ],
};
/// The prefix of an app's id: the choice of the departments that see the app.
const APP: &str = "app-";

#[derive(Template)]
#[template(path = "admin/staff.html")]
struct StaffPage {
    layout: Layout,
    t: &'static StaffTexts,
    list: ListPage<PersonView>,
}

struct PersonView {
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

fn filter(query: &ListQuery, viewer: &Viewer, lang: Lang) -> Result<StaffFilter, AppError> {
    let refusal = |text: &str| {
        let sentence = ListTexts::of(lang).unknown_value;
        AppError::BadRequest(interpolate(
            sentence,
            &[("name", &"department"), ("value", &text)],
        ))
    };
    let number = |text: &str| text.parse::<i64>().map(Some);
    let (department, app) = match query.text("department") {
        "" | ALL => (None, None),
        text => match text.strip_prefix(APP) {
            // Which apps there are, and who sees them, is for administrators.
            Some(_) if !viewer.may(Action::Administer) => return Err(refusal(text)),
            Some(id) => (None, number(id).map_err(|_| refusal(text))?),
            None => (number(text).map_err(|_| refusal(text))?, None),
        },
    };
    let status = query.value("status", &Status::ALL, Status::as_str)?;
    Ok(StaffFilter {
        status,
        department,
        app,
        q: query.q().to_owned(),
        scope: viewer.scope(),
        contacts: viewer.contacts(),
    })
}

async fn list(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    lang: Lang,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, list) = (filter(&query, &viewer, lang)?, LIST.request(&query)?);
    let now = viewer.user.now;
    let (page, rows, departments, elsewhere) = ctx
        .db
        .read(async |conn| {
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            let page = staff_list::page(conn, &filter, list.sort, limit, offset).await?;
            let rows = staff_list::rows(conn, &page.userids).await?;
            let departments = department::choices(conn, &filter.scope).await?;
            let elsewhere = elsewhere(conn, &list, &filter, page.total).await?;
            Ok::<_, StoreError>((page, rows, departments, elsewhere))
        })
        .await?;
    let pager = list.pager(page.total);
    let page = |layout: Layout, list: ListPage<Row>| {
        let t = StaffTexts::of(lang);
        let statuses = [
            (Status::Employed.as_str(), layout.t.employed),
            (Status::Left.as_str(), layout.t.left),
        ];
        let app = filter.app.zip(page.app).map(|(id, name)| {
            let label = interpolate(t.who_sees, &[("name", &name)]);
            (format!("{APP}{id}"), label)
        });
        let departments = app
            .into_iter()
            .chain(departments.iter().map(department_choice));
        StaffPage {
            t,
            list: list
                .with_filter("status", t.status, statuses)
                .with_filter("department", t.department, departments)
                .with_elsewhere(elsewhere)
                .map(|row| view(row, now, lang)),
            layout,
        }
    };
    list.respond(&viewer, &ctx, &request, pager, rows, page)
        .await
}

/// Returns how many people the search text alone finds, if the other filters hide them all.
async fn elsewhere(
    conn: &mut Conn,
    list: &ListRequest,
    filter: &StaffFilter,
    total: i64,
) -> Result<i64, StoreError> {
    if list.is_hidden_by_filters(total) {
        staff_list::count(conn, &filter.text_only()).await
    } else {
        Ok(0)
    }
}

/// Returns a mobile number or an e-mail address as it is shown.
fn shown(contact: Option<String>, contacts: ContactView) -> Option<String> {
    if contacts.is_masked() {
        contact.map(|_| MASK.to_owned())
    } else {
        contact
    }
}

/// Returns the value and the label of a department, indented by its depth in the tree.
fn department_choice(choice: &DepartmentName) -> (String, String) {
    // Browsers keep ideographic spaces in the options of a select, but collapse other blanks.
    let indent = "\u{3000}".repeat(choice.parents.len());
    (
        choice.dept_id.to_string(),
        format!("{indent}{}", choice.name),
    )
}

fn view(row: Row, now: DateTime<Utc>, lang: Lang) -> PersonView {
    let userid = row.userid.into_string();
    PersonView {
        href: staff_path(&userid),
        name: if row.name.is_empty() {
            userid.clone()
        } else {
            row.name
        },
        avatar: row.avatar,
        departments: row.departments.join(" · "),
        title: row.title,
        job_number: row.job_number,
        is_employed: row.status == Status::Employed,
        is_manual: row.is_held,
        left: row.left_at.map(|at| TimeText::new(at, now, lang)),
        userid,
    }
}

async fn export(
    viewer: Viewer,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let filter = filter(&query, &viewer, export.lang)?;
    let (sort, contacts) = (query.sort(LIST.columns)?, viewer.contacts());
    let find = async move |conn: &mut Conn| staff_list::userids(conn, &filter, sort).await;
    let read = async |conn: &mut Conn, userids: &[String]| staff_list::rows(conn, userids).await;
    let rows = export
        .by_id(find, read)
        .map_ok(move |row| cells(row, contacts));
    export.respond(&viewer, EXPORT, rows).await
}

fn cells(row: Row, contacts: ContactView) -> Vec<Cell> {
    vec![
        row.userid.into_string().into(),
        row.name.into(),
        row.status.as_str().into(),
        row.unionid.map(UnionId::into_string).into(),
        row.job_number.into(),
        row.title.into(),
        shown(row.mobile, contacts).into(),
        shown(row.email, contacts).into(),
        row.departments.join("; ").into(),
        row.hired_date.map(|at| china_day(at).to_string()).into(),
        row.left_at.into(),
        row.left_cause.map(LeftCause::as_str).into(),
        if row.is_held { "yes" } else { "no" }.into(),
    ]
}
