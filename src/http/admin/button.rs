//! A button on the administration pages: who presses it, and the redirect that shows the result.

use std::future::Future;
use std::pin::Pin;

use actix_session::Session;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use super::{BackForm, see_other};
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::text::lang::Lang;

type Parts = (Admin, web::Data<Context>, Lang, Session, CsrfForm<BackForm>);

/// An administrator's press of a button, with a valid CSRF token.
pub(super) struct ButtonPress {
    pub admin: Admin,
    pub ctx: web::Data<Context>,
    pub lang: Lang,
    session: Session,
    form: BackForm,
    id: Option<i64>,
}

impl FromRequest for ButtonPress {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parts = Parts::from_request(request, payload);
        let id = request.match_info().get("id");
        let id = id.and_then(|id| id.parse().ok());
        Box::pin(async move {
            let (admin, ctx, lang, session, CsrfForm(form)) = parts.await?;
            Ok(Self {
                admin,
                ctx,
                lang,
                session,
                form,
                id,
            })
        })
    }
}

impl ButtonPress {
    /// Returns the id in the path; 404 if it is not a number, but only for administrators.
    pub fn id(&self) -> Result<i64, AppError> {
        self.id.ok_or(AppError::NotFound)
    }

    /// Redirects to a page, which shows the toast.
    pub fn redirect(&self, toast: &Toast, page: &str) -> HttpResponse {
        flash::set(&self.session, toast);
        see_other(page)
    }

    /// Redirects back to the view with the button, or to this page if the form does not name one.
    pub fn redirect_back(&self, toast: &Toast, page: &str) -> HttpResponse {
        self.redirect(toast, &self.form.path_or(page))
    }
}
