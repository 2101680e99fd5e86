//! One sentence about an action that has ended, kept in the session for the next page.

use actix_session::Session;

use super::layout::Toast;

const KEY: &str = "toast";

/// Keeps a toast for the next page.
pub fn set(session: &Session, toast: &Toast) {
    if let Err(error) = session.insert(KEY, toast) {
        tracing::warn!(%error, "a toast could not be kept");
    }
}

/// Takes the toast that the action before has left.
pub fn take(session: &Session) -> Option<Toast> {
    let toast = session.get::<Toast>(KEY).ok().flatten()?;
    session.remove(KEY);
    Some(toast)
}
