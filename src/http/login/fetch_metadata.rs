//! Prevents other sites from making browsers start or finish logins: their images and iframes would use up the
//! limits of an office.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use percent_encoding::percent_decode_str;

use crate::http::error::AppError;

/// The pages that start or finish a login by a mere GET.
const GUARDED: [&str; 3] = ["/login", "/login/qr", "/login/callback"];

/// Answers 400 at once if a login page is requested neither by one of our pages nor by a top-level navigation.
pub async fn only_own_and_navigation<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    // Decoded as the router does: `/%6Cogin` leads to the same page.
    let path = percent_decode_str(request.path()).decode_utf8_lossy();
    if GUARDED.contains(&path.as_ref()) && !is_allowed(request.headers()) {
        return Err(AppError::BadRequest(String::new()).into());
    }
    next.call(request).await
}

/// Returns whether the headers allow the request; a browser that does not send a header is not checked for it.
fn is_allowed(headers: &HeaderMap) -> bool {
    let is = |name: &str, wanted: &str| {
        headers
            .get(name)
            .is_none_or(|value| value.as_bytes() == wanted.as_bytes())
    };
    is("sec-fetch-site", "same-origin")
        || (is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn allowed(site: &str, mode: &str, dest: &str) -> bool {
        let headers = [
            ("sec-fetch-site", site),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
        ];
        let request = headers
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .fold(TestRequest::default(), TestRequest::insert_header);
        is_allowed(request.to_http_request().headers())
    }

    #[test]
    fn own_requests_and_navigations_are_allowed_and_nothing_else() {
        assert!(allowed("same-origin", "no-cors", "image"));
        assert!(allowed("cross-site", "navigate", "document"));
        assert!(allowed("none", "navigate", "document"));
        assert!(!allowed("cross-site", "no-cors", "image"));
        assert!(!allowed("same-site", "no-cors", "image"));
        assert!(!allowed("none", "no-cors", "image"));
        assert!(!allowed("cross-site", "navigate", "iframe"));
        assert!(!allowed("cross-site", "cors", "empty"));
    }

    #[test]
    fn a_missing_header_counts_as_allowed() {
        assert!(allowed("", "", ""));
        assert!(allowed("", "no-cors", "image"));
        assert!(allowed("cross-site", "", ""));
        assert!(allowed("cross-site", "navigate", ""));
        assert!(!allowed("cross-site", "no-cors", ""));
    }
}
