//! Lists the signed-in browsers.

use crate::store::Conn;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;
use super::record::record;
use super::sort::Sort;
use crate::domain::session::LoginMethod;

/// Which sessions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// `None` for all.
    pub method: Option<LoginMethod>,
    /// Part of a name, a userid or an IP address; empty for all.
    pub q: String,
}

impl SessionFilter {
    /// Returns the filter with the search text alone.
    #[must_use]
    pub fn text_only(&self) -> Self {
        Self {
            method: None,
            q: self.q.clone(),
        }
    }
}

record! {
    /// A signed-in browser.
    #[derive(Debug, Clone)]
    pub struct SessionRow from SessionRecord in "web_session" by id {
        pub id: Uuid,
        pub userid: String,
        pub name: String,
        pub ip: String,
        pub user_agent: String,
        pub created_at: DateTime<Utc>,
        pub last_seen_at: DateTime<Utc>,
        /// The idle limit or the maximum lifetime, whichever comes first.
        pub ends_at: DateTime<Utc>,
    }
    closed {
        pub method: LoginMethod,
    }
}

/// Returns one page of the live sessions, by default the most recently seen first.
pub async fn list(
    conn: &mut Conn,
    filter: &SessionFilter,
    sort: Option<Sort>,
    limit: i64,
    offset: i64,
) -> Result<Vec<SessionRow>, StoreError> {
    let sessions = sqlx::query_as!(
        SessionRecord,
        r#"SELECT w.id, w.userid, s.name, w.method, w.ip, w.user_agent, w.created_at, w.last_seen_at,
             least(w.idle_expires_at, w.expires_at) AS "ends_at!"
         FROM web_session w JOIN staff s USING (userid)
         WHERE is_live(w.created_at, w.last_seen_at, w.idle_expires_at, w.expires_at) AND ($1::text IS NULL OR w.method = $1)
           AND ($2 = '' OR strpos(lower(concat_ws(chr(10), s.name, w.userid, w.ip)), lower($2)) > 0)
         ORDER BY CASE WHEN $3::text = 'who' AND NOT $4 THEN s.name END, CASE WHEN $3 = 'who' AND $4 THEN s.name END DESC,
             CASE WHEN NOT $4 THEN CASE $3 WHEN 'since' THEN w.created_at WHEN 'seen' THEN w.last_seen_at
                 WHEN 'ends' THEN least(w.idle_expires_at, w.expires_at) END END,
             CASE WHEN $4 THEN CASE $3 WHEN 'since' THEN w.created_at WHEN 'seen' THEN w.last_seen_at
                 WHEN 'ends' THEN least(w.idle_expires_at, w.expires_at) END END DESC,
             w.last_seen_at DESC, w.id LIMIT $5 OFFSET $6"#,
        filter.method.map(LoginMethod::as_str),
        filter.q,
        Sort::column(sort),
        Sort::is_descending(sort),
        limit,
        offset,
    )
    .fetch_all(conn)
    .await?;
    sessions.into_iter().map(TryInto::try_into).collect()
}

/// Returns how many sessions match the filter of [`list`].
pub async fn count(conn: &mut Conn, filter: &SessionFilter) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM web_session w JOIN staff s USING (userid)
         WHERE is_live(w.created_at, w.last_seen_at, w.idle_expires_at, w.expires_at) AND ($1::text IS NULL OR w.method = $1)
           AND ($2 = '' OR strpos(lower(concat_ws(chr(10), s.name, w.userid, w.ip)), lower($2)) > 0)"#,
        filter.method.map(LoginMethod::as_str),
        filter.q,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Returns the live sessions with these ids, by name.
pub async fn chosen(conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<SessionRow>, StoreError> {
    let sessions = sqlx::query_as!(
        SessionRecord,
        r#"SELECT w.id, w.userid, s.name, w.method, w.ip, w.user_agent, w.created_at, w.last_seen_at,
             least(w.idle_expires_at, w.expires_at) AS "ends_at!"
         FROM web_session w JOIN staff s USING (userid)
         WHERE is_live(w.created_at, w.last_seen_at, w.idle_expires_at, w.expires_at) AND w.id = ANY ($1)
         ORDER BY s.name, w.userid, w.last_seen_at DESC, w.id"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    sessions.into_iter().map(TryInto::try_into).collect()
}
