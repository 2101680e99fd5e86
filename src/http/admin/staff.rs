//! The staff table: searching it, a person's page, and the actions on one person.

mod act;
mod bulk;
mod detail;
pub mod history;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};

use super::links::{current_url, staff_path};
use super::list_query::{ListQuery, choices};
use super::{exports, last_page};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::contact_mask::MASK;
use crate::domain::ids::{DeptId, UnionId};
use crate::domain::person::Status;
use crate::domain::rights::{Action, ContactView};
use crate::http::csv;
use crate::http::error::AppError;
use crate::http::extract::Viewer;

use crate::http::layout::{Layout, html};
use crate::http::view::{Choice, Pager, Sorting, order, query};
use crate::store::StoreError;
use crate::store::department::{self, DepartmentName};
use crate::store::sort::Sort;
use crate::store::staff_list::{self, Row, StaffFilter};
use crate::text::admin_lists::ListTexts;
use crate::text::admin_staff::StaffTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::{TimeText, china_day};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/staff").route(web::get().to(list)))
        // No userid reads like this path, which is a sibling of the paths of people.
        .service(web::resource("/staff-bulk").route(web::post().to(bulk::start)))
        .service(web::resource("/staff.csv").route(web::get().to(export)))
        .service(web::resource("/staff/{userid}").route(web::get().to(detail::detail)))
        .service(web::resource("/staff/{userid}/leave").route(web::post().to(act::leave)))
        .service(web::resource("/staff/{userid}/restore").route(web::post().to(act::restore)))
        .service(
            web::resource("/staff/{userid}/end-sessions").route(web::post().to(act::end_sessions)),
        );
}

const COLUMNS: [&str; 5] = ["name", "userid", "title", "job_number", "status"];
/// How many people an export reads at a time.
const BATCH: usize = 5000;

#[derive(Template)]
#[template(path = "admin/staff.html")]
struct StaffPage {
    frame: Layout,
    t: &'static StaffTexts,
    q: String,
    statuses: Vec<Choice<'static>>,
    departments: Vec<DepartmentChoice>,
    sorting: Sorting,
    order: [(&'static str, &'static str); 2],
    is_filtered: bool,
    rows: Vec<PersonView>,
    pager: Pager,
    csv_href: String,
    /// This view's URL.
    back: String,
}

/// A department to choose, indented by its depth in the tree.
struct DepartmentChoice {
    /// A department's id, or `app-` and an app's id for the departments of that app.
    value: String,
    label: String,
    is_selected: bool,
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
    is_held: bool,
    left: Option<TimeText>,
}

fn filter(asked: &ListQuery, viewer: &Viewer, lang: Lang) -> Result<StaffFilter, AppError> {
    let refusal = |text: &str| {
        let sentence = ListTexts::of(lang).unknown_value;
        AppError::BadRequest(interpolate(
            sentence,
            &[("name", &"department"), ("value", &text)],
        ))
    };
    let number = |text: &str| text.parse::<i64>().map(Some);
    let (department, app) = match asked.text("department") {
        "" | "all" => (None, None),
        text => match text.strip_prefix("app-") {
            // Which apps there are, and who sees them, is for administrators.
            Some(_) if !viewer.may(Action::Administer) => return Err(refusal(text)),
            Some(id) => (None, number(id).map_err(|_| refusal(text))?),
            None => (number(text).map_err(|_| refusal(text))?, None),
        },
    };
    let status = asked.value("status", &Status::ALL, Status::as_str)?;
    Ok(StaffFilter {
        status,
        department,
        app,
        q: asked.q().to_owned(),
        scope: viewer.scope(),
        contacts: viewer.contacts(),
    })
}

/// Returns the query of a view.
fn filters(filter: &StaffFilter, sort: Option<Sort>) -> String {
    let department = match (filter.department, filter.app) {
        (Some(id), _) => id.to_string(),
        (None, Some(id)) => app_value(id),
        (None, None) => String::new(),
    };
    let status = filter.status.map_or("", Status::as_str);
    let pairs = [
        ("q", filter.q.as_str()),
        ("status", status),
        ("department", &department),
    ];
    query(&[pairs.as_slice(), &order(sort)].concat())
}

/// Returns the value for an app's departments.
fn app_value(id: i64) -> String {
    format!("app-{id}")
}

async fn list(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    lang: Lang,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&asked, &viewer, lang)?, asked.sort(&COLUMNS)?);
    let paging = asked.paging();
    let now = viewer.user.now;
    let (page, rows, departments) = ctx
        .db
        .read(async |conn| {
            let (limit, offset) = (paging.per_page, paging.offset());
            let page = staff_list::page(conn, &filter, sort, limit, offset).await?;
            let rows = staff_list::rows(conn, &page.userids).await?;
            let departments = department::choices(conn, &filter.scope).await?;
            Ok::<_, StoreError>((page, rows, departments))
        })
        .await?;
    let (unordered, filters) = (filters(&filter, None), filters(&filter, sort));
    let pager = Pager::new(paging, page.total, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = viewer.frame(&ctx, &request).await?;
    let t = StaffTexts::of(lang);
    let of_app = filter.app.zip(page.app).map(|(id, name)| DepartmentChoice {
        value: app_value(id),
        label: interpolate(t.who_sees, &[("name", &name)]),
        is_selected: true,
    });
    let named = [
        (Status::Employed.as_str(), frame.t.employed),
        (Status::Left.as_str(), frame.t.left),
    ];
    let page = StaffPage {
        t,
        statuses: choices(frame.t.all, &named, filter.status.map(Status::as_str)),
        departments: of_app
            .into_iter()
            .chain(
                departments
                    .iter()
                    .map(|choice| department_choice(choice, filter.department)),
            )
            .collect(),
        sorting: Sorting::new(sort, &[], &unordered, paging),
        order: order(sort),
        back: current_url(&request),
        is_filtered: !unordered.is_empty(),
        rows: rows.into_iter().map(|row| view(row, now, &frame)).collect(),
        pager,
        csv_href: format!("/admin/staff.csv?{filters}"),
        q: filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}

/// Returns a mobile number or an e-mail address as it is shown.
fn shown(contact: Option<String>, contacts: ContactView) -> Option<String> {
    if contacts.is_masked() {
        contact.map(|_| MASK.to_owned())
    } else {
        contact
    }
}

fn department_choice(choice: &DepartmentName, current: Option<DeptId>) -> DepartmentChoice {
    DepartmentChoice {
        value: choice.dept_id.to_string(),
        // Browsers keep ideographic spaces in the options of a select, but collapse other blanks.
        label: format!("{}{}", "\u{3000}".repeat(choice.parents.len()), choice.name),
        is_selected: Some(choice.dept_id) == current,
    }
}

fn view(row: Row, now: DateTime<Utc>, frame: &Layout) -> PersonView {
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
        is_held: row.is_held,
        left: row.left_at.map(|at| TimeText::new(at, now, frame.lang)),
        userid,
    }
}

async fn export(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    lang: Lang,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&asked, &viewer, lang)?, asked.sort(&COLUMNS)?);
    exports::note(&viewer, &ctx, &request, AuditAction::StaffExport).await?;
    let header = [
        "userid",
        "name",
        "status",
        "unionid",
        "job_number",
        "title",
        "mobile",
        "email",
        "departments",
        "hired_date",
        "left_at",
        "left_cause",
        "left_by_hand",
    ];
    Ok(csv::stream(
        "staff.csv",
        &header,
        rows(ctx.get_ref().clone(), filter, sort),
    ))
}

/// Streams all people that a query finds, in its order, as cells: found at once, then read in batches, each with a
/// connection of its own, so that a slow reader holds none.
fn rows(
    ctx: Context,
    filter: StaffFilter,
    sort: Option<Sort>,
) -> impl Stream<Item = Result<Vec<String>, StoreError>> {
    let contacts = filter.contacts;
    let found = async move {
        let found = ctx
            .db
            .read(async |conn| staff_list::userids(conn, &filter, sort).await);
        let userids = found.await?;
        let batches: Vec<Vec<String>> = userids.chunks(BATCH).map(<[_]>::to_vec).collect();
        let read = stream::iter(batches).then(move |userids| {
            let ctx = ctx.clone();
            async move {
                let read = ctx
                    .db
                    .read(async |conn| staff_list::rows(conn, &userids).await);
                let rows = read.await?;
                Ok::<_, StoreError>(stream::iter(
                    rows.into_iter().map(move |row| Ok(cells(row, contacts))),
                ))
            }
        });
        Ok::<_, StoreError>(read.try_flatten())
    };
    stream::once(found).try_flatten()
}

fn cells(row: Row, contacts: ContactView) -> Vec<String> {
    let text = Option::unwrap_or_default;
    let contact = |value| text(shown(value, contacts));
    let time = |at: Option<DateTime<Utc>>| {
        at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
            .unwrap_or_default()
    };
    vec![
        row.userid.into_string(),
        row.name,
        row.status.as_str().to_owned(),
        row.unionid.map(UnionId::into_string).unwrap_or_default(),
        text(row.job_number),
        text(row.title),
        contact(row.mobile),
        contact(row.email),
        row.departments.join("; "),
        text(row.hired_date.map(|at| china_day(at).to_string())),
        time(row.left_at),
        text(row.left_cause.map(|cause| cause.as_str().to_owned())),
        if row.is_held { "yes" } else { "no" }.to_owned(),
    ]
}
