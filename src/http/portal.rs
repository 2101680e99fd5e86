//! The portal: the person's own data, the company's apps, and the person's sessions.

mod sessions;

use crate::store::Conn;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};

use super::current_user::CurrentUser;
use super::error::AppError;
use super::lang::Lang;
use super::pages::{self, PortalApp, PortalDepartment, PortalSession, PortalView};
use super::text::interpolate;
use super::text::portal::PortalTexts;
use super::view::{TimeText, browser_name, china_day};
use crate::context::Context;
use crate::domain::app::{letters, place};
use crate::domain::ids::UserId;
use crate::store::app::{self, Tile};
use crate::store::staff::Profile;
use crate::store::web_session::SessionFacts;
use crate::store::{StoreError, department, staff, web_session};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").route(web::get().to(page)))
        .configure(sessions::configure);
}

/// The stored data of a person's portal.
struct KnownNames {
    now: DateTime<Utc>,
    me: Option<Profile>,
    departments: Vec<PortalDepartment>,
    sessions: Vec<SessionFacts>,
    apps: Vec<Tile>,
    is_any_app: bool,
}

async fn page(
    request: HttpRequest,
    visitor: CurrentUser,
    ctx: web::Data<Context>,
) -> Result<HttpResponse, AppError> {
    let frame = visitor.frame(&request);
    let known = ctx
        .db
        .read(async |conn| known(conn, &visitor.userid).await)
        .await?;
    let me = known.me.ok_or(AppError::NotFound)?;
    let mut sessions = known.sessions;
    sessions.sort_by_key(|session| session.id != visitor.session_id);
    let others = sessions
        .iter()
        .filter(|session| session.id != visitor.session_id)
        .count();
    let sessions = sessions
        .iter()
        .map(|facts| session(facts, known.now, &visitor, frame.lang))
        .collect();
    let view = PortalView {
        name: me.name,
        avatar: me.avatar,
        title: me.title,
        job_number: me.job_number,
        mobile: me.mobile,
        email: me.email,
        hired: me.hired_date.map(|at| china_day(at).to_string()),
        departments: known.departments,
        sessions,
        end_others_ask: end_others_ask(others, frame.lang),
        apps: known.apps.into_iter().map(tile).collect(),
        is_any_app: known.is_any_app,
    };
    Ok(pages::portal(frame, view))
}

async fn known(conn: &mut Conn, userid: &UserId) -> Result<KnownNames, StoreError> {
    Ok(KnownNames {
        now: staff::now(conn).await?,
        me: staff::profile(conn, userid).await?,
        departments: departments(conn, userid).await?,
        sessions: web_session::list_of(conn, userid).await?,
        apps: app::visible_to(conn, userid).await?,
        is_any_app: app::is_any(conn).await?,
    })
}

fn session(
    facts: &SessionFacts,
    now: DateTime<Utc>,
    visitor: &CurrentUser,
    lang: Lang,
) -> PortalSession {
    let browser = browser_name(&facts.user_agent, lang);
    PortalSession {
        address: facts.address.clone(),
        is_in_app: facts.method == "in_app",
        method: PortalTexts::of(lang).method(&facts.method),
        since: TimeText::new(facts.created_at, now, lang),
        last_seen: TimeText::new(facts.last_seen_at, now, lang),
        is_current: facts.id == visitor.session_id,
        end_path: format!("/sessions/{}/end", facts.id),
        end_ask: interpolate(
            PortalTexts::of(lang).end_ask,
            &[("browser", &browser), ("address", &facts.address)],
        ),
        browser,
    }
}

/// Returns the confirmation question for ending all other sessions, with their number, or `None` without others.
fn end_others_ask(others: usize, lang: Lang) -> Option<String> {
    let t = PortalTexts::of(lang);
    match others {
        0 => None,
        1 => Some(t.end_others_ask_one.to_owned()),
        n => Some(interpolate(t.end_others_ask, &[("n", &n)])),
    }
}

fn tile(app: Tile) -> PortalApp {
    PortalApp {
        letters: letters(&app.name),
        place: place(&app.url),
        name: app.name,
        href: app.url,
        description: app.description,
        icon: app.icon,
        colour: app.colour,
    }
}

/// Returns the departments of a person, each with its path from the root.
async fn departments(
    conn: &mut Conn,
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
