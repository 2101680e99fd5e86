//! Where a login returns to. The input is the path that the browser asks for.

use dinggate::domain::return_path::ReturnPath;
use url::{Position, Url};

/// Panics if a login can lead to another site, or an accepted path changes when it is checked again.
pub fn check(data: &[u8]) {
    let asked = String::from_utf8_lossy(data);
    let path = ReturnPath::parse(Some(&asked));
    let text = path.as_str();
    assert!(text.starts_with('/') && !text.starts_with("//") && !text.contains('\\'));
    assert!(
        text.bytes().all(|byte| byte.is_ascii_graphic()),
        "{text:?} fits a header"
    );
    for base in [
        "https://sso.example.com",
        "http://localhost:8080/login/qr?rd=%2F#x",
        "https://user@sso.example.com/a/b/",
    ] {
        let base = Url::parse(base).expect("a valid base");
        let url = base.join(text).expect("a valid target");
        assert_eq!(url.origin(), base.origin(), "{text}");
        assert_eq!(
            &url[Position::BeforePath..],
            text,
            "a browser goes where the path says"
        );
        assert!(!["/login", "/logout"].contains(&url.path()) && !url.path().starts_with("/login/"));
    }
    assert_eq!(
        ReturnPath::try_parse(text),
        Some(path.clone()),
        "it is stored and checked again"
    );
    let decoded = url::form_urlencoded::parse(format!("rd={}", path.encoded()).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned());
    assert_eq!(decoded.as_deref(), Some(text));
    if let Some(accepted) = ReturnPath::try_parse(&asked) {
        assert_eq!(accepted, path);
    } else {
        assert_eq!(path, ReturnPath::home());
    }
}
