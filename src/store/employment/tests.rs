//! No write without the lock of its person, and none that finds no row.

use sqlx::PgPool;

use super::*;
use crate::domain::person::{LeftCause, Person};
use crate::store::Db;

fn id(userid: &str) -> UserId {
    UserId::parse(userid).unwrap()
}

fn person(userid: &str) -> Person {
    Person {
        userid: id(userid),
        unionid: None,
        name: format!("name of {userid}"),
        avatar: None,
        job_number: None,
        title: None,
        mobile: None,
        email: None,
        hired_date: None,
        departments: Vec::new(),
    }
}

/// Runs work that has locked only the person `a`, in a transaction that is rolled back on an error.
async fn with_a_locked<T>(
    db: &Db,
    work: impl AsyncFnOnce(&mut PeopleLock<'_>) -> Result<T, StoreError> + Clone,
) -> Result<T, StoreError> {
    db.tx(async |tx| {
        let mut people = lock_people(tx, &[id("a")]).await?;
        work(&mut people).await
    })
    .await
}

#[sqlx::test]
async fn nobody_is_written_without_their_lock(pool: PgPool) {
    let db = Db::from_pool(pool);
    let now = DateTime::UNIX_EPOCH;
    with_a_locked(&db, async |people| employ(people, &person("a"), now).await)
        .await
        .unwrap();
    let results = [
        with_a_locked(&db, async |people| employ(people, &person("b"), now).await).await,
        with_a_locked(&db, async |people| update(people, &person("b"), now).await).await,
        with_a_locked(&db, async |people| {
            terminate(people, &[id("a"), id("b")], LeftCause::Event).await
        })
        .await,
        with_a_locked(&db, async |people| {
            terminate_by_hand(people, &id("b"), "admin", "why").await
        })
        .await,
        with_a_locked(&db, async |people| {
            read(people, &id("b"), None, now).await.map(drop)
        })
        .await,
    ];
    for result in results {
        assert!(
            matches!(&result, Err(StoreError::NotLocked(userid)) if userid == "b"),
            "{result:?}"
        );
    }
    let status = with_a_locked(&db, async |people| {
        let state = read(people, &id("a"), None, now).await?;
        Ok(state.row.map(|row| row.status))
    });
    assert_eq!(status.await.unwrap(), Some(Status::Employed));
}

#[sqlx::test]
async fn a_write_that_finds_no_row_is_an_error(pool: PgPool) {
    let db = Db::from_pool(pool);
    let now = DateTime::UNIX_EPOCH;
    let results = [
        with_a_locked(&db, async |people| update(people, &person("a"), now).await).await,
        with_a_locked(&db, async |people| {
            terminate(people, &[id("a")], LeftCause::Event).await
        })
        .await,
        with_a_locked(&db, async |people| {
            terminate_by_hand(people, &id("a"), "admin", "why").await
        })
        .await,
        with_a_locked(&db, async |people| {
            release_unionids(people, &[id("a")]).await
        })
        .await,
    ];
    for result in results {
        assert!(
            matches!(&result, Err(StoreError::RowMissing { table: "staff", id }) if id == "a"),
            "{result:?}"
        );
    }
}
