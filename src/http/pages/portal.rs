//! The portal: who I am here, and where I am signed in.

use actix_web::HttpResponse;
use askama::Template;

use crate::http::layout::Layout;
use crate::http::text::portal::PortalTexts;
use crate::http::view::TimeText;

/// What the portal shows of a person.
#[derive(Debug, Clone)]
pub struct PortalView {
    pub name: String,
    pub avatar: Option<String>,
    pub title: Option<String>,
    pub job_number: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    /// The day in China; None where it is not known.
    pub hired: Option<String>,
    pub departments: Vec<PortalDepartment>,
    /// This one first.
    pub sessions: Vec<PortalSession>,
    /// What ending all other sessions does; None where there are none.
    pub end_others_ask: Option<String>,
    /// In the administrators' order.
    pub apps: Vec<PortalApp>,
    /// Whether there are apps for anybody.
    pub is_any_app: bool,
    pub is_admin: bool,
}

/// Up to so many tiles are seen at a glance.
const AT_A_GLANCE: usize = 12;

impl PortalView {
    /// Whether there are so many tiles that one has to look for one.
    fn is_filterable(&self) -> bool {
        self.apps.len() > AT_A_GLANCE
    }
}

/// An app of the company, as a tile.
#[derive(Debug, Clone)]
pub struct PortalApp {
    pub name: String,
    pub href: String,
    /// The address, as far as people read it.
    pub place: String,
    pub description: String,
    pub icon: Option<String>,
    pub letters: String,
    pub colour: String,
}

#[derive(Debug, Clone)]
pub struct PortalDepartment {
    /// From the top, e.g. `研发中心 / 平台组`.
    pub path: String,
    pub is_leader: bool,
}

#[derive(Debug, Clone)]
pub struct PortalSession {
    /// As [`browser_name`](crate::http::view::browser_name) calls it.
    pub browser: String,
    pub address: String,
    pub is_in_app: bool,
    /// How it began, in words.
    pub method: &'static str,
    pub since: TimeText,
    pub last_seen: TimeText,
    pub is_current: bool,
    pub end_path: String,
    /// Says which device is meant.
    pub end_ask: String,
}

#[derive(Template)]
#[template(path = "public/portal.html")]
struct PortalPage {
    frame: Layout,
    t: &'static PortalTexts,
    view: PortalView,
}

/// Answers with the portal.
pub fn portal(frame: Layout, view: PortalView) -> HttpResponse {
    let t = PortalTexts::of(frame.lang);
    super::ok(&PortalPage { frame, t, view })
}
