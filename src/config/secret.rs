//! Our own secret key and the event subscription's secrets.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// The master key from which the keys for cookies and for encryption are derived: at least 64 random bytes.
#[derive(Debug, Clone)]
pub struct SecretKey(SecretSlice<u8>);

const MIN_BYTES: usize = 64;

impl SecretKey {
    /// Parses base64 of either alphabet, with or without padding, on one line or several.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let decoded = STANDARD_PAD_INDIFFERENT
            .decode(&text)
            .or_else(|_| URL_SAFE_PAD_INDIFFERENT.decode(&text));
        let bytes = decoded.map_err(|_| "is not base64".to_owned())?;
        if bytes.len() < MIN_BYTES {
            return Err(format!(
                "holds {} bytes; at least {MIN_BYTES} are needed",
                bytes.len()
            ));
        }
        Ok(Self(SecretSlice::from(bytes)))
    }

    /// Returns the bytes, at least 64.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

/// Validates the key of the event subscription: base64 of 32 bytes without its padding.
pub(super) fn aes_key(text: &str) -> Result<SecretString, String> {
    if text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(SecretString::from(text));
    }
    Err(format!(
        "must be exactly 43 letters (A-Z, a-z) and digits, and is {} characters",
        text.chars().count()
    ))
}

/// Validates the signing token of the event subscription.
pub(super) fn callback_token(text: &str) -> Result<SecretString, String> {
    if (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(SecretString::from(text));
    }
    Err("must be 1 to 128 printable ASCII characters without blanks or line breaks".to_owned())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn a_secret_key_may_be_base64_of_any_kind() {
        let bytes = [0xfb; 64];
        for text in [
            STANDARD.encode(bytes),
            STANDARD_NO_PAD.encode(bytes),
            URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
            format!(
                "{}\n{}",
                &STANDARD.encode(bytes)[..64],
                &STANDARD.encode(bytes)[64..]
            ),
        ] {
            assert_eq!(SecretKey::parse(&text).unwrap().expose(), bytes);
        }
    }

    #[test]
    fn a_secret_key_that_is_short_or_not_base64_is_refused_without_being_repeated() {
        let short = STANDARD.encode([7; 63]);
        let what = SecretKey::parse(&short).unwrap_err();
        assert!(what.contains("63") && !what.contains(&short), "{what}");
        let what = SecretKey::parse("correct horse battery staple!").unwrap_err();
        assert!(!what.contains("horse"), "{what}");
        let key = SecretKey::parse(&STANDARD.encode([7; 64])).unwrap();
        assert!(!format!("{key:?}").contains('7'));
    }

    #[test]
    fn an_aes_key_is_43_letters_and_digits() {
        assert!(aes_key(&"aB3".repeat(15)[..43]).is_ok());
        for bad in [
            "a".repeat(42),
            "a".repeat(44),
            format!("{}=", "a".repeat(43)),
            format!("{}+", "a".repeat(42)),
            "ä".repeat(43),
        ] {
            assert!(aes_key(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_callback_token_has_no_blanks() {
        assert!(callback_token("x").is_ok() && callback_token(&"~".repeat(128)).is_ok());
        for bad in ["a b", "a\n", "ä", "\u{7f}"] {
            assert!(callback_token(bad).is_err(), "{bad:?}");
        }
        assert!(callback_token(&"x".repeat(129)).is_err());
    }
}
