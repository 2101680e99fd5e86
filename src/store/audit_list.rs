//! Searches the audit trail, which is long: the page reads and counts only a limited part of it.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::record::record;
use crate::domain::audit::{ActorKind, AuditAction};
use crate::domain::case::Refusal;
use crate::domain::request_id;

/// Which entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub action: Option<AuditAction>,
    /// Why a login was refused.
    pub refusal: Option<Refusal>,
    /// Part of an actor, a userid, a unionid or a name, or a whole request id in any spelling; empty for all.
    pub q: String,
    pub from: Option<DateTime<Utc>>,
    /// Exclusive upper bound.
    pub before: Option<DateTime<Utc>>,
    /// Whether the oldest entry comes first.
    pub is_oldest_first: bool,
}

impl AuditFilter {
    /// Returns the filter with the search text alone.
    pub fn text_only(&self) -> Self {
        Self {
            q: self.q.clone(),
            ..Self::default()
        }
    }
}

record! {
    /// One entry of the audit trail.
    #[derive(Debug, Clone)]
    pub struct AuditRow from AuditRecord in "audit_entry" by id {
        pub id: i64,
        pub at: DateTime<Utc>,
        pub actor: String,
        /// The actor's name in the staff table.
        pub actor_name: Option<String>,
        pub userid: Option<String>,
        /// Whether the staff table contains `userid`.
        pub is_staff: bool,
        pub unionid: Option<String>,
        pub name: Option<String>,
        pub status: String,
        pub reason: Option<String>,
        pub reference: Option<String>,
        pub ip: Option<String>,
    }
    closed {
        pub actor_kind: ActorKind,
        pub action: AuditAction,
    }
}

/// The maximum number of entries that the pages show.
pub const MOST: usize = 10_000;

/// Returns the ids of the first [`MOST`] entries and one more, in order: counting them and cutting them into pages
/// takes a single search.
pub async fn found(conn: &mut Conn, filter: &AuditFilter) -> Result<Vec<i64>, StoreError> {
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    ids(conn, filter, None, limit).await
}

/// Returns the next entries of an export, after the entry `after`. An export is read in batches, so that a slow
/// client holds no connection.
pub async fn batch(
    conn: &mut Conn,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let ids = ids(conn, filter, after, limit).await?;
    rows(conn, &ids).await
}

/// Returns entries by id, in the order of the ids.
pub async fn rows(conn: &mut Conn, ids: &[i64]) -> Result<Vec<AuditRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        AuditRecord,
        r#"SELECT a.id, a.at, a.actor, a.actor_kind AS "actor_kind!", s.name AS "actor_name?", a.action, a.userid,
             EXISTS (SELECT FROM staff w WHERE w.userid = a.userid) AS "is_staff!", a.unionid, a.name, a.status, a.reason,
             a.reference, a.ip
         FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, place)
         JOIN audit_entry a USING (id)
         LEFT JOIN staff s ON s.userid = a.actor AND a.actor_kind = 'person' ORDER BY wanted.place"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Selects the ids of the entries that match a filter, from one end.
macro_rules! entry_ids {
    ($start:literal, $order:literal, $filter:ident, $after:expr, $limit:expr) => {
        sqlx::query_scalar!(
            "SELECT a.id FROM audit_entry a WHERE "
                + $start
                + "
               AND ($2::text IS NULL OR a.action = $2) AND ($3::text IS NULL OR a.status = $3)
               AND ($4::timestamptz IS NULL OR a.at >= $4) AND ($5::timestamptz IS NULL OR a.at < $5)
               AND ($6 = '' OR a.reference IN ($6, $8)
                    OR strpos(lower(concat_ws(chr(10), a.actor, a.userid, a.unionid, a.name)), lower($6)) > 0
                    OR a.actor_kind = 'person'
                       -- A subquery is hashed; an array is compared element by element for every entry.
                       AND a.actor IN (SELECT s.userid FROM staff s WHERE strpos(lower(s.name), lower($6)) > 0))
             ORDER BY "
                + $order
                + " LIMIT $7",
            $after,
            $filter.action.map(AuditAction::as_str),
            $filter.refusal.map(Refusal::as_str),
            $filter.from,
            $filter.before,
            $filter.q,
            $limit,
            request_id::parse(&$filter.q),
        )
    };
}

/// Orders by id, which follows the time and has an index.
async fn ids(
    conn: &mut Conn,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let ids = if filter.is_oldest_first {
        entry_ids!("a.id > $1", "a.id", filter, after.unwrap_or(0), limit)
            .fetch_all(conn)
            .await?
    } else {
        entry_ids!(
            "a.id < $1",
            "a.id DESC",
            filter,
            after.unwrap_or(i64::MAX),
            limit
        )
        .fetch_all(conn)
        .await?
    };
    Ok(ids)
}
