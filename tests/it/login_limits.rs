//! Logins when there are too many of them: who is served, who waits, and what is left unspent.

use std::time::{Duration, Instant};

use dingtalk_sim::{Fault, company};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Answer, Browser, TestApp};

mod shares;

const REDEEM: &str = "/sns/getuserinfo_bycode";
const MATCH: &str = "/topapi/user/getbyunionid";
const IN_APP: &str = "/topapi/v2/user/getuserinfo";

async fn spawn(pool: &PgPool, rate: &str) -> TestApp {
    let app = TestApp::spawn_with(pool, |s| {
        s.insert("DINGGATE_LOGIN_RATE".into(), rate.into());
        s.insert("DINGGATE_TRUSTED_PROXIES".into(), "127.0.0.1".into());
    })
    .await;
    app.wait_for_first_sync().await;
    app
}

/// A browser behind the proxy of the test.
fn browser_at(app: &TestApp, address: &str) -> Browser {
    let mut browser = app.browser();
    browser
        .headers
        .push(("x-forwarded-for", address.to_owned()));
    browser
}

fn unionid(app: &TestApp, userid: &str) -> String {
    app.sim.person(userid).unwrap().unionid
}

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").parse().unwrap()
}

/// Scans once, then makes the same request again whenever the page does so.
async fn scan_until_in(app: &TestApp, mut browser: Browser, unionid: &str) -> u32 {
    let state = browser.begin("/").await;
    let code = app.sim.sns_code(unionid);
    let mut tries = 1;
    loop {
        let answer = browser.come_back(&state, &code).await;
        if answer.status == 303 {
            return tries;
        }
        assert_eq!(answer.status, 503, "{}", answer.body);
        let wait = retry_after(&answer);
        let refresh = format!("http-equiv=\"refresh\" content=\"{wait}\"");
        assert!(answer.body.contains(&refresh), "{}", answer.body);
        tokio::time::sleep(Duration::from_secs(wait)).await;
        tries += 1;
        assert!(tries < 20, "{wait} s more");
    }
}

/// Has so many people log in at once from so many addresses; each call is made once for each of them.
async fn storm(app: &TestApp, count: usize, addresses: usize) -> u32 {
    let people: Vec<_> = app.sim.people().into_iter().take(150).collect();
    app.sim.reset_calls();
    let logins = (0..count).map(|n| {
        let browser = browser_at(app, &format!("203.0.113.{}", n % addresses));
        scan_until_in(app, browser, &people[n % people.len()].unionid)
    });
    let tries = join_all(logins).await.iter().sum();
    for path in [REDEEM, MATCH] {
        // On a busy machine several calls may arrive together; those that DingTalk refuses for that are repeated.
        let throttled = app.sim.throttled(path);
        assert!(throttled <= 6, "{path}: {throttled} calls came too fast");
        let taken = app.sim.calls(path) - throttled;
        assert_eq!(taken, count as u64, "{path}: none is wasted");
    }
    assert!(app.sim.max_in_flight() <= 16, "{}", app.sim.max_in_flight());
    tries
}

#[sqlx::test]
async fn everybody_of_an_office_gets_in_and_no_code_is_wasted(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    let tries = storm(&app, 130, 1).await;
    assert!(tries > 130, "not all are taken in at once");
}

#[sqlx::test]
async fn everybody_of_many_addresses_gets_in_and_no_code_is_wasted(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    let tries = storm(&app, 130, 26).await;
    assert!(tries > 130, "not all are taken in at once");
}

#[sqlx::test]
async fn a_login_that_cannot_be_served_in_time_is_refused_at_once_and_spends_nothing(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    let person = unionid(&app, company::EMPLOYEE);
    app.execute(
        "INSERT INTO rate_limit (api, next_at, throttled_at)
         VALUES ('sns/getuserinfo_bycode', now() + interval '30 seconds', now())
         ON CONFLICT (api) DO UPDATE SET next_at = EXCLUDED.next_at, throttled_at = EXCLUDED.throttled_at",
    )
    .await;
    let mut first = app.browser();
    let (first_state, first_code) = (first.begin("/").await, app.sim.sns_code(&person));
    let mut second = app.browser();
    let (state, code) = (second.begin("/x").await, app.sim.sns_code(&person));
    let waits = first.come_back(&first_state, &first_code);
    let (waited, refused) = tokio::join!(waits, async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let begun = Instant::now();
        let refused = second.come_back(&state, &code).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "at once");
        app.execute("UPDATE rate_limit SET next_at = now() WHERE api = 'sns/getuserinfo_bycode'")
            .await;
        refused
    });
    assert_eq!(waited.status, 303, "{}", waited.body);
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!((25..=31).contains(&retry_after(&refused)));
    assert!(refused.body.contains("http-equiv=\"refresh\""));
    assert_eq!(app.sim.calls(REDEEM), 1);
    let answer = second.come_back(&state, &code).await;
    assert_eq!((answer.status, answer.location()), (303, "/x"));
    let cases = "SELECT count(*) FROM unmatched_login";
    assert_eq!(app.number(cases).await, 0, "nothing is listed");
}

#[sqlx::test]
async fn a_known_browser_gets_in_while_twenty_addresses_send_garbage(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    let mut known = app.signed_in(company::EMPLOYEE).await;
    let device = known.cookies["dinggate-device"].clone();
    known.cookies.retain(|name, _| name == "dinggate-device");
    known
        .headers
        .push(("x-forwarded-for", "203.0.113.0".to_owned()));
    let stop = Instant::now() + Duration::from_secs(7);
    let attackers = (0..80).map(|n| {
        let mut browser = browser_at(&app, &format!("203.0.113.{}", n % 20));
        async move {
            while Instant::now() < stop {
                let answer = browser
                    .post_json("/login/in-app", &json!({"code": "garbage"}))
                    .await;
                assert!([401, 429, 503].contains(&answer.status), "{}", answer.body);
                if answer.status != 401 {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    });
    let logins = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut most_before = 0;
        for _ in 0..3 {
            let code = app.sim.in_app_code(company::EMPLOYEE);
            let calls = app.sim.calls(IN_APP);
            let answer = known
                .post_json("/login/in-app", &json!({"code": code}))
                .await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            most_before = most_before.max(app.sim.calls(IN_APP) - calls);
        }
        most_before
    };
    let (most_before, _) = tokio::join!(logins, join_all(attackers));
    // Counted in calls, which are 57 ms apart: a busy machine slows all of them alike.
    assert!(most_before < 52, "{most_before} calls in 3 s");
    assert_eq!(known.cookies["dinggate-device"].len(), device.len());
    assert!(app.sim.calls(IN_APP) > 10, "the attackers were served, too");
}

#[sqlx::test]
async fn a_client_above_its_rate_is_slowed_and_not_shut_out(pool: PgPool) {
    let app = spawn(&pool, "3/m").await;
    for _ in 0..3 {
        let mut browser = browser_at(&app, "203.0.113.7");
        let answer = browser.get("/login/callback?state=x&code=y").await;
        assert_eq!(answer.status, 400);
    }
    let person = unionid(&app, company::EMPLOYEE);
    let mut known = browser_at(&app, "203.0.113.9");
    assert_eq!(known.scan(&person, "/").await.status, 303);
    let attempts = (0..14).map(|_| {
        let mut browser = browser_at(&app, "203.0.113.7");
        async move { browser.get("/login/callback?state=x&code=y").await }
    });
    let (answers, known_status) = tokio::join!(join_all(attempts), async {
        known.headers.pop();
        known
            .headers
            .push(("x-forwarded-for", "203.0.113.7".to_owned()));
        known.scan(&person, "/").await.status
    });
    assert_eq!(known_status, 303, "a known browser is a client of its own");
    let refused: Vec<_> = answers.iter().filter(|a| a.status == 429).collect();
    // One goes on and eight wait; on a busy machine those may be done before the last arrive.
    assert!((1..=5).contains(&refused.len()), "{}", refused.len());
    assert!((1..=60).contains(&retry_after(refused[0])));
    assert!(answers.iter().all(|a| [400, 429].contains(&a.status)));
    let mut stranger = browser_at(&app, "203.0.113.7");
    assert_eq!(stranger.scan(&person, "/").await.status, 303, "only slowed");
    let mut neighbour = browser_at(&app, "203.0.113.7, 203.0.113.8");
    let begun = Instant::now();
    neighbour.get("/login/callback?state=x&code=y").await;
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "the address that the proxy saw counts"
    );
}

#[sqlx::test]
async fn without_a_trusted_proxy_nobody_can_pretend_another_address(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |s| {
        s.insert("DINGGATE_LOGIN_RATE".into(), "1/m".into());
    })
    .await;
    let attempts = (0..20).map(|n| {
        let mut browser = browser_at(&app, &format!("198.51.100.{n}"));
        async move { browser.get("/login/callback?state=x").await.status }
    });
    app.browser().get("/login/callback?state=x").await;
    let statuses = join_all(attempts).await;
    let refused = statuses.iter().filter(|status| **status == 429).count();
    // One goes on and eight wait; on a busy machine those may be done before the last arrive.
    assert!((1..=11).contains(&refused), "{statuses:?}");
}

#[sqlx::test]
async fn successful_logins_are_never_refused_because_of_failures_beside_them(pool: PgPool) {
    let app = spawn(&pool, "3/m").await;
    for _ in 0..2 {
        app.browser().get("/login/callback?state=x&code=y").await;
    }
    let people = [company::EMPLOYEE, company::ADMIN];
    let logins = (0..12).map(|n| {
        let unionid = unionid(&app, people[n % 2]);
        let mut browser = app.browser();
        async move { browser.scan(&unionid, "/").await.status }
    });
    assert_eq!(join_all(logins).await, [303; 12]);
}

#[sqlx::test]
async fn images_of_another_site_start_and_finish_nothing(pool: PgPool) {
    let app = spawn(&pool, "2/m").await;
    let mut victim = app.browser();
    let state = victim.begin("/").await;
    let code = app.sim.sns_code(&unionid(&app, company::EMPLOYEE));
    let callback = format!("/login/callback?state={state}&code={code}");
    for mode_and_dest in [
        ("no-cors", "image"),
        ("navigate", "iframe"),
        ("cors", "empty"),
    ] {
        let mut image = victim.clone();
        image.headers.extend([
            ("sec-fetch-site", "cross-site".to_owned()),
            ("sec-fetch-mode", mode_and_dest.0.to_owned()),
            ("sec-fetch-dest", mode_and_dest.1.to_owned()),
        ]);
        for path in [
            "/login",
            "/login/qr",
            "/%6Cogin/qr",
            "/login/callback?state=x",
            &callback,
        ] {
            for _ in 0..3 {
                assert_eq!(image.get(path).await.status, 400, "{path}");
            }
        }
    }
    let states = "SELECT count(*) FROM login_state";
    assert_eq!(app.number(states).await, 1);
    assert_eq!(app.sim.calls(REDEEM), 0);
    victim.headers.extend([
        ("sec-fetch-site", "cross-site".to_owned()),
        ("sec-fetch-mode", "navigate".to_owned()),
        ("sec-fetch-dest", "document".to_owned()),
    ]);
    let begun = Instant::now();
    assert_eq!(victim.get(&callback).await.status, 303, "the way back");
    assert!(begun.elapsed() < Duration::from_secs(2), "not slowed");
}

#[sqlx::test]
async fn a_refused_person_leaves_one_audit_line_an_hour_and_every_attempt_in_the_case(
    pool: PgPool,
) {
    let app = spawn(&pool, "1/m").await;
    let mut admin = app.admin().await;
    for n in 0..9 {
        let mut browser = browser_at(&app, &format!("203.0.113.{n}"));
        let answer = browser.scan(company::STRANGER_UNIONID, "/").await;
        assert_eq!(answer.status, 403, "{}", answer.body);
    }
    let lines = "SELECT count(*) FROM audit_entry WHERE action = 'refusal'";
    assert_eq!(app.number(lines).await, 1);
    assert_eq!(
        app.number("SELECT attempts::bigint FROM unmatched_login")
            .await,
        9
    );
    let id = app.number("SELECT id FROM unmatched_login").await;
    let page = admin.get(&format!("/admin/unmatched/{id}")).await;
    for n in 0..9 {
        assert!(
            page.body.contains(&format!("203.0.113.{n}<")),
            "{}",
            page.body
        );
    }
    let references = "SELECT count(DISTINCT request_id) FROM unmatched_attempt";
    assert_eq!(app.number(references).await, 9);

    app.execute(
        "INSERT INTO unmatched_attempt (case_id, reason, request_id, ip)
         SELECT id, 'not_employee', 'r', 'a' FROM unmatched_login, generate_series(1, 99)",
    )
    .await;
    app.browser().scan(company::STRANGER_UNIONID, "/").await;
    let kept = "SELECT count(*) FROM unmatched_attempt";
    assert_eq!(app.number(kept).await, 100);
    let last = "SELECT count(*) FROM unmatched_attempt WHERE ip = '127.0.0.1'";
    assert_eq!(app.number(last).await, 1, "the oldest go");
    assert_eq!(app.number(lines).await, 1);
}

#[sqlx::test]
async fn refusals_of_a_person_count_against_ten_times_the_rate(pool: PgPool) {
    let app = spawn(&pool, "1/m").await;
    let stranger = || async {
        let code = app.sim.in_app_code(company::EXTERNAL_USERID);
        let mut browser = browser_at(&app, "203.0.113.7");
        browser
            .post_json("/login/in-app", &json!({"code": code}))
            .await
            .status
    };
    for _ in 0..10 {
        assert_eq!(stranger().await, 403);
    }
    let statuses = join_all((0..12).map(|_| stranger())).await;
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[sqlx::test]
async fn a_device_cookie_names_a_browser_for_long_and_grants_nothing(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    let person = unionid(&app, company::EMPLOYEE);
    let mut browser = app.browser();
    let answer = browser.scan(&person, "/").await;
    let cookies = answer.headers.get_all("set-cookie").iter();
    let device: Vec<_> = cookies
        .filter_map(|cookie| cookie.to_str().ok())
        .filter(|cookie| cookie.starts_with("dinggate-device="))
        .collect();
    assert_eq!(device.len(), 1);
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=34560000"] {
        assert!(device[0].contains(part), "{part}: {}", device[0]);
    }
    let first = browser.cookies["dinggate-device"].clone();
    browser.scan(&person, "/").await;
    assert_eq!(browser.cookies["dinggate-device"], first);

    let mut only_device = app.browser();
    only_device
        .cookies
        .insert("dinggate-device".into(), first.clone());
    assert!(!only_device.is_in().await);
    let mut forged = first.clone();
    forged.replace_range(0..1, if first.starts_with('A') { "B" } else { "A" });
    only_device
        .cookies
        .insert("dinggate-device".into(), forged.clone());
    only_device.scan(&person, "/").await;
    assert_ne!(only_device.cookies["dinggate-device"], forged);
}

#[sqlx::test]
async fn times_that_a_step_back_of_the_clock_left_ahead_keep_no_login_waiting(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    let person = unionid(&app, company::EMPLOYEE);
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    app.sim.fault_times(MATCH, Fault::sub_code("90018"), 1);
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    // What is left after a step of two minutes.
    app.execute(
        "UPDATE rate_limit SET next_at = clock_timestamp() + interval '2 minutes', waiting_priority = 0,
             throttled_at = throttled_at + interval '2 minutes', waiting_until = clock_timestamp() + interval '2 minutes'
         WHERE api <> '*';
         UPDATE rate_limit SET next_at = clock_timestamp() + interval '6 minutes', waiting_priority = 0,
             waiting_until = clock_timestamp() + interval '2 minutes' WHERE api = '*';
         UPDATE call_in_flight SET holder = gen_random_uuid(), lease_until = clock_timestamp() + interval '2 minutes'",
    )
    .await;
    let begun = Instant::now();
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    let below =
        "SELECT * FROM acquire_permit('sns/getuserinfo_bycode', 5::smallint, gen_random_uuid())";
    let taken = format!(
        "SELECT count(*) FROM ({below}) t WHERE NOT is_banned AND coalesce(wait_ms, 0) < 100"
    );
    assert_eq!(app.number(&taken).await, 1, "nor other work");
}
