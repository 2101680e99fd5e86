//! People who scanned and were refused: one case per person.

pub mod attempt;
mod candidate;
mod directory;
mod list;
pub mod lookup;
mod retention;
pub mod waiting_ticket;

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::record::{known, record};
use crate::domain::case::{CaseState, DecisionScope, MatchedId, Refusal};
use crate::domain::ids::{UnionId, UserId};

pub use candidate::{Candidate, candidates};
pub use directory::{
    DirectoryPerson, ListedCase, directory_person, listed, store_member, store_standing,
};
pub use list::{CaseFilter, count, ids, list, page, rows, within};
pub use retention::{sweep, sweep_approved_people};

/// The maximum length of a stored nick, in characters.
const MAX_NICK: usize = 100;

/// A refused login of a person identified by DingTalk.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    pub unionid: &'a UnionId,
    /// The person's userid according to DingTalk.
    pub userid: Option<&'a UserId>,
    /// The name that the person has chosen.
    pub nick: &'a str,
    pub reason: Refusal,
    /// The request id shown on the person's page.
    pub request_id: &'a str,
}

/// A rejection that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    pub case_id: i64,
    pub matched: MatchedId,
}

record! {
    /// The case of one person.
    #[derive(Debug, Clone)]
    pub struct Case from CaseRecord in "unmatched_login" by id {
        pub id: i64,
        pub unionid: UnionId,
        pub userid: Option<UserId>,
        pub nick: String,
        pub attempts: i32,
        pub first_seen_at: DateTime<Utc>,
        pub last_seen_at: DateTime<Utc>,
        pub last_request_id: String,
        /// Who decided last; cleared by a new attempt, unless the decision was a rejection.
        pub decided_by: Option<String>,
        pub decided_at: Option<DateTime<Utc>>,
        pub decision_reason: Option<String>,
        /// The unionid of the last attempt, if it matched a rejected case.
        pub matched_unionid: Option<String>,
    }
    closed {
        pub reason: Refusal,
        pub state: CaseState,
        /// Who is bound by the rejection, if the case is rejected.
        pub decision_scope: DecisionScope,
    }
    optional {
        /// Which id of the rejected case the last attempt had; `None` if there was no attempt since.
        pub matched_id: MatchedId,
    }
}

/// Records a refused login: a new case, or one more attempt of the old one, which waits again unless an
/// administrator has rejected the person.
///
/// Returns the case's id, or `None` if the person was rejected under ids that no case has any more.
pub async fn record(conn: &mut Conn, attempt: Attempt<'_>) -> Result<Option<i64>, StoreError> {
    // Chosen by the person: Postgres accepts no NUL, and no page needs a long one.
    let nick: String = attempt
        .nick
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NICK)
        .collect();
    let attempt = Attempt {
        nick: &nick,
        ..attempt
    };
    // Refused without asking DingTalk: the attempt is the only new fact.
    if attempt.reason == Refusal::Rejected {
        return count_attempt(conn, attempt).await;
    }
    let case_id = sqlx::query_scalar!(
        "INSERT INTO unmatched_login AS c (unionid, userid, nick, reason, last_request_id)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (unionid) DO UPDATE SET
             attempts = c.attempts + 1, last_seen_at = now(),
             -- A rejection keeps the userid that it binds.
             userid = CASE WHEN c.state = 'rejected' THEN coalesce(c.userid, EXCLUDED.userid) ELSE EXCLUDED.userid END, nick = EXCLUDED.nick, reason = EXCLUDED.reason,
             last_request_id = EXCLUDED.last_request_id,
             state = CASE WHEN c.state = 'rejected' THEN c.state ELSE 'waiting' END,
             decided_by = CASE WHEN c.state = 'rejected' THEN c.decided_by END,
             decided_at = CASE WHEN c.state = 'rejected' THEN c.decided_at END,
             decision_reason = CASE WHEN c.state = 'rejected' THEN c.decision_reason END
         RETURNING c.id",
        attempt.unionid.as_str(),
        attempt.userid.map(UserId::as_str),
        attempt.nick,
        attempt.reason.as_str(),
        attempt.request_id,
    )
    .fetch_one(conn)
    .await?;
    Ok(Some(case_id))
}

async fn count_attempt(conn: &mut Conn, attempt: Attempt<'_>) -> Result<Option<i64>, StoreError> {
    let case_id = sqlx::query_scalar!(
        "WITH matched AS (
             SELECT id, unionid = $1 AS by_unionid FROM unmatched_login
             WHERE unionid = $1 OR userid = $4 AND state = 'rejected' AND decision_scope = 'person'
             ORDER BY state = 'rejected' DESC, unionid = $1 DESC, id LIMIT 1
         )
         UPDATE unmatched_login c SET attempts = c.attempts + 1, last_seen_at = now(), last_request_id = $3,
             -- Under another account the name is another one, too.
             nick = CASE WHEN m.by_unionid THEN $2 ELSE c.nick END,
             userid = coalesce(c.userid, $4), matched_unionid = $1,
             matched_id = CASE WHEN m.by_unionid THEN 'unionid' ELSE 'userid' END
         FROM matched m WHERE c.id = m.id RETURNING c.id",
        attempt.unionid.as_str(),
        attempt.nick,
        attempt.request_id,
        attempt.userid.map(UserId::as_str),
    )
    .fetch_optional(conn)
    .await?;
    Ok(case_id)
}

/// Finds the rejection that binds a person under either id, the one under the unionid first. A rejection that was
/// limited to the account binds only the unionid.
pub async fn rejection(
    conn: &mut Conn,
    unionid: Option<&UnionId>,
    userid: Option<&UserId>,
) -> Result<Option<Rejection>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT id, coalesce(unionid = $1, false) AS "by_unionid!" FROM unmatched_login
         WHERE state = 'rejected' AND (unionid = $1 OR userid = $2 AND decision_scope = 'person')
         ORDER BY 2 DESC, id LIMIT 1"#,
        unionid.map(UnionId::as_str),
        userid.map(UserId::as_str),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|found| Rejection {
        case_id: found.id,
        matched: if found.by_unionid {
            MatchedId::Unionid
        } else {
            MatchedId::Userid
        },
    }))
}

/// Closes the waiting case of a person who is now employed. If DingTalk has not reported a unionid, that of the
/// staff row is used: without any, the person still cannot sign in; nor can a person that a login found under a
/// different userid. Most people have no case.
pub async fn close_for(
    conn: &mut Conn,
    unionid: Option<&UnionId>,
    userid: &UserId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE unmatched_login SET state = 'closed'
         WHERE state = 'waiting' AND unionid = coalesce($1, (SELECT s.unionid FROM staff s WHERE s.userid = $2))
           AND NOT (reason = 'pending_review' AND userid <> $2)",
        unionid.map(UnionId::as_str),
        userid.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds a case.
pub async fn find(conn: &mut Conn, id: i64) -> Result<Option<Case>, StoreError> {
    let row = sqlx::query_as!(
        CaseRecord,
        r#"SELECT id, unionid AS "unionid: UnionId", userid AS "userid: UserId", nick, reason, state, attempts,
             first_seen_at, last_seen_at, last_request_id, decided_by, decided_at, decision_reason,
             decision_scope, matched_id, matched_unionid
         FROM unmatched_login WHERE id = $1"#,
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Finds the case of a person: its id and state.
pub async fn find_by_unionid(
    conn: &mut Conn,
    unionid: &UnionId,
) -> Result<Option<(i64, CaseState)>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, state FROM unmatched_login WHERE unionid = $1",
        unionid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok((row.id, case_state(row.id, &row.state)?)))
        .transpose()
}

/// Returns the nicks of these cases, in the order of their ids; those that do not exist are missing.
pub async fn nicks(conn: &mut Conn, ids: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, nick FROM unmatched_login WHERE id = ANY ($1) ORDER BY id",
        ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.nick)).collect())
}

/// What another transaction may change of a case until it is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedCase {
    pub state: CaseState,
    pub userid: Option<UserId>,
}

/// Locks a case until the end of the transaction.
pub async fn lock(conn: &mut Conn, id: i64) -> Result<Option<LockedCase>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT state, userid AS "userid: UserId" FROM unmatched_login WHERE id = $1 FOR UPDATE"#,
        id
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(LockedCase {
        state: case_state(id, &row.state)?,
        userid: row.userid,
    }))
}

fn case_state(id: i64, state: &str) -> Result<CaseState, StoreError> {
    let column = ("unmatched_login", "state");
    known(CaseState::parse, column, || id.to_string(), state)
}

/// Records a decision: who made it, and why.
pub async fn decide(
    conn: &mut Conn,
    id: i64,
    state: CaseState,
    by: &UserId,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let decided = sqlx::query!(
        "UPDATE unmatched_login u SET state = $2, decided_by = $3, decided_at = now(), decision_reason = $4,
             decision_scope = 'person', matched_id = NULL, matched_unionid = NULL,
             -- A rejection binds the userid, too, that DingTalk has named for the unionid.
             userid = coalesce(u.userid, CASE WHEN $2 = 'rejected' THEN (
                 SELECT s.userid FROM staff s WHERE s.unionid = u.unionid ORDER BY s.status = 'employed' DESC, s.left_at DESC LIMIT 1) END)
         WHERE id = $1",
        id,
        state.as_str(),
        by.as_str(),
        reason,
    )
    .execute(conn)
    .await?;
    StoreError::unless_written(decided.rows_affected(), 1, "unmatched_login", || {
        id.to_string()
    })
}

/// Limits a rejection to the account; returns false if the case is not rejected, or limited already.
pub async fn limit_to_account(conn: &mut Conn, id: i64) -> Result<bool, StoreError> {
    let limited = sqlx::query!(
        "UPDATE unmatched_login SET decision_scope = 'account'
         WHERE id = $1 AND state = 'rejected' AND decision_scope = 'person'",
        id,
    )
    .execute(conn)
    .await?;
    Ok(limited.rows_affected() > 0)
}
