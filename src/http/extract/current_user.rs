//! The signed-in user.

use std::future::Future;
use std::pin::Pin;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::http::uri::PathAndQuery;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::ids::UserId;
use crate::domain::return_path::ReturnPath;
use crate::domain::rights::Rights;
use crate::http::error::AppError;
use crate::http::layout::{Layout, LayoutUser};
use crate::http::table::TableFormat;
use crate::http::{flash, session_exchange};

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

    fn layout_user(&self) -> LayoutUser {
        LayoutUser {
            name: self.name.clone(),
            csrf: self.csrf.clone(),
            rights: self.rights.clone(),
        }
    }

    /// Returns the page that a login leads back to, or `None` if the request was not one for a page.
    pub fn return_path(request: &HttpRequest) -> Option<ReturnPath> {
        let path = request.uri().path_and_query().map(page_of);
        let path = path.filter(|_| request.method().is_safe())?;
        Some(ReturnPath::parse(Some(&path)))
    }

    /// Returns the layout of a page, with the toast of the previous action.
    pub fn layout(&self, request: &HttpRequest) -> Layout {
        let layout = Layout::of(request, Some(self.layout_user()));
        layout.with_toast(flash::take(&request.get_session()))
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
            let user = Self::current().ok_or(AppError::SignIn(back))?;
            request.extensions_mut().insert(user.layout_user());
            Ok(user)
        })
    }
}

/// Returns the page to come back to after the login. A download would leave the login page on screen, so it is
/// replaced by the list that was to be downloaded, with the same query.
fn page_of(path: &PathAndQuery) -> String {
    let page = path.path();
    let page = TableFormat::strip(page);
    match path.query() {
        Some(query) => format!("{page}?{query}"),
        None => page.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_the_list_and_never_to_a_download_of_it() {
        for (path, page) in [
            ("/admin/staff.csv?q=%E5%BC%A0", "/admin/staff?q=%E5%BC%A0"),
            ("/admin/audit.csv", "/admin/audit"),
            ("/admin/staff?q=a.csv", "/admin/staff?q=a.csv"),
            ("/", "/"),
        ] {
            let path: PathAndQuery = path.parse().unwrap();
            assert_eq!(page_of(&path), page);
        }
    }
}
