use dingtalk_sim::company;
use url::Url;

use crate::support::{Caller, encode};

const BACK: &str = "http://127.0.0.1:8080/login/callback";

fn query(caller: &Caller, change: &[(&str, &str)]) -> String {
    let config = caller.sim.config();
    let mut pairs = vec![
        ("appid", config.login_app_id.as_str()),
        ("response_type", "code"),
        ("scope", "snsapi_login"),
        ("state", "st+te/1"),
        ("redirect_uri", BACK),
    ];
    for (key, value) in change {
        pairs.retain(|(name, _)| name != key);
        pairs.push((key, value));
    }
    encode(&pairs)
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let url = Url::parse(location).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The address that a form of the page leads to when the button of this person is pressed.
fn pressed(page: &str, unionid: &str) -> String {
    let attribute = |text: &str, name: &str| {
        let from = text.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        let value = &text[from..from + text[from..].find('"').unwrap()];
        value
            .replace("&#38;", "&")
            .replace("&amp;", "&")
            .replace("&#43;", "+")
    };
    let form = &page[page.find("<form").unwrap()..];
    let mut pairs: Vec<(String, String)> = form
        .split("<input type=\"hidden\"")
        .skip(1)
        .map(|input| (attribute(input, "name"), attribute(input, "value")))
        .collect();
    assert!(
        form.contains(&format!("name=\"unionid\" value=\"{unionid}\"")),
        "{unionid}"
    );
    pairs.push(("unionid".into(), unionid.into()));
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    format!("{}?{}", attribute(form, "action"), encode(&pairs))
}

#[actix_web::test]
async fn the_full_page_leads_back_with_a_code_of_who_has_scanned() {
    let caller = Caller::new();
    let unionid = caller.sim.person(company::EMPLOYEE).unwrap().unionid;
    let (status, _, page) = caller
        .page(&format!("/connect/qrconnect?{}", query(&caller, &[])))
        .await;
    assert_eq!(status, 200);
    let (status, location, _) = caller.page(&pressed(&page, &unionid)).await;
    assert_eq!(status, 302);
    assert!(location.starts_with(BACK), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("st+te/1"));
    let answer = caller.redeem(&parameter(&location, "code").unwrap()).await;
    assert_eq!(answer["user_info"]["unionid"], unionid);
}

#[actix_web::test]
async fn the_page_offers_everybody_and_those_outside() {
    let caller = Caller::new();
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    let (_, _, page) = caller
        .page(&format!("/connect/qrconnect?{}", query(&caller, &[])))
        .await;
    let directory = caller.sim.directory();
    let people = directory.people().iter().chain(directory.former());
    let outsiders = directory.outsiders().iter().map(|o| &o.unionid);
    for unionid in people.map(|p| &p.unionid).chain(outsiders) {
        assert_eq!(
            page.matches(&format!(
                "class=\"who\" name=\"unionid\" value=\"{unionid}\""
            ))
            .count(),
            1,
            "{unionid}"
        );
    }
    for word in ["已离职", "外部联系人", "陌生人", "平台研发组"] {
        assert!(page.contains(word), "{word}");
    }
    assert!(
        !page.contains("<script>") && !page.contains("onclick"),
        "no inline script"
    );
}

#[actix_web::test]
async fn a_wrong_login_request_gets_an_error_page_and_never_a_redirect() {
    let caller = Caller::new();
    for change in [
        ("appid", "dingoaother"),
        ("appid", ""),
        ("appid", caller.sim.config().app_key.as_str()),
        ("response_type", "token"),
        ("scope", "snsapi_base"),
        ("redirect_uri", "http://evil.example.com/"),
        ("redirect_uri", "http://127.0.0.1.evil.example.com/"),
        ("redirect_uri", "http://127.0.0.1@evil.example.com/"),
        ("redirect_uri", "//127.0.0.1/"),
        ("redirect_uri", ""),
    ] {
        let query = query(&caller, &[change]);
        for path in [
            "/connect/qrconnect",
            "/connect/qrconnect/scan",
            "/connect/oauth2/sns_authorize",
        ] {
            let (status, location, page) = caller
                .page(&format!("{path}?{query}&unionid=u&loginTmpCode=c"))
                .await;
            assert_eq!((status, location.as_str()), (400, ""), "{path} {change:?}");
            assert!(page.contains("无法登录"), "{page}");
        }
        let goto = format!("https://oapi.example.com/connect/oauth2/sns_authorize?{query}");
        let (status, _, _) = caller
            .page(&format!("/login/qrcode.htm?{}", encode(&[("goto", &goto)])))
            .await;
        assert_eq!(status, 400, "{change:?}");
    }
}

#[actix_web::test]
async fn the_frame_posts_a_temporary_code_that_is_traded_once() {
    let caller = Caller::new();
    let unionid = caller.sim.person(company::TWO_DEPARTMENTS).unwrap().unionid;
    let authorize = format!(
        "{}/connect/oauth2/sns_authorize?{}",
        caller.sim.url(),
        query(&caller, &[])
    );
    let frame = format!(
        "/login/qrcode.htm?{}",
        encode(&[("goto", &authorize), ("style", "border:none")])
    );
    let answer = caller
        .http
        .get(format!("{}{frame}", caller.sim.url()))
        .send()
        .await
        .unwrap();
    assert!(answer.headers().get("X-Frame-Options").is_none());
    assert!(answer.headers().get("Content-Security-Policy").is_none());
    let page = answer.text().await.unwrap();
    assert!(page.contains("<svg"));
    let (status, _, scanned) = caller.page(&pressed(&page, &unionid)).await;
    assert_eq!(status, 200);
    let code = scanned
        .split("data-login-tmp-code=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let (_, _, script) = caller.page("/sim/assets/scanned.js").await;
    assert!(
        script.contains(
            "window.parent.postMessage(document.currentScript.dataset.loginTmpCode, \"*\")"
        )
    );

    assert_eq!(
        caller.redeem(code).await["errcode"],
        40078,
        "not a login code yet"
    );
    let trade = format!(
        "/connect/oauth2/sns_authorize?{}&loginTmpCode={code}",
        query(&caller, &[])
    );
    let (status, location, _) = caller.page(&trade).await;
    assert_eq!(status, 302);
    assert_eq!(parameter(&location, "state").as_deref(), Some("st+te/1"));
    let answer = caller.redeem(&parameter(&location, "code").unwrap()).await;
    assert_eq!(answer["user_info"]["unionid"], unionid);
    assert_eq!(caller.page(&trade).await.0, 400, "traded already");
}

#[actix_web::test]
async fn forged_temporary_codes_are_refused() {
    let caller = Caller::new();
    let sns = caller.sim.sns_code(company::STRANGER_UNIONID);
    for code in ["", "forged", &sns] {
        let path = format!(
            "/connect/oauth2/sns_authorize?{}&loginTmpCode={code}",
            query(&caller, &[])
        );
        assert_eq!(caller.page(&path).await.0, 400, "{code}");
    }
}

#[actix_web::test]
async fn a_scan_without_a_person_is_refused() {
    let caller = Caller::new();
    let path = format!("/connect/qrconnect/scan?{}", query(&caller, &[]));
    assert_eq!(caller.page(&path).await.0, 400);
    let authorize = format!(
        "http://x/connect/oauth2/sns_authorize?{}",
        query(&caller, &[])
    );
    let path = format!("/login/qrcode/scan?{}", encode(&[("goto", &authorize)]));
    assert_eq!(caller.page(&path).await.0, 400);
}
