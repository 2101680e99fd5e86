//! Approvals: one person submits a request, another agrees or refuses.

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    china,
    crypto::{hex, random16},
    directory::{Directory, ROOT},
};

/// An approval to start.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewApproval {
    /// The code of the form, e.g. `PROC-DEMO`.
    pub process_code: String,
    /// The purpose of the form, e.g. `hrm.transfer`; often empty.
    pub biz_category_id: String,
    pub title: String,
    /// The requester's userid.
    pub originator: String,
    /// The approver's userid.
    pub approver: String,
    pub form: Vec<FormValue>,
}

/// One field of the submitted form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormValue {
    pub name: String,
    pub value: String,
}

/// An approver's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Agree,
    Refuse,
}

impl Decision {
    /// Returns `agree` or `refuse`, as used in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Refuse => "refuse",
        }
    }
}

/// State of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    Running,
    Completed(Decision),
    /// Withdrawn by the requester.
    Terminated,
}

/// One approval instance with its only task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub id: String,
    pub business_id: String,
    pub task_id: i64,
    pub process_code: String,
    pub biz_category_id: String,
    pub title: String,
    pub originator: String,
    pub originator_dept_id: i64,
    pub originator_dept_name: String,
    pub approver: String,
    pub form: Vec<FormValue>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub finished_at: Option<i64>,
    pub state: ApprovalState,
}

/// All approvals of one company, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Approvals(Vec<Approval>);

impl Approvals {
    pub(crate) fn all(&self) -> &[Approval] {
        &self.0
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Approval> {
        self.0.iter().find(|approval| approval.id == id)
    }

    /// Records a new approval; both people must be employed.
    pub(crate) fn start(
        &mut self,
        new: NewApproval,
        directory: &Directory,
        now: i64,
    ) -> anyhow::Result<Approval> {
        ensure!(
            !new.process_code.is_empty(),
            "an approval needs a process_code"
        );
        ensure!(!new.title.is_empty(), "an approval needs a title");
        let person = |userid: &str| {
            let person = directory.person(userid);
            person.with_context(|| format!("nobody is {userid:?}"))
        };
        person(&new.approver)?;
        let place = person(&new.originator)?.memberships.first();
        let department = place.and_then(|place| directory.department(place.dept_id));
        let number = i64::try_from(self.0.len())? + 1;
        let approval = Approval {
            id: instance_id(),
            business_id: format!("{}{number:06}", china::clock(now, "%Y%m%d%H%M")),
            task_id: 70_000_000_000 + number,
            process_code: new.process_code,
            biz_category_id: new.biz_category_id,
            title: new.title,
            originator: new.originator,
            originator_dept_id: department.map_or(ROOT, |d| d.dept_id),
            originator_dept_name: department.map(|d| d.name.clone()).unwrap_or_default(),
            approver: new.approver,
            form: new.form,
            created_at: now,
            finished_at: None,
            state: ApprovalState::Running,
        };
        self.0.push(approval.clone());
        Ok(approval)
    }

    /// Ends a running approval.
    pub(crate) fn end(
        &mut self,
        id: &str,
        state: ApprovalState,
        now: i64,
    ) -> anyhow::Result<Approval> {
        let approval = self.0.iter_mut().find(|approval| approval.id == id);
        let approval = approval.with_context(|| format!("no approval {id:?}"))?;
        ensure!(
            approval.state == ApprovalState::Running,
            "the approval has ended already"
        );
        approval.state = state;
        approval.finished_at = Some(now);
        Ok(approval.clone())
    }
}

/// Returns hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn instance_id() -> String {
    let digits = hex(&random16());
    let mut id = String::new();
    for (place, digit) in digits.chars().take(32).enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}
