//! What happens while the log is written: logins, pages, events, failures.

use dingtalk_sim::{Fault, Overrides, Person, company};
use serde_json::json;

use super::{BODY_TEXT, QUERY_TEXT, REASON, Secrets};
use crate::outages::wire::{Weather, Wire};
use crate::outages::{Process, SOON, Scene, event, now_millis, push};
use crate::support::{Browser, eventually, reqwest_client};

/// A scan, with all that is secret about it.
async fn scan(
    scene: &Scene,
    process: &Process,
    unionid: &str,
    status: u16,
    secrets: &mut Secrets,
) -> Browser {
    let mut browser = scene.browser(process);
    let state = browser.begin(&format!("/admin/staff?q={QUERY_TEXT}")).await;
    let code = scene.sim.sns_code(unionid);
    secrets.add("a code", &code);
    secrets.add("a state", &state);
    let answer = browser.come_back(&state, &code).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    secrets.add_cookies(&browser);
    browser
}

pub async fn logins(
    scene: &Scene,
    process: &Process,
    people: &[Person],
    secrets: &mut Secrets,
) -> Browser {
    let admin = scan(
        scene,
        process,
        &scene.sim.person(company::ADMIN).unwrap().unionid,
        303,
        secrets,
    )
    .await;
    let mut browser = scan(scene, process, &people[0].unionid, 303, secrets).await;
    secrets.add(
        "a token against forged requests",
        &browser.csrf_token().await,
    );
    assert_eq!(browser.post("/logout", &[]).await.status, 303);
    scan(scene, process, "unionid-of-an-outsider", 403, secrets).await;
    let code = scene.sim.in_app_code(&people[0].userid);
    secrets.add("a code inside DingTalk", &code);
    for status in [200, 401] {
        let answer = browser
            .post_json(
                "/login/in-app",
                &json!({"code": code, "rd": format!("/?q={QUERY_TEXT}")}),
            )
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let forged = "forged-code-or-state-2207";
    secrets.add("what a stranger sent", forged);
    assert_eq!(browser.come_back(forged, forged).await.status, 400);
    let state = browser.begin("/").await;
    assert_eq!(browser.come_back(&state, forged).await.status, 401);
    admin
}

pub async fn admin_pages(admin: &mut Browser, secrets: &mut Secrets) {
    secrets.add("an administrator's token", &admin.csrf_token().await);
    for path in [
        "staff",
        "unmatched",
        "audit",
        "events",
        "sessions",
        "staff.csv",
        "staff.xlsx",
        "unmatched.csv",
        "audit.csv",
    ] {
        let answer = admin
            .get(&format!("/admin/{path}?q={QUERY_TEXT}&reason=all"))
            .await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let leave = format!("/admin/staff/{}/leave", company::LEADING_ZERO);
    assert!(admin.post(&leave, &[("reason", REASON)]).await.status < 400);
    assert_eq!(
        admin
            .post_bare(
                &leave,
                &[("reason", REASON), ("csrf_token", "wrong-token-9917")]
            )
            .await
            .status,
        403
    );
    secrets.add("a wrong token", "wrong-token-9917");
}

pub async fn events(scene: &Scene, process: &Process, secrets: &mut Secrets) {
    let mut joining = event("joining", "user_add_org", company::TWO_DEPARTMENTS);
    joining["Remark"] = json!(BODY_TEXT);
    scene.deliver(process, &joining).await;
    scene
        .deliver(
            process,
            &json!({"EventType": BODY_TEXT, "odd": {"deep": [BODY_TEXT]}}),
        )
        .await;
    scene.deliver(process, &json!({"EventType": "user_add_org", "UserId": [{"x": BODY_TEXT}], "TimeStamp": BODY_TEXT})).await;
    scene.deliver(process, &json!({"EventType": "user_leave_org", "UserId": [company::BIG_ORDER], "Remark": BODY_TEXT})).await;
    let good = scene.sim.encrypt_event(&joining);
    for (what, value) in [
        ("a signature", &good.signature),
        ("a nonce", &good.nonce),
        ("a message", &good.encrypt),
    ] {
        secrets.add(what, value);
    }
    assert_eq!(push(&process.url, &good).await.unwrap().status, 200);
    let crafted =
        |message: &[u8], overrides: &Overrides| scene.sim.encrypt_with(message, overrides).unwrap();
    let stale = Overrides {
        timestamp: Some((now_millis() - 7_200_000).to_string()),
        ..Overrides::default()
    };
    let stranger = Overrides {
        owner_key: Some("ding-of-somebody-else-0042".to_owned()),
        ..Overrides::default()
    };
    secrets.add("another owner's key", "ding-of-somebody-else-0042");
    let body = json!({"EventType": "x", "text": BODY_TEXT}).to_string();
    for callback in [
        crafted(body.as_bytes(), &stale),
        crafted(body.as_bytes(), &stranger),
        crafted(BODY_TEXT.as_bytes(), &Overrides::default()),
    ] {
        assert_eq!(push(&process.url, &callback).await.unwrap().status, 403);
        secrets.add("a refused message", &callback.encrypt);
    }
    let url = format!("{}/dingtalk/events?{}", process.url, good.query);
    let answer = reqwest_client()
        .post(url)
        .body(format!("{{\"{BODY_TEXT}\""))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    scene
        .wait_for_number(
            "SELECT count(*) FROM event WHERE state = 'waiting'",
            0,
            SOON,
        )
        .await;
}

/// DingTalk and Postgres fail, each in several ways.
pub async fn failures(
    scene: &Scene,
    process: &Process,
    wire: &Wire,
    people: &[Person],
    secrets: &mut Secrets,
) {
    for (fault, status) in [
        (Fault::ErrCode(40096), 503),
        (Fault::sub_code("60011"), 503),
        (Fault::Html, 503),
        (Fault::Http(500), 503),
        (Fault::TruncatedJson, 503),
        (Fault::LoseAnswer, 503),
        (Fault::CloseConnection, 503),
    ] {
        scene.sim.fault("*", fault);
        scene.execute("UPDATE rate_limit SET next_at = now()").await;
        scan(scene, process, &people[0].unionid, status, secrets).await;
        scene.sim.clear_faults();
    }
    scene.execute("UPDATE rate_limit SET next_at = now()").await;
    scene.sim.revoke_token();
    scan(scene, process, &people[1].unionid, 303, secrets).await;
    let mut browser = scan(scene, process, &people[0].unionid, 303, secrets).await;
    let callback = scene
        .sim
        .encrypt_event(&json!({"EventType": "lost", "text": BODY_TEXT}));
    for weather in [Weather::Refused, Weather::Swallowed, Weather::Cut] {
        wire.set(weather);
        assert_eq!(push(&process.url, &callback).await.unwrap().status, 503);
        assert_eq!(browser.get(&format!("/?q={QUERY_TEXT}")).await.status, 503);
        wire.set(Weather::Fair);
        eventually("it is ready again", SOON, async || {
            process.answers("/readyz", 200).await
        })
        .await;
    }
    // A statement that fails by a fault of ours.
    scene
        .execute("ALTER TABLE event ADD CONSTRAINT broken CHECK (event_type <> 'unlucky')")
        .await;
    let unlucky = scene
        .sim
        .encrypt_event(&json!({"EventType": "unlucky", "text": BODY_TEXT}));
    assert_eq!(push(&process.url, &unlucky).await.unwrap().status, 503);
    scene
        .execute("ALTER TABLE audit_entry ADD CONSTRAINT broken CHECK (actor = '') NOT VALID")
        .await;
    scan(scene, process, &people[0].unionid, 500, secrets).await;
}
