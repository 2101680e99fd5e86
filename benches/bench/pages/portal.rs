//! The portal, as the yardstick makes it.

use actix_web::HttpResponse;
use dinggate::domain::app::{letters, place};
use dinggate::domain::session::LoginMethod;
use dinggate::http::pages::{self, PortalApp, PortalDepartment, PortalSession, PortalView};
use dinggate::store::Conn;
use dinggate::store::portal::{self, Membership, Tile};
use dinggate::store::web_session::{self, LiveSession, SessionFacts};
use dinggate::text::browser::browser_name;
use dinggate::text::interpolate;
use dinggate::text::portal::PortalTexts;
use dinggate::text::time::{TimeText, china_day};

use super::yardstick::{LANG, layout};

/// Runs the portal's statements and renders its template.
pub async fn page(conn: &mut Conn, live: &LiveSession) -> HttpResponse {
    let me = portal::find(conn, &live.userid).await.unwrap().unwrap();
    let mut sessions = web_session::list_of(conn, &live.userid).await.unwrap();
    sessions.sort_by_key(|facts| facts.id != live.id);
    let t = PortalTexts::of(LANG);
    let view = PortalView {
        name: me.name,
        avatar: me.avatar,
        title: me.title,
        job_number: me.job_number,
        mobile: me.mobile,
        email: me.email,
        hired: me.hired_date.map(|at| china_day(at).to_string()),
        departments: me.departments.0.iter().map(department).collect(),
        end_others_ask: (sessions.len() > 1).then(|| t.end_others_ask_one.to_owned()),
        sessions: sessions.iter().map(|facts| session(facts, live)).collect(),
        apps: me.apps.0.into_iter().map(app).collect(),
        is_any_app: me.is_any_app,
    };
    pages::portal(layout(live, "/"), view)
}

fn department(membership: &Membership) -> PortalDepartment {
    PortalDepartment {
        path: membership.names.join(" / "),
        is_leader: membership.is_leader,
    }
}

fn session(facts: &SessionFacts, live: &LiveSession) -> PortalSession {
    let t = PortalTexts::of(LANG);
    let browser = browser_name(&facts.user_agent, LANG);
    PortalSession {
        address: facts.ip.clone(),
        is_in_app: facts.method == LoginMethod::InApp,
        method: t.method(facts.method),
        since: TimeText::new(facts.created_at, live.now, LANG),
        last_seen: TimeText::new(facts.last_seen_at, live.now, LANG),
        is_current: facts.id == live.id,
        end_path: format!("/sessions/{}/end", facts.id),
        end_ask: interpolate(t.end_ask, &[("browser", &browser), ("address", &facts.ip)]),
        browser,
    }
}

fn app(tile: Tile) -> PortalApp {
    PortalApp {
        letters: letters(&tile.name),
        place: place(&tile.url),
        name: tile.name,
        href: tile.url,
        description: tile.description,
        icon: tile.icon,
        colour: tile.colour,
    }
}
