//! Addresses of pages about one person or thing.

use actix_web::HttpRequest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in a segment of a path as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A value as one segment of a path.
pub fn segment(value: &str) -> String {
    utf8_percent_encode(value, SEGMENT).to_string()
}

/// The page of one member of staff.
pub fn staff_path(userid: &str) -> String {
    format!("/admin/staff/{}", segment(userid))
}

/// The address of the view that is being shown, with its query.
pub fn this_view(request: &HttpRequest) -> String {
    request.uri().path_and_query().map_or_else(
        || request.path().to_owned(),
        |path| path.as_str().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_userid_stays_one_segment() {
        assert_eq!(staff_path("a/../b?c"), "/admin/staff/a%2F..%2Fb%3Fc");
        assert_eq!(staff_path("0158_x-1"), "/admin/staff/0158_x-1");
    }
}
