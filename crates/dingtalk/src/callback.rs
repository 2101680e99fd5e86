//! Crypto of DingTalk's event callback: verify, decrypt, reply.
//!
//! A push carries a base64 text and a SHA-1 over it, signed with the subscription's token. The plaintext holds 16
//! random bytes, the message length, the message, and the owner key that identifies the subscription (DingTalk's
//! document "callback event message body encryption and decryption").

mod cipher;

use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

use crate::json;
use cipher::{Cipher, RANDOM_LEN};

/// Offset of the message: after the random bytes and the four-byte length.
const HEAD_LEN: usize = RANDOM_LEN + 4;

/// The reply text that DingTalk requires.
const ANSWER: &[u8] = b"success";

/// A callback key that is not 43 characters of base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a callback key is 43 letters and digits")]
pub struct InvalidKey;

/// Why a push is rejected. The sender is never told the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The signature is not that of the subscription's token.
    #[error("wrong signature")]
    Signature,
    /// The timestamp is more than an hour off, or not a number.
    #[error("stale timestamp")]
    Stale,
    /// The encrypted text is not base64.
    #[error("not base64")]
    Base64,
    /// The encrypted text is empty or not a whole number of cipher blocks.
    #[error("not a positive number of cipher blocks")]
    Blocks,
    /// The padding of the plaintext is wrong.
    #[error("bad padding")]
    Padding,
    /// The message is longer than the plaintext.
    #[error("bad message length")]
    Length,
    /// The push is meant for another subscription.
    #[error("another owner key")]
    OwnerKey,
    /// The message is not a JSON object in UTF-8.
    #[error("not a JSON object in UTF-8")]
    Json,
}

/// The owner keys accepted in a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerKeys(Vec<String>);

impl OwnerKeys {
    /// Accepts only the configured key, if there is one; otherwise the `AppKey` (subscription made in the
    /// console) and the `CorpId` (callback registered by API).
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

/// A push as received: the values of the query string and the body, unchanged.
#[derive(Clone, Copy)]
pub struct EncryptedCallback<'a> {
    /// 40 hexadecimal digits: `msg_signature`, else `signature`.
    pub signature: &'a str,
    /// Unix milliseconds.
    pub timestamp: &'a str,
    /// Random text.
    pub nonce: &'a str,
    /// The encrypted message, from the body.
    pub encrypt: &'a str,
}

/// The content of an authenticated push.
#[derive(Debug, Clone, PartialEq)]
pub struct DecryptedCallback {
    /// Always an object.
    pub json: serde_json::Value,
    /// The owner key received, which the reply must carry too.
    pub owner_key: String,
}

/// The reply that DingTalk accepts as success; the field names are DingTalk's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    /// Lowercase hex SHA-1 over the other fields and the token.
    pub msg_signature: String,
    /// Unix milliseconds.
    #[serde(rename = "timeStamp")]
    pub time_stamp: String,
    /// Random text.
    pub nonce: String,
    /// The encrypted message.
    pub encrypt: String,
}

/// Token and key of one event subscription.
pub struct CallbackCrypto {
    token: String,
    cipher: Cipher,
    owner_keys: OwnerKeys,
}

impl CallbackCrypto {
    /// Creates the crypto of a subscription. Fails if the key is not 43 characters that decode to 32 bytes; the
    /// spare bits of the last character may have any value.
    pub fn new(token: &str, aes_key: &str, owner_keys: OwnerKeys) -> Result<Self, InvalidKey> {
        Ok(Self {
            token: token.to_owned(),
            cipher: Cipher::new(aes_key)?,
            owner_keys,
        })
    }

    /// Checks the signature over the texts exactly as received, in constant time.
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

    /// Returns the encrypted reply `success`, signed with its own timestamp (Unix milliseconds) and nonce.
    pub fn reply(
        &self,
        owner_key: &str,
        timestamp_ms: i64,
        nonce: &str,
        random: &[u8; RANDOM_LEN],
    ) -> Reply {
        self.seal(ANSWER, owner_key, timestamp_ms, nonce, random)
    }

    /// Encrypts and signs any message as a reply is; a push has the same parts.
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

    /// Decrypts and returns the message bytes, not necessarily JSON, and the owner key that follows them.
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

    /// Returns the lowercase hex SHA-1 of the four texts, sorted bytewise and concatenated.
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

/// A push whose timestamp differs from now by more than this, in milliseconds, is stale.
const MAX_AGE_MS: u64 = 3_600_000;
/// A timestamp below this is in seconds.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// Rejects a push whose timestamp is more than an hour from `now_ms` (Unix milliseconds) or is not an integer.
/// DingTalk sends milliseconds; some of its documents show seconds.
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

/// Concatenates random bytes, length, message and owner key, without padding.
fn plaintext(message: &[u8], owner_key: &str, random: &[u8; RANDOM_LEN]) -> Vec<u8> {
    let mut plain = random.to_vec();
    // Our own messages are short; a length over 4 GiB does not occur.
    plain.extend_from_slice(
        &u32::try_from(message.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes(),
    );
    plain.extend_from_slice(message);
    plain.extend_from_slice(owner_key.as_bytes());
    plain
}
