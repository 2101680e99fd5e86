//! URLs of pages about one person or thing.

use crate::http::view::path::segment;

/// Returns the path of a person's page.
pub fn staff_path(userid: &str) -> String {
    // Browsers resolve the segments `.` and `..`, encoded or not, before they send a request.
    let escape = if is_dots(userid.trim_start_matches(DOTS_ESCAPE)) {
        DOTS_ESCAPE
    } else {
        ""
    };
    format!("/admin/staff/{escape}{}", segment(userid))
}

/// Returns the userid of a segment made by [`staff_path`].
pub fn userid_in_path(segment: &str) -> &str {
    match segment.strip_prefix(DOTS_ESCAPE) {
        Some(rest) if is_dots(rest.trim_start_matches(DOTS_ESCAPE)) => rest,
        _ => segment,
    }
}

/// The prefix of `.` and `..`, and of userids that would be mistaken for an escaped one.
const DOTS_ESCAPE: &str = "~";

fn is_dots(text: &str) -> bool {
    text == "." || text == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_userid_stays_one_segment() {
        assert_eq!(staff_path("a/../b?c"), "/admin/staff/a%2F..%2Fb%3Fc");
        assert_eq!(staff_path("0158_x-1"), "/admin/staff/0158_x-1");
    }

    #[test]
    fn a_userid_of_dots_has_a_page_of_its_own() {
        for (userid, path) in [
            (".", "~."),
            ("..", "~.."),
            ("~.", "~~."),
            ("~~..", "~~~.."),
            ("...", "..."),
            ("~a", "~a"),
            ("~", "~"),
        ] {
            assert_eq!(staff_path(userid), format!("/admin/staff/{path}"));
            assert_eq!(userid_in_path(path), userid);
        }
    }
}
