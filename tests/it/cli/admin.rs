//! `dinggate admin` as a process.

use dingtalk_sim::company;
use sqlx::PgPool;

use super::{run, surroundings};
use crate::support::TestApp;

/// One person who works here, and one who has left.
async fn two_people(pool: &PgPool) {
    sqlx::raw_sql(
        "INSERT INTO staff (userid, unionid, name) VALUES ('0158aB', 'u-li', '李雷');
         INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('gone1', '韩梅梅', 'left', now(), 'event')",
    )
    .execute(pool)
    .await
    .unwrap();
}

async fn audit(pool: &PgPool) -> Vec<(String, String, String, Option<String>)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_as("SELECT actor, action, userid, name FROM audit_entry ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn an_administrator_is_granted_listed_and_revoked(pool: PgPool) {
    two_people(&pool).await;
    let (_sim, mut settings) = surroundings(&pool);
    settings.insert("USER".to_owned(), "wang".to_owned());
    for said in [
        "0158aB is now an administrator\n",
        "0158aB was already an administrator\n",
    ] {
        let ended = run(&settings, &["admin", "grant", "0158aB"]);
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(0), said),
            "{}",
            ended.err
        );
    }
    let listed = run(&settings, &["admin", "list"]);
    assert_eq!(
        (listed.code, listed.out.as_str()),
        (
            Some(0),
            "0158aB\t李雷\tgranted\tadmin\tall\nmanager4220\t\tsettings\tadmin\tall\tnot bound yet\n"
        )
    );
    let ended = run(&settings, &["admin", "revoke", "0158aB"]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (Some(0), "0158aB is no longer an administrator\n"),
        "{}",
        ended.err
    );
    assert_eq!(
        run(&settings, &["admin", "list"]).out,
        "manager4220\t\tsettings\tadmin\tall\tnot bound yet\n"
    );
    let line = |action: &str| {
        (
            "command:wang".to_owned(),
            action.to_owned(),
            "0158aB".to_owned(),
            Some("李雷".to_owned()),
        )
    };
    assert_eq!(
        audit(&pool).await,
        [line("admin.grant"), line("admin.revoke")],
        "one line for each change"
    );
}

#[sqlx::test]
async fn whom_the_staff_table_does_not_hold_as_employed_cannot_be_granted(pool: PgPool) {
    two_people(&pool).await;
    let (_sim, settings) = surroundings(&pool);
    for (userid, why) in [
        ("nobody", "DINGGATE_ADMINS"),
        ("gone1", "has left"),
        ("0158ab", "not in the staff table"),
    ] {
        let ended = run(&settings, &["admin", "grant", userid]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{userid}");
        assert!(
            ended.err.contains(userid) && ended.err.contains(why),
            "{}",
            ended.err
        );
    }
    assert!(audit(&pool).await.is_empty());
}

#[sqlx::test]
async fn whom_the_settings_name_cannot_be_revoked(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    let ended = run(&settings, &["admin", "revoke", "manager4220"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(
        ended.err.contains("manager4220") && ended.err.contains("DINGGATE_ADMINS"),
        "{}",
        ended.err
    );
    let ended = run(&settings, &["admin", "revoke", "nobody"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(
        ended.err.contains("nobody is not an administrator"),
        "{}",
        ended.err
    );
}

#[sqlx::test]
async fn a_grant_opens_the_administrators_pages_at_once_and_a_revocation_closes_only_them(
    pool: PgPool,
) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    assert_eq!(browser.get("/admin/staff").await.status, 403);
    assert_eq!(
        run(&app.settings, &["admin", "grant", company::EMPLOYEE]).code,
        Some(0)
    );
    assert_eq!(browser.get("/admin/staff").await.status, 200);
    assert_eq!(
        run(&app.settings, &["admin", "revoke", company::EMPLOYEE]).code,
        Some(0)
    );
    assert_eq!(browser.get("/admin/staff").await.status, 403);
    assert!(browser.is_in().await, "the session goes on");
}

/// The reasons of the audit trail, which name the rights before and after.
async fn changes(pool: &PgPool) -> Vec<(String, Option<String>)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_as("SELECT action || ' ' || status, reason FROM audit_entry ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn a_role_is_granted_changed_and_listed_with_its_departments(pool: PgPool) {
    two_people(&pool).await;
    sqlx::raw_sql("INSERT INTO department (dept_id, parent_id, name, observed_at) VALUES (7, NULL, 'a', now()), (8, 7, 'b', now())")
        .execute(&pool)
        .await
        .unwrap();
    let (_sim, settings) = surroundings(&pool);
    for (options, said) in [
        (
            &["--role", "reviewer", "--departments", "8,7,8"][..],
            "0158aB is now a reviewer limited to 7,8\n",
        ),
        (
            &["--role", "reviewer", "--departments", "7,8"],
            "0158aB was already a reviewer limited to 7,8\n",
        ),
        (
            &["--role", "auditor"],
            "0158aB is now an auditor; before: reviewer 7,8\n",
        ),
        (
            &["--role", "reviewer", "--departments", "8"],
            "0158aB is now a reviewer limited to 8; before: auditor\n",
        ),
    ] {
        let ended = run(
            &settings,
            &[&["admin", "grant", "0158aB"], options].concat(),
        );
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(0), said),
            "{}",
            ended.err
        );
    }
    let listed = run(&settings, &["admin", "list"]).out;
    assert!(
        listed.starts_with("0158aB\t李雷\tgranted\treviewer\t8\n"),
        "{listed}"
    );
    let revoked = run(&settings, &["admin", "revoke", "0158aB"]);
    assert_eq!(
        revoked.out, "0158aB is no longer a reviewer\n",
        "{}",
        revoked.err
    );
    let line = |what: &str, reason: &str| (what.to_owned(), Some(reason.to_owned()));
    assert_eq!(
        changes(&pool).await,
        [
            line("admin.grant granted", "reviewer 7,8"),
            line("admin.grant changed", "reviewer 7,8 → auditor"),
            line("admin.grant changed", "auditor → reviewer 8"),
            line("admin.revoke revoked", "reviewer 8"),
        ]
    );
}

#[sqlx::test]
async fn a_grant_that_makes_no_sense_is_refused(pool: PgPool) {
    two_people(&pool).await;
    sqlx::raw_sql(
        "INSERT INTO staff (userid, unionid, name) VALUES ('manager4220', 'u-lin', '林晓燕');
         INSERT INTO department (dept_id, parent_id, name, observed_at) VALUES (7, NULL, 'a', now())",
    )
    .execute(&pool)
    .await
    .unwrap();
    let (_sim, settings) = surroundings(&pool);
    for (args, code, why) in [
        (
            &["0158aB", "--role", "reviewer", "--departments", "7,8,9"][..],
            1,
            "there is no department 8, 9",
        ),
        (&["0158aB", "--departments", "7"], 2, "--role reviewer"),
        (
            &["0158aB", "--role", "auditor", "--departments", "7"],
            2,
            "--role reviewer",
        ),
        (&["0158aB", "--role", "owner"], 2, "owner"),
        (&["manager4220", "--role", "auditor"], 1, "DINGGATE_ADMINS"),
    ] {
        let ended = run(&settings, &[&["admin", "grant"], args].concat());
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(code), ""),
            "{args:?} {}",
            ended.err
        );
        assert!(ended.err.contains(why), "{args:?}: {}", ended.err);
    }
    assert!(audit(&pool).await.is_empty());
}
