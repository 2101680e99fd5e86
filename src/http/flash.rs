//! The toast: one sentence about a finished action, kept in the session for the next page.

use actix_session::Session;

use super::layout::Toast;

const KEY: &str = "toast";

/// Stores a toast for the next page.
pub fn set(session: &Session, toast: &Toast) {
    if let Err(error) = session.insert(KEY, toast) {
        tracing::warn!(%error, "could not store the message for the next page");
    }
}

/// Returns and removes the toast of the previous action.
pub fn take(session: &Session) -> Option<Toast> {
    let toast = session.get::<Toast>(KEY).ok().flatten()?;
    session.remove(KEY);
    Some(toast)
}
