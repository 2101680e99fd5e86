//! Signed-in browsers.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::StoreError;
use super::record::record;
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::listed_admins::ListedAdmins;
use crate::domain::rights::Role;
use crate::domain::session::LoginMethod;

/// A session to be created.
pub struct NewSession<'a> {
    pub id: Uuid,
    pub key_hash: &'a [u8],
    pub userid: &'a UserId,
    pub unionid: &'a UnionId,
    pub csrf_token: &'a str,
    pub idle: Duration,
    pub max: Duration,
    pub method: LoginMethod,
    pub ip: &'a str,
    pub user_agent: &'a str,
}

/// Creates a session if the person is employed under this unionid and not rejected at the moment of the commit;
/// returns false otherwise.
///
/// The share lock makes a leave event that commits first visible here, and makes a later one wait until it can see,
/// and end, this session.
pub async fn create(conn: &mut Conn, new: &NewSession<'_>) -> Result<bool, StoreError> {
    // A separate statement, so that the next one sees what was committed while this one waited.
    sqlx::query!(
        "SELECT userid FROM staff WHERE userid = $1 FOR SHARE",
        new.userid.as_str()
    )
    .fetch_optional(&mut *conn)
    .await?;
    let created = sqlx::query!(
        "INSERT INTO web_session (id, key_hash, userid, unionid, csrf_token, idle_expires_at, expires_at, method, ip, user_agent)
         SELECT $1, $2, s.userid, s.unionid, $5, now() + make_interval(secs => $6), now() + make_interval(secs => $7), $8, $9, $10
         FROM staff s
         WHERE s.userid = $3 AND s.unionid = $4 AND s.status = 'employed'
            AND NOT EXISTS (SELECT FROM unmatched_login u WHERE u.unionid = $4 AND u.state = 'rejected')
            AND NOT EXISTS (SELECT FROM unmatched_login u
                WHERE u.userid = $3 AND u.state = 'rejected' AND u.decision_scope = 'person')
         FOR SHARE OF s",
        new.id,
        new.key_hash,
        new.userid.as_str(),
        new.unionid.as_str(),
        new.csrf_token,
        new.idle.as_secs_f64(),
        new.max.as_secs_f64(),
        new.method.as_str(),
        new.ip,
        new.user_agent
    )
    .execute(conn)
    .await?;
    Ok(created.rows_affected() == 1)
}

record! {
    /// A live session of an employed person.
    pub struct LiveSession from LiveRecord in "admin_grant" by userid {
        pub id: Uuid,
        pub userid: UserId,
        pub csrf_token: String,
        pub state: Value,
        pub name: String,
        /// The departments that the role is limited to.
        pub departments: Option<Vec<DeptId>>,
        /// Whether the login is recent enough for the administration pages.
        pub is_recent: bool,
        /// When the session was found, by Postgres's clock.
        pub now: DateTime<Utc>,
        /// Whether the use of the session has to be recorded with [`touch`].
        pub is_touch_due: bool,
    }
    optional {
        /// The role of the session's pair.
        pub role: Role,
    }
}

/// Finds a session that has not ended and whose person has neither left nor been rejected, with the person and their
/// rights, in one statement.
pub async fn find_live(
    conn: &mut Conn,
    key_hash: &[u8],
    listed: &ListedAdmins,
    idle: Duration,
    admin_max_age: Duration,
) -> Result<Option<LiveSession>, StoreError> {
    let found = sqlx::query_as!(
        LiveRecord,
        r#"SELECT w.id, w.userid AS "userid: UserId", w.csrf_token, w.state, s.name, r.role AS "role?", r.departments,
             w.created_at >= now() - make_interval(secs => $5) AS "is_recent!", now() AS "now!",
             (w.last_seen_at < now() - make_interval(secs => $4) OR w.last_seen_at > now()) AS "is_touch_due!"
         FROM web_session w JOIN staff s ON s.userid = w.userid
         LEFT JOIN LATERAL (
             SELECT r.role, r.departments FROM role_right r WHERE r.userid = w.userid AND r.unionid = w.unionid
               AND (r.source = 'granted' OR EXISTS (
                   SELECT FROM unnest($2::text[], $3::text[]) AS n (userid, unionid)
                   WHERE n.userid = r.userid AND coalesce(n.unionid = r.unionid, true)))
             -- An administrator through the settings may have another role by a grant.
             ORDER BY r.role = 'admin' DESC LIMIT 1
         ) r ON true
         WHERE w.key_hash = $1 AND is_live(w.created_at, w.last_seen_at, w.idle_expires_at, w.expires_at)
            AND s.status = 'employed' AND s.unionid = w.unionid
            AND NOT EXISTS (SELECT FROM unmatched_login u WHERE u.unionid = w.unionid AND u.state = 'rejected')
            AND NOT EXISTS (SELECT FROM unmatched_login u
                WHERE u.userid = w.userid AND u.state = 'rejected' AND u.decision_scope = 'person')"#,
        key_hash,
        listed.userids(),
        listed.unionids() as &[Option<String>],
        touch_step(idle).as_secs_f64(),
        admin_max_age.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    found.map(TryInto::try_into).transpose()
}

/// Replaces the state that pages keep in a session; has no effect if it has ended meanwhile.
pub async fn update_state(
    conn: &mut Conn,
    key_hash: &[u8],
    state: &Value,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE web_session SET state = $2 WHERE key_hash = $1",
        key_hash,
        state
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Extends the idle limit of a session, at most once per tenth of the idle timeout or per minute, whichever is
/// shorter; has no effect if it has ended meanwhile.
pub async fn touch(conn: &mut Conn, key_hash: &[u8], idle: Duration) -> Result<(), StoreError> {
    sqlx::query!(
        // If the clock was set back, the session's whole lifetime is shifted with it.
        "UPDATE web_session SET last_seen_at = now(), idle_expires_at = now() + make_interval(secs => $2),
             created_at = least(created_at, now()), expires_at = expires_at - greatest(created_at - now(), '0 s')
         WHERE key_hash = $1 AND (last_seen_at < now() - make_interval(secs => $3) OR last_seen_at > now()) AND idle_expires_at > now()",
        key_hash,
        idle.as_secs_f64(),
        touch_step(idle).as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns how often the use of a session is recorded.
fn touch_step(idle: Duration) -> Duration {
    (idle / 10).min(Duration::from_mins(1))
}

/// Ends the session of a key, unless it has ended already.
pub async fn end_by_key(conn: &mut Conn, key_hash: &[u8]) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM web_session WHERE key_hash = $1", key_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends one session; returns the person's userid.
pub async fn end_one(conn: &mut Conn, id: Uuid) -> Result<Option<UserId>, StoreError> {
    let userid = sqlx::query_scalar!(
        r#"DELETE FROM web_session WHERE id = $1 RETURNING userid AS "userid: UserId""#,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(userid)
}

/// Ends one session of this person; returns its user agent.
pub async fn end_own(
    conn: &mut Conn,
    userid: &UserId,
    id: Uuid,
) -> Result<Option<String>, StoreError> {
    let user_agent = sqlx::query_scalar!(
        "DELETE FROM web_session WHERE id = $1 AND userid = $2 RETURNING user_agent",
        id,
        userid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(user_agent)
}

/// Ends all sessions of a person but one; returns how many of them were still live.
pub async fn end_others(conn: &mut Conn, userid: &UserId, keep: Uuid) -> Result<i64, StoreError> {
    let ended = sqlx::query_scalar!(
        r#"WITH ended AS (DELETE FROM web_session WHERE userid = $1 AND id <> $2 RETURNING created_at, last_seen_at, idle_expires_at, expires_at)
         SELECT count(*) AS "count!" FROM ended WHERE is_live(created_at, last_seen_at, idle_expires_at, expires_at)"#,
        userid.as_str(),
        keep
    )
    .fetch_one(conn)
    .await?;
    Ok(ended)
}

/// Ends the sessions with these ids; returns the userid of each.
pub async fn end_these(conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<UserId>, StoreError> {
    let userids = sqlx::query_scalar!(
        r#"DELETE FROM web_session WHERE id IN (SELECT id FROM web_session WHERE id = ANY ($1) ORDER BY id FOR UPDATE)
         RETURNING userid AS "userid: UserId""#,
        ids
    )
    .fetch_all(conn)
    .await?;
    Ok(userids)
}

/// Ends all sessions of a person; returns how many there were.
pub async fn end_all_of(conn: &mut Conn, userid: &UserId) -> Result<u64, StoreError> {
    let ended = sqlx::query!("DELETE FROM web_session WHERE userid = $1", userid.as_str())
        .execute(conn)
        .await?;
    Ok(ended.rows_affected())
}

/// Deletes the sessions that have ended.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let swept = sqlx::query!("DELETE FROM web_session WHERE id IN (
             SELECT id FROM web_session WHERE NOT is_live(created_at, last_seen_at, idle_expires_at, expires_at) ORDER BY id FOR UPDATE SKIP LOCKED
         )").execute(conn).await?;
    Ok(swept.rows_affected())
}

record! {
    /// A session as shown to its person.
    #[derive(Debug, Clone)]
    pub struct SessionFacts from SessionRecord in "web_session" by id {
        pub id: Uuid,
        pub created_at: DateTime<Utc>,
        pub last_seen_at: DateTime<Utc>,
        pub ip: String,
        pub user_agent: String,
    }
    closed {
        pub method: LoginMethod,
    }
}

/// Lists a person's live sessions, the latest first.
pub async fn list_of(conn: &mut Conn, userid: &UserId) -> Result<Vec<SessionFacts>, StoreError> {
    let rows = sqlx::query_as!(
        SessionRecord,
        "SELECT id, created_at, last_seen_at, method, ip, user_agent FROM web_session
         WHERE userid = $1 AND is_live(created_at, last_seen_at, idle_expires_at, expires_at) ORDER BY last_seen_at DESC LIMIT 100",
        userid.as_str()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
