//! The pages of full syncs: the list, a run's plan, what is decided about it.

use std::time::Duration;

use dingtalk_sim::{Fault, company};
use sqlx::PgPool;

use super::{rows, shows, spawn};
use crate::support::{TestApp, eventually};

#[sqlx::test]
async fn the_runs_tell_what_they_did_and_lead_to_their_plans(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("UPDATE sync_run SET lease_until = now() - interval '1 minute' WHERE id = 3")
        .await;
    let page = admin.get("/admin/syncs").await.body;
    for text in [
        "Departures need approval",
        "waits for a decision, expires in 22 hours",
        "Held back <a href=\"/admin/syncs/1?kind=withheld#plan\">17</a>",
        "Added <a href=\"/admin/syncs/1?kind=added#plan\">3</a></span> · ",
        "Unchanged 60</span>",
        "1 min 15 s",
        "Interrupted",
        "Command line (root)",
        "李晓华",
        "Next scheduled sync: <time",
    ] {
        assert!(shows(&page, text), "{text}: {page}");
    }
    for (query, found) in [
        ("state=done", 1),
        ("cause=empty", 1),
        ("cause=schedule", 0),
        ("q=leavers", 1),
        ("q=u-li", 1),
        ("q=2", 1),
        ("state=failed", 0),
    ] {
        let answer = admin.get(&format!("/admin/syncs?{query}")).await;
        assert_eq!(rows(&answer.body), found, "{query}");
    }
    admin.headers[0].1 = "zh-CN".to_owned();
    let chinese = admin.get("/admin/syncs").await.body;
    assert!(
        shows(&chinese, "离职待确认") && shows(&chinese, "立即全量同步"),
        "{chinese}"
    );
}

/// Run 1 waits for a decision about three people; run 2 is done and has changed this and that.
const PLANS: &str = r#"
DELETE FROM sync_change;
UPDATE sync_run SET withheld = 3, skipped = 0, added = 0 WHERE id = 1;
UPDATE sync_run SET unannounced = 2 WHERE id = 2;
INSERT INTO sync_change (run_id, position, kind, userid, name) VALUES
    (1, 1, 'withheld', 'u-wang', '王小明'), (1, 2, 'withheld', 'u-li', '李晓华'), (1, 3, 'withheld', 'u-gone', '<b>无页面</b>');
INSERT INTO sync_change (run_id, position, kind, userid, name, differences) VALUES
    (2, 1, 'changed', 'u-wang', '王小明', '[{"field": "title", "old": "工程师", "new": "<i>经理</i>"}, {"field": "departments", "old": "10, 11", "new": "10 (leader), 20"}, {"field": "hired_date", "old": "", "new": "2026-11-21T16:30:00+00:00"}]'),
    (2, 2, 'left', 'u-li', '李晓华', '[]');
INSERT INTO sync_change (run_id, position, kind, dept_id, name, differences) VALUES
    (2, 3, 'department_changed', 11, '平台组', '[{"field": "parent_id", "old": "1", "new": "10"}]');
INSERT INTO sync_change (run_id, position, kind, userid, reason, reason_field) VALUES (2, 4, 'skipped', 'stranger', 'bad_record', 'name');
INSERT INTO sync_change (run_id, position, kind, reason, reason_field) VALUES (2, 5, 'skipped', 'bad_record', 'userid');
"#;

#[sqlx::test]
async fn a_plan_shows_who_which_field_and_what_it_was_before(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(PLANS).await;
    let page = admin.get("/admin/syncs/2").await.body;
    assert_eq!(rows(&page), 5);
    for text in [
        "<a href=\"/admin/staff/u-wang\">王小明</a>",
        "<span class=\"muted\">Title</span> <del>工程师</del>",
        "<ins>&#60;i&#62;经理&#60;/i&#62;</ins>",
        "<span class=\"muted\">Leaves</span> <ins>平台组</ins>",
        "<span class=\"muted\">Joins</span> <ins>财务部</ins>",
        "<span class=\"muted\">Now leads</span> <ins>研发中心</ins>",
        "<ins>2026-11-22</ins>",
        "<a href=\"/admin/departments/11\">平台组</a>",
        "<span class=\"muted\">Parent</span> <del>示例公司</del>",
        "record lacks a readable name",
        "A record without a userid",
        "No event had announced the changes to 2 people",
    ] {
        assert!(shows(&page, text), "{text}: {page}");
    }
    assert!(
        !shows(&page, "/admin/staff/stranger"),
        "there is no such page"
    );
    assert!(!shows(&page, "data-refresh") && !shows(&page, "Approve"));
    for (query, found) in [
        ("kind=changed", 1),
        ("kind=skipped", 2),
        ("kind=added", 0),
        ("q=%E7%BB%8F%E7%90%86", 1),
        ("q=STRANGER&kind=skipped", 1),
        ("q=stranger&kind=left", 0),
        ("q=lacks+a+readable", 2),
        ("q=%E8%AE%B0%E5%BD%95%E7%BC%BA%E5%B0%91", 2),
        ("per_page=2&page=3", 1),
    ] {
        let answer = admin.get(&format!("/admin/syncs/2?{query}")).await;
        assert_eq!(rows(&answer.body), found, "{query}");
    }
    admin.headers[0].1 = "zh-CN".to_owned();
    let chinese = admin.get("/admin/syncs/2").await.body;
    for text in [
        "钉钉返回的记录缺少字段或无法识别：name",
        "担任主管",
        "2 名员工的变更此前没有收到过事件通知",
    ] {
        assert!(shows(&chinese, text), "{text}");
    }
}

#[sqlx::test]
async fn a_run_whose_records_were_deleted_does_not_say_that_it_changed_nothing(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("DELETE FROM sync_change; UPDATE sync_run SET added = 0, changed = 0, returned = 0, left_count = 0,
        skipped = 0, withheld = 0, departments_added = 0, departments_changed = 0, departments_removed = 0 WHERE id = 2")
        .await;
    let page = admin.get("/admin/syncs/2").await.body;
    assert!(shows(&page, "nothing had to be changed"), "{page}");
    for counted in [
        "UPDATE sync_run SET departments_added = 1 WHERE id = 2",
        "UPDATE sync_run SET departments_added = 0, departments_removed = 1 WHERE id = 2",
    ] {
        app.execute(counted).await;
        let page = admin.get("/admin/syncs/2").await.body;
        assert!(shows(&page, "were kept for 90 days"), "{page}");
    }
}

#[sqlx::test]
async fn a_run_that_waits_names_those_whom_it_would_mark_and_what_will_happen(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(PLANS).await;
    let page = admin.get("/admin/syncs/1").await.body;
    for text in [
        "Departures need your approval: 3 people",
        "<li><a href=\"/admin/staff/u-wang\">王小明</a></li>",
        "<li>&#60;b&#62;无页面&#60;/b&#62;</li>",
        "Up to 3 people will be marked as left and signed out",
        "The 3 people stay employed",
        "action=\"/admin/syncs/1/approve\"",
        "action=\"/admin/syncs/1/discard\"",
        "dinggate sync --accept-leavers",
    ] {
        assert!(shows(&page, text), "{text}: {page}");
    }
    app.execute("INSERT INTO sync_change (run_id, position, kind, userid, name) SELECT 1, 10 + i, 'withheld', 'x' || i, 'N' || i FROM generate_series(1, 120) i;
        UPDATE sync_run SET withheld = 123 WHERE id = 1").await;
    let page = admin.get("/admin/syncs/1").await.body;
    assert!(
        shows(&page, "<a href=\"?kind=withheld#plan\">and 23 more"),
        "{page}"
    );
}

#[sqlx::test]
async fn what_was_decided_or_not_in_time_is_said_and_cannot_be_decided_again(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(PLANS).await;
    let answer = admin.post("/admin/syncs/1/discard", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/admin/syncs/1"));
    let page = admin.get("/admin/syncs/1").await.body;
    for text in [
        "Discarded: nobody was marked as left",
        &format!("/admin/staff/{}", company::ADMIN),
    ] {
        assert!(shows(&page, text), "{text}: {page}");
    }
    assert!(!shows(&page, "/approve\""));
    for action in ["approve", "discard"] {
        let answer = admin.post(&format!("/admin/syncs/1/{action}"), &[]).await;
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/admin/syncs/1"),
            "{action}"
        );
        let page = admin.get("/admin/syncs/1").await.body;
        assert!(
            shows(&page, "does not wait for a decision any more"),
            "{page}"
        );
        for missing in ["99", "x"] {
            let answer = admin
                .post(&format!("/admin/syncs/{missing}/{action}"), &[])
                .await;
            assert_eq!(answer.status, 404, "{missing} {action}");
        }
    }
    assert_eq!(app.number("SELECT count(*) FROM audit_entry WHERE action = 'sync.discard' AND reference = '1' AND actor = 'manager4220'").await, 1);
    app.execute("UPDATE sync_run SET decision = 'superseded', decided_by = NULL WHERE id = 1")
        .await;
    assert!(shows(
        &admin.get("/admin/syncs/1").await.body,
        "A later sync replaced this one"
    ));
    app.execute("UPDATE sync_run SET decision = NULL, decided_at = NULL, finished_at = now() - interval '25 hours' WHERE id = 1").await;
    let page = admin.get("/admin/syncs/1").await.body;
    assert!(
        shows(&page, "Nobody decided within 24 hours") && !shows(&page, "/approve\""),
        "{page}"
    );
}

#[sqlx::test]
async fn the_run_that_carries_a_decision_out_and_the_one_that_waited_lead_to_each_other(
    pool: PgPool,
) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(PLANS).await;
    app.execute("UPDATE sync_run SET decision = 'approved', decided_by = 'u-li', decided_at = now() WHERE id = 1;
        UPDATE sync_run SET approves = 1, cause = 'approval' WHERE id = 2").await;
    let old = admin.get("/admin/syncs/1").await.body;
    assert!(
        shows(&old, "Approved. Another sync")
            && shows(&old, "<a href=\"/admin/syncs/2\">See sync 2</a>"),
        "{old}"
    );
    let new = admin.get("/admin/syncs/2").await.body;
    assert!(
        shows(
            &new,
            "<a href=\"/admin/syncs/1\">It asks about, and marks, the approved leavers of sync 1."
        ),
        "{new}"
    );
}

/// A service whose first sync is over.
async fn imported(pool: &PgPool) -> TestApp {
    TestApp::spawn(pool).await
}

#[sqlx::test]
async fn an_administrator_starts_a_sync_and_sees_it_running_and_done(pool: PgPool) {
    let app = imported(&pool).await;
    let mut admin = app.admin().await;
    app.sim.fault(
        "/topapi/v2/department/listsub",
        Fault::Delay(Duration::from_millis(700)),
    );
    let answer = admin.post("/admin/syncs", &[]).await;
    assert_eq!(answer.status, 303);
    let path = answer.location().to_owned();
    let page = admin.get(&path).await.body;
    for text in [
        "The full sync has started",
        "data-refresh=\"3\"",
        "By an administrator",
        "There are no records yet",
    ] {
        assert!(shows(&page, text), "{text}: {page}");
    }
    // The second one is told who runs it, and led there.
    let again = admin.post("/admin/syncs", &[]).await;
    assert_eq!((again.status, again.location()), (303, path.as_str()));
    let name = app.sim.person(company::ADMIN).unwrap().name;
    let page = admin.get(&path).await.body;
    assert!(
        shows(
            &page,
            &format!("A full sync is running already, started by {name} just now")
        ),
        "{page}"
    );
    app.sim.clear_faults();
    eventually("the sync is done", Duration::from_secs(30), async || {
        app.number("SELECT count(*) FROM sync_run WHERE cause = 'admin' AND started_by = 'manager4220' AND state = 'done'").await == 1
    })
    .await;
    let page = admin.get(&path).await.body;
    assert!(
        !shows(&page, "data-refresh") && shows(&page, "Everything agrees with the directory"),
        "{page}"
    );
}
