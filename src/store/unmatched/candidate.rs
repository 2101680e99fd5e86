//! Which staff rows the person of a case might be, and why.

use crate::store::Conn;

use crate::domain::case::MatchReason;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::Status;
use crate::domain::rights::Scope;
use crate::store::StoreError;
use crate::store::record::known;

/// A staff row that the person of a case might be.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub case_id: i64,
    pub userid: UserId,
    pub unionid: Option<UnionId>,
    pub name: String,
    pub title: Option<String>,
    pub status: Status,
    /// Marked as left by an administrator, which no approval undoes.
    pub is_held: bool,
    pub guess: MatchReason,
}

impl Candidate {
    /// Returns whether an administrator may link the case to this row: its unionid is missing or different, and DingTalk
    /// has not named another userid for the case, to which alone it can be linked.
    pub fn is_linkable_to(&self, named: Option<&UserId>) -> bool {
        if named.is_some_and(|named| *named != self.userid) {
            return false;
        }
        let has_this_unionid = matches!(
            self.guess,
            MatchReason::SamePerson | MatchReason::UnionidOfLeaver | MatchReason::UnionidElsewhere
        );
        !self.is_held && !has_this_unionid
    }
}

/// Returns the candidates of several cases within the scope, each case's strongest first; at most five per case of
/// people who only share the name.
// Long because it is one statement over every way in which a person may match.
pub async fn candidates(
    conn: &mut Conn,
    case_ids: &[i64],
    scope: &Scope,
) -> Result<Vec<Candidate>, StoreError> {
    if case_ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"WITH wanted AS (SELECT id, unionid, userid, lower(trim(nick)) AS nick FROM unmatched_login WHERE id = ANY ($1)),
         found AS (
             SELECT c.id AS case_id, s.userid FROM wanted c JOIN staff s ON s.userid = c.userid
             UNION SELECT c.id, s.userid FROM wanted c JOIN staff s ON s.unionid = c.unionid
             UNION SELECT case_id, userid FROM (
                 SELECT c.id AS case_id, s.userid,
                     row_number() OVER (PARTITION BY c.id ORDER BY s.status, s.userid) AS place
                 FROM wanted c JOIN staff s ON lower(trim(s.name)) = c.nick AND c.nick <> ''
             ) namesakes WHERE place <= 5
         )
         SELECT c.id AS "case_id!", s.userid AS "userid!: UserId", s.unionid AS "unionid?: UnionId", s.name AS "name!",
             s.title, s.status AS "status!", s.held_at IS NOT NULL AS "is_held!",
             coalesce(s.userid = c.userid, false) AS "has_userid!", coalesce(s.unionid = c.unionid, false) AS "has_unionid!"
         FROM found f JOIN wanted c ON c.id = f.case_id JOIN staff s ON s.userid = f.userid
         WHERE $2::bigint[] IS NULL OR s.userid IN (SELECT staff_within($2))
         ORDER BY c.id, 8 DESC, 9 DESC, s.status, s.userid"#,
        case_ids,
        scope.departments(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let id = || row.userid.to_string();
            let status = known(Status::parse, ("staff", "status"), id, &row.status)?;
            Ok(Candidate {
                case_id: row.case_id,
                guess: guess(
                    row.has_userid,
                    row.has_unionid,
                    row.unionid.is_some(),
                    status,
                ),
                userid: row.userid,
                unionid: row.unionid,
                name: row.name,
                title: row.title,
                status,
                is_held: row.is_held,
            })
        })
        .collect()
}

fn guess(
    has_userid: bool,
    has_unionid: bool,
    holds_any_unionid: bool,
    status: Status,
) -> MatchReason {
    match (has_userid, has_unionid, status) {
        (true, true, _) => MatchReason::SamePerson,
        (true, false, _) if holds_any_unionid => MatchReason::UseridWithOtherUnionid,
        (true, false, _) => MatchReason::UseridWithoutUnionid,
        (false, true, Status::Left) => MatchReason::UnionidOfLeaver,
        (false, true, Status::Employed) => MatchReason::UnionidElsewhere,
        (false, false, _) => MatchReason::SameName,
    }
}
