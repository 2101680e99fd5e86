//! The layout that all pages share, and how a template becomes a response.

mod nav;

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
use crate::domain::rights::{Action, Rights};
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::layout::CommonTexts;

/// The data of every layout; each page's template has it as its field `layout`.
#[derive(Debug, Clone)]
pub struct Layout {
    pub lang: Lang,
    pub t: &'static CommonTexts,
    pub user: Option<LayoutUser>,
    /// The requested path, without its query.
    pub path: String,
    /// What administrators must know until it is resolved.
    pub alerts: Vec<LayoutAlert>,
    /// The result of the action that led here.
    pub toast: Option<Toast>,
    pub brand: Brand,
    /// The contact for people who are refused.
    pub contact: Option<String>,
    /// The number of waiting cases that the person may review; `None` where the navigation is not shown.
    pub waiting: Option<i64>,
    /// The URL of the page, with its query: a form or the language switch leads back to it.
    pub current_url: String,
}

/// The signed-in person, as far as a layout shows one.
#[derive(Debug, Clone)]
pub struct LayoutUser {
    pub name: String,
    pub csrf: String,
    /// `None` without a role.
    pub rights: Option<Rights>,
}

/// An alert for administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutAlert {
    pub text: String,
    /// The page where something can be done about it, and what the link says.
    pub more: Option<(String, &'static str)>,
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

impl Layout {
    pub fn new(lang: Lang, user: Option<LayoutUser>, path: impl Into<String>) -> Self {
        Self {
            lang,
            t: CommonTexts::of(lang),
            user,
            path: path.into(),
            alerts: Vec::new(),
            toast: None,
            brand: Brand::default(),
            contact: None,
            waiting: None,
            current_url: "/".to_owned(),
        }
    }

    /// Returns the layout of the page that a request asks for.
    pub fn of(request: &HttpRequest, user: Option<LayoutUser>) -> Self {
        let lang = Lang::of(request.headers());
        let (path, query) = (request.path(), request.query_string());
        let ctx = request.app_data::<web::Data<Context>>();
        let brand = ctx.map(|ctx| Brand::of(&ctx.config.brand));
        Self {
            brand: brand.unwrap_or_default(),
            contact: ctx.and_then(|ctx| ctx.config.login.contact.clone()),
            current_url: language::current_url(path, query, request.method().is_safe()),
            ..Self::new(lang, user, path)
        }
    }

    /// Returns how many alerts there are, in words.
    pub fn alert_count(&self) -> String {
        interpolate(self.t.alerts, &[("n", &self.alerts.len())])
    }

    /// Returns whether this is the page that shows at once what others only count.
    pub fn is_overview(&self) -> bool {
        self.path == nav::OVERVIEW
    }

    #[must_use]
    pub fn with_alerts(self, alerts: Vec<LayoutAlert>) -> Self {
        Self { alerts, ..self }
    }

    #[must_use]
    pub fn with_waiting(self, waiting: i64) -> Self {
        Self {
            waiting: Some(waiting),
            ..self
        }
    }

    #[must_use]
    pub fn with_toast(self, toast: Option<Toast>) -> Self {
        Self { toast, ..self }
    }

    /// Makes forms and the language switch lead back to that URL instead of the page of the form.
    #[must_use]
    pub fn at(self, url: impl Into<String>) -> Self {
        Self {
            current_url: url.into(),
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
        self.user.as_ref().map_or("", |user| &user.csrf)
    }

    /// Returns whether the person may do something, for templates: what they may not do is not shown.
    fn may(&self, action: Action) -> bool {
        let rights = self.user.as_ref().and_then(|user| user.rights.as_ref());
        rights.is_some_and(|rights| rights.may(action))
    }

    /// Returns whether the administration is linked to.
    pub fn has_role(&self) -> bool {
        self.may(Action::SeePeople)
    }

    /// Returns whether forms that decide about people are shown.
    pub fn may_decide(&self) -> bool {
        self.may(Action::Decide)
    }

    /// Returns whether links to events, syncs, webhooks, sessions and the audit trail are shown.
    pub fn may_see_operations(&self) -> bool {
        self.may(Action::SeeOperations)
    }

    /// Returns whether all other forms are shown.
    pub fn may_administer(&self) -> bool {
        self.may(Action::Administer)
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

    #[test]
    fn a_toast_survives_its_way_through_the_session() {
        let toast = Toast::ok("已拒绝张三").with_undo("/admin/unmatched/7/reopen");
        let stored = serde_json::to_string(&toast).unwrap();
        assert_eq!(serde_json::from_str::<Toast>(&stored).unwrap(), toast);
        let plain: Toast = serde_json::from_str(r#"{"tone":"danger","text":"x"}"#).unwrap();
        assert_eq!(plain, Toast::new(Tone::Danger, "x"));
    }
}
