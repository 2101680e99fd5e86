//! All data for the page of one person.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use crate::domain::audit::{ActorKind, AuditAction};
use crate::domain::event::EventState;
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{LeftCause, Status};
use crate::store::StoreError;
use crate::store::record::record;

record! {
    /// A complete staff row.
    #[derive(Debug, Clone)]
    pub struct Facts from FactsRecord in "staff" by userid {
        pub userid: UserId,
        pub unionid: Option<UnionId>,
        pub name: String,
        pub avatar: Option<String>,
        pub job_number: Option<String>,
        pub title: Option<String>,
        pub mobile: Option<String>,
        pub email: Option<String>,
        pub hired_date: Option<DateTime<Utc>>,
        pub left_at: Option<DateTime<Utc>>,
        pub held_by: Option<String>,
        pub held_at: Option<DateTime<Utc>>,
        pub held_reason: Option<String>,
        /// `None` if DingTalk was never asked.
        pub observed_at: Option<DateTime<Utc>>,
        pub created_at: DateTime<Utc>,
    }
    closed {
        pub status: Status,
    }
    optional {
        pub left_cause: LeftCause,
    }
}

/// One department of the person.
#[derive(Debug, Clone)]
pub struct Place {
    pub dept_id: DeptId,
    /// `None` if the department table does not contain it yet.
    pub name: Option<String>,
    pub sort_order: Option<i64>,
    pub is_leader: bool,
}

record! {
    /// An event that names the person.
    #[derive(Debug, Clone)]
    pub struct EventLine from EventLineRecord in "event" by id {
        pub id: i64,
        pub event_type: String,
        pub received_at: DateTime<Utc>,
    }
    closed {
        pub state: EventState,
    }
}

record! {
    /// An entry of the audit trail.
    #[derive(Debug, Clone)]
    pub struct HistoryLine from HistoryRecord in "audit_entry" by id {
        pub at: DateTime<Utc>,
        pub actor: String,
        /// The actor's name in the staff table.
        pub actor_name: Option<String>,
        pub status: String,
        pub reason: Option<String>,
        pub reference: Option<String>,
    }
    identity {
        id: i64,
    }
    closed {
        pub actor_kind: ActorKind,
        pub action: AuditAction,
    }
}

/// Finds the staff row of this userid.
pub async fn facts(conn: &mut Conn, userid: &UserId) -> Result<Option<Facts>, StoreError> {
    let facts = sqlx::query_as!(
        FactsRecord,
        r#"SELECT userid AS "userid: UserId", unionid AS "unionid: UnionId", name, avatar, job_number, title, mobile, email,
             hired_date, status, left_at, left_cause, held_by, held_at, held_reason,
             CASE WHEN isfinite(observed_at) THEN observed_at END AS observed_at, created_at
         FROM staff WHERE userid = $1"#,
        userid.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    facts.map(TryInto::try_into).transpose()
}

/// Returns the person's departments, those that the person leads first.
pub async fn places(conn: &mut Conn, userid: &UserId) -> Result<Vec<Place>, StoreError> {
    let places = sqlx::query_as!(
        Place,
        r#"SELECT m.dept_id, d.name AS "name?", m.sort_order, m.is_leader
         FROM staff_department m LEFT JOIN department d USING (dept_id)
         WHERE m.userid = $1 ORDER BY m.is_leader DESC, m.dept_id"#,
        userid.as_str(),
    )
    .fetch_all(conn)
    .await?;
    Ok(places)
}

/// Finds events by id.
pub async fn events(conn: &mut Conn, ids: &[i64]) -> Result<Vec<EventLine>, StoreError> {
    let events = sqlx::query_as!(
        EventLineRecord,
        "SELECT id, event_type, state, received_at FROM event WHERE id = ANY ($1)",
        ids,
    )
    .fetch_all(conn)
    .await?;
    events.into_iter().map(TryInto::try_into).collect()
}

/// Returns the latest audit entries about a person, under either of the two ids.
pub async fn history(
    conn: &mut Conn,
    userid: Option<&UserId>,
    unionid: Option<&UnionId>,
    limit: i64,
) -> Result<Vec<HistoryLine>, StoreError> {
    let lines = sqlx::query_as!(
        HistoryRecord,
        r#"SELECT a.id, a.at, a.actor, a.actor_kind AS "actor_kind!", s.name AS "actor_name?",
             a.action, a.status, a.reason, a.reference
         FROM audit_entry a
         LEFT JOIN staff s ON s.userid = a.actor AND a.actor_kind = 'person'
         WHERE a.userid = $1 OR a.unionid = $2 ORDER BY a.id DESC LIMIT $3"#,
        userid.map(UserId::as_str),
        unionid.map(UnionId::as_str),
        limit,
    )
    .fetch_all(conn)
    .await?;
    lines.into_iter().map(TryInto::try_into).collect()
}
