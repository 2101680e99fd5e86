//! Everything that happened to one person, in one order: the audit trail, refused logins, events, changes and sessions.

use std::collections::HashMap;

use uuid::Uuid;

use super::audit_list::{self, AuditRow};
use super::record::known;
use super::staff_history::{self, StaffHistory};
use super::staff_list::{self, EventLine};
use super::unmatched::attempt::{self, RefusedAttempt};
use super::web_session::{self, SessionFacts};
use super::{Conn, StoreError};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::timeline::TimelineKind;

/// The maximum number of entries that a page shows.
pub const MOST: usize = 1_000;

/// Whose entries to list, and which.
#[derive(Debug, Clone)]
pub struct TimelineFilter {
    pub userid: UserId,
    pub unionid: Option<UnionId>,
    /// `None` for all.
    pub kind: Option<TimelineKind>,
    /// Whether the events of the inbox are included.
    pub includes_events: bool,
}

/// Where an entry is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryKey {
    pub kind: TimelineKind,
    /// Whether a login is one of the refused attempts of a case rather than an entry of the audit trail.
    is_attempt: bool,
    id: String,
}

/// One entry.
#[derive(Debug, Clone)]
pub enum Entry {
    Audit(AuditRow),
    Attempt(RefusedAttempt),
    Event(EventLine),
    Change(StaffHistory),
    Session(SessionFacts),
}

/// Returns where the latest entries are stored, the latest first: at most [`MOST`] and one more. Each source is read
/// only that far.
// Long because it is one statement over six tables.
pub async fn found(conn: &mut Conn, filter: &TimelineFilter) -> Result<Vec<EntryKey>, StoreError> {
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        r#"SELECT kind AS "kind!", is_attempt AS "is_attempt!", id AS "id!" FROM (
             (SELECT CASE WHEN a.action IN ('login', 'refusal', 'logout') THEN 'login' ELSE 'decision' END AS kind,
                  false AS is_attempt, a.id::text AS id, a.at
              FROM audit_entry a
              WHERE a.userid = $1 AND ($3::text IS NULL OR ($3 = 'login') = (a.action IN ('login', 'refusal', 'logout')))
              ORDER BY a.id DESC LIMIT $5)
             -- Under a former or a later userid of the same account.
             UNION ALL (SELECT CASE WHEN a.action IN ('login', 'refusal', 'logout') THEN 'login' ELSE 'decision' END, false, a.id::text, a.at
              FROM audit_entry a
              WHERE a.unionid = $2 AND a.userid IS DISTINCT FROM $1
                AND ($3::text IS NULL OR ($3 = 'login') = (a.action IN ('login', 'refusal', 'logout')))
              ORDER BY a.id DESC LIMIT $5)
             -- Of refusals in quick succession, the trail has only one.
             UNION ALL (SELECT 'login', true, t.id::text, t.at FROM unmatched_login c JOIN unmatched_attempt t ON t.case_id = c.id
              WHERE (c.unionid = $2 OR c.userid = $1) AND NOT EXISTS (SELECT FROM audit_entry a WHERE a.reference = t.request_id AND a.action = 'refusal')
              ORDER BY t.id DESC LIMIT $5)
             UNION ALL (SELECT 'event', false, e.id::text, e.received_at FROM event e
              WHERE $4 AND e.userids @> ARRAY[$1] ORDER BY e.id DESC LIMIT $5)
             UNION ALL (SELECT 'change', false, h.id::text, h.at FROM staff_history h
              WHERE h.userid = $1 AND h.before <> h.after ORDER BY h.at DESC LIMIT $5)
             UNION ALL (SELECT 'session', false, w.id::text, w.created_at FROM web_session w
              WHERE w.userid = $1 AND is_live(w.created_at, w.last_seen_at, w.idle_expires_at, w.expires_at)
              ORDER BY w.last_seen_at DESC LIMIT 100)
         ) AS entry
         WHERE $3::text IS NULL OR kind = $3
         ORDER BY at DESC, kind, length(id) DESC, id DESC LIMIT $5"#,
        filter.userid.as_str(),
        filter.unionid.as_ref().map(UnionId::as_str),
        filter.kind.map(TimelineKind::as_str),
        filter.includes_events,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let key = |row: (String, bool, String)| {
        let kind = known(
            TimelineKind::parse,
            ("timeline", "kind"),
            || row.2.clone(),
            &row.0,
        )?;
        Ok(EntryKey {
            kind,
            is_attempt: row.1,
            id: row.2,
        })
    };
    rows.into_iter()
        .map(|row| key((row.kind, row.is_attempt, row.id)))
        .collect()
}

/// Returns the entries stored there, in the order of the keys; those deleted since are missing.
pub async fn entries(
    conn: &mut Conn,
    userid: &UserId,
    keys: &[EntryKey],
) -> Result<Vec<Entry>, StoreError> {
    use TimelineKind::{Change, Decision, Event, Login, Session};
    let ids = |is_of: fn(&EntryKey) -> bool| {
        let ids = keys.iter().filter(|key| is_of(key));
        ids.filter_map(|key| key.id.parse().ok())
            .collect::<Vec<i64>>()
    };
    let trail = ids(|key| matches!(key.kind, Login | Decision) && !key.is_attempt);
    let attempts = ids(|key| key.is_attempt);
    let events = ids(|key| key.kind == Event);
    let changes = ids(|key| key.kind == Change);
    let mut trail = by_id(audit_list::rows(conn, &trail).await?, |row| row.id);
    let mut attempts = by_id(attempt::rows(conn, &attempts).await?, |row| row.id);
    let mut events = by_id(staff_list::events(conn, &events).await?, |row| row.id);
    let mut changes = by_id(staff_history::rows(conn, &changes).await?, |row| row.id);
    let mut sessions = HashMap::new();
    if keys.iter().any(|key| key.kind == Session) {
        let live = web_session::list_of(conn, userid).await?;
        sessions = live.into_iter().map(|row| (row.id, row)).collect();
    }
    let entry = |key: &EntryKey| {
        let id = key.id.parse().unwrap_or_default();
        match key.kind {
            Login if key.is_attempt => attempts.remove(&id).map(Entry::Attempt),
            Login | Decision => trail.remove(&id).map(Entry::Audit),
            Event => events.remove(&id).map(Entry::Event),
            Change => changes.remove(&id).map(Entry::Change),
            Session => {
                let id: Option<Uuid> = key.id.parse().ok();
                id.and_then(|id| sessions.remove(&id)).map(Entry::Session)
            }
        }
    };
    Ok(keys.iter().filter_map(entry).collect())
}

fn by_id<T>(rows: Vec<T>, id: impl Fn(&T) -> i64) -> HashMap<i64, T> {
    rows.into_iter().map(|row| (id(&row), row)).collect()
}
