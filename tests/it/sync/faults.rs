//! Whatever a failed, empty or partial answer says, nobody is marked as left.

use dingtalk_sim::{Fault, PersonChange, Scope, company};
use serde_json::json;
use sqlx::PgPool;

use super::*;

/// Somebody has gone and somebody has a new title, and no event has told.
async fn with_a_leaver(pool: &PgPool) -> Company {
    let company = Company::imported(pool).await;
    company.sim.set_callback_url(None);
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    company
        .sim
        .change_quietly(
            company::EMPLOYEE,
            PersonChange {
                title: Some("财务经理".into()),
                ..PersonChange::default()
            },
        )
        .unwrap();
    company
}

async fn title_is_new(company: &Company) -> bool {
    company.column(company::EMPLOYEE, "title").await.as_deref() == Some("财务经理")
}

/// Three questions are in flight, and each is put three times where nobody answers.
const ALL_TRIES: u64 = 9;

#[sqlx::test]
async fn any_question_that_fails_makes_the_run_partial(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    let everybody = company.employed().await;
    let faults = [
        (USER_LIST, Fault::ErrCode(60019), 1),
        (USER_LIST, Fault::EmptyResult, 1),
        (USER_LIST, Fault::TruncatedJson, ALL_TRIES),
        (LIST_SUB, Fault::Http(502), ALL_TRIES),
        (DEPARTMENT_GET, Fault::sub_code("60011"), 1),
        (SCOPES, Fault::CloseConnection, 3),
        (USER_GET, Fault::ErrCode(50002), 1),
    ];
    for (n, (path, fault, times)) in faults.into_iter().enumerate() {
        let title = format!("第{n}次");
        let change = PersonChange {
            title: Some(title.clone()),
            ..PersonChange::default()
        };
        company
            .sim
            .change_quietly(company::EMPLOYEE, change)
            .unwrap();
        let told = format!("{path} {fault:?}");
        company.sim.fault_times(path, fault, times);
        let summary = company.sync().await;
        assert_eq!(
            (summary.state, summary.counts.left),
            (State::Partial, 0),
            "{told}"
        );
        assert!(
            summary
                .problem
                .and_then(|problem| problem.detail)
                .is_some_and(|detail| detail.contains(path.trim_start_matches('/'))),
            "{told}"
        );
        assert_eq!(company.employed().await, everybody, "{told}");
        if path != LIST_SUB {
            assert_eq!(
                company.column(company::EMPLOYEE, "title").await,
                Some(title),
                "what was read is written: {told}"
            );
        }
        company.sim.clear_faults();
    }
    assert_eq!(
        company
            .number(
                "SELECT count(*) FROM sync_run WHERE state = 'partial' AND error_code IS NOT NULL"
            )
            .await,
        7
    );
    assert_eq!(company.sync().await.counts.left, 1);
}

#[sqlx::test]
async fn a_question_that_finds_no_answer_is_put_again(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    // The first call fails for its token once, too.
    for (path, fault, times) in [
        (SCOPES, Fault::CloseConnection, 1),
        (LIST_SUB, Fault::Http(502), 2),
        (USER_LIST, Fault::TruncatedJson, 2),
        (USER_GET, Fault::LoseAnswer, 2),
    ] {
        company.sim.fault_times(path, fault, times);
    }
    company.execute("DELETE FROM access_token").await;
    company
        .sim
        .fault_times("/gettoken", Fault::CloseConnection, 1);
    let summary = company.another_process().sync().await;
    assert_eq!(
        (summary.state, summary.counts.left),
        (State::Done, 1),
        "{summary:?}"
    );
}

#[sqlx::test]
async fn a_throttled_cloud_is_waited_for(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    company.sim.fault_times(SCOPES, Fault::ErrCode(90002), 8);
    company
        .sim
        .fault_times(USER_LIST, Fault::sub_code("90018"), 25);
    let hurry = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            company
                .execute("UPDATE rate_limit SET next_at = least(next_at, now()), throttled_at = '-infinity'")
                .await;
        }
    };
    let summary = tokio::select! {
        summary = company.sync() => summary,
        () = hurry => unreachable!(),
    };
    assert_eq!(
        (summary.state, summary.counts.left),
        (State::Done, 1),
        "{summary:?}"
    );
}

#[sqlx::test]
async fn a_company_without_people_is_a_broken_answer(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    let everybody = company.employed().await;
    company.sim.fault(USER_LIST, Fault::EmptyList);
    let summary = company.run(accepting()).await.unwrap();
    assert_eq!(
        (summary.state, summary.counts.left, company.employed().await),
        (State::Partial, 0, everybody)
    );
}

#[sqlx::test]
async fn a_list_that_is_emptier_than_it_should_be_is_found_out(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    let everybody = company.employed().await;
    let departments = company.number("SELECT count(*) FROM department").await;
    for path in [USER_LIST, LIST_SUB] {
        company.sim.fault_times(path, Fault::EmptyList, 1);
        let summary = company.run(accepting()).await.unwrap();
        assert_eq!(
            (summary.state, summary.counts.left),
            (State::Partial, 0),
            "{path}"
        );
        assert_eq!(company.employed().await, everybody, "{path}");
        assert_eq!(
            company.number("SELECT count(*) FROM department").await,
            departments,
            "{path}"
        );
    }
    assert_eq!(company.sync().await.counts.left, 1);
}

#[sqlx::test]
async fn many_lists_that_are_emptier_than_they_should_be_are_no_plan_to_decide_about(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    let people = company.sim.people().into_iter();
    let gone = people.map(|person| person.userid).take(8);
    gone.for_each(|userid| company.sim.dismiss_quietly(&userid).unwrap());
    assert_eq!(company.sync().await.state, State::Stopped);
    let waiting = company.last_run().await.id;
    company
        .execute("INSERT INTO alert (kind, detail) VALUES ('directory:lost_events', 'x')")
        .await;
    let everybody = company.employed().await;
    // Those of the root and of the departments right below it.
    company.sim.fault_times(USER_LIST, Fault::EmptyList, 7);
    company.sim.reset_calls();
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, summary.counts.left, summary.counts.withheld),
        (State::Partial, 0, 0)
    );
    let problem = summary.problem.unwrap();
    assert!(
        sync_problem(Lang::En, &problem).contains("not everybody who is in it was listed"),
        "{problem:?}"
    );
    assert!((1..=21).contains(&company.sim.calls(USER_GET)));
    let complete = "SELECT is_complete::int::bigint FROM sync_run ORDER BY id DESC LIMIT 1";
    assert_eq!(company.number(complete).await, 0);
    assert_eq!(company.employed().await, everybody);
    assert!(company.run_row(waiting).await.is_waiting);
    assert!(company.alert("directory:lost_events").await.is_some());
}

#[sqlx::test]
async fn an_ip_ban_ends_the_run_at_once(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    let before = company.fingerprint().await;
    // A second web page, after a moment, tells of a ban.
    for (ban, times) in [(Fault::Html, 2), (Fault::Banned1111, 1)] {
        company.sim.fault_times(LIST_SUB, ban, times);
        company.sim.reset_calls();
        let summary = company.sync().await;
        assert_eq!((summary.state, numbers(&summary)), (State::Failed, [0; 5]));
        assert!(
            company.sim.calls("*") + company.sim.calls(USER_LIST) + company.sim.calls(LIST_SUB) < 6,
            "the rest is not asked for"
        );
        company
            .execute("UPDATE rate_limit SET next_at = '-infinity'")
            .await;
    }
    assert_eq!(company.fingerprint().await, before);
    assert_eq!(
        company
            .number(
                "SELECT count(*) FROM sync_run WHERE state = 'failed' AND error LIKE '%banned%'"
            )
            .await,
        2
    );
}

#[sqlx::test]
async fn a_web_page_does_not_end_the_run(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    // One page in each run: of several calls that go out together, two pages in a row are a ban.
    for (path, left) in [(USER_GET, 1), (LIST_SUB, 0), (USER_LIST, 0)] {
        company.sim.fault_times(path, Fault::Html, 1);
        let summary = company.sync().await;
        assert_eq!(
            (summary.state, summary.counts.left),
            (State::Done, left),
            "{path} {summary:?}"
        );
    }
}

#[sqlx::test]
async fn a_cloud_that_does_not_answer_at_all_fails_the_run(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    let before = company.fingerprint().await;
    company.sim.fault("*", Fault::Http(503));
    let summary = company.sync().await;
    assert_eq!((summary.state, numbers(&summary)), (State::Failed, [0; 5]));
    assert!(summary.problem.is_some());
    assert_eq!(company.fingerprint().await, before);
}

#[sqlx::test]
async fn a_part_of_the_company_is_brought_in_and_never_taken_for_the_whole(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    let everybody = company.employed().await;
    company.sim.set_scope(Scope {
        departments: vec![TECHNOLOGY],
        users: vec![company::EMPLOYEE.into()],
    });
    let summary = company.sync().await;
    assert_eq!((summary.state, summary.counts.left), (State::Partial, 0));
    assert_eq!(company.employed().await, everybody);
    assert!(
        title_is_new(&company).await,
        "a person who is visible alone is looked at"
    );
}

#[sqlx::test]
async fn a_first_run_brings_in_the_visible_part(pool: PgPool) {
    let company = Company::new(&pool);
    company.sim.set_scope(Scope {
        departments: vec![TECHNOLOGY],
        users: vec![company::EMPLOYEE.into()],
    });
    let summary = company.sync().await;
    let visible = company.sim.people().into_iter().filter(|person| {
        let directory = company.sim.directory();
        Scope::departments(&[TECHNOLOGY]).has_person(&directory, person)
            || person.userid == company::EMPLOYEE
    });
    let visible = visible.count();
    assert_eq!(
        (
            summary.state,
            summary.counts.added,
            company.employed().await
        ),
        (State::Partial, SyncCounts::of(visible), visible)
    );
    assert!(visible > 5);
}

#[sqlx::test]
async fn a_cloud_that_cannot_tell_the_scope_is_walked_from_the_root(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    company.sim.fault(SCOPES, Fault::ErrCode(22));
    let summary = company.sync().await;
    assert_eq!((summary.state, summary.counts.left), (State::Done, 1));
}

#[sqlx::test]
async fn a_bad_record_is_passed_over_and_nobody_is_gone_for_it(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    company.sim.fault_times(
        USER_LIST,
        page(&json!({"has_more": false, "list": [{"userid": IN_ROOT}]})),
        1,
    );
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 1, 0, 1, 1]),
        "the rest goes on"
    );
    assert_eq!(
        company.reasons().await,
        [(
            IN_ROOT.to_owned(),
            "DingTalk's record lacks a readable name".to_owned()
        )]
    );
    assert!(company.is_employed(IN_ROOT).await);
    let stored = "SELECT count(*) FROM sync_run r JOIN sync_change c ON c.run_id = r.id WHERE c.kind = 'skipped' AND c.userid = 'chenboss1' AND r.skipped = 1";
    assert_eq!(company.number(stored).await, 1);
}

#[sqlx::test]
async fn a_record_that_is_nobodys_is_passed_over_and_whoever_is_absent_is_asked_about(
    pool: PgPool,
) {
    let company = with_a_leaver(&pool).await;
    company.sim.fault_times(
        USER_LIST,
        page(&json!({"has_more": false, "list": [{"name": "谁"}]})),
        1,
    );
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 1, 0, 1, 2])
    );
    let mut reasons = company.reasons().await;
    reasons.sort();
    assert_eq!(
        reasons,
        [
            (
                String::new(),
                "DingTalk's record lacks a readable userid".to_owned()
            ),
            (
                IN_ROOT.to_owned(),
                "listed in no department, but DingTalk still knows the person".to_owned()
            )
        ]
    );
    assert!(company.is_employed(IN_ROOT).await);
}

#[sqlx::test]
async fn pages_that_do_not_advance_make_the_run_partial(pool: PgPool) {
    let company = with_a_leaver(&pool).await;
    company.sim.fault_times(
        USER_LIST,
        page(&json!({"has_more": true, "next_cursor": 0, "list": []})),
        1,
    );
    let summary = company.sync().await;
    assert_eq!((summary.state, summary.counts.left), (State::Partial, 0));
    assert!(title_is_new(&company).await);
}

#[sqlx::test]
async fn pages_that_bring_the_same_people_for_ever_end_the_reading(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_scope(Scope::departments(&[FINANCE]));
    company.sim.fault(USER_LIST, Fault::EndlessList);
    let summary = company.sync().await;
    assert_eq!((summary.state, numbers(&summary)), (State::Partial, [0; 5]));
    assert_eq!(company.sim.calls(USER_LIST), 101);
}
