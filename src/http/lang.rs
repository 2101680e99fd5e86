//! The language of a request: the one chosen by the user, else the one that the browser asks for.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap};
use actix_web::{FromRequest, HttpRequest};

use crate::text::lang::Lang;

impl Lang {
    /// Returns the language chosen in this browser, else the one that `Accept-Language` prefers.
    pub fn of(headers: &HeaderMap) -> Self {
        if let Some(chosen) = chosen(headers) {
            return chosen;
        }
        headers
            .get(ACCEPT_LANGUAGE)
            .map_or_else(Self::default, |value| {
                Self::from_accepted(&String::from_utf8_lossy(value.as_bytes()))
            })
    }
}

/// The cookie that stores the user's choice.
pub const LANGUAGE_COOKIE: &str = "dinggate_lang";

fn chosen(headers: &HeaderMap) -> Option<Lang> {
    let cookies = headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    let (_, code) = pairs.find(|(name, _)| *name == LANGUAGE_COOKIE)?;
    Lang::from_code(code)
}

impl FromRequest for Lang {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn without_headers_the_default_is_chosen() {
        assert_eq!(Lang::of(&HeaderMap::new()), Lang::Zh);
    }

    #[test]
    fn a_choice_by_hand_goes_before_what_the_browser_asks_for() {
        let of = |cookie: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("zh-CN"));
            headers.insert(COOKIE, HeaderValue::from_static(cookie));
            Lang::of(&headers)
        };
        assert_eq!(of("a=b; dinggate_lang=en; c=d"), Lang::En);
        assert_eq!(of("dinggate_lang=fr"), Lang::Zh);
        assert_eq!(of("xdinggate_lang=en"), Lang::Zh);
    }
}
