//! The app's access token (`gettoken`).

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::bounds::TOKEN_LIFETIME;
use crate::client::Client;
use crate::error::ApiError;
use crate::lenient;

/// A fresh access token.
pub struct Token {
    /// The token itself.
    pub value: SecretString,
    /// How long to use it: one minute to two hours, whatever DingTalk says.
    pub lifetime: Duration,
}

impl Client {
    /// Fetches the internal app's access token; DingTalk returns the same one until it expires.
    pub async fn get_token(&self) -> Result<Token, ApiError> {
        const API: &str = "gettoken";
        let answer = self
            .get(
                API,
                &[
                    ("appkey", &self.app.key),
                    ("appsecret", self.app.secret.expose_secret()),
                ],
            )
            .await?;
        let value = answer
            .get("access_token")
            .and_then(Value::as_str)
            .filter(|token| !token.is_empty());
        let value = value.ok_or(ApiError::Malformed {
            api: API,
            what: "access_token",
        })?;
        let seconds = answer.get("expires_in").and_then(lenient::number);
        Ok(Token {
            value: SecretString::from(value),
            lifetime: seconds.map_or(TOKEN_LIFETIME.ceiling(), |seconds| {
                TOKEN_LIFETIME.of_seconds(seconds)
            }),
        })
    }
}
