//! What a browser in which somebody was told to wait for a review may know: what has become of the case. It never
//! signs anybody in.

use std::time::Duration;

use super::state::digest;
use crate::context::Context;
use crate::domain::case::ReviewState;
use crate::domain::return_path::ReturnPath;
use crate::service::secret::random_secret;
use crate::store::unmatched::waiting_ticket;
use crate::store::{Conn, StoreError};

/// How long a browser may ask.
pub const TICKET_TTL: Duration = Duration::from_hours(24);

/// The answer to a browser with a valid ticket.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub state: ReviewState,
    /// Where the person wanted to go.
    pub return_path: ReturnPath,
}

/// Stores a ticket for a case and returns its token, for the cookie only.
pub(super) async fn issue(
    tx: &mut Conn,
    case_id: i64,
    return_path: &ReturnPath,
) -> Result<String, StoreError> {
    let token = random_secret();
    let hash = digest(&token);
    waiting_ticket::insert(tx, &hash, case_id, return_path.as_str(), TICKET_TTL).await?;
    Ok(token)
}

/// Returns what has become of the case of a ticket; `None` if the token is unknown or expired.
pub async fn waiting(ctx: &Context, token: &str) -> Result<Option<Waiting>, StoreError> {
    let hash = digest(token);
    let ticket = ctx
        .db
        .read(async |conn| waiting_ticket::find(conn, &hash).await)
        .await?;
    Ok(ticket.map(|ticket| Waiting {
        state: ticket.state.into(),
        return_path: ReturnPath::parse(Some(&ticket.return_path)),
    }))
}
