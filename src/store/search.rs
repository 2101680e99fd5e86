//! Finds people and cases by the beginnings of their terms, and attempts by their reference numbers.

use chrono::{DateTime, Utc};

use super::record::record;
use super::{Conn, StoreError};
use crate::domain::audit::AuditAction;
use crate::domain::ids::UserId;
use crate::domain::rights::{ContactView, Scope};
use crate::domain::search_term::keys;

/// The maximum number of people that a search returns.
pub const MOST: usize = 200;

/// How many terms of each are read, so that people with several that begin alike do not make a long result look
/// complete.
const TERMS_EACH: i64 = 8;

/// The highest character: the terms that begin with a text lie between it and the text followed by this one.
const LAST_CHARACTER: char = char::MAX;

/// What a search looks for, and who may find it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub q: String,
    pub scope: Scope,
    pub contacts: ContactView,
}

/// A person or a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A person with a staff row.
    Person(UserId),
    /// A case of somebody without one.
    Case(i64),
}

impl Subject {
    fn new(userid: Option<String>, case_id: Option<i64>) -> Option<Self> {
        let person = userid.and_then(|userid| UserId::parse(&userid).ok());
        person.map(Self::Person).or(case_id.map(Self::Case))
    }
}

/// Returns the people, then the cases of people without a staff row, with a term that begins with the text: whole terms
/// first, then the employed, then by name. At most [`MOST`] and one more.
pub async fn find(conn: &mut Conn, search: &Search) -> Result<Vec<Subject>, StoreError> {
    let (from, to) = ranges(&search.q);
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        r#"WITH hits AS MATERIALIZED (
             SELECT t.id, t.is_case, t.is_whole
             FROM unnest($1::text[], $2::text[]) AS k (first, last) CROSS JOIN unnest($3::boolean[]) AS c (is_contact)
             CROSS JOIN LATERAL (
                 SELECT t.id, t.is_case, bool_or(t.term = k.first) AS is_whole FROM (
                     -- Each range of the index is read only as far as the page may show it. One person has several terms
                     -- in a range: their pinyin by two readings, or by initials and in full.
                     SELECT t.id, t.is_case, t.term FROM search_term t
                     WHERE t.is_contact = c.is_contact AND t.term >= k.first AND t.term < k.last
                       AND ($4::bigint[] IS NULL OR CASE WHEN t.is_case THEN t.id IN (SELECT c::text FROM cases_within($4) c)
                            ELSE t.id IN (SELECT staff_within($4)) END)
                     ORDER BY t.term, t.id LIMIT $6) t
                 GROUP BY t.id, t.is_case ORDER BY min(t.term), t.id LIMIT $5) t
         ), subjects AS (
             SELECT h.id AS userid, NULL::bigint AS case_id, h.is_whole FROM hits h WHERE NOT h.is_case
             -- The nickname of a case finds the person whose case it is.
             UNION ALL SELECT s.userid, c.id, h.is_whole FROM hits h JOIN unmatched_login c ON c.id = h.id::bigint
                 LEFT JOIN LATERAL (
                     SELECT s.userid FROM staff s WHERE s.unionid = c.unionid OR s.userid = c.userid
                     ORDER BY s.status = 'employed' DESC, s.unionid = c.unionid DESC, s.left_at DESC LIMIT 1) s ON true
                 WHERE h.is_case
         )
         SELECT f.userid AS "userid?", CASE WHEN f.userid IS NULL THEN f.case_id END AS case_id
         FROM subjects f
         -- One row at a time: a hash of the whole table would cost more than the rows of a page.
         LEFT JOIN LATERAL (SELECT s.userid, s.status, s.name FROM staff s WHERE s.userid = f.userid OFFSET 0) s ON true
         WHERE f.userid IS NULL OR s.userid IS NOT NULL
         GROUP BY 1, 2, s.status, s.name
         ORDER BY f.userid IS NULL, bool_or(f.is_whole) DESC, s.status, s.name, f.userid, 2 DESC LIMIT $5"#,
        &from,
        &to,
        kinds(search.contacts),
        search.scope.departments(),
        limit,
        limit * TERMS_EACH,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Subject::new(row.userid, row.case_id))
        .collect())
}

/// Returns where the terms that begin with a text start, and where they end.
fn ranges(q: &str) -> (Vec<String>, Vec<String>) {
    let from = keys(q);
    let to = from.iter().map(|key| format!("{key}{LAST_CHARACTER}"));
    let to = to.collect();
    (from, to)
}

/// Returns which terms may be searched: those with contact data only by who may read it.
fn kinds(contacts: ContactView) -> &'static [bool] {
    if contacts.is_masked() {
        &[false]
    } else {
        &[false, true]
    }
}

record! {
    /// A login attempt that names somebody.
    #[derive(Debug, Clone)]
    pub struct Attempt from AttemptRecord in "audit_entry" by reference {
        pub reference: String,
        pub at: DateTime<Utc>,
        /// Why it was refused; another text for attempts that were not.
        pub status: String,
        pub userid: Option<String>,
        pub case_id: Option<i64>,
    }
    closed {
        pub action: AuditAction,
    }
}

impl Attempt {
    /// Returns whose attempt it was; `None` if neither a staff row nor a case is left.
    pub fn subject(&self) -> Option<Subject> {
        Subject::new(self.userid.clone(), self.case_id)
    }
}

/// Finds the attempt with a reference number, of somebody within the scope. Refusals are in the case; the audit trail
/// has successful logins, and refusals that no case keeps any more.
pub async fn attempt(
    conn: &mut Conn,
    reference: &str,
    scope: &Scope,
) -> Result<Option<Attempt>, StoreError> {
    let row = sqlx::query_as!(
        AttemptRecord,
        r#"WITH found AS (
             SELECT t.at, 'refusal' AS action, t.reason AS status, c.userid, c.unionid, c.id AS case_id
             FROM unmatched_attempt t JOIN unmatched_login c ON c.id = t.case_id WHERE t.request_id = $1
             UNION ALL SELECT a.at, a.action, a.status, a.userid, a.unionid, (SELECT c.id FROM unmatched_login c WHERE c.unionid = a.unionid)
             FROM audit_entry a WHERE a.reference = $1 AND a.action IN ('login', 'refusal', 'logout')
         )
         SELECT $1 AS "reference!", f.at AS "at!", f.action AS "action!", f.status AS "status!", s.userid AS "userid?", f.case_id
         FROM found f LEFT JOIN LATERAL (
             SELECT s.userid FROM staff s WHERE s.unionid = f.unionid OR s.userid = f.userid
             ORDER BY s.userid = f.userid DESC, s.status = 'employed' DESC, s.left_at DESC LIMIT 1) s ON true
         WHERE $2::bigint[] IS NULL
            OR CASE WHEN s.userid IS NULL THEN f.case_id IN (SELECT cases_within($2)) ELSE s.userid IN (SELECT staff_within($2)) END
         ORDER BY f.case_id IS NULL, f.at LIMIT 1"#,
        reference,
        scope.departments(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}
