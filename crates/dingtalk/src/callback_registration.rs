//! APIs by which a company registers its callback (`call_back/*`), and the list of callbacks that DingTalk could
//! not deliver.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::ApiError;
use crate::lenient;

/// API that registers a callback.
pub const REGISTER: &str = "call_back/register_call_back";
/// API that returns the registered callback.
pub const SHOW: &str = "call_back/get_call_back";
/// API that replaces the registered callback.
pub const UPDATE: &str = "call_back/update_call_back";
/// API that deletes the registered callback.
pub const DELETE: &str = "call_back/delete_call_back";
/// API that returns failed callbacks, and deletes those it returned in the previous call.
pub const FAILED: &str = "call_back/get_call_back_failed_result";

/// The callback registered with DingTalk for the company.
#[derive(Debug, Clone)]
pub struct RegisteredCallback {
    /// DingTalk's names of the event types.
    pub events: Vec<String>,
    /// The token that signs the pushes.
    pub token: SecretString,
    /// The key that encrypts the pushes: 43 characters.
    pub aes_key: SecretString,
    /// The URL to which DingTalk pushes.
    pub url: String,
}

/// One page of failed callbacks.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedPage {
    /// The entries as DingTalk returned them, of any shape.
    pub entries: Vec<Value>,
    /// Whether another call returns more; that call makes DingTalk delete these.
    pub has_more: bool,
}

/// What DingTalk reports about a callback, in its older codes (710xx) and its newer ones (4000xx).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationError {
    /// None is registered (71007, 400040).
    NoneRegistered,
    /// One is already registered (71006, 400041).
    Exists,
    /// An event type that cannot be subscribed to (71008).
    UnknownEvent,
    /// The URL did not reply with the encrypted `success` (71009, 400052).
    BadReply,
    /// A field of the request is missing or malformed (71010).
    BadFields,
    /// The URL is invalid (71011, 400050).
    BadUrl,
    /// DingTalk could not reach the URL (71012, 400051).
    Unreachable,
    /// DingTalk does not call this domain or IP address (71013, 400053).
    NotAllowed,
    /// The URL did not reply in time (400054).
    TooSlow,
}

impl RegistrationError {
    /// Returns what DingTalk's refusal says about a callback, or `None` if it does not concern one.
    pub fn of_error(error: &ApiError) -> Option<Self> {
        error.code().and_then(Self::of)
    }

    /// Maps DingTalk's code; returns `None` for a code that does not concern a callback.
    fn of(code: i64) -> Option<Self> {
        Some(match code {
            71007 | 400_040 => Self::NoneRegistered,
            71006 | 400_041 => Self::Exists,
            71008 => Self::UnknownEvent,
            71009 | 400_052 => Self::BadReply,
            71010 => Self::BadFields,
            71011 | 400_050 => Self::BadUrl,
            71012 | 400_051 => Self::Unreachable,
            71013 | 400_053 => Self::NotAllowed,
            400_054 => Self::TooSlow,
            _ => return None,
        })
    }
}

impl Client {
    /// Registers a callback (`register_call_back`); DingTalk tests its URL before it responds.
    pub async fn register_callback(
        &self,
        token: &SecretString,
        wanted: &RegisteredCallback,
    ) -> Result<(), ApiError> {
        self.submit(REGISTER, token, wanted).await
    }

    /// Replaces the registered callback (`update_call_back`); DingTalk tests its URL first.
    pub async fn update_callback(
        &self,
        token: &SecretString,
        wanted: &RegisteredCallback,
    ) -> Result<(), ApiError> {
        self.submit(UPDATE, token, wanted).await
    }

    /// Returns the registered callback (`get_call_back`).
    pub async fn callback(&self, token: &SecretString) -> Result<RegisteredCallback, ApiError> {
        registered(&self.get_with_token(SHOW, token).await?).map_err(|what| malformed(SHOW, what))
    }

    /// Deletes the registered callback (`delete_call_back`, a GET).
    pub async fn delete_callback(&self, token: &SecretString) -> Result<(), ApiError> {
        self.get_with_token(DELETE, token).await.map(drop)
    }

    /// Returns the next page of failed callbacks (`get_call_back_failed_result`). DingTalk deletes what the
    /// previous call returned: store a page before requesting the next.
    pub async fn failed_events(&self, token: &SecretString) -> Result<FailedPage, ApiError> {
        failed_page(&self.get_with_token(FAILED, token).await?)
            .map_err(|what| malformed(FAILED, what))
    }

    async fn submit(
        &self,
        api: &'static str,
        token: &SecretString,
        wanted: &RegisteredCallback,
    ) -> Result<(), ApiError> {
        let body = json!({
            "call_back_tag": wanted.events,
            "token": wanted.token.expose_secret(),
            "aes_key": wanted.aes_key.expose_secret(),
            "url": wanted.url,
        });
        match self.post(api, token, body).await {
            Ok(_) => Ok(()),
            Err(error) => Err(redacted(error, wanted)),
        }
    }
}

fn malformed(api: &'static str, what: &'static str) -> ApiError {
    ApiError::Malformed { api, what }
}

/// Removes DingTalk's message from an error if it quotes the token or the key, even in part.
fn redacted(error: ApiError, wanted: &RegisteredCallback) -> ApiError {
    const TELLING: usize = 6;
    let quotes = |message: &str, secret: &SecretString| {
        let start: String = secret.expose_secret().chars().take(TELLING).collect();
        !start.is_empty() && message.contains(&start)
    };
    match error {
        ApiError::Refused { api, code, message }
            if quotes(&message, &wanted.token) || quotes(&message, &wanted.aes_key) =>
        {
            ApiError::Refused {
                api,
                code,
                message: "(DingTalk's words are left out: they quote the token or the key)".into(),
            }
        }
        other => other,
    }
}

fn registered(answer: &Value) -> Result<RegisteredCallback, &'static str> {
    let tags = lenient::list(answer, "call_back_tag").map_err(|_| "call_back_tag")?;
    let secret = |name| {
        lenient::display_text(answer, name)
            .unwrap_or_default()
            .into()
    };
    Ok(RegisteredCallback {
        events: tags
            .iter()
            .filter_map(|tag| lenient::as_string(tag).ok())
            .collect(),
        token: secret("token"),
        aes_key: secret("aes_key"),
        url: lenient::display_text(answer, "url").ok_or("url")?,
    })
}

fn failed_page(answer: &Value) -> Result<FailedPage, &'static str> {
    let entries = lenient::list(answer, "failed_list")
        .map_err(|_| "failed_list")?
        .into_owned();
    // A bad flag must not lose the entries returned: if it cannot be read, make one more call to find out.
    let has_more = lenient::field(answer, "has_more")
        .is_some_and(|flag| lenient::boolean(flag).unwrap_or(!entries.is_empty()));
    Ok(FailedPage { entries, has_more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_callback_is_read_in_whatever_shape() {
        let read = |tags: Value| {
            registered(
                &json!({"errcode": 0, "call_back_tag": tags, "token": "t", "aes_key": "k", "url": "https://a/b"}),
            )
        };
        for tags in [json!(["a", "b"]), json!("[\"a\",\"b\"]")] {
            assert_eq!(read(tags).unwrap().events, ["a", "b"]);
        }
        assert_eq!(read(Value::Null).unwrap().events, [""; 0]);
        assert_eq!(read(json!("[a")).unwrap_err(), "call_back_tag");
        assert_eq!(registered(&json!({"errcode": 0})).unwrap_err(), "url");
        let shown = format!("{:?}", read(json!([])).unwrap());
        assert!(!shown.contains("\"t\"") && !shown.contains("\"k\""));
    }

    #[test]
    fn a_page_of_failed_events_is_read_in_whatever_shape() {
        let page = |answer: Value| failed_page(&answer);
        let two = page(json!({"failed_list": [{"a": 1}, 7], "has_more": "true"})).unwrap();
        assert_eq!((two.entries.len(), two.has_more), (2, true));
        let text = page(json!({"failed_list": "[{\"a\":1}]", "has_more": false})).unwrap();
        assert_eq!(
            (text.entries, text.has_more),
            (vec![json!({"a": 1})], false)
        );
        let spoilt = page(json!({"failed_list": r#"[{"a":"\ud83d"},{"b":1}]"#})).unwrap();
        assert_eq!(spoilt.entries.len(), 2);
        for empty in [json!({}), json!({"failed_list": null, "has_more": "?"})] {
            let empty = page(empty).unwrap();
            assert_eq!((empty.entries.len(), empty.has_more), (0, false));
        }
        assert!(
            page(json!({"failed_list": [1], "has_more": "?"}))
                .unwrap()
                .has_more
        );
        assert_eq!(page(json!({"failed_list": "[{"})), Err("failed_list"));
    }

    #[test]
    fn words_of_dingtalk_that_quote_a_secret_are_left_out() {
        let wanted = RegisteredCallback {
            events: Vec::new(),
            token: "tokentoken".into(),
            aes_key: "0123456789".repeat(4).into(),
            url: "https://a/b".into(),
        };
        let refused = |message: &str| ApiError::Refused {
            api: REGISTER,
            code: 71010,
            message: message.into(),
        };
        for quoting in ["bad tokentoken", "bad aes_key: 01234567"] {
            let shown = redacted(refused(quoting), &wanted).to_string();
            assert!(
                !shown.contains("tokent") && !shown.contains("01234567"),
                "{shown}"
            );
            assert!(
                shown.contains("71010") && shown.contains("left out"),
                "{shown}"
            );
        }
        assert_eq!(redacted(refused("timeout"), &wanted), refused("timeout"));
    }

    #[test]
    fn both_groups_of_codes_say_the_same() {
        for (old, new) in [
            (71006, 400_041),
            (71007, 400_040),
            (71009, 400_052),
            (71011, 400_050),
            (71012, 400_051),
            (71013, 400_053),
        ] {
            assert!(RegistrationError::of(old).is_some());
            assert_eq!(RegistrationError::of(old), RegistrationError::of(new));
        }
        assert_eq!(RegistrationError::of(60011), None);
    }
}
