//! The newer login page: `/oauth2/auth`, as a full page or in an iframe.

mod request;

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;
use serde_json::json;

use self::request::AuthRequest;
use super::{
    error_page, html, parameter, picker,
    picker::{Choice, Group},
    qr,
};
use crate::{crypto::hex, grant::Grant, lang::Lang, shared::Shared};

/// The company of everybody who does not work in ours.
const ANOTHER_COMPANY: &str = "dingfedcba9876543210fedcba9876543210";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/oauth2/auth", web::get().to(page))
        .route("/oauth2/auth/consent", web::get().to(consent));
}

#[derive(Template)]
#[template(path = "oauth2.html")]
struct AuthPage<'a> {
    lang: Lang,
    company: &'a str,
    /// Whether the page is in an iframe, where space is limited.
    framed: bool,
    /// Hidden fields sent with the choice.
    hidden: Vec<(String, String)>,
    modules: Vec<(usize, usize)>,
    size: usize,
    /// Those whom a newcomer should try first.
    roles: Vec<Choice>,
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "oauth2_done.html")]
struct DonePage {
    lang: Lang,
    /// JSON message posted to the parent page of the iframe.
    message: String,
}

/// `GET /oauth2/auth`
async fn page(http: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let _under_way = shared.begin_call(http.path());
    let query = http.query_string();
    let asked = match AuthRequest::parse(query, &shared.config) {
        Ok(asked) => asked,
        Err(reason) => return error_page(&reason),
    };
    let modules = qr::modules(&hex(&crate::crypto::random16()));
    let world = shared.world();
    let lang = Lang::of(&http);
    html(&AuthPage {
        lang,
        company: world.directory.company_name(),
        framed: asked.is_framed,
        hidden: request::pairs(query),
        modules,
        size: qr::SIZE,
        roles: picker::roles(&world.directory, lang),
        groups: picker::groups(&world.directory, lang),
    })
}

/// Handles the choice: the person agrees or declines.
async fn consent(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let query = request.query_string();
    let lang = Lang::of(&request);
    let asked = match AuthRequest::parse(&request::with_blanks_as_asked(query), &shared.config) {
        Ok(asked) => asked,
        Err(reason) => return error_page(&reason),
    };
    if parameter(query, "deny").is_some() {
        return lead_back(lang, &asked, &asked.denied());
    }
    let Some(unionid) = parameter(query, "unionid") else {
        return error_page("没有选择登录的人 (nobody was chosen)");
    };
    let mut world = shared.world();
    let mut employed = world.directory.people().iter();
    let is_member = employed.any(|person| person.unionid == unionid);
    if asked.is_for_members && !is_member {
        return refuse(
            lang,
            &asked,
            lang.say("该应用只允许本企业成员登录", "Members of the company only"),
        );
    }
    let company = if is_member {
        &shared.config.corp_id
    } else {
        ANOTHER_COMPANY
    };
    let grant = Grant {
        unionid,
        client_id: asked.client_id.clone(),
        corp_id: asked.wants_company.then(|| company.to_owned()),
    };
    let code = world.grants.issue_code(grant, Instant::now(), false);
    lead_back(lang, &asked, &asked.agreed(&code))
}

/// Redirects (302) to the application, or in an iframe posts the same URL in a message.
fn lead_back(lang: Lang, asked: &AuthRequest, target: &str) -> HttpResponse {
    if asked.is_framed {
        return post(lang, &json!({"success": true, "redirectUrl": target}));
    }
    HttpResponse::Found()
        .insert_header((header::LOCATION, target))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

fn refuse(lang: Lang, asked: &AuthRequest, reason: &str) -> HttpResponse {
    if asked.is_framed {
        post(lang, &json!({"errorMsg": reason}))
    } else {
        error_page(reason)
    }
}

fn post(lang: Lang, message: &serde_json::Value) -> HttpResponse {
    html(&DonePage {
        lang,
        message: message.to_string(),
    })
}
