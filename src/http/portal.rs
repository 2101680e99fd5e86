//! The portal: the person's own data, the company's apps, and the person's sessions.

mod sessions;

use crate::domain::session::LoginMethod;
use actix_web::{HttpRequest, HttpResponse, web};

use super::error::AppError;
use super::extract::CurrentUser;
use super::pages::{self, PortalApp, PortalDepartment, PortalSession, PortalView};
use crate::context::Context;
use crate::domain::app::{letters, place};
use crate::store::portal::{self, Membership, Tile};
use crate::store::web_session::SessionFacts;
use crate::store::{StoreError, web_session};
use crate::text::browser::browser_name;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::portal::PortalTexts;
use crate::text::time::{TimeText, china_day};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").route(web::get().to(page)))
        .configure(sessions::configure);
}

async fn page(
    request: HttpRequest,
    user: CurrentUser,
    ctx: web::Data<Context>,
) -> Result<HttpResponse, AppError> {
    let layout = user.layout(&request);
    let userid = &user.userid;
    let (found, mut sessions) = ctx
        .db
        .read(async |conn| {
            let found = portal::find(conn, userid).await?;
            Ok::<_, StoreError>((found, web_session::list_of(conn, userid).await?))
        })
        .await?;
    let me = found.ok_or(AppError::NotFound)?;
    sessions.sort_by_key(|session| session.id != user.session_id);
    let others = sessions
        .iter()
        .filter(|session| session.id != user.session_id)
        .count();
    let sessions = sessions
        .iter()
        .map(|facts| session(facts, &user, layout.lang))
        .collect();
    let view = PortalView {
        name: me.name,
        avatar: me.avatar,
        title: me.title,
        job_number: me.job_number,
        mobile: me.mobile,
        email: me.email,
        hired: me.hired_date.map(|at| china_day(at).to_string()),
        departments: me.departments.0.iter().map(department).collect(),
        sessions,
        end_others_ask: end_others_ask(others, layout.lang),
        apps: me.apps.0.into_iter().map(tile).collect(),
        is_any_app: me.is_any_app,
    };
    Ok(pages::portal(layout, view))
}

fn session(facts: &SessionFacts, user: &CurrentUser, lang: Lang) -> PortalSession {
    let browser = browser_name(&facts.user_agent, lang);
    PortalSession {
        address: facts.ip.clone(),
        is_in_app: facts.method == LoginMethod::InApp,
        method: PortalTexts::of(lang).method(facts.method),
        since: TimeText::new(facts.created_at, user.now, lang),
        last_seen: TimeText::new(facts.last_seen_at, user.now, lang),
        is_current: facts.id == user.session_id,
        end_path: format!("/sessions/{}/end", facts.id),
        end_ask: interpolate(
            PortalTexts::of(lang).end_ask,
            &[("browser", &browser), ("address", &facts.ip)],
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

fn department(membership: &Membership) -> PortalDepartment {
    PortalDepartment {
        path: membership.names.join(" / "),
        is_leader: membership.is_leader,
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
