//! The portal: the person's own data and sessions.

use actix_web::HttpResponse;
use askama::Template;

use crate::http::layout::Layout;
use crate::text::portal::PortalTexts;
use crate::text::time::TimeText;

/// The data of a person's portal.
#[derive(Debug, Clone)]
pub struct PortalView {
    pub name: String,
    pub avatar: Option<String>,
    pub title: Option<String>,
    pub job_number: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    /// The day in China; `None` if unknown.
    pub hired: Option<String>,
    pub departments: Vec<PortalDepartment>,
    /// The current one first.
    pub sessions: Vec<PortalSession>,
    /// The confirmation question for ending all other sessions; `None` if there are none.
    pub end_others_ask: Option<String>,
    /// In the order set by the administrators.
    pub apps: Vec<PortalApp>,
    /// Whether there are apps for anybody.
    pub is_any_app: bool,
}

/// The number of tiles that can be seen at a glance.
const AT_A_GLANCE: usize = 12;

impl PortalView {
    /// Returns whether there are so many tiles that a filter is needed.
    fn is_filterable(&self) -> bool {
        self.apps.len() > AT_A_GLANCE
    }
}

/// An app of the company, as a tile.
#[derive(Debug, Clone)]
pub struct PortalApp {
    pub name: String,
    pub href: String,
    /// The URL, shortened for display.
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
    /// As [`browser_name`](crate::text::browser::browser_name) formats it.
    pub browser: String,
    pub address: String,
    pub is_in_app: bool,
    /// How it began, in words.
    pub method: &'static str,
    pub since: TimeText,
    pub last_seen: TimeText,
    pub is_current: bool,
    pub end_path: String,
    /// The confirmation question, which names the device.
    pub end_ask: String,
}

#[derive(Template)]
#[template(path = "public/portal.html")]
struct PortalPage {
    layout: Layout,
    t: &'static PortalTexts,
    view: PortalView,
}

/// Returns the portal.
pub fn portal(layout: Layout, view: PortalView) -> HttpResponse {
    let t = PortalTexts::of(layout.lang);
    super::ok(&PortalPage { layout, t, view })
}
