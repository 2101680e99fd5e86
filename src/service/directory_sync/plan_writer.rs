//! Stages the plan of a run while it is being built.

use crate::domain::sync::{ChangeKind, Step};
use std::time::Duration;

use crate::context::Context;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Department;
use crate::store::StoreError;
use crate::store::directory::KnownPerson;
use crate::store::sync_list::FieldChange;
use crate::store::sync_run::Run;
use crate::store::sync_staging::{self, StagedChange};

use super::plan::{DepartmentPlan, DesiredDepartment, Difference, PeoplePlan, Write};
use super::skip::Skip;
use crate::domain::skip_reason::SkipReason;

/// Timeout for one database operation.
pub const DB_TIMEOUT: Duration = Duration::from_secs(30);

/// Number of records of each kind in a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanCounts {
    pub added: usize,
    pub changed: usize,
    pub returned: usize,
    pub left: usize,
    pub withheld: usize,
    pub skipped: usize,
    /// Rows that are up to date; they are not staged.
    pub unchanged: usize,
    pub departments_added: usize,
    pub departments_changed: usize,
    pub departments_removed: usize,
}

/// Writes the plan of a run to the staging tables.
pub struct PlanWriter<'a> {
    pub ctx: &'a Context,
    pub run: Run,
    /// Position of the last record.
    last: i32,
    /// Number of staged records.
    pub records: u64,
    pub tally: PlanCounts,
}

impl<'a> PlanWriter<'a> {
    pub fn new(ctx: &'a Context, run: Run) -> Self {
        Self {
            ctx,
            run,
            last: 0,
            records: 0,
            tally: PlanCounts::default(),
        }
    }

    async fn append(&mut self, mut drafts: Vec<StagedChange>) -> Result<(), StoreError> {
        if drafts.is_empty() {
            return Ok(());
        }
        for draft in &mut drafts {
            self.last += 1;
            self.records += 1;
            draft.position = self.last;
        }
        self.ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_staging::stage_changes(conn, self.run.id, &drafts).await
            })
            .await
    }

    /// Stages people who seem to have left.
    pub async fn append_leavers(
        &mut self,
        people: impl Iterator<Item = (UserId, Option<String>)>,
    ) -> Result<(), StoreError> {
        let leaver = |(userid, name)| StagedChange {
            userid: Some(userid),
            name,
            step: Some(Step::Leave),
            ..StagedChange::new(ChangeKind::Left)
        };
        let drafts: Vec<StagedChange> = people.map(leaver).collect();
        self.tally.left += drafts.len();
        self.append(drafts).await
    }

    /// Withholds all leavers until an administrator decides.
    pub async fn withhold_leavers(&mut self) -> Result<(), StoreError> {
        self.ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_staging::withhold_leavers(conn, self.run.id).await
            })
            .await?;
        self.tally.withheld = std::mem::take(&mut self.tally.left);
        Ok(())
    }

    /// Removes all leavers from the plan.
    pub async fn drop_leavers(&mut self) -> Result<(), StoreError> {
        let dropped = self
            .ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_staging::drop_leavers(conn, self.run.id).await
            })
            .await?;
        self.records = self.records.saturating_sub(dropped);
        self.tally.left = 0;
        Ok(())
    }

    /// Changes leavers to skipped people.
    pub async fn skip_leavers(
        &mut self,
        people: &[UserId],
        reason: &SkipReason,
    ) -> Result<(), StoreError> {
        if people.is_empty() {
            return Ok(());
        }
        self.ctx
            .db
            .read(async |conn| sync_staging::skip_leavers(conn, self.run.id, people, reason).await)
            .await?;
        self.tally.left -= people.len();
        self.tally.skipped += people.len();
        Ok(())
    }

    /// Stages the changes of some people.
    pub async fn append_people(&mut self, plan: PeoplePlan) -> Result<(), StoreError> {
        self.tally.unchanged += plan.unchanged;
        self.tally.added += plan.added.len();
        self.tally.changed += plan.changed.len();
        self.tally.returned += plan.returned.len();
        let added = plan
            .added
            .into_iter()
            .map(|w| written(ChangeKind::Added, Step::Add, w));
        let returned = plan
            .returned
            .into_iter()
            .map(|w| written(ChangeKind::Returned, Step::Return, w));
        let changed = plan.changed.into_iter().map(|write| {
            let step = if write.frees_unionid() {
                Step::Move
            } else {
                Step::Change
            };
            written(ChangeKind::Changed, step, write)
        });
        self.append(added.chain(returned).chain(changed).collect())
            .await?;
        self.append_skips(plan.skipped).await
    }

    /// Stages skipped records.
    pub async fn append_skips(&mut self, skips: Vec<Skip>) -> Result<(), StoreError> {
        self.tally.skipped += skips.len();
        let skipped = |skip: Skip| StagedChange {
            userid: skip.userid,
            dept_id: skip.dept_id,
            name: skip.name,
            reason: Some(skip.reason),
            ..StagedChange::new(ChangeKind::Skipped)
        };
        self.append(skips.into_iter().map(skipped).collect()).await
    }

    /// Stages the changes of the departments, compared with the stored ones.
    pub async fn append_departments(
        &mut self,
        plan: &DepartmentPlan,
        stored: &[Department],
    ) -> Result<(), StoreError> {
        let find = |dept_id: DeptId| stored.iter().find(|known| known.dept_id == dept_id);
        let written = plan.written.iter().map(|wanted| {
            let known = find(wanted.department.dept_id);
            department(known, wanted)
        });
        let written: Vec<StagedChange> = written.collect();
        self.tally.departments_removed = plan.gone.len();
        self.tally.departments_changed = written
            .iter()
            .filter(|draft| draft.kind == ChangeKind::DepartmentChanged)
            .count();
        self.tally.departments_added = written.len() - self.tally.departments_changed;
        let gone = plan.gone.iter().map(|dept_id| StagedChange {
            dept_id: Some(*dept_id),
            name: find(*dept_id).map(|known| known.name.clone()),
            ..StagedChange::new(ChangeKind::DepartmentRemoved)
        });
        self.append(written.into_iter().chain(gone).collect()).await
    }
}

/// Returns a leaver, with the name in the staff table.
pub fn leaver(known: KnownPerson) -> (UserId, Option<String>) {
    (known.person.userid, Some(known.person.name))
}

fn written(kind: ChangeKind, step: Step, write: Write) -> StagedChange {
    StagedChange {
        userid: Some(write.person.userid.clone()),
        name: Some(write.person.name.clone()),
        differences: write.differences.into_iter().map(shown).collect(),
        step: Some(step),
        person: Some((write.person, write.asked_at)),
        ..StagedChange::new(kind)
    }
}

fn department(known: Option<&Department>, wanted: &DesiredDepartment) -> StagedChange {
    let department = &wanted.department;
    StagedChange {
        dept_id: Some(department.dept_id),
        name: Some(department.name.clone()),
        differences: known
            .into_iter()
            .flat_map(|known| super::plan::between_departments(known, department))
            .map(shown)
            .collect(),
        ..StagedChange::new(known.map_or(ChangeKind::DepartmentAdded, |_| {
            ChangeKind::DepartmentChanged
        }))
    }
}

fn shown(difference: Difference) -> FieldChange {
    FieldChange {
        field: difference.field.to_owned(),
        old: difference.old,
        new: difference.new,
    }
}
