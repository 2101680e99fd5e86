//! Contact data is masked for the auditor, wherever it stands.

use dingtalk_sim::company::{EMPLOYEE, LEADING_ZERO};
use sqlx::PgPool;

use super::grant;
use crate::support::TestApp;

const SEED: &str = r#"
INSERT INTO event (id, dedupe_key, event_type, state, body) OVERRIDING SYSTEM VALUE VALUES
    (900001, 'id:masked', 'bpms_task_change', 'applied', '{"title": "call 13800000003", "mobile": "13800000003", "to": ["zhangsan@corp.example.com"]}');
INSERT INTO webhook_delivery (id, message_type, userid, subject, state, body) OVERRIDING SYSTEM VALUE VALUES
    (1, 'staff.changed', 'zhangsan01', 'call 13800000003, write zhangsan@corp.example.com', 'failed', '{"data": {"mobile": "13800000003", "email": "zhangsan@corp.example.com"}}');
INSERT INTO audit_entry (actor, actor_kind, action, name, status) VALUES ('manager4220', 'person', 'webhook.resend', 'call 13800000003', 'waiting');
INSERT INTO audit_entry (actor, actor_kind, action, userid, status, reason) VALUES
    ('manager4220', 'person', 'staff.restored', 'zhangsan01', 'employed', 'phoned 13800000003, wrote to zhangsan@corp.example.com');
INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id, state, decided_by, decided_at, decision_reason) OVERRIDING SYSTEM VALUE VALUES
    (1, 'u-case', 'zhangsan01', 'x', 'left', 'R', 'rejected', 'manager4220', now(), 'phoned 13800000003, wrote to zhangsan@corp.example.com');
INSERT INTO sync_run (id, cause, started_by, state, started_at, finished_at, instance, lease_until) OVERRIDING SYSTEM VALUE VALUES
    (900001, 'command', 'x', 'done', now(), now(), gen_random_uuid(), now());
INSERT INTO sync_change (run_id, position, kind, userid, name, differences) VALUES
    (900001, 1, 'changed', 'zhangsan01', '张三', '[{"field": "mobile", "old": "13800000003", "new": "13800000004"}, {"field": "email", "old": "", "new": "zhangsan@corp.example.com"}]')"#;

const PAGES: [&str; 12] = [
    "/admin/staff/zhangsan01",
    "/admin/staff.csv",
    "/admin/events/900001",
    "/admin/webhooks",
    "/admin/webhooks/1",
    "/admin/audit",
    "/admin/audit.csv",
    "/admin/unmatched/1",
    "/admin/unmatched.csv?reason=all&state=all",
    "/admin/syncs/900001",
    "/admin/syncs/900001.csv",
    "/admin/webhooks.csv",
];

#[sqlx::test]
async fn an_auditor_reads_no_mobile_number_and_no_e_mail_address(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let contact = app.sim.person(EMPLOYEE).unwrap();
    assert_eq!(
        (contact.mobile.as_str(), contact.org_email.as_str()),
        ("13800000003", "zhangsan@corp.example.com")
    );
    app.execute(SEED).await;
    grant(&app, &[LEADING_ZERO, "--role", "auditor"]);
    let (mut auditor, mut admin) = (app.signed_in(LEADING_ZERO).await, app.admin().await);
    for page in PAGES {
        let (shown, masked) = (admin.get(page).await, auditor.get(page).await);
        assert_eq!((shown.status, masked.status), (200, 200), "{page}");
        for contact in ["13800000003", "zhangsan@corp.example.com"] {
            assert!(shown.body.contains(contact), "{page}: {}", shown.body);
        }
        assert!(masked.body.contains("****"), "{page}: {}", masked.body);
        for contact in ["1380000", "example.com"] {
            assert!(
                !masked.body.contains(contact),
                "{contact} in {page}: {}",
                masked.body
            );
        }
        assert!(
            !masked
                .body
                .contains("<button class=\"button button-danger\""),
            "{page}"
        );
    }
}

#[sqlx::test]
async fn an_auditor_cannot_search_or_sort_by_contact_data(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute(SEED).await;
    grant(&app, &[LEADING_ZERO, "--role", "auditor"]);
    let (mut auditor, mut admin) = (app.signed_in(LEADING_ZERO).await, app.admin().await);
    for list in [
        "/admin/staff?q=13800000003",
        "/admin/staff.csv?q=zhangsan%40corp",
        "/admin/syncs/900001?q=13800000004",
    ] {
        assert!(admin.get(list).await.body.contains("张三"), "{list}");
        assert!(!auditor.get(list).await.body.contains("张三"), "{list}");
    }
    for sort in ["mobile", "email"] {
        let list = format!("/admin/staff?sort={sort}");
        assert_eq!(auditor.get(&list).await.status, 400, "{list}");
    }
    assert!(
        auditor
            .get("/admin/syncs/900001?q=mobile")
            .await
            .body
            .contains("张三")
    );
    let found = "/admin/webhooks?q=13800000003";
    assert!(admin.get(found).await.body.contains("/admin/webhooks/1"));
    assert!(!auditor.get(found).await.body.contains("/admin/webhooks/1"));
}
