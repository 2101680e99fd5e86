//! The newer login page: exchanges its code for the person's token, and that for their identity.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::ApiError;
use crate::lenient;
use crate::login::{ScannedPerson, name, unionid};
use crate::v1_codes;

/// What a person granted on DingTalk's login page, used once to identify them.
pub struct UserGrant {
    /// Grants access to the person's own record; must be dropped after the login.
    pub token: SecretString,
    /// The company that the person chose on the page. It proves nothing.
    pub corp_id: Option<String>,
}

impl Client {
    /// Redeems the code of the login page (`v1.0/oauth2/userAccessToken`). Never call it twice with the same
    /// code. Source: open.dingtalk.com, "obtain-user-token".
    pub async fn user_grant(&self, code: &str) -> Result<UserGrant, ApiError> {
        const API: &str = v1_codes::REDEEM;
        let secret = self.login_app.secret.expose_secret();
        let body = json!({
            "clientId": self.login_app.key,
            "clientSecret": secret,
            "code": code,
            "grantType": "authorization_code",
        });
        let answer = self.v1.post(API, body, &[code, secret]).await?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str);
        let token = text("accessToken").filter(|token| !token.is_empty());
        Ok(UserGrant {
            token: SecretString::from(token.ok_or(ApiError::Malformed {
                api: API,
                what: "accessToken",
            })?),
            corp_id: text("corpId").map(str::to_owned),
        })
    }

    /// Returns the person a token belongs to (`v1.0/contact/users/me`). Source: open.dingtalk.com,
    /// "dingtalk-retrieve-user-information".
    pub async fn token_owner(&self, token: &SecretString) -> Result<ScannedPerson, ApiError> {
        const API: &str = "v1.0/contact/users/me";
        let answer = self.v1.get(API, token).await;
        let answer = answer.map_err(of_this_login)?;
        // DingTalk leaves out fields that the app may not read. A record without any field is a broken response.
        let is_record = ["nick", "openId"]
            .iter()
            .any(|name| lenient::field(&answer, name).is_some());
        if is_record && lenient::text(&answer, "unionId") == Ok(None) {
            return Err(ApiError::Withheld {
                api: API,
                field: "unionId",
                permission: "Contact.User.Read",
            });
        }
        Ok(ScannedPerson {
            nick: name(&answer, "nick"),
            unionid: unionid(API, &answer, "unionId")?,
        })
    }
}

/// Treats a rejected token as a failed login: it is the person's token, not the app's, so it is not fetched
/// again, and no setting needs fixing.
fn of_this_login(error: ApiError) -> ApiError {
    match error {
        ApiError::TokenRejected { api, .. } => ApiError::Denied {
            api,
            status: 400,
            code: "InvalidAuthentication".to_owned(),
            permissions: Vec::new(),
            message: String::new(),
        },
        error => error,
    }
}
