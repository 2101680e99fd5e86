//! The browser's side of a QR login: the full page, the iframe, and the redirect back.

mod oauth2;
mod picker;
mod qr;
mod request;

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;

use self::{
    picker::{Choice, Group},
    request::LoginRequest,
};
use crate::{code::Kind, crypto::hex, lang::Lang, shared::Shared};

const SNS_AUTHORIZE: &str = "/connect/oauth2/sns_authorize";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/connect/qrconnect", web::get().to(full_page))
        .route("/connect/qrconnect/scan", web::get().to(scan_full_page))
        .route(SNS_AUTHORIZE, web::get().to(authorize))
        .route("/login/qrcode.htm", web::get().to(frame))
        .route("/login/qrcode/scan", web::get().to(scan_frame))
        .configure(oauth2::routes);
}

#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage<'a> {
    lang: Lang,
    company: &'a str,
    /// Whether the page is in an iframe, where space is limited.
    framed: bool,
    /// Form action for the choice.
    action: &'a str,
    /// Hidden fields sent with the choice.
    hidden: Vec<(&'static str, String)>,
    modules: Vec<(usize, usize)>,
    size: usize,
    /// Those whom a newcomer should try first.
    roles: Vec<Choice>,
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "scanned.html")]
struct ScannedPage<'a> {
    lang: Lang,
    code: &'a str,
    nick: &'a str,
}

#[derive(Template)]
#[template(path = "login_error.html")]
struct ErrorPage<'a> {
    reason: &'a str,
}

/// `GET /connect/qrconnect`
async fn full_page(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let _under_way = shared.begin_call(request.path());
    match LoginRequest::parse(request.query_string(), &shared.config) {
        Ok(login) => scan_page(
            &shared,
            Lang::of(&request),
            "/connect/qrconnect/scan",
            false,
            login.pairs(),
        ),
        Err(reason) => error_page(&reason),
    }
}

/// Handles the choice on the full page: redirects to the application with a code.
async fn scan_full_page(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let login = match LoginRequest::parse(request.query_string(), &shared.config) {
        Ok(login) => login,
        Err(reason) => return error_page(&reason),
    };
    match parameter(request.query_string(), "unionid") {
        Some(unionid) => back_with_code(&shared, &login, &unionid),
        None => error_page("没有选择扫码的人 (nobody was chosen)"),
    }
}

/// `GET /login/qrcode.htm?goto=`: what the application's page shows in an iframe.
async fn frame(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let _under_way = shared.begin_call(request.path());
    match LoginRequest::parse_goto(request.query_string(), &shared.config) {
        Ok(goto) => scan_page(
            &shared,
            Lang::of(&request),
            "/login/qrcode/scan",
            true,
            vec![("goto", goto)],
        ),
        Err(reason) => error_page(&reason),
    }
}

/// Handles the choice in the iframe: returns a page that posts the temporary code to its parent page.
async fn scan_frame(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    if let Err(reason) = LoginRequest::parse_goto(request.query_string(), &shared.config) {
        return error_page(&reason);
    }
    let Some(unionid) = parameter(request.query_string(), "unionid") else {
        return error_page("没有选择扫码的人 (nobody was chosen)");
    };
    let (code, nick) = {
        let mut world = shared.world();
        let code = world
            .codes
            .issue(Kind::LoginTmp, &unionid, Instant::now(), false);
        (
            code,
            world
                .directory
                .nick_of(&unionid)
                .unwrap_or_default()
                .to_owned(),
        )
    };
    html(&ScannedPage {
        lang: Lang::of(&request),
        code: &code,
        nick: &nick,
    })
}

/// `GET /connect/oauth2/sns_authorize`: exchanges the temporary code for one to log in with.
async fn authorize(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let _under_way = shared.begin_call(request.path());
    let query = request.query_string();
    let login = match LoginRequest::parse(query, &shared.config) {
        Ok(login) => login,
        Err(reason) => return error_page(&reason),
    };
    let shown = parameter(query, "loginTmpCode").unwrap_or_default();
    let redeemed = shared
        .world()
        .codes
        .redeem(Kind::LoginTmp, &shown, Instant::now());
    match redeemed {
        Ok(unionid) => back_with_code(&shared, &login, &unionid),
        Err(_) => error_page("loginTmpCode 无效或已过期 (unknown, used or expired)"),
    }
}

/// Redirects (302) to the application with a fresh code and its own state.
fn back_with_code(shared: &Shared, login: &LoginRequest, unionid: &str) -> HttpResponse {
    let code = shared
        .world()
        .codes
        .issue(Kind::Sns, unionid, Instant::now(), false);
    HttpResponse::Found()
        .insert_header((header::LOCATION, login.redirect_with(&code)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

fn scan_page(
    shared: &Shared,
    lang: Lang,
    action: &str,
    framed: bool,
    hidden: Vec<(&'static str, String)>,
) -> HttpResponse {
    let modules = qr::modules(&hex(&crate::crypto::random16()));
    let world = shared.world();
    html(&ScanPage {
        lang,
        company: world.directory.company_name(),
        framed,
        action,
        hidden,
        modules,
        size: qr::SIZE,
        roles: picker::roles(&world.directory, lang),
        groups: picker::groups(&world.directory, lang),
    })
}

fn error_page(reason: &str) -> HttpResponse {
    match (ErrorPage { reason }).render() {
        Ok(page) => HttpResponse::BadRequest()
            .content_type("text/html;charset=UTF-8")
            .body(page),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// Returns a page that may be framed and is never cached.
fn html(page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(page) => HttpResponse::Ok()
            .content_type("text/html;charset=UTF-8")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(page),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// Returns the first parameter of this name, unless empty.
fn parameter(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}
