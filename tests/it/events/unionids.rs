//! Unionids that move between employed people, reported by events.

mod banner;

use std::time::Duration;

use dingtalk_sim::{NewPerson, PersonChange, company};
use sqlx::PgPool;

use super::{APPLIED, SOON, about, all_worked, employ, tell};
use crate::support::{Browser, TestApp, eventually};

const A: &str = company::EMPLOYEE;
const B: &str = company::LEADING_ZERO;
const C: &str = company::TWO_DEPARTMENTS;

async fn app_with(pool: &PgPool, people: &[&str]) -> TestApp {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    for userid in people {
        employ(&app, userid).await;
    }
    all_worked(&app).await;
    app
}

fn unionid(app: &TestApp, userid: &str) -> String {
    app.sim.person(userid).unwrap().unionid
}

/// Has the cloud list these people with these unionids, and other titles, without telling anybody.
fn hand_out(app: &TestApp, people: &[(&str, &str)]) {
    let becomes = |userid: &str, unionid: String| {
        let change = PersonChange {
            unionid: Some(unionid),
            title: Some("新职位".into()),
            ..PersonChange::default()
        };
        app.sim.change_quietly(userid, change).unwrap();
    };
    // The cloud lets no two people have one, so all give theirs up first.
    for (userid, _) in people {
        becomes(userid, format!("nobodys-{userid}"));
    }
    for (userid, unionid) in people {
        becomes(userid, (*unionid).to_owned());
    }
}

async fn has(app: &TestApp, userid: &str, unionid: &str) -> bool {
    let statement = format!(
        "SELECT count(*) FROM staff WHERE userid = '{userid}' AND unionid = '{unionid}' AND status = 'employed'"
    );
    app.number(&statement).await == 1
}

async fn wait_for_unionid(app: &TestApp, userid: &str, unionid: &str) {
    eventually(&format!("{userid} has {unionid}"), SOON, async || {
        has(app, userid, unionid).await
    })
    .await;
}

async fn has_new_title(app: &TestApp, userid: &str) -> bool {
    let statement =
        format!("SELECT count(*) FROM staff WHERE userid = '{userid}' AND title = '新职位'");
    app.number(&statement).await == 1
}

/// How many changes of a person's unionid are on the audit trail.
async fn audited(app: &TestApp, userid: &str) -> i64 {
    let statement = format!(
        "SELECT count(*) FROM audit_entry WHERE action = 'staff.unionid' AND userid = '{userid}' AND reason <> ''"
    );
    app.number(&statement).await
}

/// Whether somebody gets in with this unionid.
async fn gets_in(app: &TestApp, unionid: &str) -> bool {
    let mut browser: Browser = app.browser();
    browser.scan(unionid, "/").await.status == 303
}

/// How many events wait with a reason that names the other person.
async fn waiting_for(app: &TestApp, holder: &str) -> i64 {
    let statement = format!(
        "SELECT count(*) FROM event WHERE state = 'waiting' AND last_error LIKE '%{holder} has the same unionid%'"
    );
    app.number(&statement).await
}

async fn alerts(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM alert WHERE kind = 'unionid_conflict'")
        .await
}

#[sqlx::test]
async fn two_people_who_swap_accounts_both_get_in_again_and_their_sessions_end(pool: PgPool) {
    let app = app_with(&pool, &[A, B]).await;
    let (one, other) = (unionid(&app, A), unionid(&app, B));
    let mut browser = app.signed_in(A).await;
    assert!(browser.is_in().await);
    hand_out(&app, &[(A, &other), (B, &one)]);
    for userid in [A, B] {
        tell(&app, &about("user_modify_org", &[userid])).await;
    }
    wait_for_unionid(&app, A, &other).await;
    wait_for_unionid(&app, B, &one).await;
    all_worked(&app).await;
    for userid in [A, B] {
        assert!(has_new_title(&app, userid).await, "{userid}");
        assert_eq!(audited(&app, userid).await, 1, "{userid}");
    }
    assert!(!browser.is_in().await, "a session belongs to an account");
    assert!(gets_in(&app, &one).await && gets_in(&app, &other).await);
    assert_eq!(alerts(&app).await, 0);
}

#[sqlx::test]
async fn a_ring_of_three_is_settled_by_the_event_of_one_of_them(pool: PgPool) {
    let app = app_with(&pool, &[A, B, C]).await;
    let [a, b, c] = [A, B, C].map(|userid| unionid(&app, userid));
    hand_out(&app, &[(A, &b), (B, &c), (C, &a)]);
    tell(&app, &about("user_modify_org", &[A])).await;
    for (userid, unionid) in [(A, &b), (B, &c), (C, &a)] {
        wait_for_unionid(&app, userid, unionid).await;
        assert!(has_new_title(&app, userid).await, "{userid}");
    }
}

#[sqlx::test]
async fn a_chain_of_three_leaves_nobody_out_whatever_the_order_of_the_events(pool: PgPool) {
    let app = app_with(&pool, &[A, B, C]).await;
    let [_, b, c] = [A, B, C].map(|userid| unionid(&app, userid));
    hand_out(&app, &[(A, &b), (B, &c), (C, "brand-new-unionid")]);
    for userid in [A, B, C] {
        tell(&app, &about("user_modify_org", &[userid])).await;
    }
    for (userid, unionid) in [(A, b.as_str()), (B, &c), (C, "brand-new-unionid")] {
        wait_for_unionid(&app, userid, unionid).await;
    }
    all_worked(&app).await;
    for unionid in [b.as_str(), &c, "brand-new-unionid"] {
        assert!(gets_in(&app, unionid).await, "{unionid}");
    }
}

#[sqlx::test]
async fn who_shares_a_unionid_is_up_to_date_in_all_else_and_waits_visibly_for_the_other(
    pool: PgPool,
) {
    let app = app_with(&pool, &[A, B]).await;
    let (shared, own) = (unionid(&app, A), unionid(&app, B));
    hand_out(&app, &[(B, "for-a-moment")]);
    app.sim.share_unionid_quietly(B, &shared).unwrap();
    tell(&app, &about("user_modify_org", &[B])).await;
    eventually("the event waits for the other", SOON, async || {
        waiting_for(&app, A).await == 1
    })
    .await;
    assert!(has_new_title(&app, B).await && has(&app, B, &own).await);
    assert_eq!(alerts(&app).await, 1);
    let mut admin = app.browser();
    let admin_unionid = unionid(&app, company::ADMIN);
    employ(&app, company::ADMIN).await;
    admin.scan(&admin_unionid, "/").await;
    let page = admin.get("/admin/events?state=waiting").await.body;
    let reason = format!("the employed {A} has the same unionid");
    assert!(page.contains(&reason), "{page}");
    let banner = "names a unionid that another employed person has";
    assert!(page.contains(banner), "{page}");
    // The other one gets another account, which an event says.
    let change = PersonChange {
        unionid: Some("elsewhere".into()),
        ..PersonChange::default()
    };
    app.sim.change(A, change).unwrap();
    wait_for_unionid(&app, B, &shared).await;
    all_worked(&app).await;
    assert_eq!((audited(&app, B).await, alerts(&app).await), (1, 0));
}

#[sqlx::test]
async fn a_unionid_is_free_within_seconds_when_the_one_who_has_it_leaves(pool: PgPool) {
    let app = app_with(&pool, &[A, B]).await;
    let shared = unionid(&app, A);
    app.sim.share_unionid_quietly(B, &shared).unwrap();
    tell(&app, &about("user_modify_org", &[B])).await;
    eventually("it has been retried for a while", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE state = 'waiting' AND attempts >= 3")
            .await
            == 1
    })
    .await;
    app.execute(
        "UPDATE event SET next_attempt_at = now() + interval '1 hour' WHERE state = 'waiting' AND claimed_by IS NULL",
    )
    .await;
    app.sim.dismiss(A).unwrap();
    wait_for_unionid(&app, B, &shared).await;
    assert!(gets_in(&app, &shared).await);
}

#[sqlx::test]
async fn who_is_listed_under_a_new_userid_is_in_as_soon_as_the_old_one_leaves(pool: PgPool) {
    let app = app_with(&pool, &[A]).await;
    let account = unionid(&app, A);
    let new = NewPerson {
        userid: Some("newid0001".into()),
        ..NewPerson::named("新账号")
    };
    app.sim.hire_quietly(new).unwrap();
    app.sim
        .share_unionid_quietly("newid0001", &account)
        .unwrap();
    tell(&app, &about("user_add_org", &["newid0001"])).await;
    eventually("the join waits", SOON, async || {
        waiting_for(&app, A).await == 1
    })
    .await;
    assert_eq!(app.status_of("newid0001").await, None);
    assert_eq!(alerts(&app).await, 1);
    app.sim.dismiss(A).unwrap();
    app.wait_for_status(
        "newid0001",
        Some("employed"),
        APPLIED + Duration::from_secs(2),
    )
    .await;
    all_worked(&app).await;
    assert_eq!(app.status_of(A).await.as_deref(), Some("left"));
    assert!(gets_in(&app, &account).await);
    assert_eq!(alerts(&app).await, 0);
}

#[sqlx::test]
async fn an_approval_settles_a_swap_that_no_event_has_told(pool: PgPool) {
    let app = app_with(&pool, &[A, B, company::ADMIN]).await;
    let (one, other) = (unionid(&app, A), unionid(&app, B));
    hand_out(&app, &[(A, &other), (B, &one)]);
    assert!(!gets_in(&app, &other).await, "the table is out of date");
    let case = app
        .number("SELECT id FROM unmatched_login WHERE state = 'waiting'")
        .await;
    let mut admin = app.admin().await;
    let approved = admin
        .post(&format!("/admin/unmatched/{case}/approve"), &[])
        .await;
    assert!(
        approved.status < 400,
        "{} {}",
        approved.status,
        approved.body
    );
    assert!(has(&app, A, &other).await && has(&app, B, &one).await);
    assert!(gets_in(&app, &other).await && gets_in(&app, &one).await);
}

#[sqlx::test]
async fn what_has_waited_for_days_outlives_an_outage_of_dingtalk(pool: PgPool) {
    let app = app_with(&pool, &[A, B]).await;
    let shared = unionid(&app, A);
    app.sim.share_unionid_quietly(B, &shared).unwrap();
    tell(&app, &about("user_modify_org", &[B])).await;
    eventually("the event waits for the other", SOON, async || {
        waiting_for(&app, A).await == 1
    })
    .await;
    // As after a day of tries every fifteen seconds.
    app.execute(
        "UPDATE event SET attempts = 5760, next_attempt_at = now() WHERE state = 'waiting'",
    )
    .await;
    let counted = "SELECT count(*) FROM event WHERE state = 'waiting' AND attempts BETWEEN 1 AND 5";
    eventually("the tries are those of an outage alone", SOON, async || {
        app.number(counted).await == 1
    })
    .await;
    app.sim.fault("*", dingtalk_sim::Fault::Http(500));
    app.execute("UPDATE event SET next_attempt_at = now() WHERE state = 'waiting'")
        .await;
    let unanswered =
        "SELECT count(*) FROM event WHERE state = 'waiting' AND last_error NOT LIKE '%unionid%'";
    eventually("DingTalk does not answer", SOON, async || {
        app.number(unanswered).await == 1
    })
    .await;
}
