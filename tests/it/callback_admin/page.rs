//! Held events on the administrators' pages.

use std::time::Duration;

use dingtalk_sim::company;
use sqlx::PgPool;

use super::{entry, now, wait_for_first_reading};
use crate::cli::run;
use crate::support::{TestApp, eventually};

#[sqlx::test]
async fn held_events_are_seen_and_released_by_an_administrator(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    wait_for_first_reading(&app).await;
    let mut admin = app.admin().await;
    admin.headers = vec![("accept-language", "zh-CN".to_owned())];
    assert!(
        !admin
            .get("/admin/events")
            .await
            .body
            .contains("release-held")
    );
    app.sim.add_failed_many([
        entry("user_leave_org", now(), &[company::EMPLOYEE]),
        entry("user_leave_org", now() + 1, &[company::LEADING_ZERO]),
    ]);
    let held = run(&app.settings, &["callback", "failed"]);
    assert_eq!(held.code, Some(0), "{held:?}");
    let id = app
        .number("SELECT min(id) FROM event WHERE state = 'parked'")
        .await;

    let page = admin.get("/admin/events?state=parked").await;
    assert_eq!(page.status, 200);
    for part in [
        "暂存",
        "钉钉推送失败",
        "/admin/events/release-held",
        &format!("/admin/events/{id}/release"),
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    let detail = admin.get(&format!("/admin/events/{id}")).await;
    assert!(detail.body.contains("call_back_tag") && detail.body.contains("暂存"));

    let one = admin
        .post(&format!("/admin/events/{id}/release"), &[])
        .await;
    assert_eq!(one.status, 303, "{}", one.body);
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
    assert_eq!(
        app.status_of(company::LEADING_ZERO).await.as_deref(),
        Some("employed")
    );
    assert_eq!(
        admin
            .post_bare("/admin/events/release-held", &[])
            .await
            .status,
        403
    );
    let all = admin.post("/admin/events/release-held", &[]).await;
    assert_eq!(all.status, 303);
    assert_eq!(
        app.status_of(company::LEADING_ZERO).await.as_deref(),
        Some("left")
    );
    let audit = "SELECT count(*) FROM audit_entry WHERE action = 'event.release' AND actor = 'manager4220' AND status = '1' AND ip IS NOT NULL";
    assert_eq!(app.number(audit).await, 2);
    assert!(
        admin
            .get("/admin/audit")
            .await
            .body
            .contains("放行暂存事件")
    );
    // Alerts are read once a second.
    eventually("the banner", Duration::from_secs(3), async || {
        let banner = admin.clone().get("/admin/events").await.body;
        banner.contains("2 个事件没能推送")
    })
    .await;
}
