//! The cookie that identifies a browser in which somebody has signed in before. It names a client for the limits
//! and grants nothing.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::context::Context;
use crate::domain::ids::UserId;

const ID_LEN: usize = 16;
const LIFETIME: time::Duration = time::Duration::days(400);

fn name(ctx: &Context) -> &'static str {
    if ctx.config.server.public_url.is_https() {
        "__Host-dinggate-device"
    } else {
        "dinggate-device"
    }
}

/// How many browsers of one person are clients of their own. Further ones share these, so that nobody gets more
/// shares by signing in again and again.
const DEVICES_PER_PERSON: u8 = 4;

const SIGNATURE: &[u8] = b"dinggate device cookie";
const NEW_ID: &[u8] = b"dinggate device id";

/// Returns a MAC with a key for one purpose, derived from the secret key.
fn mac(ctx: &Context, purpose: &[u8]) -> Option<Hmac<Sha256>> {
    let mut key = [0_u8; 32];
    let source = Hkdf::<Sha256>::new(None, ctx.config.server.secret_key.expose());
    source.expand(purpose, &mut key).ok()?;
    Hmac::new_from_slice(&key).ok()
}

fn signed(ctx: &Context, id: [u8; ID_LEN]) -> Option<String> {
    let signature = mac(ctx, SIGNATURE)?
        .chain_update(id)
        .finalize()
        .into_bytes();
    Some(URL_SAFE_NO_PAD.encode([&id[..], &signature].concat()))
}

/// Returns the id in the device cookie, if we issued it.
pub(super) fn id(request: &HttpRequest, ctx: &Context) -> Option<[u8; ID_LEN]> {
    let cookie = request.cookie(name(ctx))?;
    let bytes = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
    let (id, signature) = bytes.split_first_chunk::<ID_LEN>()?;
    let mac = mac(ctx, SIGNATURE)?.chain_update(id);
    mac.verify_slice(signature).ok()?;
    Some(*id)
}

/// Returns an id for another browser of a person: one of a few, none of which reveals who the person is.
fn new_id(ctx: &Context, userid: &UserId) -> Option<[u8; ID_LEN]> {
    let slot = rand::random::<u8>() % DEVICES_PER_PERSON;
    let mac = mac(ctx, NEW_ID)?.chain_update([slot]);
    let code = mac.chain_update(userid.as_str()).finalize().into_bytes();
    code.first_chunk::<ID_LEN>().copied()
}

/// Returns the cookie for a browser in which somebody has signed in: its own id for another period, or a new one.
pub(super) fn cookie(request: &HttpRequest, ctx: &Context, userid: &UserId) -> Cookie<'static> {
    let id = id(request, ctx).or_else(|| new_id(ctx, userid));
    let value = id.and_then(|id| signed(ctx, id)).unwrap_or_default();
    Cookie::build(name(ctx), value)
        .path("/")
        .http_only(true)
        .secure(ctx.config.server.public_url.is_https())
        .same_site(SameSite::Lax)
        .max_age(LIFETIME)
        .finish()
}
