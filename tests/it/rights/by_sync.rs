//! A full sync ends rights in the transaction that ends or changes what they are bound to.

use dingtalk_sim::company::{ADMIN, EMPLOYEE};
use sqlx::PgPool;

use super::{PEOPLE, account, grant, lines, may_administer, wait_for_bindings, wait_for_unionid};
use crate::cli::run;
use crate::support::TestApp;

/// A service whose two people are administrators, one by a grant and one through `DINGGATE_ADMINS`.
async fn spawn(pool: &PgPool) -> TestApp {
    let app = TestApp::spawn(pool).await;
    wait_for_bindings(&app, 1).await;
    grant(&app, &[EMPLOYEE]);
    for userid in PEOPLE {
        assert!(may_administer(&app, userid).await, "{userid}");
    }
    app
}

/// How many rights have ended, with a line of the audit trail that is as old as the person's row.
async fn ended_with_the_row(app: &TestApp, userid: &str, status: &str) -> i64 {
    // Both are the time at which their transaction began.
    app.number(&format!(
        "SELECT count(*) FROM audit_entry a JOIN staff s ON s.userid = a.userid AND s.updated_at = a.at
         WHERE a.userid = '{userid}' AND a.action = 'admin.revoke' AND a.status = '{status}' AND a.actor_kind = 'system'"
    ))
    .await
}

/// The rights that are in force, by what the tables say of them.
async fn in_force(app: &TestApp) -> i64 {
    app.number(&format!(
        "SELECT count(*) FROM admin_right WHERE userid IN ('{ADMIN}', '{EMPLOYEE}')"
    ))
    .await
}

fn sync(app: &TestApp) -> Option<i32> {
    run(&app.settings, &["sync"]).code
}

#[sqlx::test]
async fn rights_whose_account_a_sync_changes_end_with_it(pool: PgPool) {
    let app = spawn(&pool).await;
    for userid in PEOPLE {
        let unionid = format!("another-{userid}");
        app.sim.change_quietly(userid, account(&unionid)).unwrap();
    }
    assert_eq!(sync(&app), Some(0));
    for userid in PEOPLE {
        assert_eq!(
            ended_with_the_row(&app, userid, "account_changed").await,
            1,
            "{userid}"
        );
        assert!(!may_administer(&app, userid).await, "{userid}");
    }
    assert_eq!(in_force(&app).await, 0);
}

#[sqlx::test]
async fn rights_of_people_whom_a_sync_marks_as_left_end_with_it_and_stay_ended(pool: PgPool) {
    let app = spawn(&pool).await;
    for userid in PEOPLE {
        app.sim.dismiss_quietly(userid).unwrap();
    }
    assert_eq!(sync(&app), Some(0));
    for userid in PEOPLE {
        assert_eq!(
            ended_with_the_row(&app, userid, "left").await,
            1,
            "{userid}"
        );
    }
    assert_eq!(in_force(&app).await, 0);
    for userid in PEOPLE {
        app.sim.rehire_quietly(userid, None).unwrap();
    }
    assert_eq!(sync(&app), Some(0));
    for userid in PEOPLE {
        assert!(!may_administer(&app, userid).await, "{userid}");
        assert_eq!(lines(&app, "admin.grant", "restored", userid).await, 0);
    }
}

#[sqlx::test]
async fn a_sync_whose_last_step_fails_has_ended_no_right(pool: PgPool) {
    let app = spawn(&pool).await;
    let former = app.sim.person(EMPLOYEE).unwrap().unionid;
    app.sim
        .change_quietly(EMPLOYEE, account("another-1"))
        .unwrap();
    app.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON sync_run FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION refuse()",
    )
    .await;
    assert_eq!(sync(&app), Some(1));
    wait_for_unionid(&app, EMPLOYEE, &former).await;
    assert_eq!(in_force(&app).await, 2);
    assert_eq!(
        lines(&app, "admin.revoke", "account_changed", EMPLOYEE).await,
        0
    );
    app.execute("DROP TRIGGER refuse ON sync_run").await;
    assert_eq!(sync(&app), Some(0));
    assert_eq!(in_force(&app).await, 1);
    assert_eq!(
        ended_with_the_row(&app, EMPLOYEE, "account_changed").await,
        1
    );
}
