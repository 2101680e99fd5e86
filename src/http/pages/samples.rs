//! Every public page with fictional people, and the checks that each must pass.
//!
//! Long because it has a sample of every public page.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::to_bytes;
use url::Url;

use super::{
    ErrorView, InAppView, LoginView, PortalApp, PortalDepartment, PortalSession, PortalView,
    in_app, login, portal, qr_frame_src, render_error,
};
use crate::domain::app::ICONS;
use crate::domain::rights::Rights;
use crate::http::layout::{Layout, LayoutUser, Toast};
use crate::text::browser::browser_name;
use crate::text::lang::Lang;
use crate::text::notice::ErrorKind;
use crate::text::portal::PortalTexts;
use crate::text::time::TimeText;

fn user() -> LayoutUser {
    LayoutUser {
        name: "林晓梅".to_owned(),
        csrf: "T0ken-T0ken".to_owned(),
        rights: Some(Rights::ADMIN),
    }
}

pub(crate) fn login_page(lang: Lang, login_url: &str) -> HttpResponse {
    let goto = "https://oapi.dingtalk.com/connect/oauth2/sns_authorize?appid=a&response_type=code&scope=snsapi_login&state=s";
    let view = LoginView {
        qr_src: qr_frame_src(&Url::parse(login_url).unwrap(), goto),
        goto: goto.to_owned(),
        is_oauth2: false,
        login_origin: login_url.to_owned(),
        full_page_href: "/login/qr?rd=%2F".to_owned(),
        dingtalk_link: None,
        is_approved: false,
        state_ttl: Duration::from_mins(5),
    };
    login(Layout::new(lang, None, "/login"), view)
}

pub(crate) fn notice_page(lang: Lang, shown: ErrorKind) -> HttpResponse {
    let mut view = ErrorView::new(shown);
    view.reference = Some("7K3M-9QXP".to_owned());
    let mut layout = Layout::new(lang, None, "/login/callback");
    layout.current_url = "/login".to_owned();
    match shown {
        ErrorKind::Rejected
        | ErrorKind::Left
        | ErrorKind::NotEmployee
        | ErrorKind::PendingReview => {
            view.nick = Some("小梅 <b>&".to_owned());
        }
        ErrorKind::RateLimited => view.retry_after = Some(Duration::from_millis(31_500)),
        ErrorKind::DingTalkUnavailable => view.retry_after = Some(Duration::from_mins(5)),
        ErrorKind::Conflict => {
            view.detail = Some("钉钉通讯录里没有这个人，不能批准。".to_owned());
            layout.current_url = "/admin/unmatched/7".to_owned();
        }
        ErrorKind::Forbidden => {
            layout.user = Some(LayoutUser {
                rights: None,
                ..user()
            });
        }
        _ => {}
    }
    render_error(layout, view)
}

fn session(
    lang: Lang,
    user_agent: &str,
    address: &str,
    since: &str,
    is_current: bool,
) -> PortalSession {
    let time = |text: &str| {
        TimeText::new(
            text.parse().unwrap(),
            "2026-11-22T04:00:00Z".parse().unwrap(),
            lang,
        )
    };
    PortalSession {
        browser: browser_name(user_agent, lang),
        address: address.to_owned(),
        is_in_app: user_agent.contains("DingTalk"),
        method: PortalTexts::of(lang).by_scan,
        since: time(since),
        last_seen: time("2026-11-22T03:58:30Z"),
        is_current,
        end_path: "/sessions/7/end".to_owned(),
        end_ask: format!("{address} ends"),
    }
}

/// Returns one app with each picture, and one with letters.
fn apps() -> Vec<PortalApp> {
    let icons = ICONS.iter().map(|icon| Some((*icon).to_owned()));
    icons
        .chain([None])
        .map(|icon| PortalApp {
            name: "报销 <b>".to_owned(),
            href: "https://oa.example.com/?a=1&b=2".to_owned(),
            place: "oa.example.com".to_owned(),
            description: icon.clone().unwrap_or_default(),
            letters: "报销".to_owned(),
            colour: "teal".to_owned(),
            icon,
        })
        .collect()
}

pub(crate) fn portal_page(lang: Lang, is_full: bool) -> HttpResponse {
    let some = |text: &str| Some(text.to_owned()).filter(|_| is_full);
    let department = |path: &str, is_leader| PortalDepartment {
        path: path.to_owned(),
        is_leader,
    };
    let view = PortalView {
        name: "林晓梅".to_owned(),
        avatar: None,
        title: some("高级平台工程师"),
        job_number: some("DG-00158"),
        mobile: some("138 0000 0158"),
        email: some("xiaomei.lin@example.com"),
        hired: some("2020-03-01"),
        departments: if is_full {
            vec![
                department("云杉科技 / 研发中心 / 平台组", true),
                department("云杉科技 / 安全委员会", false),
            ]
        } else {
            Vec::new()
        },
        sessions: vec![
            session(
                lang,
                "Windows NT Chrome/131",
                "203.0.113.7",
                "2026-11-22T01:10:00Z",
                true,
            ),
            session(
                lang,
                "iPhone DingTalk/7.6",
                "2001:db8::1:7",
                "2026-11-20T01:10:00Z",
                false,
            ),
        ],
        end_others_ask: is_full.then(|| "1 other ends".to_owned()),
        apps: if is_full { apps() } else { Vec::new() },
        is_any_app: is_full,
    };
    let who = LayoutUser {
        rights: is_full.then_some(Rights::ADMIN),
        ..user()
    };
    let toast = is_full.then(|| Toast::ok("欢迎回来"));
    portal(Layout::new(lang, Some(who), "/").with_toast(toast), view)
}

pub(crate) fn in_app_page(lang: Lang, is_signed_out: bool) -> HttpResponse {
    let view = InAppView {
        corp_id: "ding0123456789abcdef".to_owned(),
        jsapi_url: "https://g.alicdn.com/dingding/dingtalk-jsapi/3.0.12/dingtalk.open.js"
            .to_owned(),
        back: "/".to_owned(),
        again_href: "/login?again&rd=%2F".to_owned(),
        qr_href: "/login/qr?rd=%2F".to_owned(),
        is_signed_out,
    };
    in_app(Layout::new(lang, None, "/login"), view)
}

/// Returns every page in one language, with a name.
pub(crate) fn pages(lang: Lang) -> Vec<(String, HttpResponse)> {
    let mut pages = vec![
        (
            "login".to_owned(),
            login_page(lang, "https://login.dingtalk.com"),
        ),
        ("portal".to_owned(), portal_page(lang, true)),
        ("portal_bare".to_owned(), portal_page(lang, false)),
        ("in_app".to_owned(), in_app_page(lang, false)),
        ("in_app_signed_out".to_owned(), in_app_page(lang, true)),
    ];
    pages.extend(
        ErrorKind::ALL
            .iter()
            .map(|&shown| (shown.code().to_owned(), notice_page(lang, shown))),
    );
    pages
}

pub(crate) async fn body(response: HttpResponse) -> String {
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

#[actix_web::test]
async fn every_page_is_whole_and_needs_nothing_inline() {
    for lang in [Lang::Zh, Lang::En] {
        for (name, response) in pages(lang) {
            assert_eq!(
                response.headers().get("cache-control").unwrap(),
                "no-store",
                "{name}"
            );
            assert_eq!(
                response.headers().get("content-type").unwrap(),
                "text/html; charset=utf-8",
                "{name}"
            );
            let page = body(response).await;
            assert!(
                page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"),
                "{name}"
            );
            assert!(
                page.contains(&format!("<html lang=\"{}\">", lang.tag())),
                "{name}"
            );
            assert_eq!(page.matches("<h1").count(), 1, "{name}");
            assert!(
                page.contains("class=\"skip\" href=\"#main\"") && page.contains("id=\"main\""),
                "{name}"
            );
            for inline in [
                " style=",
                " onclick",
                " onload",
                "javascript:",
                "<style",
                "<script>",
            ] {
                assert!(!page.contains(inline), "{name}: {inline}");
            }
            assert_eq!(
                page.matches("<script").count(),
                page.matches("\" defer></script>").count(),
                "{name}"
            );
        }
    }
}

#[actix_web::test]
async fn the_login_page_tells_its_script_what_to_believe() {
    let page = body(login_page(Lang::Zh, "https://login.dingtalk.com")).await;
    assert!(
        page.contains("src=\"https://login.dingtalk.com/login/qrcode.htm?goto=https%3A%2F%2Foapi"),
        "{page}"
    );
    assert!(page.contains("data-origin=\"https://login.dingtalk.com\""));
    assert!(page.contains(
        "sns_authorize?appid=a&#38;response_type=code&#38;scope=snsapi_login&#38;state=s\""
    ));
    assert!(page.contains("data-ttl=\"300\""));
    assert!(page.contains("href=\"/login/qr?rd=%2F\""));
    assert!(page.contains("<noscript>"));
}

#[actix_web::test]
async fn every_notice_has_its_status_its_words_and_its_number() {
    for shown in ErrorKind::ALL {
        for lang in [Lang::Zh, Lang::En] {
            let response = notice_page(lang, shown);
            assert_eq!(response.status(), shown.status());
            let page = body(response).await;
            let text = shown.text(lang);
            for words in [text.title, text.button, "7K3M-9QXP"] {
                assert!(page.contains(words), "{words}");
            }
            let says_why = shown == ErrorKind::Conflict || page.contains(shown.message(lang));
            assert!(says_why, "{page}");
        }
    }
}

#[actix_web::test]
async fn who_scanned_is_named_and_cannot_write_into_the_page() {
    let page = body(notice_page(Lang::En, ErrorKind::PendingReview)).await;
    assert!(page.contains("小梅 &#60;b&#62;&#38;"), "{page}");
    assert!(page.contains("href=\"/login\""));
    let page = body(notice_page(Lang::En, ErrorKind::Forbidden)).await;
    assert!(
        page.contains("林晓梅") && page.contains("Signed in as"),
        "{page}"
    );
}

#[actix_web::test]
async fn when_to_come_back_is_told_to_people_and_to_programs() {
    let response = notice_page(Lang::Zh, ErrorKind::RateLimited);
    assert_eq!(response.headers().get("retry-after").unwrap(), "32");
    assert!(body(response).await.contains("请在 32 秒后再试。"));
    let response = notice_page(Lang::En, ErrorKind::DingTalkUnavailable);
    assert_eq!(response.headers().get("retry-after").unwrap(), "300");
    assert!(
        body(response)
            .await
            .contains("Please try again in 5 minutes.")
    );
    assert!(
        notice_page(Lang::En, ErrorKind::Misconfigured)
            .headers()
            .get("retry-after")
            .is_none()
    );
}

#[actix_web::test]
async fn a_detail_says_more_than_the_notice_and_leads_back() {
    let page = body(notice_page(Lang::Zh, ErrorKind::Conflict)).await;
    assert!(page.contains("钉钉通讯录里没有这个人，不能批准。"));
    assert!(!page.contains(ErrorKind::Conflict.message(Lang::Zh)));
    assert!(page.contains("href=\"/admin/unmatched/7\""));
    let empty = ErrorView {
        detail: Some(" ".to_owned()),
        ..ErrorView::new(ErrorKind::BadRequest)
    };
    let page = body(render_error(Layout::new(Lang::En, None, "/"), empty)).await;
    assert!(page.contains(ErrorKind::BadRequest.message(Lang::En)));
}

#[actix_web::test]
async fn the_portal_shows_a_person_and_lets_them_out() {
    let page = body(portal_page(Lang::En, true)).await;
    for words in [
        "Hello, 林晓梅",
        "DG-00158",
        "xiaomei.lin@example.com",
        "研发中心 / 平台组",
        "Leader",
        "Chrome · Windows",
        "This device",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("<time datetime=\"2026-11-22T01:10:00Z\" title=\"2026-11-22 09:10:00 (UTC+8)\">2 hours ago</time>"), "{page}");
    assert!(
        page.contains("action=\"/logout\"")
            && page.contains("name=\"csrf_token\" value=\"T0ken-T0ken\"")
    );
    assert!(page.contains("<meta name=\"csrf-token\" content=\"T0ken-T0ken\">"));
    assert!(page.contains("href=\"/admin\""));
    assert!(
        !body(portal_page(Lang::En, false))
            .await
            .contains("href=\"/admin\"")
    );
}

#[actix_web::test]
async fn every_picture_of_an_app_is_another_and_names_are_only_names() {
    let page = body(portal_page(Lang::En, true)).await;
    let drawings: BTreeSet<&str> = page
        .split("hue-teal\" aria-hidden=\"true\">")
        .skip(1)
        .filter_map(|tail| tail.split("</span>").next())
        .collect();
    assert_eq!(drawings.len(), ICONS.len() + 1, "{drawings:?}");
    assert!(page.contains("<strong>报销 &#60;b&#62;</strong>"));
    assert!(
        page.contains("href=\"https://oa.example.com/?a=1&#38;b=2\" rel=\"noopener\">"),
        "{page}"
    );
    assert!(page.contains("data-find=\"tiles\"") && page.contains("portal.js"));
    let bare = body(portal_page(Lang::En, false)).await;
    assert!(bare.contains("There are no apps for you yet") && !bare.contains("portal.js"));
    assert!(!bare.contains("/sessions/end-others"));
}
