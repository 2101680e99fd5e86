//! The bulk statements of a sync decide as [`crate::domain::employment::decide`] does.

#![expect(
    clippy::disallowed_methods,
    reason = "a test writes rows that the product would not"
)]

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::domain::employment::{Authority, Current, Decision, Observation, Row, decide};
use crate::domain::person::LeftCause;
use crate::domain::sync::SyncCause;
use crate::store::employment::{self, SyncLock, lock_sync};
use crate::store::staff_input::StaffInput;
use crate::store::sync_run::{self, Run};
use crate::store::{Db, staff};

const CASES: usize = 150;
const PEOPLE: usize = 8;
/// Seconds from the start of the sync: mostly long before it, else at it or on either side of a question during it.
const TIMES: [i64; 6] = [-500, -500, -500, 0, 15, 100];

/// The unionids that a person may have: nobody else has them, except under a userid marked as left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Account {
    Unknown,
    Old,
    New,
}

impl Account {
    fn of(self, person: usize) -> Option<UnionId> {
        match self {
            Self::Unknown => None,
            Self::Old => UnionId::parse(format!("old-{person}")).ok(),
            Self::New => UnionId::parse(format!("new-{person}")).ok(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct StoredRow {
    status: Status,
    is_held: bool,
    account: Account,
    left_at: i64,
    observed_at: i64,
    created_at: i64,
}

/// What the tables hold of a person, and when DingTalk, asked about them, listed them or did not.
#[derive(Debug, Clone, Copy)]
struct Subject {
    row: Option<StoredRow>,
    unknown_left_at: Option<i64>,
    /// Which of their unionids another userid has that an administrator marked as left.
    held_elsewhere: Account,
    asked_at: i64,
    listed: Account,
}

fn some_time() -> impl Strategy<Value = i64> {
    proptest::sample::select(&TIMES)
}

fn some_account() -> impl Strategy<Value = Account> {
    proptest::sample::select(&[Account::Unknown, Account::Old, Account::New])
}

fn some_row() -> impl Strategy<Value = StoredRow> {
    let kind = proptest::sample::select(&[
        (Status::Employed, false),
        (Status::Employed, false),
        (Status::Left, false),
        (Status::Left, true),
    ]);
    (kind, some_account(), some_time(), some_time(), some_time()).prop_map(
        |((status, is_held), account, left_at, observed_at, created_at)| StoredRow {
            status,
            is_held,
            account,
            left_at,
            observed_at,
            created_at,
        },
    )
}

fn some_subject() -> impl Strategy<Value = Subject> {
    (
        proptest::option::weighted(0.8, some_row()),
        proptest::option::of(some_time()),
        some_account(),
        proptest::sample::select(&[10, 15, 50]),
        some_account(),
    )
        .prop_map(|(row, left_at, held_elsewhere, asked_at, listed)| Subject {
            row,
            unknown_left_at: left_at.filter(|_| row.is_none()),
            held_elsewhere,
            asked_at,
            listed,
        })
}

/// The subjects of one case, by the start of the sync.
struct Case {
    start: DateTime<Utc>,
    subjects: Vec<Subject>,
}

fn userid(person: usize) -> UserId {
    UserId::parse(format!("p{person}")).unwrap()
}

impl Case {
    fn at(&self, seconds: i64) -> DateTime<Utc> {
        self.start + TimeDelta::seconds(seconds)
    }

    /// Returns the unionid that a listed person would have: DingTalk may not show it.
    fn unionid(&self, person: usize) -> Option<UnionId> {
        let subject = self.subjects[person];
        let stored = subject.row.map_or(Account::Unknown, |row| row.account);
        subject.listed.of(person).or(stored.of(person))
    }

    fn current(&self, person: usize) -> Current {
        let subject = self.subjects[person];
        let unionid = self.unionid(person);
        let row_left_at = subject
            .row
            .filter(|row| row.status == Status::Left)
            .map(|row| row.left_at);
        Current {
            row: subject.row.map(|row| Row {
                status: row.status,
                is_held: row.is_held,
                observed_at: self.at(row.observed_at),
                created_at: self.at(row.created_at),
                has_unionid: row.account.of(person) == unionid,
            }),
            left_at: row_left_at
                .or(subject.unknown_left_at)
                .map(|seconds| self.at(seconds)),
            is_held_elsewhere: unionid.is_some() && subject.held_elsewhere.of(person) == unionid,
        }
    }

    /// Returns the people for which the rule decides this, if DingTalk lists all or none of them.
    fn decided(&self, is_member: bool, wanted: Decision) -> BTreeSet<UserId> {
        let sync = Authority::Sync { is_complete: true };
        let decisions = (0..self.subjects.len()).map(|person| {
            let observation = Observation {
                is_member,
                asked_at: self.at(self.subjects[person].asked_at),
                valid_from: self.start,
            };
            (person, decide(&self.current(person), &observation, sync))
        });
        decisions
            .filter(|(_, decision)| *decision == wanted)
            .map(|(person, _)| userid(person))
            .collect()
    }

    /// Returns everybody as listed; with `keeps`, with the unionid of their row.
    fn listed(&self, keeps: bool) -> Vec<Person> {
        let person = |n: usize| {
            let stored = self.subjects[n]
                .row
                .map_or(Account::Unknown, |row| row.account);
            let account = if keeps {
                stored
            } else {
                self.subjects[n].listed
            };
            Person {
                userid: userid(n),
                unionid: account.of(n),
                name: format!("name of {n}"),
                avatar: None,
                job_number: None,
                title: None,
                mobile: None,
                email: None,
                hired_date: None,
                departments: Vec::new(),
            }
        };
        (0..self.subjects.len()).map(person).collect()
    }

    async fn store(&self, conn: &mut Conn) {
        sqlx::raw_sql("TRUNCATE staff, unknown_leaver CASCADE")
            .execute(&mut *conn)
            .await
            .unwrap();
        for (n, subject) in self.subjects.iter().enumerate() {
            if let Some(row) = subject.row {
                self.store_row(conn, &userid(n), row, n).await;
            }
            if subject.held_elsewhere != Account::Unknown {
                let held = StoredRow {
                    status: Status::Left,
                    is_held: true,
                    account: subject.held_elsewhere,
                    left_at: TIMES[0],
                    observed_at: TIMES[0],
                    created_at: TIMES[0],
                };
                let other = UserId::parse(format!("held-{n}")).unwrap();
                self.store_row(conn, &other, held, n).await;
            }
            if let Some(left_at) = subject.unknown_left_at {
                sqlx::query("INSERT INTO unknown_leaver (userid, left_at) VALUES ($1, $2)")
                    .bind(userid(n).as_str())
                    .bind(self.at(left_at))
                    .execute(&mut *conn)
                    .await
                    .unwrap();
            }
        }
    }

    async fn store_row(&self, conn: &mut Conn, userid: &UserId, row: StoredRow, person: usize) {
        let has_left = row.status == Status::Left;
        sqlx::query(
            "INSERT INTO staff (userid, unionid, status, left_at, left_cause, held_at, observed_at, created_at)
             VALUES ($1, $2, $3, $4, CASE WHEN $3 = 'left' THEN 'event' END, $5, $6, $7)",
        )
        .bind(userid.as_str())
        .bind(row.account.of(person).map(UnionId::into_string))
        .bind(row.status.as_str())
        .bind(has_left.then(|| self.at(row.left_at)))
        .bind(row.is_held.then(|| self.at(row.left_at)))
        .bind(self.at(row.observed_at))
        .bind(self.at(row.created_at))
        .execute(conn)
        .await
        .unwrap();
    }

    /// Returns the people a statement writes out of everybody; its writes are undone.
    async fn written(&self, sync: &mut SyncLock<'_>, statement: Statement) -> BTreeSet<UserId> {
        let people = self.listed(statement == Statement::ChangeKeepingUnionid);
        let rows: Vec<StaffInput<'_>> = people
            .iter()
            .zip(&self.subjects)
            .map(|(person, subject)| StaffInput {
                person,
                asked_at: self.at(subject.asked_at),
            })
            .collect();
        let userids: Vec<UserId> = people.iter().map(|person| person.userid.clone()).collect();
        let end = sync
            .savepoint(async |sync| -> Result<(), Undo> {
                let written = match statement {
                    Statement::Add => add(sync, &rows).await?,
                    Statement::Rehire => rehire(sync, &rows).await?,
                    Statement::Change | Statement::ChangeKeepingUnionid => {
                        change(sync, &rows).await?
                    }
                    Statement::Terminate => {
                        let (mut people, absent) = sync.lock_absent(&userids, self.start).await?;
                        employment::terminate(&mut people, &absent, LeftCause::Sync).await?;
                        absent
                    }
                };
                let status = match statement {
                    Statement::Terminate => Status::Left,
                    _ => Status::Employed,
                };
                for userid in &written {
                    let row = staff::find(sync, userid).await?;
                    assert_eq!(row.map(|row| row.status), Some(status), "{userid}");
                }
                Err(Undo::Written(written))
            })
            .await;
        match end {
            Err(Undo::Written(written)) => written.into_iter().collect(),
            Err(Undo::Failed(error)) => panic!("{statement:?}: {error:?}"),
            Ok(()) => unreachable!("the savepoint is always undone"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statement {
    Add,
    Rehire,
    Change,
    ChangeKeepingUnionid,
    Terminate,
}

/// The end of a savepoint that is never kept.
#[derive(Debug)]
enum Undo {
    Written(Vec<UserId>),
    Failed(StoreError),
}

impl From<StoreError> for Undo {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

async fn start_run(conn: &mut Conn) -> Run {
    let run = sync_run::start(conn, SyncCause::Admin, "test", None, false, Uuid::nil()).await;
    let run = run.unwrap().unwrap();
    // Long enough ago that all times of a case have passed.
    let started_at = run.started_at - TimeDelta::seconds(1_000);
    Run { started_at, ..run }
}

#[sqlx::test]
async fn the_bulk_statements_decide_as_the_rule_does(pool: PgPool) {
    let db = Db::from_pool(pool);
    let mut runner = TestRunner::deterministic();
    let subjects = proptest::collection::vec(some_subject(), PEOPLE);
    let cases: Vec<Vec<Subject>> = (0..CASES)
        .map(|_| subjects.new_tree(&mut runner).unwrap().current())
        .collect();
    let run = db
        .read(async |conn| Ok::<_, StoreError>(start_run(conn).await))
        .await
        .unwrap();
    let mut counts = [0; 5];
    for subjects in cases {
        let start = run.started_at;
        let case = Case { start, subjects };
        let written = db.tx(async |tx| {
            case.store(tx).await;
            let mut sync = lock_sync(tx, run).await?.expect("the run is ours");
            let mut written = Vec::new();
            for (statement, _, _) in EXPECTED {
                written.push(case.written(&mut sync, statement).await);
            }
            Ok::<_, StoreError>(written)
        });
        let written = written.await.unwrap();
        for ((written, (statement, is_member, decision)), count) in
            written.into_iter().zip(EXPECTED).zip(&mut counts)
        {
            let mut expected = case.decided(is_member, decision);
            if statement == Statement::ChangeKeepingUnionid {
                expected.extend(case.decided(is_member, Decision::Update));
            }
            assert_eq!(written, expected, "{statement:?}: {:#?}", case.subjects);
            *count += written.len();
        }
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}

/// What each statement writes: the people for which the rule decides this, listed or not.
const EXPECTED: [(Statement, bool, Decision); 5] = [
    (Statement::Add, true, Decision::Add),
    (Statement::Rehire, true, Decision::Return),
    (Statement::Change, true, Decision::Update),
    (
        Statement::ChangeKeepingUnionid,
        true,
        Decision::UpdateKeepingUnionid,
    ),
    (
        Statement::Terminate,
        false,
        Decision::Terminate(LeftCause::Sync),
    ),
];
