//! The departments: the tree with its head counts, a searchable list, and a page for each.

mod branches;
mod detail;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use self::branches::Step;
use super::list_page::{ListPage, ListSpec};
use super::list_query::ListQuery;
use crate::context::Context;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::ids::DeptId;
use crate::domain::rights::Scope;
use crate::http::admin::exports::{Export, FORMATS, export_links};
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::{Layout, html};
use crate::http::table::{Cell, TableHead, id_cell};
use crate::http::view;
use crate::store::department::{self, DepartmentRow};
use crate::store::{Conn, StoreError, department_tree};
use crate::text::admin_departments::DepartmentTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;
use futures_util::stream::TryStreamExt as _;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/departments").route(web::get().to(departments)))
        .service(web::resource(format!("/departments{FORMATS}")).route(web::get().to(export)))
        .service(web::resource("/departments/{id}").route(web::get().to(detail::detail)));
}

/// Returns the path of a department's page.
pub fn path_of(id: DeptId) -> String {
    format!("/admin/departments/{id}")
}

/// Returns the URL of the staff list with the employed people in a department and below it.
fn people_href(id: DeptId) -> String {
    let filters = [("department", &*id.to_string()), ("status", "employed")];
    format!("/admin/staff?{}", view::query(&filters))
}

const VIEWS: [&str; 2] = ["tree", "list"];
const LIST: ListSpec = ListSpec {
    parameter: Some(("view", "list")),
    ..ListSpec::PLAIN
};
/// The people below each department are counted: few at a time.
const EXPORT_BATCH: i64 = 100;
const EXPORT: TableHead = TableHead {
    list: ExportedList::Departments,
    columns: &[
        ExportColumn::DepartmentId,
        ExportColumn::Name,
        ExportColumn::Path,
        ExportColumn::Members,
        ExportColumn::DirectMembers,
        ExportColumn::ObservedAt,
    ],
};

#[derive(Template)]
#[template(path = "admin/departments.html")]
struct DepartmentsPage {
    layout: Layout,
    t: &'static DepartmentTexts,
    list: ListPage<DepartmentView>,
}

#[derive(Template)]
#[template(path = "admin/department_tree.html")]
struct TreePage {
    layout: Layout,
    t: &'static DepartmentTexts,
    steps: Vec<Step>,
    left_out: usize,
    exports: Vec<(&'static str, String)>,
}

struct DepartmentView {
    id: i64,
    name: String,
    href: String,
    /// The path to it, root first; empty for the root.
    parents: String,
    whole_count: i64,
    /// People directly in it; `None` if there is nobody below it.
    direct: Option<String>,
    people_href: String,
    looked: TimeText,
}

/// Returns the list for a search, otherwise the tree, unless the list or a page of it is requested.
async fn departments(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let is_list = ["q", "page", "per_page"]
        .iter()
        .any(|name| !query.text(name).is_empty());
    let usual = if is_list { "list" } else { "tree" };
    let view = query.choice("view", &VIEWS)?.unwrap_or(usual);
    if view == "tree" && query.q().is_empty() {
        tree(&ctx, &viewer.scope(), viewer.layout(&ctx, &request).await?).await
    } else {
        list(&viewer, &ctx, &request, &query).await
    }
}

async fn tree(ctx: &Context, scope: &Scope, layout: Layout) -> Result<HttpResponse, AppError> {
    let tree = ctx
        .db
        .read(async |conn| department_tree::tree(conn, scope).await)
        .await?;
    let (steps, left_out) = branches::walk(&tree, tree.roots());
    let page = TreePage {
        t: DepartmentTexts::of(layout.lang),
        steps,
        left_out,
        exports: export_links(&layout.path, ""),
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}

async fn list(
    viewer: &Viewer,
    ctx: &Context,
    request: &HttpRequest,
    query: &ListQuery,
) -> Result<HttpResponse, AppError> {
    let (list, q, scope) = (LIST.request(query)?, query.q(), viewer.scope());
    let now = viewer.user.now;
    let (total, rows) = ctx
        .db
        .read(async |conn| {
            let total = department::count(conn, q, &scope).await?;
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            let rows = department::list(conn, q, &scope, limit, offset).await?;
            Ok::<_, StoreError>((total, rows))
        })
        .await?;
    let pager = list.pager(total);
    let page = |layout: Layout, list: ListPage<DepartmentRow>| {
        let (lang, t) = (layout.lang, DepartmentTexts::of(layout.lang));
        DepartmentsPage {
            t,
            list: list.map(|row| view(row, now, lang)),
            layout,
        }
    };
    list.respond(viewer, ctx, request, pager, rows, page).await
}

async fn export(
    viewer: Viewer,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (q, scope) = (query.q().to_owned(), viewer.scope());
    let read = async move |conn: &mut Conn, offset: i64| {
        department::list(conn, &q, &scope, EXPORT_BATCH, offset).await
    };
    let rows = export.by_offset(read).map_ok(cells);
    export.respond(&viewer, EXPORT, rows).await
}

fn cells(row: DepartmentRow) -> Vec<Cell> {
    vec![
        id_cell(row.dept_id),
        row.name.into(),
        row.parents.join(" / ").into(),
        row.whole_count.into(),
        row.head_count.into(),
        row.observed_at.into(),
    ]
}

fn view(row: DepartmentRow, now: DateTime<Utc>, lang: Lang) -> DepartmentView {
    let t = DepartmentTexts::of(lang);
    DepartmentView {
        id: row.dept_id,
        href: path_of(row.dept_id),
        parents: row.parents.join(" / "),
        direct: (row.head_count != row.whole_count)
            .then(|| interpolate(t.direct, &[("n", &row.head_count)])),
        whole_count: row.whole_count,
        people_href: people_href(row.dept_id),
        looked: TimeText::new(row.observed_at, now, lang),
        name: row.name,
    }
}
