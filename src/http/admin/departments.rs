//! The departments, to look something up in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::list_query::ListQuery;
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::page::{Frame, html};
use crate::http::text::admin_departments::DepartmentTexts;
use crate::http::text::fill;
use crate::http::view::{Pager, TimeText, query};
use crate::http::visitor::Admin;
use crate::store::department::{self, DepartmentRow};
use crate::store::{StoreError, staff};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/departments").route(web::get().to(list)));
}

#[derive(Template)]
#[template(path = "admin/departments.html")]
struct DepartmentsPage {
    frame: Frame,
    t: &'static DepartmentTexts,
    q: String,
    rows: Vec<DepartmentView>,
    pager: Pager,
}

struct DepartmentView {
    id: i64,
    name: String,
    /// The way to it, root first; empty for the root.
    parents: String,
    whole_count: i64,
    /// Those directly in it; None where there is nobody below it.
    direct: Option<String>,
    people_href: String,
    looked: TimeText,
}

async fn list(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let frame = admin.frame(&ctx, &request).await?;
    let (q, paging) = (asked.q(), asked.paging());
    let (now, total, rows) = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            let total = department::count(&mut conn, q).await?;
            let rows = department::list(&mut conn, q, paging.per_page, paging.offset()).await?;
            Ok::<_, StoreError>((staff::now(&mut conn).await?, total, rows))
        })
        .await?;
    let t = DepartmentTexts::of(frame.lang);
    let view = |row: DepartmentRow| DepartmentView {
        id: row.dept_id,
        parents: row.parents.join(" / "),
        direct: (row.head_count != row.whole_count)
            .then(|| fill(t.direct, &[("n", &row.head_count)])),
        whole_count: row.whole_count,
        people_href: format!(
            "/admin/staff?{}",
            query(&[
                ("department", &row.dept_id.to_string()),
                ("status", "employed")
            ])
        ),
        looked: TimeText::new(row.looked_at, now, frame.lang),
        name: row.name,
    };
    let rows = rows.into_iter().map(view).collect();
    let pager = Pager::new(paging, total, &query(&[("q", q)]));
    Ok(html(
        StatusCode::OK,
        &DepartmentsPage {
            t,
            q: q.to_owned(),
            rows,
            pager,
            frame,
        },
    ))
}
