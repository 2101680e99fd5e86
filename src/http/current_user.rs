//! The signed-in user.

use std::future::Future;
use std::pin::Pin;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::http::uri::PathAndQuery;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::AppError;
use super::layout::{Layout, LayoutUser};
use super::{flash, session_exchange};
use crate::domain::ids::UserId;
use crate::domain::return_path::ReturnPath;
use crate::domain::rights::Rights;

/// A signed-in person. Without a session: 303 to the login page, which leads back here.
#[derive(Debug, Clone)]
pub struct CurrentUser {
    pub userid: UserId,
    pub name: String,
    pub session_id: Uuid,
    pub csrf: String,
    /// `None` without a role.
    pub rights: Option<Rights>,
    /// Whether the login is recent enough for the administration.
    pub is_recent: bool,
    /// When the request began, by Postgres's clock.
    pub now: DateTime<Utc>,
}

impl CurrentUser {
    /// Returns the person whose session the request belongs to, or `None` without a session.
    pub fn current() -> Option<Self> {
        let live = session_exchange::live()?;
        let rights = live
            .role
            .map(|role| Rights::granted(role, live.departments.clone()));
        Some(Self {
            userid: live.userid.clone(),
            name: live.name.clone(),
            session_id: live.id,
            csrf: live.csrf_token.clone(),
            rights,
            is_recent: live.is_recent,
            now: live.now,
        })
    }

    fn in_frame(&self) -> LayoutUser {
        LayoutUser {
            name: self.name.clone(),
            csrf: self.csrf.clone(),
            rights: self.rights.clone(),
        }
    }

    /// Returns the page that a login leads back to, or `None` if the request was not one for a page.
    pub fn return_path(request: &HttpRequest) -> Option<ReturnPath> {
        let asked = request.uri().path_and_query().map(page_of);
        let asked = asked.filter(|_| request.method().is_safe())?;
        Some(ReturnPath::parse(Some(&asked)))
    }

    /// Returns the layout of a page, with the toast of the previous action.
    pub fn frame(&self, request: &HttpRequest) -> Layout {
        let frame = Layout::of(request, Some(self.in_frame()));
        frame.with_toast(flash::take(&request.get_session()))
    }
}

/// Returns the user that a request was found to come from, for its error page.
pub fn recognized(request: &HttpRequest) -> Option<LayoutUser> {
    request.extensions().get::<LayoutUser>().cloned()
}

impl FromRequest for CurrentUser {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let back = Self::return_path(&request).unwrap_or_else(|| ReturnPath::parse(None));
            let visitor = Self::current().ok_or(AppError::SignIn(back))?;
            request.extensions_mut().insert(visitor.in_frame());
            Ok(visitor)
        })
    }
}

/// Returns the page to come back to after the login. A download would leave the login page on screen, so it is
/// replaced by the list that was to be downloaded, with the same query.
fn page_of(asked: &PathAndQuery) -> String {
    let path = asked.path();
    let path = path.strip_suffix(".csv").unwrap_or(path);
    match asked.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_the_list_and_never_to_a_download_of_it() {
        for (asked, page) in [
            ("/admin/staff.csv?q=%E5%BC%A0", "/admin/staff?q=%E5%BC%A0"),
            ("/admin/audit.csv", "/admin/audit"),
            ("/admin/staff?q=a.csv", "/admin/staff?q=a.csv"),
            ("/", "/"),
        ] {
            let asked: PathAndQuery = asked.parse().unwrap();
            assert_eq!(page_of(&asked), page);
        }
    }
}
