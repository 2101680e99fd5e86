//! The error type of the web layer. The middleware `error_page` renders it.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::domain::return_path::ReturnPath;
use crate::service::admins::ActError;
use crate::service::login::LoginError;
use crate::store::StoreError;
use crate::text::notice::ErrorKind;
use crate::upstream::UpstreamError;

/// The reason why a request is refused or has failed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("signing in comes first")]
    SignIn(ReturnPath),
    #[error("not an administrator")]
    NotAdmin,
    #[error("the token against forged requests is missing or wrong")]
    Csrf,
    #[error("there is no such page")]
    NotFound,
    #[error("this address is not asked for in this way")]
    MethodNotAllowed,
    #[error("bad request: {0}")]
    BadRequest(String),
    #[error("the content type is not JSON")]
    NotJson,
    #[error("the request is too large")]
    TooLarge,
    #[error("the body did not come in time")]
    BodyTimeout,
    /// Holds a sentence in the reader's language.
    #[error("conflict")]
    Conflict(String),
    #[error("too many attempts")]
    RateLimited { retry_after: Duration },
    #[error("{error}")]
    Login {
        error: LoginError,
        /// Where the person wanted to go, and where another attempt leads.
        back: Option<ReturnPath>,
    },
    #[error(transparent)]
    Upstream(UpstreamError),
    #[error("Postgres does not answer")]
    Unavailable,
    #[error(transparent)]
    Internal(anyhow::Error),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable,
            error => Self::Internal(error.into()),
        }
    }
}

impl From<ActError> for AppError {
    fn from(error: ActError) -> Self {
        match error {
            // Only decisions about people have the last two, and their pages name the reason.
            ActError::NoLongerAllowed | ActError::AboutAdministrator | ActError::AboutSelf => {
                Self::NotAdmin
            }
            ActError::OutOfScope => Self::NotFound,
            ActError::Store(error) => error.into(),
        }
    }
}

impl From<UpstreamError> for AppError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Store(error) => error.into(),
            error => Self::Upstream(error),
        }
    }
}

impl AppError {
    /// Returns the kind of the page that shows the error.
    pub fn error_kind(&self) -> ErrorKind {
        match self {
            // Normally answered by a redirect; a page only where that is not possible.
            Self::SignIn(_) | Self::NotAdmin => ErrorKind::Forbidden,
            Self::Csrf => ErrorKind::Csrf,
            Self::NotFound => ErrorKind::NotFound,
            Self::MethodNotAllowed => ErrorKind::MethodNotAllowed,
            Self::BadRequest(_) | Self::NotJson | Self::BodyTimeout => ErrorKind::BadRequest,
            Self::TooLarge => ErrorKind::TooLarge,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::RateLimited { .. } => ErrorKind::RateLimited,
            Self::Login { error, .. } => login_error_kind(error),
            Self::Upstream(error) if error.is_unavailable() => ErrorKind::DingTalkUnavailable,
            Self::Upstream(_) => ErrorKind::Misconfigured,
            Self::Unavailable => ErrorKind::Unavailable,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }
}

impl From<LoginError> for AppError {
    fn from(error: LoginError) -> Self {
        Self::Login { error, back: None }
    }
}

fn login_error_kind(error: &LoginError) -> ErrorKind {
    match error {
        LoginError::InvalidState(_) => ErrorKind::InvalidState,
        LoginError::InvalidCode => ErrorKind::InvalidCode,
        LoginError::Cancelled => ErrorKind::Cancelled,
        LoginError::Refused { refusal, .. } => ErrorKind::from(*refusal),
        LoginError::DingTalkUnavailable { .. } | LoginError::QueueTimeout { .. } => {
            ErrorKind::DingTalkUnavailable
        }
        LoginError::Misconfigured(_) => ErrorKind::Misconfigured,
        LoginError::Store(StoreError::Unavailable(_)) => ErrorKind::Unavailable,
        LoginError::Store(_) => ErrorKind::Internal,
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn(_) => StatusCode::SEE_OTHER,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            error => error.error_kind().status(),
        }
    }

    /// Returns an empty response; the middleware fills in the page.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
