//! What the parts of one request say about its session to each other. actix-session passes only a map of strings
//! between its store and the handlers, and the store never sees the request.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use actix_session::storage::SessionKey;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use crate::store::web_session::LiveSession;

/// The values of one request.
#[derive(Default)]
struct Exchange {
    live: Option<Rc<LiveSession>>,
    new_key: Option<SessionKey>,
}

tokio::task_local! {
    static CURRENT: RefCell<Exchange>;
}

/// Middleware: opens the exchange of a request. Must be outside of the session middleware.
pub async fn open<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    scope(next.call(request)).await
}

async fn scope<T>(work: impl Future<Output = T>) -> T {
    CURRENT.scope(RefCell::default(), work).await
}

/// Stores the session that the request belongs to.
pub fn set_live(live: LiveSession) {
    with(|exchange| exchange.live = Some(Rc::new(live)));
}

/// Returns the session that the request belongs to, or `None` without one.
pub fn live() -> Option<Rc<LiveSession>> {
    with(|exchange| exchange.live.clone()).flatten()
}

/// Hands over the key of a session that the login has created, for the cookie.
pub fn set_new_key(key: SessionKey) {
    with(|exchange| exchange.new_key = Some(key));
}

/// Returns and removes the key of a session that the login has created.
pub fn take_new_key() -> Option<SessionKey> {
    with(|exchange| exchange.new_key.take()).flatten()
}

/// Returns `None` outside of a request.
fn with<T>(work: impl FnOnce(&mut Exchange) -> T) -> Option<T> {
    CURRENT
        .try_with(|exchange| work(&mut exchange.borrow_mut()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(letter: &str) -> SessionKey {
        SessionKey::try_from(letter.repeat(64)).unwrap()
    }

    #[actix_web::test]
    async fn a_key_is_handed_over_once_and_within_its_request_only() {
        scope(async {
            set_new_key(key("a"));
            let other = scope(async { take_new_key() }).await;
            assert!(other.is_none());
            assert_eq!(take_new_key().unwrap().as_ref(), "a".repeat(64));
            assert!(take_new_key().is_none());
        })
        .await;
        set_new_key(key("b"));
        assert!(take_new_key().is_none() && live().is_none());
    }
}
