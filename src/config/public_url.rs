//! The public URL.

use std::fmt;

use url::Url;

use super::value::web_url;
use crate::domain::net::is_loopback;

/// The URL under which browsers reach us: a scheme, a host and a port, without a path.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl {
    url: Url,
    origin: String,
}

impl PublicUrl {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = web_url(text)?;
        if url.path() != "/" {
            return Err("must not bear a path: Dinggate has a host of its own".to_owned());
        }
        let origin = url.origin().ascii_serialization();
        Ok(Self { url, origin })
    }

    /// Returns the URL without a trailing slash, so that a path can be appended.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Returns the origin as browsers write it: without the scheme's default port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it points to the browser's own machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Returns the host name or IP address, without the port; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Returns the port, either explicit or the scheme's default.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.origin)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_an_origin() {
        let url = PublicUrl::parse("https://SSO.example.com:443/").unwrap();
        assert_eq!(url.as_str(), "https://sso.example.com");
        assert_eq!((url.host(), url.port()), ("sso.example.com", 443));
        assert!(url.is_https() && !url.is_loopback());
    }

    #[test]
    fn a_loopback_address_keeps_its_port() {
        let url = PublicUrl::parse("http://[::1]:8080").unwrap();
        assert_eq!(url.origin(), "http://[::1]:8080");
        assert_eq!((url.host(), url.port()), ("[::1]", 8080));
        assert!(!url.is_https() && url.is_loopback());
    }

    #[test]
    fn a_public_address_with_a_path_is_refused() {
        assert!(
            PublicUrl::parse("https://example.com/sso")
                .unwrap_err()
                .contains("path")
        );
        assert!(
            PublicUrl::parse("http://example.com")
                .unwrap_err()
                .contains("https")
        );
    }
}
