//! The cookie of a browser in which somebody waits for a review.

use actix_web::cookie::{Cookie, SameSite, time};

use crate::service::login::TICKET_TTL;

/// Returns the cookie's name.
pub fn name(is_https: bool) -> &'static str {
    if is_https {
        "__Host-dinggate-waiting"
    } else {
        "dinggate-waiting"
    }
}

/// Returns the cookie that holds a ticket's token.
pub fn cookie(token: &str, is_https: bool) -> Cookie<'static> {
    let ttl = time::Duration::try_from(TICKET_TTL).unwrap_or(time::Duration::DAY);
    Cookie::build(name(is_https), token.to_owned())
        .path("/")
        .http_only(true)
        .secure(is_https)
        .same_site(SameSite::Lax)
        .max_age(ttl)
        .finish()
}
