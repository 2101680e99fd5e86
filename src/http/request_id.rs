//! The request id, shown on the page and in the log so that each can be found by the other; and the log line of
//! each request.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use tracing::Instrument as _;

use crate::domain::request_id::{ALPHABET, LENGTH};

/// A request's id, generated here and never taken from a header.
#[derive(Debug, Clone)]
pub struct RequestId(String);

impl RequestId {
    fn random() -> Self {
        let letters = rand::random::<[u8; LENGTH]>().map(|byte| {
            ALPHABET
                .get(usize::from(byte % 32))
                .map_or('2', |c| char::from(*c))
        });
        let (head, tail) = letters.split_at(LENGTH / 2);
        Self(head.iter().chain(&['-']).chain(tail).collect())
    }

    /// Returns the id of a request; always set behind [`log_request`].
    pub fn of(request: &HttpRequest) -> Self {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or_else(Self::random)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromRequest for RequestId {
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(request)))
    }
}

/// Assigns an id to a request and writes its one log line, never with the query string, which holds codes.
pub async fn log_request<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let request_id = RequestId::random();
    request.extensions_mut().insert(request_id.clone());
    let (method, path, begun) = (
        request.method().clone(),
        request.path().to_owned(),
        Instant::now(),
    );
    let span = tracing::info_span!("request", request_id = request_id.as_str());
    let result = next.call(request).instrument(span).await;
    let status = match &result {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let quiet = matches!(path.as_str(), "/healthz" | "/readyz");
    if quiet {
        tracing::debug!(request_id = request_id.as_str(), %method, path, status, millis, "request");
    } else {
        tracing::info!(request_id = request_id.as_str(), %method, path, status, millis, "request");
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_can_be_read_out() {
        let request_id = RequestId::random();
        assert_eq!(request_id.as_str().len(), 9);
        assert!(
            request_id
                .as_str()
                .bytes()
                .all(|b| b == b'-' || ALPHABET.contains(&b))
        );
        assert_ne!(request_id.as_str(), RequestId::random().as_str());
        let read_out = request_id.as_str().to_lowercase().replace('-', " ");
        let parsed = crate::domain::request_id::parse(&read_out);
        assert_eq!(parsed.as_deref(), Some(request_id.as_str()));
    }
}
