//! The language of the simulator's own pages.

use actix_web::{HttpRequest, http::header};

/// The cookie that keeps a choice made by hand.
pub(crate) const COOKIE: &str = "sim_lang";

/// One of the two languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    Chinese,
    English,
}

impl Lang {
    /// Returns the language chosen by hand, otherwise the browser's first one; Chinese if it names neither.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let chosen = request
            .cookie(COOKIE)
            .and_then(|cookie| Self::parse(cookie.value()));
        chosen.unwrap_or_else(|| {
            let wanted = request.headers().get(header::ACCEPT_LANGUAGE);
            let wanted = wanted.and_then(|value| value.to_str().ok());
            wanted.map_or(Self::Chinese, Self::first_accepted)
        })
    }

    pub(crate) fn parse(code: &str) -> Option<Self> {
        match code {
            "zh-CN" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    fn first_accepted(header: &str) -> Self {
        let mut codes = header.split(',').map(|code| code.trim().to_lowercase());
        let first = codes.find(|code| code.starts_with("zh") || code.starts_with("en"));
        if first.is_some_and(|code| code.starts_with("en")) {
            Self::English
        } else {
            Self::Chinese
        }
    }

    /// Returns the value of the `lang` attribute.
    pub(crate) fn code(self) -> &'static str {
        self.say("zh-CN", "en")
    }

    /// Returns the text in this language.
    pub(crate) fn say<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{cookie::Cookie, test::TestRequest};

    use super::*;

    #[test]
    fn a_choice_by_hand_counts_more_than_the_browsers_languages() {
        let of = |accepted: &str, chosen: Option<&'static str>| {
            let mut request = TestRequest::default();
            if !accepted.is_empty() {
                request = request.insert_header((header::ACCEPT_LANGUAGE, accepted));
            }
            if let Some(code) = chosen {
                request = request.cookie(Cookie::new(COOKIE, code));
            }
            Lang::of(&request.to_http_request())
        };
        assert_eq!(of("", None), Lang::Chinese);
        assert_eq!(of("fr", None), Lang::Chinese);
        assert_eq!(of("fr, en-GB;q=0.8, zh;q=0.5", None), Lang::English);
        assert_eq!(of("zh-TW, en", None), Lang::Chinese);
        assert_eq!(of("en-US", Some("zh-CN")), Lang::Chinese);
        assert_eq!(of("zh-CN", Some("en")), Lang::English);
        assert_eq!(of("en-US", Some("tlh")), Lang::English);
    }
}
