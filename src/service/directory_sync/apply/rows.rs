//! Writes the people of a plan, step by step, in chunks.

use crate::domain::audit::AuditAction;
use crate::domain::sync::{Step, SyncCounts};

use super::ApplyRequest;
use crate::domain::ids::UserId;
use crate::domain::person::{LeftCause, Status};
use crate::domain::skip_reason::SkipReason;
use crate::service::directory_sync::{Progress, SyncError};
use crate::store::directory;
use crate::store::employment::{self, SyncLock};
use crate::store::staff_input::StaffInput;
use crate::store::sync_staging::{self, ChangedPerson};
use crate::store::{StoreError, staff};

/// Large enough that a hundred thousand people need fewer savepoints than Postgres caches.
const CHUNK: i64 = 2_000;
/// Maximum number of attempts for a chunk that hits a deadlock.
const TRIES: u32 = 2;

/// Writes people and counts the results.
pub struct Rows<'a, 'c> {
    pub sync: &'a mut SyncLock<'c>,
    request: &'a ApplyRequest<'a>,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    done: usize,
    total: usize,
    pub counts: SyncCounts,
}

impl<'a, 'c> Rows<'a, 'c> {
    pub fn new(
        sync: &'a mut SyncLock<'c>,
        request: &'a ApplyRequest<'a>,
        progress: &'a mut (dyn FnMut(Progress) + Send),
    ) -> Self {
        let counts = request.counts;
        Self {
            sync,
            request,
            progress,
            done: 0,
            total: usize::try_from(counts.added + counts.changed + counts.returned + counts.left)
                .unwrap_or_default(),
            counts,
        }
    }

    /// Several people may exchange unionids: all release theirs first.
    pub async fn release_unionids(&mut self) -> Result<(), StoreError> {
        directory::release_unionids(self.sync).await
    }

    /// Writes all people of a step. A chunk that Postgres rejects is halved until the offending row is found, which
    /// is then skipped.
    pub async fn write(&mut self, step: Step) -> Result<(), SyncError> {
        let mut after = 0;
        loop {
            let run_id = self.request.run.id;
            let people =
                sync_staging::changed_people(self.sync, run_id, step, after, CHUNK).await?;
            let Some(last) = people.last() else {
                return Ok(());
            };
            after = last.position;
            let mut parts = vec![people.as_slice()];
            while let Some(part) = parts.pop() {
                match (self.write_part(step, part).await, part) {
                    (Ok(written), _) => self.count(step, part, &written).await?,
                    (
                        Err(
                            error @ (StoreError::Statement(_)
                            | StoreError::UnknownValue(_)
                            | StoreError::RowMissing { .. }),
                        ),
                        [one],
                    ) => {
                        self.refuse(step, one, &error).await?;
                    }
                    (
                        Err(
                            StoreError::Statement(_)
                            | StoreError::UnknownValue(_)
                            | StoreError::RowMissing { .. },
                        ),
                        _,
                    ) => {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                    (Err(error), _) => return Err(error.into()),
                }
            }
        }
    }

    /// Writes a chunk completely or not at all; returns the userids written.
    async fn write_part(
        &mut self,
        step: Step,
        part: &[ChangedPerson],
    ) -> Result<Vec<UserId>, StoreError> {
        let mut tries = 1;
        loop {
            let request = self.request;
            // If the connection itself is lost, every attempt fails.
            let written = self
                .sync
                .savepoint(async |sync| write(sync, request, step, part).await)
                .await;
            match written {
                Err(StoreError::Unavailable(_)) if tries < TRIES => tries += 1,
                written => return written,
            }
        }
    }

    async fn count(
        &mut self,
        step: Step,
        part: &[ChangedPerson],
        written: &[UserId],
    ) -> Result<(), StoreError> {
        if written.len() < part.len() {
            let written: std::collections::HashSet<&UserId> = written.iter().collect();
            let others = part.iter().map(|person| &person.userid);
            let superseded: Vec<UserId> = others
                .filter(|userid| !written.contains(userid))
                .cloned()
                .collect();
            self.skip(step, &superseded).await?;
        }
        self.report(part.len());
        Ok(())
    }

    /// Records people an event has changed first.
    async fn skip(&mut self, step: Step, superseded: &[UserId]) -> Result<(), StoreError> {
        *self.number(step) -= SyncCounts::of(superseded.len());
        let is_reported = step == Step::Leave && self.request.reports_superseded;
        let reason = SkipReason::Superseded;
        if step == Step::Move {
            for userid in superseded {
                directory::restore_unionid(self.sync, userid).await?;
            }
        }
        let reported = is_reported.then_some(&reason);
        if is_reported {
            self.counts.skipped += SyncCounts::of(superseded.len());
        } else if step != Step::Leave {
            self.counts.unchanged += SyncCounts::of(superseded.len());
        }
        sync_staging::record_skipped(self.sync, self.request.run.id, superseded, reported).await
    }

    /// Records a person Postgres rejected.
    async fn refuse(
        &mut self,
        step: Step,
        one: &ChangedPerson,
        error: &StoreError,
    ) -> Result<(), StoreError> {
        let run_id = self.request.run.id;
        let reason = if error.violates(staff::EMPLOYED_UNIONID) {
            SkipReason::UnionidShared
        } else {
            tracing::warn!(run = run_id, %error, "could not store a person");
            SkipReason::NotStored
        };
        *self.number(step) -= 1;
        self.counts.skipped += 1;
        let userid = std::slice::from_ref(&one.userid);
        sync_staging::record_skipped(self.sync, run_id, userid, Some(&reason)).await?;
        if step == Step::Move {
            directory::restore_unionid(self.sync, &one.userid).await?;
        }
        self.report(1);
        Ok(())
    }

    fn number(&mut self, step: Step) -> &mut i32 {
        match step {
            Step::Leave => &mut self.counts.left,
            Step::Add => &mut self.counts.added,
            Step::Return => &mut self.counts.returned,
            Step::Move | Step::Change => &mut self.counts.changed,
        }
    }

    fn report(&mut self, rows: usize) {
        self.done += rows;
        (self.progress)(Progress::Applying {
            done: self.done,
            total: self.total,
        });
    }
}

async fn write(
    sync: &mut SyncLock<'_>,
    request: &ApplyRequest<'_>,
    step: Step,
    part: &[ChangedPerson],
) -> Result<Vec<UserId>, StoreError> {
    let described = part.iter().filter_map(|change| change.person.as_ref());
    let rows: Vec<StaffInput<'_>> = described
        .map(|(person, asked_at)| StaffInput {
            person,
            asked_at: *asked_at,
        })
        .collect();
    let actor = request.actor;
    match step {
        Step::Leave => terminate(sync, request, part).await,
        Step::Move | Step::Change => directory::change(sync, &rows).await,
        Step::Add => {
            let added = directory::add(sync, &rows).await?;
            directory::record_in_audit(
                sync,
                actor,
                &added,
                AuditAction::StaffAdded,
                Status::Employed.as_str(),
            )
            .await?;
            Ok(added)
        }
        Step::Return => {
            let returned = directory::rehire(sync, &rows).await?;
            directory::record_in_audit(
                sync,
                actor,
                &returned,
                AuditAction::StaffReturned,
                Status::Employed.as_str(),
            )
            .await?;
            Ok(returned)
        }
    }
}

async fn terminate(
    sync: &mut SyncLock<'_>,
    request: &ApplyRequest<'_>,
    part: &[ChangedPerson],
) -> Result<Vec<UserId>, StoreError> {
    let userids: Vec<UserId> = part.iter().map(|leaver| leaver.userid.clone()).collect();
    let (mut people, absent) = sync.lock_absent(&userids, request.guard).await?;
    // Also ends their sessions and schedules rechecks, as after every termination.
    employment::terminate(&mut people, &absent, LeftCause::Sync).await?;
    directory::record_in_audit(
        &mut people,
        request.actor,
        &absent,
        AuditAction::StaffLeft,
        LeftCause::Sync.as_str(),
    )
    .await?;
    Ok(absent)
}
