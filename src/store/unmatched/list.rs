//! Searching the cases: for the page, and for the export.

use sqlx::PgConnection;

use super::{Case, Row};
use crate::domain::case::{CaseState, Refusal};
use crate::domain::ids::{UnionId, UserId};
use crate::store::StoreError;

/// Which cases are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub reasons: Vec<Refusal>,
    /// None: whatever its state.
    pub state: Option<CaseState>,
    /// Part of a nick, a unionid or a userid; empty for all.
    pub q: String,
}

impl Default for Filter {
    /// What waits for an administrator: people of the company.
    fn default() -> Self {
        Self {
            reasons: vec![Refusal::PendingReview, Refusal::Left],
            state: Some(CaseState::Waiting),
            q: String::new(),
        }
    }
}

impl Filter {
    fn reason_names(&self) -> Vec<String> {
        self.reasons
            .iter()
            .map(|reason| reason.as_str().to_owned())
            .collect()
    }

    fn state_name(&self) -> Option<&'static str> {
        self.state.map(CaseState::as_str)
    }
}

/// One page of cases, the latest attempt first.
pub async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Case>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, unionid AS "unionid: UnionId", userid AS "userid: UserId", nick, reason, state, attempts,
             first_seen_at, last_seen_at, last_reference, decided_by, decided_at, decision_reason
         FROM unmatched_login
         WHERE reason = ANY ($1) AND ($2::text IS NULL OR state = $2)
           AND ($3 = '' OR strpos(lower(nick), lower($3)) > 0 OR strpos(lower(unionid), lower($3)) > 0
                OR strpos(lower(userid), lower($3)) > 0)
         ORDER BY last_seen_at DESC, id DESC LIMIT $4 OFFSET $5"#,
        &filter.reason_names(),
        filter.state_name(),
        filter.q,
        limit,
        offset,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Case::from).collect())
}

/// How many cases [`list`] finds in all.
pub async fn count(conn: &mut PgConnection, filter: &Filter) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM unmatched_login
         WHERE reason = ANY ($1) AND ($2::text IS NULL OR state = $2)
           AND ($3 = '' OR strpos(lower(nick), lower($3)) > 0 OR strpos(lower(unionid), lower($3)) > 0
                OR strpos(lower(userid), lower($3)) > 0)"#,
        &filter.reason_names(),
        filter.state_name(),
        filter.q,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// The next cases of an export, in the order of their ids, beginning behind `after`. An export goes
/// in batches so that a slow reader holds no connection.
pub async fn batch(
    conn: &mut PgConnection,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Case>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, unionid AS "unionid: UnionId", userid AS "userid: UserId", nick, reason, state, attempts,
             first_seen_at, last_seen_at, last_reference, decided_by, decided_at, decision_reason
         FROM unmatched_login
         WHERE reason = ANY ($1) AND ($2::text IS NULL OR state = $2)
           AND ($3 = '' OR strpos(lower(nick), lower($3)) > 0 OR strpos(lower(unionid), lower($3)) > 0
                OR strpos(lower(userid), lower($3)) > 0)
           AND id > $4
         ORDER BY id LIMIT $5"#,
        &filter.reason_names(),
        filter.state_name(),
        filter.q,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Case::from).collect())
}
