//! The list view from which a case was opened: the URL of the case contains it.

use actix_web::HttpRequest;
use url::form_urlencoded;

use crate::domain::return_path::ReturnPath;

const LIST: &str = "/admin/unmatched";
const NAME: &str = "back";

/// The list of cases with its filters and page; never any other page.
#[derive(Debug, PartialEq, Eq)]
pub struct ListView(ReturnPath);

impl ListView {
    /// Returns the view contained in a URL, or the plain list if there is none.
    pub fn of(request: &HttpRequest) -> Self {
        let url = form_urlencoded::parse(request.query_string().as_bytes())
            .find(|(name, _)| name == NAME)
            .map(|(_, value)| value);
        Self::parse(url.as_deref())
    }

    /// Parses the URL of a view; returns the plain list if it is not one.
    pub fn parse(url: Option<&str>) -> Self {
        let is_view = |path: &ReturnPath| path.as_str().split('?').next() == Some(LIST);
        let url = url.and_then(ReturnPath::try_parse).filter(is_view);
        Self(url.unwrap_or_else(|| ReturnPath::parse(Some(LIST))))
    }

    /// Returns the view's own URL.
    pub fn href(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the URL of a page below the list that contains this view.
    pub fn keep(&self, path: &str) -> String {
        if self.href() == LIST {
            path.to_owned()
        } else {
            format!("{path}?{NAME}={}", self.0.encoded())
        }
    }

    /// Returns the URL of a case's page.
    pub fn case(&self, id: i64) -> String {
        self.keep(&format!("{LIST}/{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_kept_with_its_query() {
        let view = ListView::parse(Some("/admin/unmatched?q=a%26b&page=2"));
        assert_eq!(view.href(), "/admin/unmatched?q=a%26b&page=2");
        let case = view.case(7);
        let (path, query) = case.split_once('?').unwrap();
        assert_eq!(path, "/admin/unmatched/7");
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(pairs, [("back".into(), view.href().into())]);
    }

    #[test]
    fn what_is_no_view_of_this_list_is_the_plain_list() {
        for other in [
            "",
            "/",
            "/admin",
            "/admin/staff?q=x",
            "/admin/unmatched/7",
            "/admin/unmatched/../staff",
            "/admin/unmatchedx",
            "//evil.example/admin/unmatched",
            "https://evil.example/admin/unmatched",
            "/\\evil.example",
            "/logout",
        ] {
            let view = ListView::parse(Some(other));
            assert_eq!(view.href(), LIST, "{other}");
            assert_eq!(view.case(7), "/admin/unmatched/7");
        }
    }
}
