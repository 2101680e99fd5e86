//! Searches the cases, for the page and for the export.

use crate::store::Conn;

use super::{Case, CaseRecord};
use crate::domain::case::{CaseState, Refusal};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::rights::Scope;
use crate::store::StoreError;
use crate::store::sort::Sort;

/// Fewer letters are not searched for among references: they would find anybody.
const MIN_REFERENCE: usize = 4;

/// Which cases to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFilter {
    pub reasons: Vec<Refusal>,
    /// `None` for any state.
    pub state: Option<CaseState>,
    /// Part of a nick, of a name or job number in DingTalk's directory, of the name of a linked staff row, of an id, or
    /// the beginning of the reference of an attempt; empty for all.
    pub q: String,
    pub scope: Scope,
}

impl Default for CaseFilter {
    /// Returns the cases that wait for an administrator: people of the company.
    fn default() -> Self {
        Self {
            reasons: vec![Refusal::PendingReview, Refusal::Left],
            state: Some(CaseState::Waiting),
            q: String::new(),
            scope: Scope::All,
        }
    }
}

impl CaseFilter {
    /// Returns the filter with the search text alone.
    pub fn text_only(&self) -> Self {
        Self {
            reasons: Refusal::OF_CASES.to_vec(),
            state: None,
            ..self.clone()
        }
    }

    fn reason_names(&self) -> Vec<String> {
        self.reasons
            .iter()
            .map(|reason| reason.as_str().to_owned())
            .collect()
    }

    /// Returns the beginning of a reference as it is compared: people read references out in any spelling. `None` if
    /// the search text cannot be one.
    fn reference(&self) -> Option<String> {
        let is_separator = |c: char| c == '-' || c.is_whitespace();
        let letters: String = self.q.chars().filter(|c| !is_separator(*c)).collect();
        let is_reference =
            letters.len() >= MIN_REFERENCE && letters.chars().all(|c| c.is_ascii_alphanumeric());
        is_reference.then(|| letters.to_ascii_uppercase())
    }

    fn state_name(&self) -> Option<&'static str> {
        self.state.map(CaseState::as_str)
    }
}

/// Returns one page of cases, by default the latest attempt first.
pub async fn list(
    conn: &mut Conn,
    filter: &CaseFilter,
    sort: Option<Sort>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Case>, StoreError> {
    let page = page(conn, filter, sort, limit, offset).await?;
    rows(conn, &page.ids).await
}

/// Returns the ids of all cases that match, in order.
pub async fn ids(
    conn: &mut Conn,
    filter: &CaseFilter,
    sort: Option<Sort>,
) -> Result<Vec<i64>, StoreError> {
    Ok(page(conn, filter, sort, i64::MAX, 0).await?.ids)
}

/// One page of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasePage {
    /// How many cases match the filter.
    pub total: i64,
    /// The ids of those on the page, in order.
    pub ids: Vec<i64>,
}

/// Returns the ids of one page of cases, by default the latest attempt first, and how many cases
/// match.
pub async fn page(
    conn: &mut Conn,
    filter: &CaseFilter,
    sort: Option<Sort>,
    limit: i64,
    offset: i64,
) -> Result<CasePage, StoreError> {
    let page = sqlx::query_as!(
        CasePage,
        r#"WITH found AS MATERIALIZED (
             -- Times and numbers are written so that they sort as text.
             SELECT id, last_seen_at, CASE $4::text WHEN 'nick' THEN nick WHEN 'reason' THEN reason WHEN 'userid' THEN userid
                 WHEN 'seen' THEN to_char(last_seen_at, 'YYYYMMDDHH24MISSUS') WHEN 'attempts' THEN to_char(attempts, '0000000000') END AS key
             FROM unmatched_login u
             WHERE reason = ANY ($1) AND ($2::text IS NULL OR state = $2)
               AND ($3 = '' OR strpos(lower(nick), lower($3)) > 0 OR strpos(lower(unionid), lower($3)) > 0
                    OR strpos(lower(userid), lower($3)) > 0
                    OR EXISTS (SELECT FROM unmatched_person p WHERE p.case_id = u.id
                        AND (strpos(lower(p.name), lower($3)) > 0 OR strpos(lower(p.job_number), lower($3)) > 0))
                    OR EXISTS (SELECT FROM staff s WHERE (s.userid = u.userid OR s.unionid = u.unionid)
                        AND strpos(lower(s.name), lower($3)) > 0)
                    OR replace(last_request_id, '-', '') LIKE $9 || '%'
                    OR EXISTS (SELECT FROM unmatched_attempt a WHERE a.case_id = u.id
                        AND replace(a.request_id, '-', '') LIKE $9 || '%'))
               AND ($8::bigint[] IS NULL OR id IN (SELECT cases_within($8)))
         )
         SELECT (SELECT count(*) FROM found) AS "total!", ARRAY(
             SELECT id FROM found
             ORDER BY CASE WHEN NOT $5 THEN key END NULLS LAST, CASE WHEN $5 THEN key END DESC NULLS LAST,
                 last_seen_at DESC, id DESC LIMIT $6 OFFSET $7) AS "ids!""#,
        &filter.reason_names(),
        filter.state_name(),
        filter.q,
        Sort::column(sort),
        Sort::is_descending(sort),
        limit,
        offset,
        filter.scope.departments(),
        filter.reference(),
    )
    .fetch_one(conn)
    .await?;
    Ok(page)
}

/// Returns cases by id, in the order of the ids.
pub async fn rows(conn: &mut Conn, ids: &[i64]) -> Result<Vec<Case>, StoreError> {
    let rows = sqlx::query_as!(
        CaseRecord,
        r#"SELECT id AS "id!", unionid AS "unionid: UnionId", userid AS "userid: UserId", nick, reason, state, attempts,
             first_seen_at, last_seen_at, last_request_id, decided_by, decided_at, decision_reason,
             decision_scope, matched_id, matched_unionid
         FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN unmatched_login USING (id)
         ORDER BY wanted.place"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Returns how many cases match the filter of [`list`].
pub async fn count(conn: &mut Conn, filter: &CaseFilter) -> Result<i64, StoreError> {
    Ok(page(conn, filter, None, 0, 0).await?.total)
}

/// Returns those of these cases that the scope covers, in the order of their ids.
pub async fn within(conn: &mut Conn, ids: &[i64], scope: &Scope) -> Result<Vec<i64>, StoreError> {
    let ids = sqlx::query_scalar!(
        r#"SELECT id FROM unmatched_login
         WHERE id = ANY ($1) AND ($2::bigint[] IS NULL OR id IN (SELECT cases_within($2))) ORDER BY id"#,
        ids,
        scope.departments(),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_in_any_spelling() {
        let reference = |q: &str| {
            let q = q.to_owned();
            CaseFilter {
                q,
                ..CaseFilter::default()
            }
            .reference()
        };
        for q in ["TGY6-JGQU", "tgy6 jgqu", "Tgy6jgqu", " tgy6 - jgqu"] {
            assert_eq!(reference(q).as_deref(), Some("TGY6JGQU"), "{q}");
        }
        assert_eq!(reference("tgy6").as_deref(), Some("TGY6"));
        for q in ["", "tgy", "张三李四", "a%b_c", "x@y.cn"] {
            assert_eq!(reference(q), None, "{q}");
        }
    }
}
