//! The banner about conflicting unionids goes when their cause does, and people who share one for good are looked up
//! less and less often.

use std::time::Duration;

use super::*;
use crate::cli::run;
use crate::events::USER_GET;

async fn wait_for_alerts(app: &TestApp, count: i64) {
    eventually(&format!("{count} banners"), SOON, async || {
        alerts(app).await == count
    })
    .await;
}

/// How many people the banner speaks of.
async fn people_in_banner(app: &TestApp) -> i64 {
    app.number("SELECT coalesce(max(detail::bigint), 0) FROM alert WHERE kind = 'unionid_conflict'")
        .await
}

async fn mark_as_left(app: &TestApp, userid: &str) {
    let mut admin = app.admin().await;
    let path = format!("/admin/staff/{userid}/leave");
    let answer = admin.post(&path, &[("reason", "because")]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

/// Somebody new in DingTalk, with this person's unionid.
async fn join_with_unionid_of(app: &TestApp, userid: &str) {
    let new = NewPerson {
        userid: Some("newid0001".into()),
        ..NewPerson::named("新账号")
    };
    app.sim.hire_quietly(new).unwrap();
    app.sim
        .share_unionid_quietly("newid0001", &unionid(app, userid))
        .unwrap();
    tell(app, &about("user_add_org", &["newid0001"])).await;
}

#[sqlx::test]
async fn it_goes_when_the_other_is_marked_as_left_by_hand_which_keeps_the_unionid_from_everybody(
    pool: PgPool,
) {
    let app = app_with(&pool, &[A, B, company::ADMIN]).await;
    let own = unionid(&app, B);
    app.sim.share_unionid_quietly(B, &unionid(&app, A)).unwrap();
    tell(&app, &about("user_modify_org", &[B])).await;
    wait_for_alerts(&app, 1).await;
    mark_as_left(&app, A).await;
    wait_for_alerts(&app, 0).await;
    all_worked(&app).await;
    assert!(has(&app, B, &own).await);
}

#[sqlx::test]
async fn it_goes_when_whoever_waits_to_join_is_kept_out_by_a_decision_about_the_other(
    pool: PgPool,
) {
    let app = app_with(&pool, &[A, company::ADMIN]).await;
    join_with_unionid_of(&app, A).await;
    wait_for_alerts(&app, 1).await;
    mark_as_left(&app, A).await;
    wait_for_alerts(&app, 0).await;
    all_worked(&app).await;
    assert_eq!(app.status_of("newid0001").await, None);
}

#[sqlx::test]
async fn it_goes_when_whoever_waits_to_join_leaves_first(pool: PgPool) {
    let app = app_with(&pool, &[A]).await;
    join_with_unionid_of(&app, A).await;
    wait_for_alerts(&app, 1).await;
    tell(&app, &about("user_leave_org", &["newid0001"])).await;
    app.execute("UPDATE event SET next_attempt_at = now() WHERE state = 'waiting'")
        .await;
    wait_for_alerts(&app, 0).await;
}

#[sqlx::test]
async fn it_goes_with_a_sync_that_finds_everybody_with_other_unionids(pool: PgPool) {
    let app = app_with(&pool, &[A, B, C]).await;
    let (a, c) = (unionid(&app, A), unionid(&app, C));
    // B is to have that of A, who is to have that of C: no event waits for A.
    hand_out(&app, &[(A, "for-a-moment")]);
    app.sim.share_unionid_quietly(A, &c).unwrap();
    app.sim.share_unionid_quietly(B, &a).unwrap();
    tell(&app, &about("user_modify_org", &[B])).await;
    eventually("both wait", SOON, async || {
        people_in_banner(&app).await == 2
    })
    .await;
    hand_out(&app, &[(A, "fresh-a"), (B, "fresh-b")]);
    app.execute("UPDATE event SET next_attempt_at = now() WHERE state = 'waiting'")
        .await;
    all_worked(&app).await;
    assert_eq!(people_in_banner(&app).await, 1, "that of A, unseen so far");
    let ended = run(&app.settings, &["sync"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(has(&app, A, "fresh-a").await);
    assert_eq!(alerts(&app).await, 0);
}

#[sqlx::test]
async fn who_shares_a_unionid_for_good_is_looked_up_every_five_minutes_and_at_once_when_it_is_free(
    pool: PgPool,
) {
    let app = app_with(&pool, &[A, B]).await;
    let shared = unionid(&app, A);
    app.sim.share_unionid_quietly(B, &shared).unwrap();
    tell(&app, &about("user_modify_org", &[B])).await;
    eventually("the event waits for the other", SOON, async || {
        waiting_for(&app, A).await == 1
    })
    .await;
    // As after the tries of the first minutes.
    app.execute("UPDATE event SET attempts = 5, next_attempt_at = now() WHERE state = 'waiting'")
        .await;
    eventually("the next try is minutes away", SOON, async || {
        app.number(
            "SELECT count(*) FROM event WHERE state = 'waiting' AND claimed_by IS NULL AND attempts = 5
                 AND next_attempt_at > now() + interval '2 minutes'",
        )
        .await
            == 1
    })
    .await;
    app.sim.reset_calls();
    // Due times that lie too far ahead are repaired every two seconds.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(app.sim.calls_about(USER_GET, B), 0);
    app.sim.dismiss(A).unwrap();
    wait_for_unionid(&app, B, &shared).await;
}
