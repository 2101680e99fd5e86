//! `dinggate sync` as a process.

use dingtalk_sim::{Fault, NewPerson, PersonChange, SimHandle, company};
use sqlx::PgPool;

use std::time::{Duration, Instant};

use super::{Ended, program, run, surroundings};

fn last_line(ended: &Ended) -> &str {
    ended.out.lines().last().unwrap_or_default()
}

async fn count(pool: &PgPool, statement: &'static str) -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar(statement).fetch_one(pool).await.unwrap()
}

async fn employed(pool: &PgPool) -> i64 {
    count(pool, "SELECT count(*) FROM staff WHERE status = 'employed'").await
}

fn people(sim: &SimHandle) -> usize {
    sim.people().len()
}

#[sqlx::test]
async fn a_sync_prints_its_numbers_last_on_stdout_and_its_progress_on_stderr(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let first = run(&settings, &["sync"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let all = people(&sim);
    assert_eq!(
        last_line(&first),
        format!("added={all} changed=0 returned=0 left=0 unchanged=0 skipped=0")
    );
    assert!(
        first.err.lines().any(|line| line.starts_with("reading: ")),
        "{}",
        first.err
    );
    sim.change_quietly(
        company::EMPLOYEE,
        PersonChange {
            title: Some("经理".to_owned()),
            ..PersonChange::default()
        },
    )
    .unwrap();
    sim.dismiss_quietly(company::LEADING_ZERO).unwrap();
    sim.hire_quietly(NewPerson::named("李雷")).unwrap();
    let second = run(&settings, &["sync"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!(
        last_line(&second),
        format!(
            "added=1 changed=1 returned=0 left=1 unchanged={} skipped=0",
            all - 2
        )
    );
    sim.rehire_quietly(company::LEADING_ZERO, None).unwrap();
    let third = run(&settings, &["sync"]);
    assert_eq!(
        last_line(&third),
        format!("added=0 changed=0 returned=1 left=0 unchanged={all} skipped=0"),
        "{third:?}"
    );
}

#[sqlx::test]
async fn a_dry_run_tells_what_it_would_do_and_does_nothing(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let dry = run(&settings, &["sync", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert_eq!(
        last_line(&dry),
        format!(
            "added={} changed=0 returned=0 left=0 unchanged=0 skipped=0",
            people(&sim)
        )
    );
    assert!(
        dry.out
            .contains(&format!("would add {} ", company::EMPLOYEE)),
        "{}",
        dry.out
    );
    assert_eq!(count(&pool, "SELECT count(*) FROM staff").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM sync_run").await, 0);
}

#[sqlx::test]
async fn too_many_leavers_stop_a_sync_until_they_are_accepted(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    assert_eq!(run(&settings, &["sync"]).code, Some(0));
    let before = employed(&pool).await;
    let leavers: Vec<String> = sim
        .people()
        .iter()
        .map(|person| person.userid.clone())
        .take(12)
        .collect();
    for userid in &leavers {
        sim.dismiss_quietly(userid).unwrap();
    }
    let stopped = run(&settings, &["sync"]);
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    assert!(
        stopped.err.contains("12 of") && stopped.err.contains("--accept-leavers"),
        "{}",
        stopped.err
    );
    assert!(last_line(&stopped).contains(" left=0 "), "{}", stopped.out);
    assert_eq!(employed(&pool).await, before, "nobody is marked");
    let dry = run(&settings, &["sync", "--dry-run"]);
    assert_eq!(
        dry.out
            .lines()
            .filter(|line| line.starts_with("would hold back "))
            .count(),
        12,
        "{}",
        dry.out
    );
    let accepted = run(&settings, &["sync", "--accept-leavers"]);
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    assert!(
        last_line(&accepted).contains(" left=12 "),
        "{}",
        accepted.out
    );
    assert_eq!(employed(&pool).await, before - 12);
}

#[sqlx::test]
async fn a_sync_that_cannot_read_everything_fails_and_marks_nobody(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    assert_eq!(run(&settings, &["sync"]).code, Some(0));
    let before = employed(&pool).await;
    sim.dismiss_quietly(company::LEADING_ZERO).unwrap();
    for (path, fault) in [
        ("/topapi/v2/user/list", Fault::ErrCode(60011)),
        ("/topapi/v2/department/listsub", Fault::EmptyResult),
        ("/topapi/v2/user/list", Fault::Html),
        ("/gettoken", Fault::ErrCode(40096)),
    ] {
        sim.fault(path, fault.clone());
        // Its token is kept in the database; without it, the fault of /gettoken would not be met.
        sqlx::raw_sql("DELETE FROM access_token; UPDATE rate_limit SET next_at = '-infinity'")
            .execute(&pool)
            .await
            .unwrap();
        let ended = run(&settings, &["sync"]);
        assert_eq!(ended.code, Some(1), "{path} {fault:?} {ended:?}");
        assert!(
            ended.err.contains("error: ") && last_line(&ended).contains(" left=0 "),
            "{path} {fault:?} {ended:?}"
        );
        assert_eq!(employed(&pool).await, before, "{path} {fault:?}");
        sim.clear_faults();
    }
}

#[sqlx::test]
async fn a_second_sync_at_the_same_time_fails_and_says_who_runs_the_first(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    sqlx::raw_sql(
        "INSERT INTO sync_run (cause, started_by, state, instance, lease_until)
         VALUES ('admin', 'manager4220', 'running', gen_random_uuid(), now() + interval '10 seconds')",
    )
    .execute(&pool)
    .await
    .unwrap();
    let ended = run(&settings, &["sync"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(
        ended.err.contains("already running") && ended.err.contains("manager4220"),
        "{}",
        ended.err
    );
}

#[sqlx::test]
async fn a_sync_that_is_killed_while_it_writes_has_done_nothing_and_frees_its_place(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    assert_eq!(run(&settings, &["sync"]).code, Some(0));
    sim.dismiss_quietly(company::LEADING_ZERO).unwrap();
    sim.hire_quietly(NewPerson::named("李雷")).unwrap();
    let before = employed(&pool).await;
    sqlx::raw_sql(crate::sync::SLOW_ADDS)
        .execute(&pool)
        .await
        .unwrap();
    let mut process = program(&settings, &["sync"]).spawn().unwrap();
    let writing = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while count(&pool, writing).await == 0 {
        assert_eq!(process.try_wait().unwrap(), None, "it ended too soon");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let killed = Instant::now();
    assert_eq!(employed(&pool).await, before);
    sqlx::raw_sql("DROP TRIGGER slow ON audit_entry")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(employed(&pool).await, before, "nothing was half applied");
    let ended = loop {
        let ended = run(&settings, &["sync"]);
        if !ended.err.contains("already running") {
            break ended;
        }
        assert!(killed.elapsed() < Duration::from_secs(12));
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        last_line(&ended).starts_with("added=1 changed=0 returned=0 left=1 "),
        "{ended:?}"
    );
}
