//! The layout that all pages share, and how a template becomes a response.

use std::fmt::Display;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::brand::Brand;
use super::view::{Tone, initials};
use super::{assets, language};
use crate::context::Context;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::layout::CommonTexts;

/// The data of every layout; each page's template has it as its field `frame`.
#[derive(Debug, Clone)]
pub struct Layout {
    pub lang: Lang,
    pub t: &'static CommonTexts,
    pub visitor: Option<LayoutUser>,
    /// The requested path, without its query.
    pub path: String,
    /// What administrators must know until it is resolved.
    pub alerts: Vec<LayoutAlert>,
    /// The result of the action that led here.
    pub toast: Option<Toast>,
    pub brand: Brand,
    /// The URL of the page, with its query: a form or the language switch leads back to it.
    pub current_url: String,
}

/// The signed-in person, as far as a layout shows one.
#[derive(Debug, Clone)]
pub struct LayoutUser {
    pub name: String,
    pub csrf: String,
    pub is_admin: bool,
}

/// An alert for administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutAlert {
    pub text: String,
    /// The page with more about it.
    pub more: Option<String>,
    /// The path that dismisses it by a POST; `None` if only fixing its cause ends it.
    pub dismiss: Option<String>,
}

/// One sentence about a finished action, shown on the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toast {
    pub tone: Tone,
    pub text: String,
    /// A path that undoes the action by a POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

impl Toast {
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
            undo: None,
        }
    }

    pub fn ok(text: impl Into<String>) -> Self {
        Self::new(Tone::Ok, text)
    }

    #[must_use]
    pub fn with_undo(self, path: impl Into<String>) -> Self {
        Self {
            undo: Some(path.into()),
            ..self
        }
    }
}

/// The page of the administration that all others lie below.
const OVERVIEW: &str = "/admin";

/// An entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// The section's name, which is also the name of its icon.
    pub name: &'static str,
    pub href: &'static str,
    pub label: &'static str,
    pub is_active: bool,
}

impl Layout {
    pub fn new(lang: Lang, visitor: Option<LayoutUser>, path: impl Into<String>) -> Self {
        Self {
            lang,
            t: CommonTexts::of(lang),
            visitor,
            path: path.into(),
            alerts: Vec::new(),
            toast: None,
            brand: Brand::default(),
            current_url: "/".to_owned(),
        }
    }

    /// Returns the layout of the page that a request asks for.
    pub fn of(request: &HttpRequest, visitor: Option<LayoutUser>) -> Self {
        let lang = Lang::of(request.headers());
        let (path, query) = (request.path(), request.query_string());
        let brand = request
            .app_data::<web::Data<Context>>()
            .map(|ctx| Brand::of(&ctx.config.brand))
            .unwrap_or_default();
        Self {
            brand,
            current_url: language::current_url(path, query, request.method().is_safe()),
            ..Self::new(lang, visitor, path)
        }
    }

    #[must_use]
    pub fn with_alerts(self, alerts: Vec<LayoutAlert>) -> Self {
        Self { alerts, ..self }
    }

    #[must_use]
    pub fn with_toast(self, toast: Option<Toast>) -> Self {
        Self { toast, ..self }
    }

    /// Makes forms and the language switch lead back to that URL instead of the page of the form.
    #[must_use]
    pub fn at(self, here: impl Into<String>) -> Self {
        Self {
            current_url: here.into(),
            ..self
        }
    }

    /// Returns the page's URL in the other language.
    pub fn other_language(&self) -> String {
        language::href(&self.current_url, self.lang.other())
    }

    /// Returns the URL of a static file, for templates.
    pub fn asset(&self, name: &str) -> String {
        assets::href(name)
    }

    /// Returns the session's CSRF token; empty without a session.
    pub fn csrf(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| &visitor.csrf)
    }

    /// Returns the sections of the administration, in the order of a day's work.
    pub fn nav(&self) -> [NavItem; 10] {
        let item = |name, href: &'static str, label| NavItem {
            name,
            href,
            label,
            is_active: self.is_within(href),
        };
        [
            item("overview", OVERVIEW, self.t.overview),
            item("unmatched", "/admin/unmatched", self.t.unmatched),
            item("staff", "/admin/staff", self.t.staff),
            item("departments", "/admin/departments", self.t.departments),
            item("events", "/admin/events", self.t.events),
            item("syncs", "/admin/syncs", self.t.syncs),
            item("webhooks", "/admin/webhooks", self.t.webhooks),
            item("sessions", "/admin/sessions", self.t.sessions),
            item("apps", "/admin/apps", self.t.apps),
            item("audit", "/admin/audit", self.t.audit),
        ]
    }

    fn is_within(&self, section: &str) -> bool {
        self.path.strip_prefix(section).is_some_and(|rest| {
            let is_below = rest.starts_with('/') && section != OVERVIEW;
            rest.is_empty() || rest == "/" || is_below
        })
    }

    /// Replaces `{name}` with a value, for templates.
    pub fn fill(&self, text: &str, name: &str, value: &impl Display) -> String {
        interpolate(text, &[(name, value)])
    }

    /// Returns the text of an avatar without a picture, for templates.
    pub fn initials(&self, name: &str) -> String {
        initials(name)
    }
}

/// Returns a page that no cache stores: every page is specific to a person or a moment.
pub fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(body) => HttpResponse::build(status)
            .content_type(ContentType::html())
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(body),
        Err(error) => {
            tracing::error!(%error, "page rendering failed");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(path: &str) -> Vec<&'static str> {
        Layout::new(Lang::Zh, None, path)
            .nav()
            .into_iter()
            .filter(|item| item.is_active)
            .map(|item| item.name)
            .collect()
    }

    #[test]
    fn the_section_of_a_page_and_of_its_details_is_marked() {
        assert_eq!(active("/admin/staff"), ["staff"]);
        assert_eq!(active("/admin/staff/0158"), ["staff"]);
        assert_eq!(active("/admin/staffing"), [""; 0]);
        assert_eq!(active("/"), [""; 0]);
        assert_eq!(active("/admin"), ["overview"]);
        assert_eq!(active("/admin/"), ["overview"]);
    }

    #[test]
    fn a_toast_survives_its_way_through_the_session() {
        let toast = Toast::ok("已拒绝张三").with_undo("/admin/unmatched/7/reopen");
        let stored = serde_json::to_string(&toast).unwrap();
        assert_eq!(serde_json::from_str::<Toast>(&stored).unwrap(), toast);
        let plain: Toast = serde_json::from_str(r#"{"tone":"danger","text":"x"}"#).unwrap();
        assert_eq!(plain, Toast::new(Tone::Danger, "x"));
    }
}
