//! Where the company's own systems are told.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use secrecy::{ExposeSecret as _, SecretSlice};
use url::Url;

use super::reader::Reader;
use super::setting;
use super::value::{event_types, web_url};

/// Where the company's own systems are told, and of what besides changes of the staff.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    pub url: Url,
    pub secret: WebhookSecret,
    /// DingTalk's types of events; never empty.
    pub event_types: BTreeSet<String>,
}

/// The key of the signatures: 24 to 64 bytes.
#[derive(Debug, Clone)]
pub struct WebhookSecret(SecretSlice<u8>);

const PREFIX: &str = "whsec_";
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

impl WebhookConfig {
    /// Nothing where no webhook is wanted; half of one is a fault.
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let (url, secret) = (&setting::WEBHOOK_URL, &setting::WEBHOOK_SECRET);
        let given = [url, secret, &setting::WEBHOOK_EVENTS]
            .into_iter()
            .find(|setting| reader.is_given(setting))?;
        for absent in [url, secret] {
            if !reader.is_given(absent) {
                reader.fault(absent, format!("is missing, while {} is set", given.name));
            }
        }
        let url = reader.optional(url, web_url);
        let secret = reader.optional(secret, WebhookSecret::parse);
        let event_types = reader.value(&setting::WEBHOOK_EVENTS, event_types);
        Some(Self {
            url: url?,
            secret: secret?,
            event_types: event_types?,
        })
    }
}

impl WebhookSecret {
    /// Reads what Standard Webhooks prescribes: `whsec_` and base64. What is wrong is said without
    /// repeating any of it.
    fn parse(text: &str) -> Result<Self, String> {
        let encoded = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| format!("does not begin with {PREFIX}"))?;
        let bytes = STANDARD_PAD_INDIFFERENT
            .decode(encoded)
            .map_err(|_| format!("is not base64 after {PREFIX}"))?;
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

    /// The bytes of the key.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

    use super::*;

    #[test]
    fn a_secret_is_the_bytes_behind_its_prefix() {
        for text in [
            STANDARD.encode([0xfb; 32]),
            STANDARD_NO_PAD.encode([0xfb; 32]),
        ] {
            let secret = WebhookSecret::parse(&format!("whsec_{text}")).unwrap();
            assert_eq!(secret.expose(), [0xfb; 32]);
            assert!(!format!("{secret:?}").contains("251"));
        }
    }

    #[test]
    fn a_secret_of_another_shape_is_refused_without_being_repeated() {
        for bad in [
            STANDARD.encode([7; 32]),
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
