//! The language switch.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header,
    web,
};

use crate::lang::{COOKIE, Lang};

/// Returns whether every browser takes this for a path of this site; some drop tabs and line breaks.
fn is_own_path(path: &str) -> bool {
    let is_plain = !path.contains(|c: char| c.is_control() || c == '\\');
    path.starts_with('/') && !path.starts_with("//") && is_plain
}

/// `GET /sim/lang/{code}?back=/path`: keeps the choice and returns to the page.
pub(super) async fn choose(code: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let back = url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "back")
        .map(|(_, path)| path.into_owned())
        .filter(|path| is_own_path(path))
        .unwrap_or_else(|| "/".to_owned());
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, back));
    if let Some(lang) = Lang::parse(&code) {
        let cookie = Cookie::build(COOKIE, lang.code())
            .path("/")
            .max_age(Duration::days(365))
            .same_site(SameSite::Lax)
            .finish();
        response.cookie(cookie);
    }
    response.finish()
}
