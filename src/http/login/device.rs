//! The cookie by which a browser is known that somebody has signed in from before. It names a client for the limits
//! and grants nothing.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::context::Context;

const ID_LEN: usize = 16;
const LIFETIME: time::Duration = time::Duration::days(400);

fn name(ctx: &Context) -> &'static str {
    if ctx.config.server.public_url.is_https() {
        "__Host-dinggate-device"
    } else {
        "dinggate-device"
    }
}

/// The signing key, derived from the secret key and used for nothing else.
fn mac(ctx: &Context) -> Option<Hmac<Sha256>> {
    let mut key = [0_u8; 32];
    let source = Hkdf::<Sha256>::new(None, ctx.config.server.secret_key.expose());
    source.expand(b"dinggate device cookie", &mut key).ok()?;
    Hmac::new_from_slice(&key).ok()
}

fn signed(ctx: &Context, id: [u8; ID_LEN]) -> Option<String> {
    let signature = mac(ctx)?.chain_update(id).finalize().into_bytes();
    Some(URL_SAFE_NO_PAD.encode([&id[..], &signature].concat()))
}

/// Returns the id in the device cookie, if it is of our making.
pub(super) fn id(request: &HttpRequest, ctx: &Context) -> Option<[u8; ID_LEN]> {
    let cookie = request.cookie(name(ctx))?;
    let bytes = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
    let (id, signature) = bytes.split_first_chunk::<ID_LEN>()?;
    let mac = mac(ctx)?.chain_update(id);
    mac.verify_slice(signature).ok()?;
    Some(*id)
}

/// Returns the cookie for a browser in which somebody has signed in: its own id for another while, or a new one.
pub(super) fn cookie(request: &HttpRequest, ctx: &Context) -> Cookie<'static> {
    let id = id(request, ctx).unwrap_or_else(rand::random);
    Cookie::build(name(ctx), signed(ctx, id).unwrap_or_default())
        .path("/")
        .http_only(true)
        .secure(ctx.config.server.public_url.is_https())
        .same_site(SameSite::Lax)
        .max_age(LIFETIME)
        .finish()
}
