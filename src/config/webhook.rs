//! Webhook settings.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use url::Url;

use super::reader::Reader;
use super::setting;
use super::value::{event_types, web_url_with_query};

/// The webhook receiver, and the events delivered to it in addition to staff changes.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    pub url: WebhookUrl,
    pub secret: WebhookSecret,
    /// DingTalk's event types; never empty.
    pub event_types: BTreeSet<String>,
}

/// The receiver's URL. Its query may be a secret and is not shown.
#[derive(Clone)]
pub struct WebhookUrl(Url);

/// The signing key: 24 to 64 bytes.
#[derive(Debug, Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

const PREFIX: &str = "whsec_";
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

impl WebhookConfig {
    /// Returns `None` if no webhook is configured; an incomplete configuration is an error.
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let (url, secret) = (&setting::WEBHOOK_URL, &setting::WEBHOOK_SECRET);
        let present = [url, secret, &setting::WEBHOOK_EVENTS]
            .into_iter()
            .find(|setting| reader.is_given(setting))?;
        for absent in [url, secret] {
            if !reader.is_given(absent) {
                reader.error(absent, format!("is missing, while {} is set", present.name));
            }
        }
        let url = reader.optional(url, WebhookUrl::parse);
        let secret = reader.optional(secret, WebhookSecret::parse);
        let event_types = reader.value(&setting::WEBHOOK_EVENTS, event_types);
        Some(Self {
            url: url?,
            secret: secret?,
            event_types: event_types?,
        })
    }
}

impl WebhookUrl {
    fn parse(text: &str) -> Result<Self, String> {
        web_url_with_query(text).map(Self)
    }

    /// Returns the whole URL, for sending.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// Returns the query and each value in it, which must not be shown.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let query = self.0.query().map(SecretString::from);
        let values = self.0.query_pairs().map(|(_, v)| v.into_owned().into());
        query.into_iter().chain(values).collect()
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        shown.set_query(None);
        let query = if self.0.query().is_some() { "?***" } else { "" };
        write!(f, "{shown}{query}")
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl WebhookSecret {
    /// Parses the form that Standard Webhooks prescribes: an optional `whsec_`, then base64. Error messages
    /// repeat none of it.
    fn parse(text: &str) -> Result<Self, String> {
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let bytes = STANDARD_PAD_INDIFFERENT
            .decode(encoded)
            .map_err(|_| format!("is not base64, with or without {PREFIX} before it"))?;
        if !BYTES.contains(&bytes.len()) {
            return Err(format!(
                "holds {} bytes; {} to {} are wanted",
                bytes.len(),
                BYTES.start(),
                BYTES.end()
            ));
        }
        Ok(Self(SecretSlice::from(bytes)))
    }

    /// Returns the bytes of the key.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

    use super::*;

    #[test]
    fn an_address_is_shown_without_its_query() {
        let url = WebhookUrl::parse("https://hr.example.com/hook?key=hunter2").unwrap();
        assert_eq!(url.expose().query(), Some("key=hunter2"));
        for shown in [url.to_string(), format!("{url:?}")] {
            assert_eq!(shown, "https://hr.example.com/hook?***");
        }
        assert!(url.secrets().iter().any(|s| s.expose_secret() == "hunter2"));
    }

    #[test]
    fn a_secret_is_the_bytes_behind_its_prefix() {
        for text in [
            STANDARD.encode([0xfb; 32]),
            STANDARD_NO_PAD.encode([0xfb; 32]),
        ] {
            for text in [format!("whsec_{text}"), text] {
                let secret = WebhookSecret::parse(&text).unwrap();
                assert_eq!(secret.expose(), [0xfb; 32]);
                assert!(!format!("{secret:?}").contains("251"));
            }
        }
    }

    #[test]
    fn a_secret_of_another_shape_is_refused_without_being_repeated() {
        for bad in [
            STANDARD.encode([7; 23]),
            format!("whsec_{}", STANDARD.encode([7; 23])),
            format!("whsec_{}", STANDARD.encode([7; 65])),
            "whsec_BwcH-horse".to_owned(),
            "whsec_".to_owned(),
        ] {
            let what = WebhookSecret::parse(&bad).unwrap_err();
            assert!(!what.contains("BwcH"), "{what}");
        }
    }
}
