//! Receives a callback from DingTalk: verifies, stores and acknowledges it.

use rand::distr::{Alphanumeric, SampleString as _};
use serde_json::Value;
use url::form_urlencoded;

use super::{inbox, rejected_callbacks};
use crate::context::Context;
use crate::domain::event::Kind;
use crate::store::StoreError;
use crate::upstream::{
    self, CallbackCrypto, CallbackError, DecryptedCallback, EncryptedCallback, InvalidKey, Reply,
    check_freshness, unix_millis,
};

/// Why a callback is not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Not even the shape of a callback.
    #[error("not a push of DingTalk's")]
    BadRequest,
    /// Verification failed; the sender learns no more than that.
    #[error("refused")]
    Refused,
    /// Not stored: DingTalk is to repeat it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configured AES key is invalid.
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

/// Checks what needs no body: the query parameters, and the age of the callback's timestamp.
pub fn check_query(query: &str) -> Result<(), ReceiveError> {
    let (_, timestamp, _) = parameters(query).ok_or(ReceiveError::BadRequest)?;
    check_freshness(&timestamp, unix_millis()).map_err(|why| {
        rejected_callbacks::note(why);
        ReceiveError::Refused
    })
}

/// Returns the signature, the timestamp and the nonce of a callback.
fn parameters(query: &str) -> Option<(String, String, String)> {
    let parameter = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    // Callbacks to an app carry both signatures, older ones only the second.
    let signature = parameter("msg_signature").or_else(|| parameter("signature"))?;
    Some((signature, parameter("timestamp")?, parameter("nonce")?))
}

/// Verifies a callback, stores its event durably (a leave event also terminates employment and sessions) and returns
/// the reply.
pub async fn receive(ctx: &Context, query: &str, body: &[u8]) -> Result<Reply, ReceiveError> {
    let given = RawCallback::read(query, body).ok_or(ReceiveError::BadRequest)?;
    let crypto = ctx.callback_crypto.as_ref().map_err(|error| *error)?;
    let opened = given.open(crypto, unix_millis())?;
    let event =
        upstream::event::of_callback(&opened.json).checked_for(&ctx.config.dingtalk.corp_id);
    if event.kind != Kind::CheckUrl {
        inbox::store(ctx, event, body.len()).await?;
    }
    let (nonce, random) = random_texts();
    Ok(crypto.reply(&opened.owner_key, unix_millis(), &nonce, &random))
}

/// Verifies and decrypts a callback at a given time: all that happens before its event is stored.
#[cfg(feature = "testing")]
pub fn open(
    crypto: &CallbackCrypto,
    query: &str,
    body: &[u8],
    now_ms: i64,
) -> Result<DecryptedCallback, ReceiveError> {
    RawCallback::read(query, body)
        .ok_or(ReceiveError::BadRequest)?
        .open(crypto, now_ms)
}

/// The parts of a callback, as received.
struct RawCallback {
    signature: String,
    timestamp: String,
    nonce: String,
    encrypt: String,
}

impl RawCallback {
    /// Returns `None` if a parameter is missing or the body is not JSON with a string `encrypt`.
    fn read(query: &str, body: &[u8]) -> Option<Self> {
        let (signature, timestamp, nonce) = parameters(query)?;
        let mut body: Value = serde_json::from_slice(body).ok()?;
        let Value::String(encrypt) = body.get_mut("encrypt")?.take() else {
            return None;
        };
        Some(Self {
            signature,
            timestamp,
            nonce,
            encrypt,
        })
    }

    fn open(
        &self,
        crypto: &CallbackCrypto,
        now_ms: i64,
    ) -> Result<DecryptedCallback, ReceiveError> {
        let push = EncryptedCallback {
            signature: &self.signature,
            timestamp: &self.timestamp,
            nonce: &self.nonce,
            encrypt: &self.encrypt,
        };
        verify_and_decrypt(crypto, &push, now_ms).map_err(|why| {
            rejected_callbacks::note(why);
            ReceiveError::Refused
        })
    }
}

/// The signature is verified first: nothing unsigned is decrypted.
fn verify_and_decrypt(
    crypto: &CallbackCrypto,
    push: &EncryptedCallback<'_>,
    now_ms: i64,
) -> Result<DecryptedCallback, CallbackError> {
    crypto.verify(push)?;
    check_freshness(push.timestamp, now_ms)?;
    crypto.decrypt(push.encrypt)
}

/// Returns a nonce and the bytes before the message: letters and digits, as in DingTalk's samples.
fn random_texts() -> (String, [u8; 16]) {
    let mut rng = rand::rng();
    let nonce = Alphanumeric.sample_string(&mut rng, 16);
    let mut random = [0; 16];
    for (slot, byte) in random
        .iter_mut()
        .zip(Alphanumeric.sample_string(&mut rng, 16).bytes())
    {
        *slot = byte;
    }
    (nonce, random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "signature=aa&msg_signature=bb&timestamp=1&nonce=n";

    #[test]
    fn the_newer_signature_is_taken_and_the_older_one_where_it_is_missing() {
        let body = br#"{"encrypt":"x","other":1}"#;
        assert_eq!(RawCallback::read(QUERY, body).unwrap().signature, "bb");
        assert_eq!(
            RawCallback::read("signature=aa&timestamp=1&nonce=n", body)
                .unwrap()
                .signature,
            "aa"
        );
        assert_eq!(
            RawCallback::read("signature=aa&msg_signature=&timestamp=1&nonce=n", body)
                .unwrap()
                .signature,
            "aa"
        );
    }

    #[test]
    fn what_lacks_a_part_is_no_push() {
        for query in [
            "",
            "timestamp=1&nonce=n",
            "signature=a&nonce=n",
            "signature=a&timestamp=1",
            "signature=a&timestamp=&nonce=n",
        ] {
            assert!(
                RawCallback::read(query, br#"{"encrypt":"x"}"#).is_none(),
                "{query}"
            );
        }
        let bodies: [&[u8]; 8] = [
            b"",
            b"x",
            b"[]",
            b"{}",
            b"null",
            br#"{"encrypt":1}"#,
            br#"{"encrypt":null}"#,
            b"{\"encrypt\":\"\xff\"}",
        ];
        for body in bodies {
            assert!(RawCallback::read(QUERY, body).is_none(), "{body:?}");
        }
    }
}
