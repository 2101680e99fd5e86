//! The return target of a login: always a path on this site.

use url::Url;

/// A path (with its query) on this site; never another site, whatever the input was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPath(String);

/// Longer paths are dropped: they would not fit into a URL either.
const MAX_LEN: usize = 2048;

impl ReturnPath {
    /// Returns the path of the portal.
    pub fn home() -> Self {
        Self("/".to_owned())
    }

    /// Parses the requested path; anything but a path on this site becomes the portal.
    pub fn parse(path: Option<&str>) -> Self {
        path.and_then(Self::try_parse).unwrap_or_else(Self::home)
    }

    /// Parses a path on this site, or returns `None`. The result is normalized by a URL parser, so that no browser
    /// can interpret it differently.
    pub fn try_parse(path: &str) -> Option<Self> {
        let clean = path.len() <= MAX_LEN
            && path.starts_with('/')
            && !path.contains('\\')
            && !path.chars().any(|c| c.is_control() || c.is_whitespace());
        if !clean {
            return None;
        }
        let base = Url::parse("https://here.invalid").ok()?;
        let url = base.join(path).ok()?;
        // `//host` and the like leave the base; dot segments may create a new `//`.
        if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let path = url.path();
        if path.starts_with("//") || Self::loops(path) {
            return None;
        }
        let whole = match url.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        // Encoding makes a path longer; what is accepted here must be accepted again when it comes back.
        (whole.len() <= MAX_LEN).then_some(Self(whole))
    }

    /// Returns whether this is a sign-in or sign-out page, which would cause a redirect loop.
    fn loops(path: &str) -> bool {
        path == "/login" || path.starts_with("/login/") || path == "/logout"
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the path encoded as a query value.
    pub fn encoded(&self) -> String {
        percent_encoding::utf8_percent_encode(&self.0, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_query_is_kept() {
        assert_eq!(
            ReturnPath::parse(Some("/admin/staff?q=%E5%BC%A0&page=2")).as_str(),
            "/admin/staff?q=%E5%BC%A0&page=2"
        );
    }

    #[test]
    fn whatever_leads_elsewhere_is_the_portal() {
        for evil in [
            "",
            "x",
            "//evil",
            "///evil",
            "/\\evil",
            "\\\\evil",
            "/%09/evil/../..//evil.example",
            "https://evil.example",
            "https:evil",
            "javascript:alert(1)",
            "/\t/evil",
            "/a/..//evil",
            "/.//evil",
            "/ /evil",
            "/login",
            "/login/qr?rd=/",
            "/logout",
            "//user@evil",
        ] {
            assert_eq!(ReturnPath::parse(Some(evil)).as_str(), "/", "{evil}");
        }
        assert_eq!(ReturnPath::parse(None).as_str(), "/");
        assert_eq!(
            ReturnPath::parse(Some(&format!("/{}", "a".repeat(3000)))).as_str(),
            "/"
        );
    }

    #[test]
    fn a_path_that_encoding_makes_too_long_is_dropped() {
        let longest = format!("/{}", "长".repeat((MAX_LEN - 1) / 9));
        let path = ReturnPath::try_parse(&longest).unwrap();
        assert_eq!(ReturnPath::try_parse(path.as_str()), Some(path));
        assert_eq!(ReturnPath::try_parse(&format!("{longest}长")), None);
    }

    proptest::proptest! {
        #[test]
        fn every_result_stays_on_this_site(text in "[/\\\\a.@:%\\t \u{2f}?#]{0,40}") {
            let path = ReturnPath::parse(Some(&text));
            let base = Url::parse("https://sso.example.com").unwrap();
            proptest::prop_assert_eq!(base.join(path.as_str()).unwrap().origin(), base.origin());
        }
    }
}
