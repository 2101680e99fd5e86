//! The language switch: `?lang=zh` or `?lang=en` on the URL of any page.

use actix_web::HttpResponse;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::LOCATION;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::lang::LANGUAGE_COOKIE;
use crate::context::Context;
use crate::domain::return_path::ReturnPath;
use crate::http::table::TableFormat;
use crate::text::lang::Lang;

const PARAMETER: &str = "lang";
/// Opening this URL again would redeem a code twice: the switch leads to the login page instead.
const ONCE_ONLY: &str = "/login/callback";

/// Stores the language that a page is requested in, and redirects to the page itself.
pub async fn switch<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let is_page = request.method().is_safe() && request.path() != ONCE_ONLY;
    let requested = requested_lang(request.query_string()).filter(|_| is_page);
    let Some(lang) = requested else {
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
    let response = HttpResponse::SeeOther()
        .insert_header((LOCATION, target))
        .cookie(cookie)
        .finish();
    Ok(request.into_response(response).map_into_right_body())
}

/// Returns the URL that a request leads back to: the page itself, or the page it was sent from if the page cannot
/// be opened again.
pub fn current_url(path: &str, query: &str, is_repeatable: bool) -> String {
    if path == ONCE_ONLY {
        "/login".to_owned()
    } else if is_repeatable {
        without_language(path, query)
    } else {
        without_language(page_of_form(path), query)
    }
}

/// Returns the page whose forms are posted to a path: their URLs lie below the page's.
fn page_of_form(path: &str) -> &str {
    let Some(below) = path.strip_prefix("/admin/") else {
        return "/";
    };
    match below.split('/').collect::<Vec<_>>()[..] {
        ["alerts", ..] => "/admin",
        ["sessions", ..] => "/admin/sessions",
        // The form of an app is shown at the URL to which it is posted.
        ["apps"] | ["apps", _] => path,
        ["apps", ..] => "/admin/apps",
        [list] => {
            let page = path.strip_suffix("-bulk");
            page.unwrap_or(if list.is_empty() { "/admin" } else { path })
        }
        _ => path.rsplit_once('/').map_or("/admin", |(page, _)| page),
    }
}

/// Returns the URL of a page in a language.
pub fn href(current_url: &str, lang: Lang) -> String {
    let separator = if current_url.contains('?') { '&' } else { '?' };
    format!("{current_url}{separator}{PARAMETER}={}", lang.code())
}

fn requested_lang(query: &str) -> Option<Lang> {
    let code = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("lang="))?;
    Lang::from_code(code)
}

/// Returns the page's own path and query. A path that is not of this site, such as `//elsewhere`, becomes the
/// portal.
fn without_language(path: &str, query: &str) -> String {
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
        .collect();
    // A failed download is corrected on the list.
    let path = TableFormat::strip(path);
    let separator = if kept.is_empty() { "" } else { "?" };
    let query = format!("{separator}{}", kept.join("&"));
    // The login's own URL is no page to return to, but one to stay on.
    if path == "/login" || path == "/login/qr" {
        return format!("/login{query}");
    }
    ReturnPath::parse(Some(&format!("{path}{query}")))
        .as_str()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_keeps_the_view() {
        for (path, query, switch) in [
            (
                "/admin/staff",
                "q=a%26b&page=2",
                "/admin/staff?q=a%26b&page=2&lang=en",
            ),
            ("/", "", "/?lang=en"),
            ("/admin/staff.csv", "q=a", "/admin/staff?q=a&lang=en"),
            ("/admin/staff", "lang=zh&q=x", "/admin/staff?q=x&lang=en"),
            ("/login", "rd=%2Fadmin", "/login?rd=%2Fadmin&lang=en"),
            ("/login/qr", "rd=%2Fadmin", "/login?rd=%2Fadmin&lang=en"),
        ] {
            assert_eq!(href(&current_url(path, query, true), Lang::En), switch);
        }
    }

    #[test]
    fn what_cannot_be_opened_again_leads_to_the_page_before() {
        assert_eq!(
            current_url("/login/callback", "code=c&state=s", true),
            "/login"
        );
        for (form, page) in [
            ("/admin/unmatched/7/reject", "/admin/unmatched/7"),
            ("/admin/unmatched/bulk", "/admin/unmatched"),
            ("/admin/staff-bulk", "/admin/staff"),
            ("/admin/apps/new", "/admin/apps/new"),
            ("/admin/apps/7", "/admin/apps/7"),
            ("/admin/apps/7/hide", "/admin/apps"),
            ("/admin/sessions/bulk", "/admin/sessions"),
            ("/admin/sessions/0f/end", "/admin/sessions"),
            ("/admin/syncs", "/admin/syncs"),
            ("/admin/alerts/misconfigured/dismiss", "/admin"),
            ("/sessions/end-others", "/"),
            ("/logout", "/"),
        ] {
            assert_eq!(current_url(form, "", false), page, "{form}");
        }
        assert_eq!(
            current_url("/admin/unmatched/7/reject", "back=%2Fadmin", false),
            "/admin/unmatched/7?back=%2Fadmin",
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
        assert_eq!(requested_lang("a=1&lang=en"), Some(Lang::En));
        for query in ["", "lang=", "lang=fr", "xlang=en", "language=en"] {
            assert_eq!(requested_lang(query), None, "{query}");
        }
    }
}
