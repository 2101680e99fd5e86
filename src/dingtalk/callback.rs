//! The crypto of DingTalk's event callback: verify, decrypt, answer.
//!
//! A push carries a base64 text and a SHA-1 over it, signed with the subscription's token. Inside
//! are 16 random bytes, the message's length, the message, and the owner key that says whose
//! subscription it is (DingTalk's document "callback event message body encryption and decryption").

mod cipher;

use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

use crate::domain::json;
use cipher::{Cipher, RANDOM_LEN};

/// Where the message begins: after the random bytes and the four bytes of its length.
const HEAD_LEN: usize = RANDOM_LEN + 4;

/// The text that DingTalk wants to read in the answer.
const ANSWER: &[u8] = b"success";

/// A callback key that is not 43 characters of base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a callback key is 43 letters and digits")]
pub struct InvalidKey;

/// Why a push is not believed. The sender never learns which of these it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("wrong signature")]
    Signature,
    #[error("stale timestamp")]
    Stale,
    #[error("not base64")]
    Base64,
    #[error("not a positive number of cipher blocks")]
    Blocks,
    #[error("bad padding")]
    Padding,
    #[error("bad message length")]
    Length,
    #[error("another owner key")]
    OwnerKey,
    #[error("not a JSON object in UTF-8")]
    Json,
}

/// The owner keys that a push may bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerKeys(Vec<String>);

impl OwnerKeys {
    /// Only the key that the settings name; where they name none, the `AppKey` of a subscription made
    /// in the console and the `CorpId` of a callback registered by API.
    pub fn new(only: Option<&str>, app_key: &str, corp_id: &str) -> Self {
        Self(match only {
            Some(only) => vec![only.to_owned()],
            None => vec![app_key.to_owned(), corp_id.to_owned()],
        })
    }

    fn recognise(&self, bytes: &[u8]) -> Option<&str> {
        self.0
            .iter()
            .map(String::as_str)
            .find(|key| key.as_bytes() == bytes)
    }
}

/// A push as it came: what the query string and the body hold, unchanged.
#[derive(Clone, Copy)]
pub struct EncryptedCallback<'a> {
    /// 40 hexadecimal digits: `msg_signature`, else `signature`.
    pub signature: &'a str,
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub encrypt: &'a str,
}

/// What was in a push that is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct DecryptedCallback {
    /// Always an object.
    pub json: serde_json::Value,
    /// The owner key that came, which the answer bears too.
    pub owner_key: String,
}

/// The answer that DingTalk takes for a success; the field names are DingTalk's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    pub msg_signature: String,
    #[serde(rename = "timeStamp")]
    pub time_stamp: String,
    pub nonce: String,
    pub encrypt: String,
}

/// Token and key of one event subscription.
pub struct CallbackCrypto {
    token: String,
    cipher: Cipher,
    owner_keys: OwnerKeys,
}

impl CallbackCrypto {
    /// Prepares the crypto of a subscription; fails where the key is not 43 characters that stand
    /// for 32 bytes. The spare bits of the last character may have any value.
    pub fn new(token: &str, aes_key: &str, owner_keys: OwnerKeys) -> Result<Self, InvalidKey> {
        Ok(Self {
            token: token.to_owned(),
            cipher: Cipher::new(aes_key)?,
            owner_keys,
        })
    }

    /// Checks the signature over the texts exactly as they came, in constant time.
    pub fn verify(&self, push: &EncryptedCallback<'_>) -> Result<(), CallbackError> {
        let wanted = self.signature(push.timestamp, push.nonce, push.encrypt);
        let given = push.signature.to_ascii_lowercase();
        if bool::from(wanted.as_bytes().ct_eq(given.as_bytes())) {
            Ok(())
        } else {
            Err(CallbackError::Signature)
        }
    }

    /// Decrypts a message; call [`CallbackCrypto::verify`] first.
    pub fn decrypt(&self, encrypt: &str) -> Result<DecryptedCallback, CallbackError> {
        let (message, owner_key) = self.open(encrypt)?;
        let json = json::read_utf8(&message).map_err(|_| CallbackError::Json)?;
        if json.is_object() {
            Ok(DecryptedCallback { json, owner_key })
        } else {
            Err(CallbackError::Json)
        }
    }

    /// The answer `success`, signed with a timestamp (Unix milliseconds) and a nonce of its own.
    pub fn reply(
        &self,
        owner_key: &str,
        timestamp_ms: i64,
        nonce: &str,
        random: &[u8; RANDOM_LEN],
    ) -> Reply {
        self.seal(ANSWER, owner_key, timestamp_ms, nonce, random)
    }

    /// Any message, encrypted and signed as an answer is; the parts of a push are the same.
    pub fn seal(
        &self,
        message: &[u8],
        owner_key: &str,
        timestamp_ms: i64,
        nonce: &str,
        random: &[u8; RANDOM_LEN],
    ) -> Reply {
        let encrypt = self.cipher.encrypt(&plaintext(message, owner_key, random));
        let time_stamp = timestamp_ms.to_string();
        Reply {
            msg_signature: self.signature(&time_stamp, nonce, &encrypt),
            time_stamp,
            nonce: nonce.to_owned(),
            encrypt,
        }
    }

    /// The bytes of a message, which need not be JSON, and the owner key behind them.
    pub fn open(&self, encrypt: &str) -> Result<(Vec<u8>, String), CallbackError> {
        let plain = self.cipher.decrypt(encrypt)?;
        let length = plain
            .get(RANDOM_LEN..HEAD_LEN)
            .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        let length = usize::try_from(u32::from_be_bytes(length.ok_or(CallbackError::Length)?));
        let body = plain.get(HEAD_LEN..).ok_or(CallbackError::Length)?;
        let (message, owner) = length
            .ok()
            .and_then(|n| body.split_at_checked(n))
            .ok_or(CallbackError::Length)?;
        let owner = self
            .owner_keys
            .recognise(owner)
            .ok_or(CallbackError::OwnerKey)?;
        Ok((message.to_vec(), owner.to_owned()))
    }

    /// Lowercase hex of the SHA-1 over the four texts, sorted by their bytes and joined.
    fn signature(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        let mut parts = [self.token.as_str(), timestamp, nonce, encrypt];
        parts.sort_unstable();
        let mut hash = Sha1::new();
        for part in parts {
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

/// More than this off the present, a push is stale, in milliseconds.
const MAX_AGE_MS: u64 = 3_600_000;
/// Below this a timestamp is in seconds.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// Refuses the timestamp of a push that is more than an hour off `now_ms` (Unix milliseconds), or no
/// whole number. DingTalk sends milliseconds; some of its documents show seconds.
pub fn check_freshness(timestamp: &str, now_ms: i64) -> Result<(), CallbackError> {
    let number: i64 = timestamp.parse().map_err(|_| CallbackError::Stale)?;
    let millis = if number < FIRST_MILLIS {
        number.saturating_mul(1000)
    } else {
        number
    };
    if millis.abs_diff(now_ms) <= MAX_AGE_MS {
        Ok(())
    } else {
        Err(CallbackError::Stale)
    }
}

/// Random bytes, length, message and owner key in a row, not yet padded.
fn plaintext(message: &[u8], owner_key: &str, random: &[u8; RANDOM_LEN]) -> Vec<u8> {
    let mut plain = random.to_vec();
    // Messages of ours are short; a length past 4 GiB does not occur.
    plain.extend_from_slice(
        &u32::try_from(message.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes(),
    );
    plain.extend_from_slice(message);
    plain.extend_from_slice(owner_key.as_bytes());
    plain
}
