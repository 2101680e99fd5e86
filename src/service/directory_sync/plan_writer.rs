//! Stages the plan of a run while it is being built.

use crate::domain::sync::{ChangeKind, Step, SyncCounts};
use std::time::Duration;

use crate::context::Context;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Department;
use crate::store::StoreError;
use crate::store::directory::StoredPerson;
use crate::store::sync_list::FieldChange;
use crate::store::sync_run::Run;
use crate::store::sync_staging::{self, StagedChange};

use super::plan::{DepartmentPlan, DesiredDepartment, Difference, PeoplePlan, Write};
use super::skip::Skip;
use crate::domain::skip_reason::SkipReason;

/// Timeout for one database operation.
pub const DB_TIMEOUT: Duration = Duration::from_secs(30);

/// Writes the plan of a run to the staging tables.
pub struct PlanWriter<'a> {
    pub ctx: &'a Context,
    pub run: Run,
    /// Position of the last record.
    last: i32,
    /// Number of staged records.
    pub records: u64,
    pub counts: SyncCounts,
}

impl<'a> PlanWriter<'a> {
    pub fn new(ctx: &'a Context, run: Run) -> Self {
        Self {
            ctx,
            run,
            last: 0,
            records: 0,
            counts: SyncCounts::default(),
        }
    }

    async fn append(&mut self, mut changes: Vec<StagedChange>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        for change in &mut changes {
            self.last += 1;
            self.records += 1;
            change.position = self.last;
        }
        self.ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_staging::stage_changes(conn, self.run.id, &changes).await
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
        let changes: Vec<StagedChange> = people.map(leaver).collect();
        self.counts.left += SyncCounts::of(changes.len());
        self.append(changes).await
    }

    /// Withholds all leavers until an administrator decides.
    pub async fn withhold_leavers(&mut self) -> Result<(), StoreError> {
        self.ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_staging::withhold_leavers(conn, self.run.id).await
            })
            .await?;
        self.counts.withheld = std::mem::take(&mut self.counts.left);
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
        self.counts.left = 0;
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
        self.counts.left -= SyncCounts::of(people.len());
        self.counts.skipped += SyncCounts::of(people.len());
        Ok(())
    }

    /// Stages the changes of some people.
    pub async fn append_people(&mut self, plan: PeoplePlan) -> Result<(), StoreError> {
        self.counts.unchanged += SyncCounts::of(plan.unchanged);
        self.counts.added += SyncCounts::of(plan.added.len());
        self.counts.changed += SyncCounts::of(plan.changed.len());
        self.counts.returned += SyncCounts::of(plan.returned.len());
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
        self.counts.skipped += SyncCounts::of(skips.len());
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
        let find = |dept_id: DeptId| stored.iter().find(|stored| stored.dept_id == dept_id);
        let written = plan.written.iter().map(|wanted| {
            let stored = find(wanted.department.dept_id);
            department(stored, wanted)
        });
        let written: Vec<StagedChange> = written.collect();
        self.counts.departments_removed = SyncCounts::of(plan.gone.len());
        let is_change = |change: &&StagedChange| change.kind == ChangeKind::DepartmentChanged;
        let changed = written.iter().filter(is_change).count();
        self.counts.departments_changed = SyncCounts::of(changed);
        self.counts.departments_added = SyncCounts::of(written.len() - changed);
        let gone = plan.gone.iter().map(|dept_id| StagedChange {
            dept_id: Some(*dept_id),
            name: find(*dept_id).map(|stored| stored.name.clone()),
            ..StagedChange::new(ChangeKind::DepartmentRemoved)
        });
        self.append(written.into_iter().chain(gone).collect()).await
    }
}

/// Returns a leaver, with the name in the staff table.
pub fn leaver(stored: StoredPerson) -> (UserId, Option<String>) {
    (stored.person.userid, Some(stored.person.name))
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

fn department(stored: Option<&Department>, wanted: &DesiredDepartment) -> StagedChange {
    let department = &wanted.department;
    StagedChange {
        dept_id: Some(department.dept_id),
        name: Some(department.name.clone()),
        differences: stored
            .into_iter()
            .flat_map(|stored| super::plan::between_departments(stored, department))
            .map(shown)
            .collect(),
        ..StagedChange::new(stored.map_or(ChangeKind::DepartmentAdded, |_| {
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
