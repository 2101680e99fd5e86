//! The portal: who I am here, and where I am signed in.

use actix_web::HttpResponse;
use askama::Template;

use crate::http::page::Frame;
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
    pub departments: Vec<PortalDepartment>,
    /// This one first.
    pub sessions: Vec<PortalSession>,
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
    /// Inside DingTalk; else by scanning.
    pub is_in_app: bool,
    pub since: TimeText,
    pub last_seen: TimeText,
    pub is_current: bool,
}

#[derive(Template)]
#[template(path = "public/portal.html")]
struct PortalPage {
    frame: Frame,
    t: &'static PortalTexts,
    view: PortalView,
}

/// Answers with the portal.
pub fn portal(frame: Frame, view: PortalView) -> HttpResponse {
    let t = PortalTexts::of(frame.lang);
    super::ok(&PortalPage { frame, t, view })
}
