//! Renders errors as a page or as JSON, and logs each once.

use std::time::Duration;

use actix_session::storage::{LoadError, SaveError, UpdateError};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, LOCATION, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError as _};

use crate::domain::return_path::ReturnPath;
use crate::http::error::AppError;
use crate::http::extract::current_user::recognized;
use crate::http::layout::Layout;
use crate::http::pages::{ErrorView, in_app_refusal, render_error, whole_seconds};
use crate::http::request_id::RequestId;
use crate::http::security::{self, HeaderContext};
use crate::http::waiting_cookie;
use crate::service::login::LoginError;
use crate::store::StoreError;
use crate::text::notice::ErrorKind;

/// The name of a resource whose errors are JSON: a script asks for it, not a person.
pub const JSON_ERRORS: &str = "json_errors";

/// `Retry-After` while Postgres does not answer, or has too many requests waiting for it.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(5);

/// Returns the URL of the login that leads there.
fn login_to(back: &ReturnPath) -> String {
    format!("/login?rd={}", back.encoded())
}

impl AppError {
    fn view(&self, request_id: &RequestId) -> ErrorView {
        let mut view = ErrorView::new(self.error_kind());
        view.reference = Some(request_id.as_str().to_owned());
        match self {
            Self::Conflict(sentence) | Self::BadRequest(sentence) => {
                view.detail = Some(sentence.clone()).filter(|text| !text.is_empty());
            }
            Self::RateLimited { retry_after } => view.retry_after = Some(*retry_after),
            Self::Login { error, .. } => match error {
                LoginError::DingTalkUnavailable {
                    retry_after,
                    is_unspent,
                } => {
                    view.retry_after = Some(*retry_after);
                    view.retries = *is_unspent;
                }
                LoginError::QueueTimeout { retry_after } => {
                    view.retry_after = Some(*retry_after);
                    view.retries = true;
                }
                LoginError::Refused {
                    nick,
                    waiting_token,
                    ..
                } => {
                    view.nick = Some(nick.clone()).filter(|nick| !nick.is_empty());
                    view.waits = waiting_token.is_some();
                }
                _ => {}
            },
            Self::Upstream(error) if error.is_unavailable() => {
                view.retry_after = Some(error.retry_after());
            }
            _ => {}
        }
        if view.notice == ErrorKind::Unavailable {
            view.retry_after = Some(UNAVAILABLE_RETRY);
        }
        view
    }

    /// Logs the cause, once, with the request id that the page shows.
    fn log(&self, request_id: &RequestId) {
        let request_id = request_id.as_str();
        match self {
            Self::SignIn(_) => {}
            Self::Login { error, .. } => match error {
                LoginError::Store(StoreError::Statement(cause)) => {
                    tracing::error!(request_id, %cause, "login: a statement failed");
                }
                LoginError::Store(StoreError::UnknownValue(cause)) => {
                    tracing::error!(request_id, %cause, "login: unknown value");
                }
                LoginError::Misconfigured(cause) => {
                    tracing::error!(request_id, %cause, "login: DingTalk refuses us");
                }
                error => {
                    tracing::info!(request_id, outcome = self.error_kind().code(), %error, "login refused");
                }
            },
            Self::Internal(error) => {
                tracing::error!(request_id, error = format!("{error:#}"), "internal error");
            }
            error => {
                tracing::info!(request_id, outcome = error.error_kind().code(), %error, "request refused");
            }
        }
    }
}

/// The parts of a request that its error page needs. The request itself must not be kept while it is routed.
struct RequestContext {
    layout: Layout,
    request_id: RequestId,
    header_context: HeaderContext,
    is_json: bool,
}

impl RequestContext {
    fn of(request: &ServiceRequest) -> Self {
        Self {
            layout: Layout::of(request.request(), None),
            request_id: RequestId::of(request.request()),
            header_context: HeaderContext::of(request),
            is_json: request.match_name() == Some(JSON_ERRORS),
        }
    }

    /// Returns the layout of an error's page: switching the language after a failed login leads to the login page,
    /// and from there to where the person wanted to go.
    fn layout_for(&self, error: &AppError) -> Layout {
        let mut layout = self.layout.clone();
        if let AppError::Login {
            back: Some(back), ..
        } = error
        {
            layout.current_url = login_to(back);
        }
        layout
    }
}

/// Middleware: renders errors as an HTML page, or as JSON for a resource that is named [`JSON_ERRORS`].
pub async fn render<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let mut context = RequestContext::of(&request);
    match next.call(request).await {
        Ok(response) => match wants_page(&mut context, &response) {
            Some(page) => Ok(ServiceResponse::new(
                response.request().clone(),
                page.map_into_right_body(),
            )),
            None => Ok(response.map_into_left_body()),
        },
        Err(error) => {
            // An `Err` bypasses the outer middlewares, so the security headers are added here.
            let mut response = error_response(&context, &error);
            security::add_headers(response.headers_mut(), &context.header_context);
            Err(InternalError::from_response(error.to_string(), response).into())
        }
    }
}

/// Returns the page of an error or of the router's own empty 405; `None` for other responses.
fn wants_page<B>(
    context: &mut RequestContext,
    response: &ServiceResponse<B>,
) -> Option<HttpResponse> {
    context.layout.user = recognized(response.request());
    if let Some(error) = response.response().error() {
        return Some(error_response(context, error));
    }
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return None;
    }
    let mut page = page(context, &AppError::MethodNotAllowed);
    if let Some(allowed) = response.headers().get(ALLOW) {
        page.headers_mut().insert(ALLOW, allowed.clone());
    }
    Some(page)
}

fn error_response(context: &RequestContext, error: &Error) -> HttpResponse {
    match error.as_error::<AppError>() {
        Some(error) => page(context, error),
        None => page(context, &foreign(error)),
    }
}

/// Converts an error of a library: a session store that did not answer, or an error of actix.
fn foreign(error: &Error) -> AppError {
    let is_session = error.as_error::<InternalError<LoadError>>().is_some()
        || error.as_error::<InternalError<SaveError>>().is_some()
        || error.as_error::<InternalError<UpdateError>>().is_some()
        || error.as_error::<InternalError<anyhow::Error>>().is_some();
    match error.as_response_error().status_code() {
        _ if is_session => AppError::Unavailable,
        StatusCode::PAYLOAD_TOO_LARGE => AppError::TooLarge,
        StatusCode::NOT_FOUND => AppError::NotFound,
        status if status.is_client_error() => AppError::BadRequest(String::new()),
        _ => AppError::Internal(anyhow::anyhow!("{error}")),
    }
}

fn page(context: &RequestContext, error: &AppError) -> HttpResponse {
    error.log(&context.request_id);
    if let AppError::SignIn(back) = error {
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, login_to(back)))
            .finish();
    }
    let mut response = if context.is_json {
        json_response(error, &context.layout, &context.request_id)
    } else {
        render_error(context.layout_for(error), error.view(&context.request_id))
    };
    *response.status_mut() = error.status_code();
    if let AppError::Login {
        error:
            LoginError::Refused {
                waiting_token: Some(token),
                ..
            },
        ..
    } = error
    {
        let cookie = waiting_cookie::cookie(token, context.header_context.is_https());
        if let Err(error) = response.add_cookie(&cookie) {
            tracing::error!(%error, "could not set the cookie of a person who waits");
        }
    }
    response
}

/// Returns the refusal that the page inside DingTalk shows, with its `Retry-After`.
fn json_response(error: &AppError, layout: &Layout, request_id: &RequestId) -> HttpResponse {
    let view = error.view(request_id);
    let mut response = HttpResponse::build(error.status_code());
    if let Some(wait) = view.retry_after {
        response.insert_header((RETRY_AFTER, whole_seconds(wait)));
    }
    response.json(in_app_refusal(layout, &view))
}
