//! Reduces the `Cookie` header to our own cookies. Other applications under the same parent domain can add
//! arbitrary cookies to it.

use std::collections::BTreeMap;

use actix_web::HttpMessage as _;
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

use crate::http::lang::LANGUAGE_COOKIE;

/// The session cookie's name and the key of its signature.
#[derive(Clone)]
pub struct SessionCookie {
    is_https: bool,
    pub key: Key,
}

/// Marks a request with several different session cookies, none of which is used.
pub struct ConflictingSessions;

/// Our pairs as received in the headers: each name with its distinct values.
type Pairs<'a> = BTreeMap<&'a str, Vec<&'a str>>;

impl SessionCookie {
    pub fn new(secret: &[u8], is_https: bool) -> Self {
        Self {
            is_https,
            key: Key::derive_from(secret),
        }
    }

    pub fn name(&self) -> &'static str {
        if self.is_https {
            "__Host-dinggate"
        } else {
            "dinggate"
        }
    }

    /// Keeps only our own cookies in the request.
    pub fn keep_own(&self, request: &mut ServiceRequest) {
        if !request.headers().contains_key(COOKIE) {
            return;
        }
        let (kept, has_conflict) = self.own_pairs(request.headers());
        // Always valid: the value consists of printable ASCII only.
        match HeaderValue::try_from(kept) {
            Ok(value) if !value.is_empty() => {
                request.headers_mut().insert(COOKIE, value);
            }
            _ => {
                request.headers_mut().remove(COOKIE);
            }
        }
        if has_conflict {
            request.extensions_mut().insert(ConflictingSessions);
        }
    }

    /// Returns the header value of our pairs, and whether session cookies contradict each other.
    fn own_pairs(&self, headers: &HeaderMap) -> (String, bool) {
        let mut pairs = Pairs::new();
        for value in headers.get_all(COOKIE) {
            for pair in value.as_bytes().split(|byte| *byte == b';') {
                if let Some((name, value)) = self.own_pair(pair) {
                    let values = pairs.entry(name).or_default();
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
        }
        let mut has_conflict = false;
        let mut kept = String::new();
        for (name, mut values) in pairs {
            if values.len() > 1 && name == self.name() {
                values.retain(|value| self.is_signed_by_us(value));
                has_conflict = values.len() > 1;
            }
            // A browser keeps one value per name and path. Of several, all but one were planted by another site,
            // and they cannot be told apart.
            if let [value] = values[..] {
                if !kept.is_empty() {
                    kept.push_str("; ");
                }
                kept.extend([name, "=", value]);
            }
        }
        (kept, has_conflict)
    }

    /// Compares names byte for byte: actix decodes percent signs in them and trims Unicode blanks, so that a cookie
    /// without a `__Host-` prefix, which any neighbouring site can set, would pass for one with it.
    fn own_pair<'a>(&self, pair: &'a [u8]) -> Option<(&'a str, &'a str)> {
        let (name, value) = std::str::from_utf8(pair.trim_ascii())
            .ok()?
            .split_once('=')?;
        let is_own = name == LANGUAGE_COOKIE || name.strip_prefix(self.name()).is_some_and(is_tail);
        let is_value = value.bytes().all(|byte| byte.is_ascii_graphic());
        (is_own && is_value).then_some((name, value))
    }

    fn is_signed_by_us(&self, value: &str) -> bool {
        let Ok(cookie) = Cookie::parse_encoded(format!("{}={value}", self.name())) else {
            return false;
        };
        let mut jar = CookieJar::new();
        jar.add_original(cookie);
        jar.signed(&self.key).get(self.name()).is_some()
    }
}

/// Returns whether this can follow the common part of our names: an empty string, or `-login` and the like.
fn is_tail(tail: &str) -> bool {
    tail.is_empty()
        || tail.strip_prefix('-').is_some_and(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(is_https: bool, headers: &[&[u8]]) -> (String, bool) {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(COOKIE, HeaderValue::from_bytes(header).unwrap());
        }
        SessionCookie::new(&[7; 64], is_https).own_pairs(&map)
    }

    #[test]
    fn pairs_of_others_are_left_out_whatever_their_bytes() {
        let gbk = b"company=\xb9\xab\xcb\xbe; __Host-dinggate=a%2Bb; x; =y; theme=\"da;rk\"";
        assert_eq!(kept(true, &[gbk]).0, "__Host-dinggate=a%2Bb");
        let several: [&[u8]; 3] = [
            b"\xff",
            b"a=b;\t__Host-dinggate-login=s",
            b"dinggate_lang=en; b=%ff",
        ];
        assert_eq!(
            kept(true, &several).0,
            "__Host-dinggate-login=s; dinggate_lang=en"
        );
    }

    #[test]
    fn a_name_that_only_becomes_ours_by_decoding_is_not_ours() {
        for planted in [
            "__%48ost-dinggate=evil",
            "\u{2000}__Host-dinggate=evil",
            "__Host-dinggate\u{a0}=evil",
            "__Host-dinggate =evil",
            "__host-dinggate=evil",
            "dinggate=evil",
            "__Host-dinggatex=evil",
            "__Host-dinggate-=evil",
            "__Host-dinggate=e vil",
        ] {
            assert_eq!(kept(true, &[planted.as_bytes()]).0, "", "{planted}");
        }
        assert_eq!(
            kept(false, &[b"dinggate=a; __Host-dinggate=b"]).0,
            "dinggate=a"
        );
    }

    #[test]
    fn of_several_values_only_a_signed_session_counts() {
        let cookie = SessionCookie::new(&[7; 64], false);
        let signed = |value: &'static str| {
            let mut jar = CookieJar::new();
            jar.signed_mut(&cookie.key)
                .add(Cookie::new("dinggate", value));
            let cookie = jar.get("dinggate").cloned().unwrap();
            cookie.encoded().to_string()
        };
        let (mine, other) = (signed("mine"), signed("other"));
        for header in [
            format!("dinggate=x; {mine}"),
            format!("{mine}; dinggate=x; {mine}"),
        ] {
            assert_eq!(kept(false, &[header.as_bytes()]), (mine.clone(), false));
        }
        let both = format!("{mine}; {other}; dinggate-login=a; dinggate-login=b");
        assert_eq!(kept(false, &[both.as_bytes()]), (String::new(), true));
    }
}
