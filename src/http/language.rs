//! The switch of the language: `?lang=zh` or `?lang=en` behind any page's address.

use actix_web::HttpResponse;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::LOCATION;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::lang::{LANGUAGE_COOKIE, Lang};
use crate::context::Context;
use crate::domain::return_path::ReturnPath;

const PARAMETER: &str = "lang";
/// Opening this address again would redeem a code twice: the switch leads to the login instead.
const ONCE_ONLY: &str = "/login/callback";

/// Remembers the language that a page is asked for in, and leads to the page itself.
pub async fn switch<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let is_page = request.method().is_safe() && request.path() != ONCE_ONLY;
    let asked = asked(request.query_string()).filter(|_| is_page);
    let Some(lang) = asked else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let target = without_language(request.path(), request.query_string());
    let is_https = request
        .app_data::<web::Data<Context>>()
        .is_some_and(|ctx| ctx.config.server.public_url.is_https());
    let cookie = Cookie::build(LANGUAGE_COOKIE, lang.code())
        .path("/")
        .secure(is_https)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(time::Duration::days(365))
        .finish();
    let answer = HttpResponse::SeeOther()
        .insert_header((LOCATION, target))
        .cookie(cookie)
        .finish();
    Ok(request.into_response(answer).map_into_right_body())
}

/// The address of a page in a language; of pages that cannot be opened again, that of the login.
pub fn href(path: &str, query: &str, is_repeatable: bool, lang: Lang) -> String {
    if !is_repeatable || path == ONCE_ONLY {
        return format!("/login?{PARAMETER}={}", lang.code());
    }
    let page = without_language(path, query);
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}{PARAMETER}={}", lang.code())
}

fn asked(query: &str) -> Option<Lang> {
    let code = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("lang="))?;
    Lang::from_code(code)
}

/// The page's own path and query. What is no path of this site, such as `//elsewhere`, becomes the portal.
fn without_language(path: &str, query: &str) -> String {
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
        .collect();
    let separator = if kept.is_empty() { "" } else { "?" };
    let page = format!("{path}{separator}{}", kept.join("&"));
    // A login's own address is no place to come back to, but it is one to stay on.
    if path == "/login" {
        return page;
    }
    ReturnPath::parse(Some(&page)).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_keeps_the_view() {
        assert_eq!(
            href("/admin/staff", "q=a%26b&page=2", true, Lang::En),
            "/admin/staff?q=a%26b&page=2&lang=en"
        );
        assert_eq!(href("/", "", true, Lang::Zh), "/?lang=zh");
        assert_eq!(
            href("/admin/staff", "lang=en&q=x", true, Lang::Zh),
            "/admin/staff?q=x&lang=zh"
        );
        assert_eq!(
            href("/login", "rd=%2Fadmin", true, Lang::En),
            "/login?rd=%2Fadmin&lang=en"
        );
    }

    #[test]
    fn what_cannot_be_opened_again_leads_to_the_login() {
        assert_eq!(
            href("/login/callback", "code=c&state=s", true, Lang::En),
            "/login?lang=en"
        );
        assert_eq!(
            href("/admin/unmatched/7/reject", "", false, Lang::En),
            "/login?lang=en"
        );
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for path in ["//evil.example", "/\\evil.example", "///evil.example/x"] {
            assert_eq!(without_language(path, "lang=en"), "/", "{path}");
        }
    }

    #[test]
    fn only_the_two_languages_are_taken() {
        assert_eq!(asked("a=1&lang=en"), Some(Lang::En));
        for query in ["", "lang=", "lang=fr", "xlang=en", "language=en"] {
            assert_eq!(asked(query), None, "{query}");
        }
    }
}
