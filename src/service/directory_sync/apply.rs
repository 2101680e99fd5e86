//! Carries a plan out, some hundred rows a transaction; each is consistent in itself, and checks once
//! more what may have changed since the plan was made.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::plan::{Absent, Plan, WantedDepartment, Write};
use super::skip::{Skip, SkipReason};
use super::{Progress, SyncError};
use crate::context::Context;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::LeftCause;
use crate::store::directory::{self, Written};
use crate::store::sync_run::{self, Run};
use crate::store::{Db, StoreError, department, look, staff};

/// Small enough that a leaving told meanwhile waits for some milliseconds only.
const CHUNK: usize = 250;
/// How long one transaction may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a transaction is begun anew when Postgres is out of reach or two were in each other's way.
const TRIES: u32 = 4;

/// What has been done.
#[derive(Debug, Default)]
pub struct Applied {
    pub added: usize,
    pub changed: usize,
    pub returned: usize,
    pub left: usize,
    /// Rows that an event had changed meanwhile.
    pub overtaken: usize,
    pub skips: Vec<Skip>,
}

/// Carries a plan out in the run's name; ends early when the run is no longer this one's.
pub async fn apply(
    ctx: &Context,
    run: Run,
    plan: Plan,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Applied, SyncError> {
    let total = plan.leavers.len() + plan.changed.len() + plan.returned.len() + plan.added.len();
    let steps = Steps { ctx, run };
    let mut work = Work {
        steps,
        progress,
        done: 0,
        total,
        applied: Applied::default(),
    };
    for part in plan.departments.written.chunks(CHUNK) {
        steps.take(Step::WriteDepartments(part)).await?;
    }
    // Whoever leaves or changes lets go of a unionid that another may be waiting for.
    work.mark_left(&plan.leavers).await?;
    let (movers, others): (Vec<Write>, Vec<Write>) =
        plan.changed.into_iter().partition(Write::frees_unionid);
    work.write_all(Mode::Move, &movers).await?;
    work.write_all(Mode::Change, &others).await?;
    work.write_all(Mode::Return, &plan.returned).await?;
    work.write_all(Mode::Add, &plan.added).await?;
    for part in plan.departments.gone.chunks(CHUNK) {
        steps.take(Step::RemoveDepartments(part)).await?;
    }
    Ok(work.applied)
}

/// What one transaction does.
#[derive(Clone, Copy)]
enum Step<'a> {
    WriteDepartments(&'a [WantedDepartment]),
    RemoveDepartments(&'a [DeptId]),
    MarkLeft(&'a [Absent]),
    Write(Mode, &'a [Write]),
}

/// How a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Add,
    Change,
    /// Like a change, but unionids change hands: all of them at once.
    Move,
    Return,
}

/// The run in whose name everything is done.
#[derive(Clone, Copy)]
struct Steps<'a> {
    ctx: &'a Context,
    run: Run,
}

impl Steps<'_> {
    /// Takes a step, if need be several times, while the run is this one's; gives whom it changed.
    async fn take(self, step: Step<'_>) -> Result<Vec<UserId>, SyncError> {
        let mut tries = 1;
        loop {
            match Db::within_time(PATIENCE, self.take_once(step)).await {
                Err(SyncError::Store(StoreError::Unavailable(_))) if tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn take_once(self, step: Step<'_>) -> Result<Vec<UserId>, SyncError> {
        let mut tx = self.ctx.db.begin().await?;
        if !sync_run::hold(&mut tx, self.run).await? {
            return Err(SyncError::Interrupted);
        }
        let changed = step.take(&mut tx, self.run.started_at).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(changed)
    }
}

impl Step<'_> {
    async fn take(
        self,
        tx: &mut PgConnection,
        started_at: DateTime<Utc>,
    ) -> Result<Vec<UserId>, StoreError> {
        match self {
            Self::WriteDepartments(written) => {
                for wanted in written {
                    department::upsert(tx, &wanted.department, wanted.asked_at).await?;
                }
                Ok(Vec::new())
            }
            Self::RemoveDepartments(gone) => {
                for dept_id in gone {
                    department::remove(tx, *dept_id, started_at).await?;
                }
                Ok(Vec::new())
            }
            Self::MarkLeft(leavers) => mark_left(tx, leavers, started_at).await,
            Self::Write(mode, writes) => write(tx, mode, writes, started_at).await,
        }
    }
}

async fn mark_left(
    tx: &mut PgConnection,
    leavers: &[Absent],
    started_at: DateTime<Utc>,
) -> Result<Vec<UserId>, StoreError> {
    let userids: Vec<UserId> = leavers.iter().map(|leaver| leaver.userid.clone()).collect();
    let absent = directory::lock_absent(tx, &userids, started_at).await?;
    let left = staff::mark_left(tx, &absent, LeftCause::Sync).await?;
    // What every leaving is followed by: it is believed at once and taken back slowly.
    look::schedule_after_leaving(tx, &left).await?;
    directory::note_in_audit(tx, &left, "staff.left", LeftCause::Sync.as_str()).await?;
    Ok(left)
}

async fn write(
    tx: &mut PgConnection,
    mode: Mode,
    writes: &[Write],
    started_at: DateTime<Utc>,
) -> Result<Vec<UserId>, StoreError> {
    let rows: Vec<Written<'_>> = writes
        .iter()
        .map(|w| Written {
            person: &w.person,
            asked_at: w.asked_at,
        })
        .collect();
    match mode {
        Mode::Add => {
            directory::hold_off_leavings(tx).await?;
            let added = directory::add(tx, &rows, started_at).await?;
            directory::note_in_audit(tx, &added, "staff.added", "employed").await?;
            Ok(added)
        }
        Mode::Change => directory::change(tx, &rows).await,
        Mode::Move => {
            directory::forget_unionids(tx, &rows).await?;
            directory::change(tx, &rows).await
        }
        Mode::Return => {
            let returned = directory::return_again(tx, &rows, started_at).await?;
            directory::note_in_audit(tx, &returned, "staff.returned", "employed").await?;
            Ok(returned)
        }
    }
}

struct Work<'a> {
    steps: Steps<'a>,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    done: usize,
    total: usize,
    applied: Applied,
}

impl Work<'_> {
    async fn mark_left(&mut self, leavers: &[Absent]) -> Result<(), SyncError> {
        for part in leavers.chunks(CHUNK) {
            self.applied.left += self.steps.take(Step::MarkLeft(part)).await?.len();
            self.report(part.len());
        }
        Ok(())
    }

    /// Writes rows part by part; a part that Postgres refuses is halved until the row is found that
    /// is to blame, and that one is passed over.
    async fn write_all(&mut self, mode: Mode, writes: &[Write]) -> Result<(), SyncError> {
        let size = if mode == Mode::Move {
            writes.len().max(1)
        } else {
            CHUNK
        };
        let mut parts: Vec<&[Write]> = writes.chunks(size).rev().collect();
        while let Some(part) = parts.pop() {
            match (self.steps.take(Step::Write(mode, part)).await, part) {
                (Ok(written), _) => self.count(mode, part.len(), written.len()),
                (Err(SyncError::Store(error @ StoreError::Statement(_))), [one]) => {
                    self.pass_over(one, &error);
                }
                (Err(SyncError::Store(StoreError::Statement(_))), _) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok(())
    }

    fn count(&mut self, mode: Mode, planned: usize, written: usize) {
        let applied = &mut self.applied;
        let total = match mode {
            Mode::Add => &mut applied.added,
            Mode::Change | Mode::Move => &mut applied.changed,
            Mode::Return => &mut applied.returned,
        };
        *total += written;
        applied.overtaken += planned - written;
        self.report(planned);
    }

    fn pass_over(&mut self, write: &Write, error: &StoreError) {
        let reason = if error.violates(staff::EMPLOYED_UNIONID) {
            SkipReason::UnionidShared
        } else {
            tracing::warn!(run = self.steps.run.id, %error, "a person could not be stored");
            SkipReason::NotStored
        };
        self.applied.skips.push(Skip {
            userid: Some(write.person.userid.clone()),
            reason,
        });
        self.report(1);
    }

    fn report(&mut self, rows: usize) {
        self.done += rows;
        (self.progress)(Progress::Applying {
            done: self.done,
            total: self.total,
        });
    }
}
