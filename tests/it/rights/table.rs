//! The table of rights: every route of the administration for every role.

use std::collections::BTreeSet;
use std::path::Path;

use dingtalk_sim::company::{ADMIN, EMPLOYEE, LEADING_ZERO, TWO_DEPARTMENTS};
use reqwest::Method;
use sqlx::PgPool;

use super::grant;
use crate::support::{Browser, TestApp};

const AUDITOR: &str = "wangwei07";
const NO_ROLE: &str = "zhaolei01";
/// The department of [`EMPLOYEE`].
const FINANCE: &str = "410020006";

/// The answers to an auditor, a reviewer limited to [`FINANCE`], a reviewer and an administrator.
type Answers = [u16; 4];

const PEOPLE: Answers = [200; 4];
const OPERATIONS: Answers = [200, 403, 403, 200];

/// Deciding about people: the forms lack something, so that nothing is done and the next role finds the same.
const fn decide(status: u16) -> Answers {
    [403, status, status, status]
}

const fn administer(status: u16) -> Answers {
    [403, 403, 403, status]
}

const TABLE: [(&str, &str, Answers); 60] = [
    ("GET", "/", PEOPLE),
    ("GET", "", PEOPLE),
    ("GET", "/unmatched", PEOPLE),
    ("GET", "/unmatched{FORMATS}", PEOPLE),
    ("POST", "/unmatched/bulk", decide(400)),
    ("GET", "/unmatched/{id}", PEOPLE),
    ("POST", "/unmatched/{id}/approve", decide(409)),
    ("POST", "/unmatched/{id}/reject", decide(400)),
    ("POST", "/unmatched/{id}/reopen", decide(409)),
    ("POST", "/unmatched/{id}/limit", decide(409)),
    ("POST", "/unmatched/{id}/lookup", decide(303)),
    // Of others' jobs a limited reviewer sees none.
    ("GET", "/unmatched/jobs/{id}", [200, 404, 200, 200]),
    ("GET", "/search", PEOPLE),
    ("GET", "/staff", PEOPLE),
    ("GET", "/staff{FORMATS}", PEOPLE),
    ("POST", "/staff-bulk", decide(400)),
    ("GET", "/staff/{userid}", PEOPLE),
    ("POST", "/staff/{userid}/leave", decide(400)),
    ("POST", "/staff/{userid}/restore", decide(400)),
    ("POST", "/staff/{userid}/end-sessions", decide(400)),
    ("GET", "/departments", PEOPLE),
    ("GET", "/departments{FORMATS}", PEOPLE),
    ("GET", "/departments/{id}", PEOPLE),
    ("GET", "/events", OPERATIONS),
    ("GET", "/events{FORMATS}", OPERATIONS),
    ("GET", "/events/{id}", OPERATIONS),
    ("POST", "/events/retry-failed", administer(303)),
    ("POST", "/events/release-held", administer(303)),
    ("POST", "/events/{id}/retry", administer(303)),
    ("POST", "/events/{id}/release", administer(303)),
    ("GET", "/syncs", OPERATIONS),
    ("POST", "/syncs", administer(303)),
    ("GET", "/syncs{FORMATS}", OPERATIONS),
    ("GET", r"/syncs/{{id:\d+}}{FORMATS}", OPERATIONS),
    ("GET", "/syncs/{id}", OPERATIONS),
    ("POST", "/syncs/{id}/approve", administer(303)),
    ("POST", "/syncs/{id}/discard", administer(303)),
    ("GET", "/webhooks", OPERATIONS),
    ("GET", "/webhooks{FORMATS}", OPERATIONS),
    ("GET", "/webhooks/{id}", OPERATIONS),
    ("POST", "/webhooks/resend-failed", administer(303)),
    ("POST", "/webhooks/{id}/resend", administer(303)),
    ("GET", "/queue", OPERATIONS),
    ("GET", "/sessions", OPERATIONS),
    ("GET", "/sessions{FORMATS}", OPERATIONS),
    ("POST", "/sessions/bulk", administer(303)),
    ("POST", "/sessions/{id}/end", administer(303)),
    ("GET", "/apps", administer(200)),
    ("GET", "/apps/new", administer(200)),
    ("POST", "/apps/new", administer(400)),
    ("GET", "/apps/{id}", administer(200)),
    ("POST", "/apps/{id}", administer(400)),
    ("POST", "/apps/{id}/show", administer(303)),
    ("POST", "/apps/{id}/hide", administer(303)),
    ("POST", "/apps/{id}/up", administer(303)),
    ("POST", "/apps/{id}/down", administer(303)),
    ("POST", "/apps/{id}/delete", administer(303)),
    ("GET", "/audit", OPERATIONS),
    ("GET", "/audit{FORMATS}", OPERATIONS),
    ("POST", "/alerts/{kind}/dismiss", administer(303)),
];

/// What the tables hold: a waiting case of somebody in finance, and one row of everything else, each with id 1.
const SEED: &str = "
INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE VALUES (1, 'u-case', 'zhangsan01', '张三', 'left', 'R');
INSERT INTO review_job (id, action, reason, created_by) OVERRIDING SYSTEM VALUE VALUES (1, 'reject', 'x', 'manager4220');
INSERT INTO event (id, dedupe_key, event_type, state) OVERRIDING SYSTEM VALUE VALUES (900001, 'id:table', 'org_change', 'applied');
INSERT INTO webhook_delivery (id, message_type, userid, subject, state) OVERRIDING SYSTEM VALUE VALUES (1, 'staff.left', 'zhangsan01', 'x', 'failed');
INSERT INTO app (id, name, url, colour, position) OVERRIDING SYSTEM VALUE VALUES (1, 'Wiki', 'https://wiki.example.com/', 'blue', 1)";

fn concrete(pattern: &str) -> String {
    let id = match pattern.split('/').nth(1) {
        Some("departments") => FINANCE,
        Some("events") => "900001",
        Some("sessions") => "00000000-0000-4000-8000-000000000000",
        _ => "1",
    };
    let path = pattern
        .replace(r"{{id:\d+}}", id)
        .replace("{FORMATS}", ".xlsx")
        .replace("{userid}", EMPLOYEE)
        .replace("{kind}", "nothing")
        .replace("{id}", id);
    format!("/admin{path}")
}

async fn status(browser: &mut Browser, method: &str, pattern: &str) -> (u16, String) {
    let path = concrete(pattern);
    let answer = if method == "GET" {
        browser.send(Method::GET, &path, None).await
    } else {
        browser.post(&path, &[("userid", "not-in-the-table")]).await
    };
    (answer.status, answer.location().to_owned())
}

#[sqlx::test]
async fn every_route_answers_every_role_as_the_table_of_rights_says(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[AUDITOR, "--role", "auditor"]);
    grant(
        &app,
        &[
            TWO_DEPARTMENTS,
            "--role",
            "reviewer",
            "--departments",
            FINANCE,
        ],
    );
    grant(&app, &[LEADING_ZERO, "--role", "reviewer"]);
    let mut browsers = Vec::new();
    for userid in [AUDITOR, TWO_DEPARTMENTS, LEADING_ZERO, ADMIN] {
        browsers.push(app.signed_in(userid).await);
    }
    let (mut employee, mut nobody) = (app.signed_in(NO_ROLE).await, app.browser());
    app.execute(SEED).await;
    let mut wrong = Vec::new();
    for (method, pattern, answers) in TABLE {
        let (stranger, login) = status(&mut nobody, method, pattern).await;
        if stranger != 303 || !login.starts_with("/login?rd=") {
            wrong.push(format!(
                "{method} {pattern}: {stranger} {login} without a session"
            ));
        }
        let (without, _) = status(&mut employee, method, pattern).await;
        if without != 403 {
            wrong.push(format!("{method} {pattern}: {without} without a role"));
        }
        for (browser, expected) in browsers.iter_mut().zip(answers) {
            let (status, _) = status(browser, method, pattern).await;
            if status != expected {
                wrong.push(format!(
                    "{method} {pattern}: {status}, not {expected} of {answers:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn read_all(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, all);
        } else {
            all.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The routes as the sources register them: `web::resource` with its paths, up to the next one.
fn registered() -> BTreeSet<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/admin");
    let mut sources = vec![std::fs::read_to_string(folder.with_extension("rs")).unwrap()];
    read_all(&folder, &mut sources);
    let mut routes = BTreeSet::new();
    for source in sources {
        for resource in source.split("web::resource(").skip(1) {
            let (paths, handlers) = resource.split_once(')').unwrap();
            let paths: Vec<&str> = paths.split('"').skip(1).step_by(2).collect();
            assert!(!paths.is_empty(), "no literal path: {resource}");
            for (call, method) in [("web::get()", "GET"), ("web::post()", "POST")] {
                if handlers.contains(call) {
                    routes.extend(
                        paths
                            .iter()
                            .map(|path| (method.to_owned(), (*path).to_owned())),
                    );
                }
            }
            for other in ["web::put(", "web::delete(", "web::patch(", "web::route("] {
                assert!(!handlers.contains(other), "{other} in {resource}");
            }
        }
    }
    routes
}

#[test]
fn the_table_of_rights_names_every_registered_route_and_no_other() {
    let named: BTreeSet<(String, String)> = TABLE
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(named, registered());
    assert_eq!(named.len(), TABLE.len());
}
