//! The portal: who I am here, and where I am signed in.

use actix_web::{HttpRequest, HttpResponse, web};
use sqlx::PgConnection;

use super::error::AppError;
use super::public_pages::{self, PortalDepartment, PortalSession, PortalView};
use super::view::{TimeText, browser_name};
use super::visitor::Visitor;
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::store::web_session::SessionFacts;
use crate::store::{StoreError, department, staff, web_session};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").route(web::get().to(page)));
}

async fn page(
    request: HttpRequest,
    visitor: Visitor,
    ctx: web::Data<Context>,
) -> Result<HttpResponse, AppError> {
    let frame = visitor.frame(&request);
    let (now, me, departments, mut sessions) = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            let now = staff::now(&mut conn).await?;
            let me = staff::profile(&mut conn, &visitor.userid).await?;
            let departments = departments(&mut conn, &visitor.userid).await?;
            let sessions = web_session::list_of(&mut conn, &visitor.userid).await?;
            Ok::<_, StoreError>((now, me, departments, sessions))
        })
        .await?;
    let me = me.ok_or(AppError::NotFound)?;
    sessions.sort_by_key(|session| session.id != visitor.session_id);
    let shown = |session: &SessionFacts| PortalSession {
        browser: browser_name(&session.user_agent, frame.lang),
        address: session.address.clone(),
        is_in_app: session.method == "in_app",
        since: TimeText::new(session.created_at, now, frame.lang),
        last_seen: TimeText::new(session.last_seen_at, now, frame.lang),
        is_current: session.id == visitor.session_id,
    };
    let sessions = sessions.iter().map(shown).collect();
    let view = PortalView {
        name: me.name,
        avatar: me.avatar,
        title: me.title,
        job_number: me.job_number,
        mobile: me.mobile,
        email: me.email,
        departments,
        sessions,
    };
    Ok(public_pages::portal(frame, view))
}

/// The departments of a person, each with the way to it.
async fn departments(
    conn: &mut PgConnection,
    userid: &UserId,
) -> Result<Vec<PortalDepartment>, StoreError> {
    let memberships = staff::departments_of(conn, userid).await?;
    let ids: Vec<i64> = memberships.iter().map(|(dept_id, _)| *dept_id).collect();
    let names = department::names(conn, &ids).await?;
    let shown = names.into_iter().map(|named| PortalDepartment {
        is_leader: memberships
            .iter()
            .any(|(dept_id, is_leader)| *dept_id == named.dept_id && *is_leader),
        path: named
            .parents
            .into_iter()
            .chain([named.name])
            .collect::<Vec<_>>()
            .join(" / "),
    });
    Ok(shown.collect())
}
