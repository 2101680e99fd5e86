//! Cookies of other applications under the same parent domain.

use dingtalk_sim::company;
use reqwest::Method;
use reqwest::header::{COOKIE, HeaderValue, SET_COOKIE};
use sqlx::PgPool;

use crate::support::{Answer, TestApp, reqwest_client};

/// What a neighbour in China may have set: "company=公司" in GBK.
const NEIGHBOUR: &[u8] = b"company=\xb9\xab\xcb\xbe";

/// Sends a request with these `Cookie` headers, byte for byte.
async fn send(app: &TestApp, method: Method, path: &str, cookies: &[Vec<u8>]) -> Answer {
    let mut request = reqwest_client().request(method, format!("{}{path}", app.url));
    for cookie in cookies {
        request = request.header(COOKIE, HeaderValue::from_bytes(cookie).unwrap());
    }
    Answer::read(request.send().await.unwrap()).await
}

/// The ways in which a browser or a proxy may send our cookies beside the neighbour's.
fn beside_neighbour(own: &str) -> Vec<Vec<Vec<u8>>> {
    let own = own.as_bytes();
    let joined = |parts: [&[u8]; 3]| parts.join(&b"; "[..]);
    vec![
        vec![joined([NEIGHBOUR, own, b"a=b"])],
        vec![joined([b"a=\"x;y\"", own, NEIGHBOUR])],
        vec![NEIGHBOUR.to_vec(), own.to_vec()],
        vec![own.to_vec(), b"\xff\xfe".to_vec()],
        vec![joined([b"=; %ff=%", b"=x;;", own])],
    ]
}

/// `name=value` of a cookie that an answer sets.
fn set_cookie(answer: &Answer, name: &str) -> String {
    let mut cookies = answer.headers.get_all(SET_COOKIE).iter();
    let cookie = cookies.find(|cookie| cookie.as_bytes().starts_with(name.as_bytes()));
    let cookie = cookie.unwrap().to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn is_in(app: &TestApp, cookies: &[Vec<u8>]) -> bool {
    send(app, Method::GET, "/", cookies).await.status == 200
}

#[sqlx::test]
async fn a_neighbours_cookie_that_is_not_utf8_hides_none_of_ours(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    for (way, _) in beside_neighbour("x").iter().enumerate() {
        let beside = |own: &str| beside_neighbour(own).swap_remove(way);
        let begun = send(&app, Method::GET, "/login/qr", &beside("y=z")).await;
        let login = set_cookie(&begun, "dinggate-login=");
        let state = begun.location().split_once("state=").unwrap().1;
        let state = state.split('&').next().unwrap();
        let unionid = app.sim.person(company::EMPLOYEE).unwrap().unionid;
        let code = app.sim.sns_code(&unionid);
        let back = format!("/login/callback?state={state}&code={code}");
        let answer = send(&app, Method::GET, &back, &beside(&login)).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{way}");
        let session = set_cookie(&answer, "dinggate=");
        let page = send(&app, Method::GET, "/", &beside(&session)).await;
        assert_eq!(page.status, 200, "{way}");
        let token = page.body.split_once("name=\"csrf-token\" content=\"");
        let token = token.unwrap().1.split('"').next().unwrap();
        // The token is right, so that the session ends; without it the sign-out is refused, not ignored.
        let refused = send(&app, Method::POST, "/logout", &beside(&session)).await;
        assert_eq!(refused.status, 403, "{way}");
        let mut request = reqwest_client().post(format!("{}/logout", app.url));
        for cookie in beside(&session) {
            request = request.header(COOKIE, HeaderValue::from_bytes(&cookie).unwrap());
        }
        let answer = request.header("x-csrf-token", token).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{way}");
        assert!(!is_in(&app, &[session.into_bytes()]).await, "{way}");
    }
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
}

#[sqlx::test]
async fn a_planted_cookie_never_takes_the_place_of_ours(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mine = app.signed_in(company::EMPLOYEE).await;
    let attacker = app.signed_in(company::TWO_DEPARTMENTS).await;
    let mine = format!("dinggate={}", mine.cookies["dinggate"]);
    let planted = &attacker.cookies["dinggate"];
    let name = app.sim.person(company::EMPLOYEE).unwrap().name;
    for other in [
        format!("%64inggate={planted}"),
        format!("\u{2000}dinggate={planted}"),
        "dinggate=junk".to_owned(),
    ] {
        for header in [format!("{other}; {mine}"), format!("{mine}; {other}")] {
            let page = send(&app, Method::GET, "/", &[header.into_bytes()]).await;
            assert_eq!(page.status, 200, "{other}");
            assert!(page.body.contains(&name), "{other}");
        }
        let alone = [other.clone().into_bytes()];
        assert!(!is_in(&app, &alone).await, "{other}");
    }
}

#[sqlx::test]
async fn of_two_sessions_none_is_used_and_signing_out_says_so(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut both = Vec::new();
    for userid in [company::EMPLOYEE, company::TWO_DEPARTMENTS] {
        let browser = app.signed_in(userid).await;
        both.push(format!("dinggate={}", browser.cookies["dinggate"]));
    }
    let header = [both.join("; ").into_bytes()];
    assert!(!is_in(&app, &header).await);
    let answer = send(&app, Method::POST, "/logout", &header).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body.contains("Cookie"), "{}", answer.body);
    for session in both {
        assert!(is_in(&app, &[session.into_bytes()]).await);
    }
}
