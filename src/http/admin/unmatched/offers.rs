//! What the page of a case offers: only decisions that can succeed, as far as the tables say.

use crate::context::Context;
use crate::domain::case::{CaseState, DecisionScope, MatchReason, Standing};
use crate::domain::rights::Action;
use crate::http::admin::links::staff_path;
use crate::http::extract::RoleHolder;
use crate::service::admins::ActError;
use crate::service::review;
use crate::store::unmatched::{self, Candidate, Case};
use crate::store::{Conn, StoreError};
use crate::text::admin_review::ReviewTexts;
use crate::text::admin_review::directory::DirectoryTexts;

/// Why a waiting person cannot be approved now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    Unlisted,
    External,
    /// The staff row with this userid was marked as left by an administrator.
    Held(String),
    /// Another case with the userid was rejected.
    RejectedElsewhere(i64),
}

/// Why a reviewer decides nothing about the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    Administrator,
    Oneself,
}

/// What can be decided about a case.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Offers {
    pub approves: bool,
    pub rejects: bool,
    pub reopens: bool,
    /// A rejection can be limited to the account.
    pub limits: bool,
    pub obstacle: Option<Obstacle>,
    pub protected: Option<Protection>,
}

/// An obstacle in words, with the page where it can be removed.
pub(super) struct ObstacleView {
    pub text: &'static str,
    pub link: Option<(String, &'static str)>,
}

impl Obstacle {
    pub fn view(&self, t: &DirectoryTexts) -> ObstacleView {
        match self {
            Self::Unlisted => ObstacleView {
                text: t.unlisted,
                link: None,
            },
            Self::External => ObstacleView {
                text: t.external,
                link: None,
            },
            Self::Held(userid) => ObstacleView {
                text: t.held,
                link: Some((staff_path(userid), t.restore)),
            },
            Self::RejectedElsewhere(id) => ObstacleView {
                text: t.rejected_elsewhere,
                link: Some((format!("/admin/unmatched/{id}"), t.other_case)),
            },
        }
    }
}

impl Protection {
    pub fn words(self, t: &ReviewTexts) -> &'static str {
        match self {
            Self::Administrator => t.about_administrator,
            Self::Oneself => t.about_self,
        }
    }
}

impl Offers {
    /// Returns what this person can decide about a case, by what is stored now.
    pub async fn load(
        ctx: &Context,
        conn: &mut Conn,
        holder: &RoleHolder,
        case: &Case,
        candidates: &[Candidate],
        standing: Option<Standing>,
    ) -> Result<Self, StoreError> {
        if !holder.may(Action::Decide) {
            return Ok(Self::default());
        }
        let (by, rights) = (&holder.user.userid, &holder.rights);
        let protected = match review::check_protected(ctx, conn, by, rights, case).await {
            Ok(()) => None,
            Err(ActError::AboutSelf) => Some(Protection::Oneself),
            Err(ActError::Store(error)) => return Err(error),
            Err(_) => Some(Protection::Administrator),
        };
        if protected.is_some() {
            return Ok(Self {
                protected,
                ..Self::default()
            });
        }
        let is_waiting = case.state == CaseState::Waiting;
        let obstacle = match obstacle(case, candidates, standing) {
            None if is_waiting => rejected_elsewhere(conn, case).await?,
            known => known.filter(|_| is_waiting),
        };
        let is_rejected = case.state == CaseState::Rejected;
        Ok(Self {
            approves: is_waiting && obstacle.is_none(),
            rejects: is_waiting,
            reopens: !is_waiting,
            limits: is_rejected
                && case.userid.is_some()
                && case.decision_scope == DecisionScope::Person,
            obstacle,
            protected: None,
        })
    }
}

/// Returns what an approval would be refused for without a question to DingTalk.
fn obstacle(case: &Case, candidates: &[Candidate], standing: Option<Standing>) -> Option<Obstacle> {
    match standing {
        Some(Standing::Unlisted) => return Some(Obstacle::Unlisted),
        Some(Standing::External) => return Some(Obstacle::External),
        Some(Standing::Member) | None => {}
    }
    let is_held = |candidate: &&Candidate| {
        candidate.is_held
            && (case.userid.as_ref() == Some(&candidate.userid)
                || candidate.guess == MatchReason::UnionidOfLeaver)
    };
    let held = candidates.iter().find(is_held)?;
    Some(Obstacle::Held(held.userid.as_str().to_owned()))
}

async fn rejected_elsewhere(conn: &mut Conn, case: &Case) -> Result<Option<Obstacle>, StoreError> {
    let rejection = unmatched::rejection(conn, Some(&case.unionid), case.userid.as_ref()).await?;
    let other = rejection.filter(|rejection| rejection.case_id != case.id);
    Ok(other.map(|rejection| Obstacle::RejectedElsewhere(rejection.case_id)))
}
