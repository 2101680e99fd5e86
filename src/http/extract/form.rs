//! Forms, which cannot be read without a check of the session's CSRF token.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use super::current_user::CurrentUser;
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::middleware::Edge;

/// The header that may carry the token instead of the form field.
const HEADER: &str = "x-csrf-token";
const FIELD: &str = "csrf_token";
/// Maximum size of a form, in bytes.
const MAX_FORM: usize = 256 * 1024;

/// A form with a valid CSRF token; 403 otherwise. Fields that occur several times become lists.
#[derive(Debug)]
pub struct CsrfForm<T>(pub T);

impl<T: DeserializeOwned> FromRequest for CsrfForm<T> {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload).into_inner();
        Box::pin(async move {
            let (Some(ctx), Some(edge)) = (
                request.app_data::<web::Data<Context>>(),
                request.app_data::<web::Data<Edge>>(),
            ) else {
                return Err(AppError::Unavailable);
            };
            let payload = payload.map_err(|_| AppError::BadRequest(String::new()))?;
            let body = edge.read_form(ctx, &request, payload, MAX_FORM).await?;
            check_token(&request, &body)?;
            // No legitimate text contains NUL, and Postgres rejects it.
            if form_urlencoded::parse(&body).any(|(_, value)| value.contains('\0')) {
                return Err(AppError::BadRequest(String::new()));
            }
            let form = serde_html_form::from_bytes(&body);
            form.map(Self)
                .map_err(|_| AppError::BadRequest(String::new()))
        })
    }
}

fn check_token(request: &HttpRequest, body: &[u8]) -> Result<(), AppError> {
    let expected = CurrentUser::current().ok_or(AppError::Csrf)?.csrf;
    let in_header = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let given = in_header.or_else(|| {
        form_urlencoded::parse(body)
            .find(|(name, _)| name == FIELD)
            .map(|(_, value)| value.into_owned())
    });
    let is_right =
        given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(expected.as_bytes())));
    if is_right {
        Ok(())
    } else {
        Err(AppError::Csrf)
    }
}
