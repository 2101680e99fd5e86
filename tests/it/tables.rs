//! Lists that sort and rows that are acted on together.

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::support::{Browser, TestApp};

const PEOPLE: &str = "INSERT INTO staff (userid, unionid, name, title, job_number) VALUES
    ('u1', 'n1', 'Beth', 'Clerk', '3'), ('u2', 'n2', 'Abe', 'Clerk', NULL), ('u3', 'n3', 'Cyd', NULL, '1')";

async fn spawn(pool: &PgPool) -> (TestApp, Browser) {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    app.execute(PEOPLE).await;
    let admin = app.admin().await;
    (app, admin)
}

/// Which of these words stand in a page's table, in the order in which they do.
fn in_order(body: &str, words: &[&'static str]) -> Vec<&'static str> {
    let table = body.split_once("<tbody>").map_or(body, |(_, table)| table);
    let mut found: Vec<(usize, &'static str)> = words
        .iter()
        .filter_map(|word| table.find(&format!(">{word}<")).map(|at| (at, *word)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, word)| word).collect()
}

async fn order(admin: &mut Browser, path: &str, words: &[&'static str]) -> Vec<&'static str> {
    let answer = admin.get(path).await;
    assert_eq!(answer.status, 200, "{path}");
    in_order(&answer.body, words)
}

#[sqlx::test]
async fn the_staff_sort_by_each_column_and_ties_stay_in_place(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let ids = ["u1", "u2", "u3"];
    for (query, sorted) in [
        ("sort=name", ["u2", "u1", "u3"]),
        ("sort=name&dir=desc", ["u3", "u1", "u2"]),
        ("sort=userid&dir=desc", ["u3", "u2", "u1"]),
        // Abe comes before Beth among the clerks, whichever way round; who has no title comes last.
        ("sort=title&dir=asc", ["u2", "u1", "u3"]),
        ("sort=title&dir=desc", ["u2", "u1", "u3"]),
        ("sort=job_number", ["u3", "u1", "u2"]),
    ] {
        let path = format!("/admin/staff?q=n&{query}");
        let mut found = Vec::new();
        for page in 1..=5 {
            let path = format!("/admin/staff?{query}&per_page=1&page={page}");
            found.extend(order(&mut admin, &path, &ids).await);
        }
        assert_eq!(found, sorted, "{path}, page by page");
        let table = admin.get(&format!("/admin/staff.csv?{query}")).await.body;
        let lines = table.lines().filter_map(|line| line.split(',').next());
        let listed: Vec<&str> = lines.filter(|id| ids.contains(id)).collect();
        assert_eq!(listed, sorted, "{query} as CSV");
    }
    let page = admin
        .get("/admin/staff?q=u&sort=name&dir=desc&per_page=2")
        .await
        .body;
    assert!(
        page.contains(
            "aria-sort=\"descending\"><a href=\"?q=u&#38;per_page=2&#38;sort=name&#38;dir=asc\""
        ),
        "{page}"
    );
    assert!(page.contains("<input type=\"hidden\" name=\"dir\" value=\"desc\">"));
    assert!(page.contains("/admin/staff.csv?q=u&#38;sort=name&#38;dir=desc\""));
}

#[sqlx::test]
async fn an_order_that_there_is_not_is_refused(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    for list in [
        "staff",
        "unmatched",
        "sessions",
        "events",
        "audit",
        "staff.csv",
        "unmatched.csv",
        "audit.csv",
        "audit.xlsx",
        "sessions.csv",
        "events.csv",
    ] {
        for query in ["sort=mobile;--", "sort=all", "dir=up", "sort=name&dir=DESC"] {
            assert_eq!(
                admin.get(&format!("/admin/{list}?{query}")).await.status,
                400,
                "{list}?{query}"
            );
        }
    }
}

#[sqlx::test]
async fn the_other_lists_sort_as_well(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(
        "INSERT INTO unmatched_login (unionid, nick, reason, last_request_id, attempts, last_seen_at) VALUES
             ('n7', 'zoe', 'left', 'R', 9, now() - interval '2 hours'), ('n8', 'yan', 'left', 'R', 10, now() - interval '1 hour'),
             ('n9', 'xia', 'pending_review', 'R', 1, now() - interval '3 hours');
         INSERT INTO event (dedupe_key, event_type, userids, state, attempts, received_at, applied_at) VALUES
             ('a', 'user_add_org', '{e1}', 'applied', 10, now() - interval '2 days', now()),
             ('b', 'user_leave_org', '{e2}', 'failed', 9, now() - interval '1 day', NULL),
             ('c', 'user_modify_org', '{e3}', 'applied', 1, now() - interval '3 days', now());
         INSERT INTO audit_entry (at, actor, actor_kind, action, status) VALUES
             ('2026-01-01Z', 'w1', 'person', 'logout', 'out'), ('2026-01-02Z', 'w2', 'person', 'logout', 'out')",
    )
    .await;
    let (cases, events) = (["xia", "yan", "zoe"], ["e1", "e2", "e3"]);
    for (path, sorted) in [
        ("unmatched", ["yan", "zoe", "xia"]),
        ("unmatched?sort=seen", ["xia", "zoe", "yan"]),
        ("unmatched?sort=nick", ["xia", "yan", "zoe"]),
        ("unmatched?sort=attempts", ["xia", "zoe", "yan"]),
        ("unmatched?sort=attempts&dir=desc", ["yan", "zoe", "xia"]),
        ("unmatched?sort=reason", ["yan", "zoe", "xia"]),
        ("unmatched?sort=reason&dir=desc", ["xia", "yan", "zoe"]),
    ] {
        assert_eq!(
            order(&mut admin, &format!("/admin/{path}"), &cases).await,
            sorted,
            "{path}"
        );
    }
    for (path, sorted) in [
        ("events", ["e3", "e2", "e1"]),
        ("events?sort=received", ["e3", "e1", "e2"]),
        ("events?sort=attempts&dir=desc", ["e1", "e2", "e3"]),
        ("events?sort=type", ["e1", "e2", "e3"]),
        ("events?sort=state", ["e3", "e1", "e2"]),
    ] {
        assert_eq!(
            order(&mut admin, &format!("/admin/{path}"), &events).await,
            sorted,
            "{path}"
        );
    }
    let lines = ["w1", "w2"];
    let trail = "/admin/audit?action=logout";
    assert_eq!(order(&mut admin, trail, &lines).await, ["w2", "w1"]);
    assert_eq!(
        order(&mut admin, &format!("{trail}&sort=at"), &lines).await,
        ["w1", "w2"]
    );
    let table = admin
        .get("/admin/audit.csv?action=logout&sort=at")
        .await
        .body;
    assert!(
        table.find("w1").unwrap() < table.find("w2").unwrap(),
        "{table}"
    );
    let cases = admin.get("/admin/unmatched.csv?sort=attempts").await.body;
    assert!(
        cases.find("zoe").unwrap() < cases.find("yan").unwrap(),
        "{cases}"
    );
}

#[sqlx::test]
async fn the_trail_is_followed_only_so_far_and_the_export_all_the_way(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO audit_entry (actor, actor_kind, action, status) SELECT 'mass', 'person', 'logout', 'out' FROM generate_series(1, 10001)").await;
    let page = admin.get("/admin/audit?action=logout&page=200").await.body;
    assert!(page.contains("9951–10000 of more than 10000"));
    assert_eq!(page.matches("<tr>").count(), 51);
    let beyond = admin.get("/admin/audit?action=logout&page=201").await;
    let last = "/admin/audit?action=logout&page=200";
    assert_eq!((beyond.status, beyond.location()), (303, last));
    let table = admin.get("/admin/audit.csv?action=logout").await.body;
    assert_eq!(table.matches("mass").count(), 10_001);
}

/// Signs people of the seed in without their DingTalk.
const SESSIONS: &str = "INSERT INTO web_session (id, key_hash, userid, unionid, csrf_token, method, ip, user_agent, idle_expires_at, expires_at)
    SELECT gen_random_uuid(), sha256(p.userid::bytea || n::text::bytea), p.userid, p.unionid, 'x', 'qr', '192.0.2.1', 'Mozilla/5.0', now() + interval '1 hour', now() + interval '1 hour'
    FROM staff p, generate_series(1, 2) n WHERE p.userid IN ('u1', 'u2')";

#[sqlx::test]
async fn many_are_marked_as_left_after_one_question_and_refusals_stop_nobody(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(SESSIONS).await;
    app.execute("UPDATE staff SET status = 'left', left_at = now(), left_cause = 'manual', held_at = now(), held_by = 'x', held_reason = 'y' WHERE userid = 'u3'").await;
    let chosen = [
        ("ids", "u1"),
        ("ids", "u2"),
        ("ids", "u3"),
        ("ids", company::ADMIN),
        ("ids", "nobody"),
        ("action", "leave"),
        ("back", "/admin/staff?q=u"),
    ];
    let asked = admin.post("/admin/staff-bulk", &chosen).await;
    assert_eq!(asked.status, 200);
    for words in [
        "Mark 4 people as left",
        "signed out of 5 devices in all",
        "Abe",
        "name=\"ids\" value=\"u1\"",
        "crumbs\"><a href=\"/admin/staff?q=u\">",
        "<a class=\"text-button\" href=\"/admin/staff?q=u\">Cancel</a>",
    ] {
        assert!(
            asked.body.contains(words),
            "{words} is not in {}",
            asked.body
        );
    }
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'left'")
            .await,
        2,
        "asking does nothing"
    );

    let confirmed = [chosen.as_slice(), &[("confirmed", "yes")]].concat();
    let unreasoned = admin
        .post(
            "/admin/staff-bulk",
            &[confirmed.as_slice(), &[("reason", "  ")]].concat(),
        )
        .await;
    assert_eq!(unreasoned.status, 400);
    assert!(unreasoned.body.contains("Please give a reason"));
    let done = admin
        .post(
            "/admin/staff-bulk",
            &[confirmed.as_slice(), &[("reason", "the branch has closed")]].concat(),
        )
        .await;
    assert_eq!((done.status, done.location()), (303, "/admin/staff?q=u"));
    let page = admin.get("/admin/staff?q=u").await.body;
    for words in [
        "Marked 2 people as left; skipped 3 people",
        "You cannot mark yourself as left",
        "by hand already",
        "nobody (is not in the staff table)",
    ] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    assert_eq!(app.number("SELECT count(*) FROM staff WHERE userid IN ('u1', 'u2') AND status = 'left' AND held_at IS NOT NULL").await, 2);
    assert_eq!(
        app.number("SELECT count(*) FROM web_session").await,
        1,
        "the administrator's own"
    );
    assert_eq!(app.number("SELECT count(*) FROM audit_entry WHERE action = 'staff.left' AND reason = 'the branch has closed' AND userid IN ('u1', 'u2')").await, 2);
}

#[sqlx::test]
async fn many_are_signed_out_by_person_or_by_session(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(SESSIONS).await;
    let people = [
        ("ids", "u1"),
        ("ids", "u3"),
        ("action", "end-sessions"),
        ("confirmed", "yes"),
        ("reason", "a lost phone"),
    ];
    assert_eq!(admin.post("/admin/staff-bulk", &people).await.status, 303);
    let page = admin.get("/admin/staff").await.body;
    assert!(
        page.contains("Signed out: 1 person; skipped 1 person: Cyd (No active sessions)"),
        "{page}"
    );
    assert_eq!(
        app.number("SELECT count(*) FROM web_session WHERE userid = 'u1'")
            .await,
        0
    );

    let list = admin.get("/admin/sessions?q=Abe").await.body;
    let ids: Vec<&str> = list
        .split("name=\"ids\" value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(ids.len(), 2);
    let chosen: Vec<(&str, &str)> = ids.iter().map(|id| ("ids", *id)).collect();
    let asked = admin.post("/admin/sessions/bulk", &chosen).await;
    assert!(
        asked.status == 200 && asked.body.contains("The devices below, 2 in all"),
        "{}",
        asked.body
    );
    for (back, cancel) in [
        ("/admin/sessions?q=Abe", "/admin/sessions?q=Abe"),
        ("//evil.example", "/admin/sessions"),
    ] {
        let with_back = [chosen.as_slice(), &[("back", back)]].concat();
        let asked = admin.post("/admin/sessions/bulk", &with_back).await;
        let link = format!("<a class=\"text-button\" href=\"{cancel}\">Cancel</a>");
        assert!(asked.body.contains(&link), "{}", asked.body);
    }
    let confirmed = [chosen.as_slice(), &[("confirmed", "yes")]].concat();
    assert_eq!(
        admin.post("/admin/sessions/bulk", &confirmed).await.status,
        303
    );
    assert!(
        admin
            .get("/admin/sessions")
            .await
            .body
            .contains("Ended 2 sessions (1 person)")
    );
    assert_eq!(app.number("SELECT count(*) FROM audit_entry WHERE action = 'session.end' AND userid = 'u2' AND status = '2'").await, 1);
    assert_eq!(
        admin.post("/admin/sessions/bulk", &confirmed).await.status,
        303,
        "a second time does nothing"
    );
    assert!(
        admin
            .get("/admin/sessions")
            .await
            .body
            .contains("already over")
    );
}

#[sqlx::test]
async fn acting_on_many_wants_the_token_an_administrator_and_a_choice(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let all: Vec<String> = (0..201)
        .map(|n| format!("{n:08}-0000-4000-8000-000000000000"))
        .collect();
    for path in ["/admin/staff-bulk", "/admin/sessions/bulk"] {
        let fields = [
            ("ids", "u1"),
            ("action", "leave"),
            ("confirmed", "yes"),
            ("reason", "x"),
        ];
        assert_eq!(admin.post_bare(path, &fields).await.status, 403, "{path}");
        assert_ne!(
            app.browser().post_bare(path, &fields).await.status,
            200,
            "{path}"
        );
        assert_eq!(
            admin.post(path, &[("action", "leave")]).await.status,
            303,
            "{path}"
        );
        assert!(
            admin
                .get("/admin/staff")
                .await
                .body
                .contains("Select at least one"),
            "{path}"
        );
        let mut many: Vec<(&str, &str)> = all.iter().map(|id| ("ids", id.as_str())).collect();
        many.push(("action", "leave"));
        assert_eq!(admin.post(path, &many).await.status, 400, "{path}");
    }
    assert_eq!(
        admin
            .post("/admin/staff-bulk", &[("ids", "u1"), ("action", "dance")])
            .await
            .status,
        400
    );
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'left' AND userid LIKE 'u_'")
            .await,
        0
    );
}
