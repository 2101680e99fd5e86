//! Redeems the one-time codes of a login.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::client::Client;
use crate::error::ApiError;
use crate::ids;

/// The person who signed in on DingTalk's page: DingTalk identifies them, but does not say whether they work
/// here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedPerson {
    /// A name chosen by the person.
    pub nick: String,
    /// The same in all apps of one developer account.
    pub unionid: String,
}

/// The person who opened a page inside DingTalk, as a member of this company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InAppPerson {
    /// Unique within the company.
    pub userid: String,
    /// The same in all apps of one developer account.
    pub unionid: String,
    /// The name, without control characters, cut to 100 characters.
    pub name: String,
}

/// Returns the signature of `sns/*` calls: base64 of HMAC-SHA256 over the bare timestamp. It must be
/// percent-encoded once. Source: open.dingtalk.com, "signature-personal-registration".
pub fn sns_signature(app_secret: &str, timestamp: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else {
        return String::new();
    };
    mac.update(timestamp.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

impl Client {
    /// Redeems the code of a scan (`sns/getuserinfo_bycode`), signed with DingTalk's time. Never call it twice
    /// with the same code, unless [`ApiError::is_wrong_time`].
    pub async fn user_by_scan_code(&self, code: &str) -> Result<ScannedPerson, ApiError> {
        const API: &str = "sns/getuserinfo_bycode";
        let timestamp = self.clock.now_ms().to_string();
        let signature = sns_signature(self.login_app.secret.expose_secret(), &timestamp);
        let query = [
            ("accessKey", self.login_app.key.as_str()),
            ("timestamp", timestamp.as_str()),
            ("signature", signature.as_str()),
        ];
        let answer = self
            .post_signed(API, &query, json!({ "tmp_auth_code": code }))
            .await?;
        let info = answer.get("user_info").unwrap_or(&Value::Null);
        Ok(ScannedPerson {
            nick: name(info, "nick"),
            unionid: unionid(API, info, "unionid")?,
        })
    }

    /// Redeems a code of `requestAuthCode` (`topapi/v2/user/getuserinfo`). Never call it twice with the same
    /// code.
    pub async fn user_by_in_app_code(
        &self,
        token: &SecretString,
        code: &str,
    ) -> Result<InAppPerson, ApiError> {
        const API: &str = "topapi/v2/user/getuserinfo";
        let answer = self.post(API, token, json!({ "code": code })).await?;
        let result = answer.get("result").unwrap_or(&Value::Null);
        let userid = text(result, "userid").and_then(ids::valid);
        Ok(InAppPerson {
            userid: userid.ok_or(ApiError::Malformed {
                api: API,
                what: "userid",
            })?,
            unionid: unionid(API, result, "unionid")?,
            name: name(result, "name"),
        })
    }
}

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

/// Returns a name that its owner may have chosen, without unprintable characters and limited in length.
pub(super) fn name(object: &Value, key: &str) -> String {
    let name = text(object, key).unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

pub(super) fn unionid(api: &'static str, object: &Value, key: &str) -> Result<String, ApiError> {
    let id = text(object, key).and_then(ids::valid);
    id.ok_or(ApiError::Malformed {
        api,
        what: "unionid",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_published_example() {
        assert_eq!(
            sns_signature("testappSecret", "1546084445901"),
            "HCbG3xNE3vzhO+u7qCUL1jS5hsu2n5r2cFhnTrtyDAE="
        );
        assert_eq!(
            sns_signature("example-secret-A", "1700000000000"),
            "sIYfjU13lnvy3qbMwOUL9RS8i68TJ+zbuCmSULOgvI0="
        );
        assert_eq!(
            sns_signature("ZxY-9_demoSecret_0001", "1754553836642"),
            "INhIEq7go2XHSMnG/sldFjfzZZamMITlmNnF522HTcE="
        );
    }
}
