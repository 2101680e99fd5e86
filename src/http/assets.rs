//! The static files, embedded in the program, each under a URL that changes with its content.

use std::sync::LazyLock;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, IfNoneMatch, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

#[cfg(test)]
mod style_tests;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $content_type:literal) => {
        Asset {
            name: $name,
            content_type: $content_type,
            body: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/", $name)),
        }
    };
}

static ASSETS: [Asset; 14] = [
    asset!("tokens.css", "text/css; charset=utf-8"),
    asset!("components.css", "text/css; charset=utf-8"),
    asset!("noscript.css", "text/css; charset=utf-8"),
    asset!("login.js", "text/javascript; charset=utf-8"),
    asset!("in_app.js", "text/javascript; charset=utf-8"),
    asset!("admin.js", "text/javascript; charset=utf-8"),
    asset!("question.js", "text/javascript; charset=utf-8"),
    asset!("keys.js", "text/javascript; charset=utf-8"),
    asset!("follow.js", "text/javascript; charset=utf-8"),
    asset!("portal.js", "text/javascript; charset=utf-8"),
    asset!("waiting.js", "text/javascript; charset=utf-8"),
    asset!("toast.js", "text/javascript; charset=utf-8"),
    asset!("times.js", "text/javascript; charset=utf-8"),
    asset!("favicon.svg", "image/svg+xml"),
];

/// The bytes sent for each file and the start of its SHA-256 in hexadecimal, in the order of [`ASSETS`].
static SENT: LazyLock<Vec<(web::Bytes, String)>> = LazyLock::new(|| {
    let sent = ASSETS.iter().map(|asset| match asset.content_type {
        STYLE => compact(asset.body).into(),
        _ => web::Bytes::from_static(asset.body),
    });
    sent.map(|body| {
        let version = version(&body);
        (body, version)
    })
    .collect()
});

const STYLE: &str = "text/css; charset=utf-8";

/// Returns a style sheet without comments and indentation: a seventh smaller, and as easy to debug.
fn compact(css: &[u8]) -> Vec<u8> {
    let css = String::from_utf8_lossy(css);
    let mut kept = String::with_capacity(css.len());
    for (number, part) in css.split("/*").enumerate() {
        let code = if number == 0 {
            part
        } else {
            part.split_once("*/").map_or("", |(_, code)| code)
        };
        for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.into_bytes()
}

fn version(body: &[u8]) -> String {
    let mut first = [0; 8];
    first
        .iter_mut()
        .zip(Sha256::digest(body))
        .for_each(|(to, from)| *to = from);
    format!("{:016x}", u64::from_be_bytes(first))
}

fn find(name: &str) -> Option<(&'static Asset, web::Bytes, &'static str)> {
    ASSETS
        .iter()
        .zip(SENT.iter())
        .find(|(asset, _)| asset.name == name)
        .map(|(asset, (body, version))| (asset, body.clone(), version.as_str()))
}

/// Returns the URL of a static file, with its version; for an unknown name, a URL that answers 404.
pub fn href(name: &str) -> String {
    match find(name) {
        Some((_, _, version)) => format!("/static/{name}?v={version}"),
        None => format!("/static/{name}"),
    }
}

/// Registers the files under `/static/`, and the icon at the path where browsers request it by default.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/static/{name}").route(web::get().to(file)))
        .service(web::resource("/favicon.ico").route(web::get().to(icon)));
}

async fn file(name: web::Path<String>, request: HttpRequest) -> HttpResponse {
    respond(&name, &request)
}

async fn icon(request: HttpRequest) -> HttpResponse {
    respond("favicon.svg", &request)
}

fn respond(name: &str, request: &HttpRequest) -> HttpResponse {
    let Some((asset, body, version)) = find(name) else {
        return HttpResponse::NotFound().finish();
    };
    let tag = EntityTag::new_strong(version.to_owned());
    let is_known = is_known(&tag, request);
    let mut response = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    // The URL of another version must not pin this version's content.
    let is_current = request.query_string().strip_prefix("v=") == Some(version);
    let keep = if is_current {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    response
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CACHE_CONTROL, keep));
    if is_known {
        return response.finish();
    }
    response
        .insert_header((CONTENT_TYPE, asset.content_type))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}

fn is_known(tag: &EntityTag, request: &HttpRequest) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};

    use super::*;

    async fn get(path: &str, known: Option<&str>) -> (u16, Vec<(String, String)>, usize) {
        let app = test::init_service(App::new().configure(configure)).await;
        let mut request = test::TestRequest::get().uri(path);
        if let Some(known) = known {
            request = request.insert_header(("If-None-Match", known));
        }
        let response = test::call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()))
            .collect();
        (status, headers, test::read_body(response).await.len())
    }

    fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
        headers
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value)
    }

    #[actix_web::test]
    async fn every_file_is_served_under_its_address_for_good() {
        for (asset, (sent, _)) in ASSETS.iter().zip(SENT.iter()) {
            let (status, headers, length) = get(&href(asset.name), None).await;
            assert_eq!((status, length), (200, sent.len()), "{}", asset.name);
            assert_eq!(header(&headers, "content-type"), asset.content_type);
            assert_eq!(header(&headers, "x-content-type-options"), "nosniff");
            assert_eq!(
                header(&headers, "cache-control"),
                "public, max-age=31536000, immutable"
            );
        }
    }

    #[actix_web::test]
    async fn an_address_of_another_version_is_not_kept() {
        for path in [
            "/static/tokens.css",
            "/static/tokens.css?v=0123456789abcdef",
            "/favicon.ico",
        ] {
            let (status, headers, _) = get(path, None).await;
            assert_eq!(
                (status, header(&headers, "cache-control")),
                (200, "public, no-cache"),
                "{path}"
            );
        }
    }

    #[actix_web::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let (_, headers, _) = get("/static/login.js", None).await;
        let tag = header(&headers, "etag").to_owned();
        let (status, again, length) =
            get("/static/login.js", Some(&format!("\"other\", W/{tag}"))).await;
        assert_eq!(
            (status, header(&again, "etag"), length),
            (304, tag.as_str(), 0)
        );
        assert_eq!(get("/static/login.js", Some("\"other\"")).await.0, 200);
    }

    #[actix_web::test]
    async fn nothing_else_is_there() {
        for path in [
            "/static/",
            "/static/x.css",
            "/static/..%2fCargo.toml",
            "/static/%2e%2e/Cargo.toml",
        ] {
            assert_eq!(get(path, None).await.0, 404, "{path}");
        }
    }
}
