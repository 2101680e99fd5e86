//! The outline of each page against the one that is kept: what stands on it, without what every run changes.
//! Text, not pictures: a lost element shows as a lost line, whatever the fonts are, and a review can read it.

use dingtalk_sim::company;
use insta::assert_snapshot;
use sqlx::PgPool;

use crate::support::{Answer, TestApp};

/// Attributes that say what an element is for.
const KEPT: [&str; 12] = [
    "id",
    "class",
    "name",
    "type",
    "href",
    "action",
    "role",
    "aria-label",
    "aria-sort",
    "aria-current",
    "data-label",
    "datetime",
];

/// One line for each element and each text, with a number sign for every run of digits.
fn outline(answer: &Answer) -> String {
    let mut lines = vec![answer.status.to_string()];
    let mut rest = answer.body.as_str();
    while let Some((text, tail)) = rest.split_once('<') {
        push(&mut lines, text);
        let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
        if !tag.starts_with(['/', '!']) {
            lines.push(element(tag));
        }
        rest = after;
    }
    lines.push(String::new());
    lines.join("\n")
}

fn push(lines: &mut Vec<String>, text: &str) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        lines.push(format!("  {}", masked(&text)));
    }
}

fn element(tag: &str) -> String {
    let name = tag.split_whitespace().next().unwrap_or_default();
    let mut line = name.to_owned();
    for kept in KEPT {
        if let Some((_, rest)) = tag.split_once(&format!(" {kept}=\"")) {
            let value = rest.split('"').next().unwrap_or_default();
            line.extend([" ", kept, "=", &masked(value)]);
        }
    }
    line
}

/// Runs of digits and random ids become a number sign; how long ago something was depends on the run.
fn masked(text: &str) -> String {
    let is_reference = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    let is_random = |word: &str| {
        let is_id = word.chars().any(|c| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        word.len() >= 8 && (is_id || word.chars().all(is_reference))
    };
    let words = text.split(' ').map(|word| {
        let parts = word.split_inclusive(['/', '=', '&', '?']);
        let parts = parts.map(|part| {
            let core = part.trim_end_matches(['/', '=', '&', '?']);
            if is_random(core) {
                part.replace(core, "#")
            } else {
                part.to_owned()
            }
        });
        parts.collect::<String>()
    });
    let mut masked = String::new();
    for character in words.collect::<Vec<_>>().join(" ").chars() {
        match character {
            c if c.is_ascii_digit() && masked.ends_with('#') => {}
            c if c.is_ascii_digit() => masked.push('#'),
            c => masked.push(c),
        }
    }
    masked
        .replace("just now", "# ago")
        .replace("in a moment", "in #")
}

/// What the lists hold: one of each kind, some days old, so that nothing is swept away or says how fast a run is.
const SEED: &str = "
INSERT INTO department (dept_id, parent_id, name, observed_at) VALUES (1, NULL, '示例公司', '2026-01-01Z');
INSERT INTO staff (userid, unionid, name, title, created_at) VALUES ('u-wang', 'n-wang', '王小明', '会计', '2026-01-01Z');
INSERT INTO staff_department (userid, dept_id) VALUES ('u-wang', 1);
INSERT INTO event (dedupe_key, event_type, userids, body, state, attempts, last_error, received_at) VALUES
    ('id:one', 'user_modify_org', '{u-wang}', '{\"EventType\":\"user_modify_org\"}', 'failed', 9, 'cannot be applied', now() - interval '3 days');
INSERT INTO sync_run (cause, started_by, state, started_at, finished_at, instance, lease_until, calls, added, unchanged) VALUES
    ('command', 'command:root', 'done', now() - interval '3 days', now() - interval '71 hours', gen_random_uuid(), now(), 42, 3, 60);
INSERT INTO unmatched_login (unionid, userid, nick, reason, last_request_id, first_seen_at, last_seen_at) VALUES
    ('n-guo', 'u-guo', '郭静', 'pending_review', 'REF-1', now() - interval '4 days', now() - interval '3 days');
INSERT INTO audit_entry (at, actor, actor_kind, action, userid, name, status, reason, reference, ip) VALUES
    ('2026-01-01Z', 'u-wang', 'person', 'review.reject', NULL, '郭静', 'rejected', 'not one of us', 'REFR-7', '192.0.2.7')";

#[sqlx::test]
async fn every_page_keeps_its_outline(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    app.execute(SEED).await;
    let mut admin = app.admin().await;
    let mut nobody = app.browser();
    let pages = [
        ("overview", "/admin"),
        ("unmatched", "/admin/unmatched"),
        ("unmatched_detail", "/admin/unmatched/1"),
        ("staff", "/admin/staff?q=u-wang"),
        ("staff_detail", "/admin/staff/u-wang"),
        ("departments", "/admin/departments"),
        ("events", "/admin/events"),
        ("event_detail", "/admin/events/1"),
        ("syncs", "/admin/syncs"),
        ("sync_detail", "/admin/syncs/1"),
        ("queue", "/admin/queue"),
        ("sessions", "/admin/sessions"),
        ("audit", "/admin/audit?action=review.reject"),
        ("empty_list", "/admin/events?q=nobody-like-that"),
        ("not_found", "/admin/nothing-here"),
        ("bad_filter", "/admin/events?state=odd"),
        ("portal", "/"),
    ];
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for (name, path) in pages {
        let answer = admin.get(path).await;
        assert_snapshot!(name, outline(&answer));
    }
    let asked = admin
        .post(
            "/admin/staff-bulk",
            &[("ids", "u-wang"), ("action", "leave")],
        )
        .await;
    assert_snapshot!("staff_bulk", outline(&asked));
    for (name, path) in [("login", "/login"), ("refused_state", "/login/callback")] {
        let answer = nobody.get(path).await;
        assert_snapshot!(name, outline(&answer));
    }
    let refused = nobody.scan(company::STRANGER_UNIONID, "/").await;
    assert_snapshot!("refused_stranger", outline(&refused));
}

#[test]
fn what_every_run_changes_is_masked() {
    assert_eq!(masked("Reference 7K2 at 12:30"), "Reference #K# at #:#");
    assert_eq!(
        masked("/admin/sessions/0d9f7a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6/end"),
        "/admin/sessions/#/end"
    );
    assert_eq!(
        masked("/static/admin.js?v=0123456789abcdef"),
        "/static/admin.js?v=#"
    );
    assert_eq!(masked("facade effaced"), "facade effaced");
}
