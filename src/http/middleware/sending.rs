//! A response body that reports its progress to the connection's entry.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::connections::RequestInProgress;

/// A body being sent. actix drops it once all of it is written to the socket.
pub struct Sending {
    body: BoxBody,
    in_progress: Option<RequestInProgress>,
}

impl Sending {
    pub fn new(body: BoxBody, in_progress: Option<RequestInProgress>) -> Self {
        if let Some(request) = &in_progress {
            let bytes = match body.size() {
                BodySize::Sized(bytes) => bytes,
                BodySize::None | BodySize::Stream => 0,
            };
            request.begin_response(bytes);
        }
        Self { body, in_progress }
    }
}

impl MessageBody for Sending {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(request) = &self.in_progress {
            request.note_progress();
        }
        Pin::new(&mut self.body).poll_next(cx)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        // A body that is not polled would count as sent too early.
        Err(self)
    }
}
