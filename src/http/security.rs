//! The security headers of every response, and the one public name.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use url::{Host, Url};

use super::brand::logo_origin;
use super::dingtalk_client::is_inside_dingtalk;
use crate::config::PublicUrl;
use crate::context::Context;
use crate::domain::net::is_loopback_host;

/// Avatars come from DingTalk's own hosts and from nowhere else.
const IMAGES: &str = "'self' data: https://*.dingtalk.com https://*.alicdn.com";

/// Returns the Content-Security-Policy of a page, with the one origin that it may show in a frame.
pub fn content_security_policy(frame: Option<&str>) -> String {
    policy("", frame)
}

/// Returns the Content-Security-Policy of the page inside DingTalk: our own scripts and this one file.
pub fn in_app_security_policy(script: &Url) -> String {
    policy(&format!(" {script}"), None)
}

fn policy(script: &str, frame: Option<&str>) -> String {
    let frame = frame
        .map(|origin| format!(" frame-src {origin};"))
        .unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'{script}; style-src 'self'; img-src {IMAGES}; connect-src 'self';{frame} \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Adds the security headers that a response does not set itself.
pub async fn secure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let context = HeaderContext::of(&request);
    let mut response = next.call(request).await?;
    add_headers(response.headers_mut(), &context);
    Ok(response)
}

/// The properties of a request that decide the security headers of its response.
#[derive(Debug, Clone)]
pub struct HeaderContext {
    is_https: bool,
    is_inside_dingtalk: bool,
    /// The origin of the company's logo, if it is loaded from another site.
    logo: Option<String>,
}

impl HeaderContext {
    pub fn of(request: &ServiceRequest) -> Self {
        let ctx = request.app_data::<web::Data<Context>>();
        Self {
            is_https: ctx.is_some_and(|ctx| ctx.config.server.public_url.is_https()),
            is_inside_dingtalk: is_inside_dingtalk(request.headers()),
            logo: ctx.and_then(|ctx| logo_origin(&ctx.config.brand)),
        }
    }
}

impl HeaderContext {
    /// Returns whether the service is reached by https.
    pub fn is_https(&self) -> bool {
        self.is_https
    }
}

/// Adds the security headers that are missing.
pub fn add_headers(headers: &mut HeaderMap, context: &HeaderContext) {
    add_missing(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    add_missing(headers, REFERRER_POLICY, "no-referrer");
    add_missing(
        headers,
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    // DingTalk on desktop passes its bridge's URL as the window name, which a browser clears where this policy
    // isolates the page in its own browsing context group.
    if !context.is_inside_dingtalk {
        add_missing(
            headers,
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        );
    }
    add_missing(headers, CACHE_CONTROL, "no-store");
    if !headers.contains_key(CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&content_security_policy(None))
    {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(origin) = &context.logo {
        allow_images_from(headers, origin);
    }
    if context.is_https {
        add_missing(
            headers,
            STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
}

/// Allows a page to show the company's logo, wherever its policy was set.
fn allow_images_from(headers: &mut HeaderMap, origin: &str) {
    let policy = headers
        .get(CONTENT_SECURITY_POLICY)
        .and_then(|policy| policy.to_str().ok())
        .map(|policy| policy.replacen("img-src ", &format!("img-src {origin} "), 1));
    if let Some(Ok(policy)) = policy.map(|policy| HeaderValue::from_str(&policy)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

fn add_missing(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Redirects requests for another loopback name of this machine to the public one, where the cookies are.
pub async fn one_loopback_name(
    ctx: web::Data<Context>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let public = &ctx.config.server.public_url;
    let host = request
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if request.method().is_safe() && is_another_loopback_name(public, host) {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let target = format!("{}{path}", public.as_str());
        let redirect = HttpResponse::TemporaryRedirect()
            .insert_header((LOCATION, target))
            .finish();
        return Ok(request.into_response(redirect).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn is_another_loopback_name(public: &PublicUrl, host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}/")) else {
        return false;
    };
    let url_host = url.host();
    public.is_loopback()
        && url_host.as_ref().is_some_and(|host| is_loopback_host(host))
        && url_host
            .map(|host: Host<&str>| host.to_string())
            .is_some_and(|host| host != public.host())
}
