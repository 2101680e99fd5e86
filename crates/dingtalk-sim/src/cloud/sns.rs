//! `POST /sns/getuserinfo_bycode`: identifies the person who scanned, authenticated by the scan-login app's
//! signature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Fields, Refusal},
    desk::Desk,
};
use crate::{
    code::{BadCode, Kind},
    crypto::hex,
};

/// Maximum clock difference of the caller, in milliseconds.
const CLOCK_DRIFT: u64 = 60_000;

pub(crate) fn get_by_code(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    check_signature(desk)?;
    let code = desk.required("tmp_auth_code", 41026)?;
    let unionid = desk
        .world
        .codes
        .redeem(Kind::Sns, &code, desk.now)
        .map_err(|bad| match bad {
            BadCode::Unknown => Refusal::Code(40078),
            BadCode::Expired => Refusal::Code(40102),
        })?;
    desk.world.note_login(&unionid);
    let openid = Sha256::digest(format!("{} {unionid}", desk.config.login_app_id));
    let openid: String = hex(&openid).chars().take(28).collect();
    let nick = desk.world.directory.nick_of(&unionid).unwrap_or("钉钉用户");
    let mut fields = Fields::new();
    fields.insert(
        "user_info".into(),
        json!({
            "nick": nick, "unionid": unionid, "openid": openid,
            "main_org_auth_high_level": true,
        }),
    );
    Ok(fields)
}

/// The signature covers the bare timestamp; the checks run in the order of their codes.
fn check_signature(desk: &Desk<'_>) -> Result<(), Refusal> {
    let params = desk.params;
    let Some(access_key) = params.query("accessKey") else {
        // The error for an SDK that sends the app's token instead of a signature.
        let with_token = params.query("access_token").is_some();
        return Err(if with_token {
            Refusal::Wrapped(40014)
        } else {
            Refusal::Code(853_003)
        });
    };
    let timestamp = params.query("timestamp").unwrap_or_default();
    let digits = timestamp.len() == 13 && timestamp.bytes().all(|b| b.is_ascii_digit());
    let sent: i64 = timestamp
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or(Refusal::Code(853_001))?;
    if sent.abs_diff(desk.clock_ms) > CLOCK_DRIFT {
        return Err(Refusal::Code(853_002));
    }
    if access_key != desk.config.login_app_id {
        return Err(Refusal::Code(853_003));
    }
    let signature = params.query("signature").unwrap_or_default();
    if signature != sign(&desk.config.login_app_secret, timestamp) {
        return Err(Refusal::Code(853_004));
    }
    Ok(())
}

/// Returns base64 of HMAC-SHA256 over the timestamp's digits.
fn sign(secret: &str, timestamp: &str) -> String {
    // HMAC accepts a key of any length, so this fallback is never used.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_signatures_come_out() {
        for (timestamp, secret, signature) in [
            (
                "1546084445901",
                "testappSecret",
                "HCbG3xNE3vzhO+u7qCUL1jS5hsu2n5r2cFhnTrtyDAE=",
            ),
            (
                "1700000000000",
                "example-secret-A",
                "sIYfjU13lnvy3qbMwOUL9RS8i68TJ+zbuCmSULOgvI0=",
            ),
            (
                "1754553836642",
                "ZxY-9_demoSecret_0001",
                "INhIEq7go2XHSMnG/sldFjfzZZamMITlmNnF522HTcE=",
            ),
        ] {
            assert_eq!(sign(secret, timestamp), signature);
        }
    }
}
