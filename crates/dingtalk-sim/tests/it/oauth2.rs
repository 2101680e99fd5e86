//! The newer login: its page, the code's token, and whose token it is.

use dingtalk_sim::{Fault, company};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use url::Url;

use crate::support::Caller;

const BACK: &str = "http://127.0.0.1:8080/login/callback";
const REDEEM: &str = "/v1.0/oauth2/userAccessToken";
const ME: &str = "/v1.0/contact/users/me";

fn wish(caller: &Caller, code: &str) -> Value {
    let config = caller.sim.config();
    json!({
        "clientId": config.login_app_id, "clientSecret": config.login_app_secret,
        "code": code, "grantType": "authorization_code",
    })
}

async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.header(ACCEPT, "application/json").send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn redeem(caller: &Caller, wish: &Value) -> (u16, Value) {
    let url = format!("{}{REDEEM}", caller.sim.url());
    read(caller.http.post(url).json(wish)).await
}

async fn me(caller: &Caller, token: &str) -> (u16, Value) {
    let request = caller.http.get(format!("{}{ME}", caller.sim.url()));
    read(request.header("x-acs-dingtalk-access-token", token)).await
}

/// Status and code of a refusal, which has the documented shape.
fn refusal((status, answer): (u16, Value)) -> (u16, String) {
    for field in ["code", "requestid", "message"] {
        assert!(answer[field].is_string(), "{answer}");
    }
    (status, answer["code"].as_str().unwrap().to_owned())
}

fn query(caller: &Caller, more: &str) -> String {
    let config = caller.sim.config();
    let back: String = url::form_urlencoded::byte_serialize(BACK.as_bytes()).collect();
    format!(
        "redirect_uri={back}&response_type=code&client_id={}&prompt=consent&state=st%2B1{more}",
        config.login_app_id
    )
}

fn value(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

#[actix_web::test]
async fn a_code_is_traded_once_for_a_token_that_tells_who_it_is() {
    let caller = Caller::new();
    let person = caller.sim.person(company::EMPLOYEE).unwrap();
    let code = caller.sim.oauth2_code(&person.unionid);
    let (status, granted) = redeem(&caller, &wish(&caller, &code)).await;
    assert_eq!(
        (status, &granted["expireIn"]),
        (200, &json!(7200)),
        "{granted}"
    );
    assert_eq!(granted["corpId"], json!(caller.sim.config().corp_id));
    assert!(granted["refreshToken"].is_string() && granted.get("errcode").is_none());
    let again = redeem(&caller, &wish(&caller, &code)).await;
    assert_eq!(
        refusal(again),
        (400, "invalidParameter.authCode.notFound".into())
    );
    let (status, me) = me(&caller, granted["accessToken"].as_str().unwrap()).await;
    assert_eq!(
        (status, &me["nick"], &me["unionId"]),
        (200, &json!(person.nick), &json!(person.unionid))
    );
    assert!(
        me.get("userid").is_none() && me.get("corpId").is_none(),
        "{me}"
    );
}

#[actix_web::test]
async fn what_is_not_as_documented_is_refused() {
    let caller = Caller::new();
    let config = caller.sim.config().clone();
    let person = caller.sim.person(company::EMPLOYEE).unwrap();
    let fresh = || caller.sim.oauth2_code(&person.unionid);
    let with = |name: &str, value: &str| {
        let mut wish = wish(&caller, &fresh());
        wish[name] = json!(value);
        wish
    };
    let bad_code = "invalidParameter.authCode.notFound";
    let bad_client = "invalidClientIdOrSecret";
    let others = caller
        .sim
        .oauth2_code_for(&config.app_key, &person.unionid, &config.corp_id);
    for (sent, code) in [
        (with("clientSecret", "wrong"), bad_client),
        (with("clientId", "wrong"), bad_client),
        (with("clientSecret", &config.app_secret), bad_client),
        (with("grantType", "password"), "unsupportedGrantType"),
        (with("code", ""), "MissingParameter"),
        (with("code", "forged"), bad_code),
        (with("code", &others), bad_code),
        (
            with("code", &caller.sim.sns_code(&person.unionid)),
            bad_code,
        ),
        (
            with("code", &caller.sim.in_app_code(company::EMPLOYEE)),
            bad_code,
        ),
        (
            with("code", &caller.sim.expired_oauth2_code(&person.unionid)),
            bad_code,
        ),
    ] {
        let answer = redeem(&caller, &sent).await;
        assert_eq!(refusal(answer), (400, code.to_owned()), "{sent}");
    }
    let url = format!("{}{REDEEM}", caller.sim.url());
    let form = caller
        .http
        .post(&url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = read(form.body(wish(&caller, &fresh()).to_string())).await;
    assert_eq!(refusal(answer), (400, "Missingbody".into()));
    let answer = read(caller.http.get(&url)).await;
    assert_eq!(refusal(answer).0, 404);
    let xml = caller
        .http
        .post(&url)
        .json(&wish(&caller, &fresh()))
        .send()
        .await
        .unwrap();
    assert!(
        xml.headers()[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .contains("xml")
    );

    let app_token = caller.token().await;
    let no_token = read(caller.http.get(format!("{}{ME}", caller.sim.url()))).await;
    assert_eq!(
        refusal(no_token),
        (400, "AuthenticationFailed.MissingParameter".into())
    );
    let answer = me(&caller, &app_token).await;
    assert_eq!(refusal(answer), (400, "InvalidAuthentication".into()));
    // And a code of this page is worth nothing elsewhere.
    assert_eq!(caller.redeem(&fresh()).await["errcode"], 40078);
}

#[actix_web::test]
async fn faults_take_the_form_of_the_newer_interfaces() {
    let caller = Caller::new();
    for (fault, status, code) in [
        (Fault::ErrCode(40096), 400, "invalidClientIdOrSecret"),
        (Fault::ErrCode(60121), 404, "invalidParameter.user.notFound"),
        (
            Fault::ErrCode(90002),
            403,
            "Forbidden.AccessDenied.QpsLimitForApi",
        ),
        (
            Fault::sub_code("90018"),
            403,
            "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
        ),
        (Fault::sub_code("Odd.Words"), 400, "Odd.Words"),
        (Fault::ErrCode(-1), 503, "ServiceUnavailable"),
    ] {
        caller.sim.fault_times(ME, fault.clone(), 1);
        let answer = me(&caller, "x").await;
        assert_eq!(refusal(answer), (status, code.to_owned()), "{fault:?}");
    }
    caller.sim.fault_times(ME, Fault::ErrCode(60011), 1);
    let (status, answer) = me(&caller, "x").await;
    let scopes = &answer["accessdenieddetail"]["requiredScopes"];
    assert_eq!((status, scopes), (403, &json!(["Contact.User.Read"])));
    assert_eq!(caller.sim.calls(ME), 7);
}

#[actix_web::test]
async fn the_page_leads_back_with_a_code_or_a_refusal() {
    let caller = Caller::new();
    let person = caller.sim.person(company::EMPLOYEE).unwrap();
    let asked = query(&caller, "&scope=openid");
    let (status, _, page) = caller.page(&format!("/oauth2/auth?{asked}")).await;
    assert_eq!(status, 200);
    let button = format!("name=\"unionid\" value=\"{}\"", person.unionid);
    assert!(page.contains(&button) && page.contains("name=\"deny\""));
    let chosen = format!("/oauth2/auth/consent?{asked}&unionid={}", person.unionid);
    let (status, location, _) = caller.page(&chosen).await;
    assert_eq!(
        (status, value(&location, "state").as_deref()),
        (302, Some("st+1"))
    );
    assert!(location.starts_with(BACK) && value(&location, "code").is_none());
    let code = value(&location, "authCode").unwrap();
    let (status, granted) = redeem(&caller, &wish(&caller, &code)).await;
    // Without `corpid` in the scope no company is told.
    assert_eq!((status, granted.get("corpId")), (200, None));
    let (status, location, _) = caller
        .page(&format!("/oauth2/auth/consent?{asked}&deny=1"))
        .await;
    assert_eq!(
        (status, value(&location, "error").as_deref()),
        (302, Some("access_denied"))
    );
    assert_eq!(value(&location, "state").as_deref(), Some("st+1"));
    let (status, _, _) = caller
        .page(&format!("/oauth2/auth?{}", query(&caller, "")))
        .await;
    assert_eq!(status, 400, "no scope");
}

#[actix_web::test]
async fn the_frame_posts_what_the_page_would_have_led_to() {
    let caller = Caller::new();
    let config = caller.sim.config();
    let more = format!(
        "&scope=openid+corpid&iframe=true&org_type=management&corpId={}",
        config.corp_id
    );
    let asked = query(&caller, &more);
    let message = |page: &str| -> Value {
        let text = page.split_once("data-message=\"").unwrap().1;
        let text = text.split_once('"').unwrap().0;
        let text = text
            .replace("&#34;", "\"")
            .replace("&#38;", "&")
            .replace("&amp;", "&");
        serde_json::from_str(&text).unwrap()
    };
    let choose = async |who: &str, asked: &str| {
        let (status, _, page) = caller
            .page(&format!("/oauth2/auth/consent?{asked}&{who}"))
            .await;
        assert_eq!(status, 200, "{page}");
        message(&page)
    };
    let stranger = format!("unionid={}", company::STRANGER_UNIONID);
    let said = choose(&stranger, &asked).await;
    assert_eq!(said["success"], true);
    let code = value(said["redirectUrl"].as_str().unwrap(), "authCode").unwrap();
    let (_, granted) = redeem(&caller, &wish(&caller, &code)).await;
    assert_ne!(
        granted["corpId"],
        json!(config.corp_id),
        "a stranger has another company"
    );
    let said = choose("deny=1", &asked).await;
    let target = said["redirectUrl"].as_str().unwrap().to_owned();
    assert_eq!(value(&target, "error").as_deref(), Some("access_denied"));
    let internal = asked.replace(&config.login_app_id, &config.app_key);
    let said = choose(&stranger, &internal).await;
    assert!(
        said["errorMsg"].is_string() && said.get("success").is_none(),
        "{said}"
    );
}
