//! Receives a callback from DingTalk: verifies, stores and acknowledges it.

use std::time::Duration;

use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::form_urlencoded;

use super::initial_state::initial_state;
use super::{offboarding, parked, rejected_callbacks};
use crate::context::Context;
use crate::dingtalk::callback::{
    self, CallbackCrypto, CallbackError, DecryptedCallback, EncryptedCallback, InvalidKey,
    OwnerKeys, Reply,
};
use crate::dingtalk::clock::unix_millis;
use crate::domain::event::{Event, Kind};
use crate::domain::queue::LaneName;
use crate::store::StoreError;
use crate::store::event;

/// DingTalk waits 1.5 s, and repeats a callback that was answered with an error.
const STORE_TIMEOUT: Duration = Duration::from_millis(700);

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
    callback::check_freshness(&timestamp, unix_millis()).map_err(|why| {
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
    let crypto = crypto(ctx)?;
    let opened = verify_and_decrypt(&crypto, &given.push()).map_err(|why| {
        rejected_callbacks::note(why);
        ReceiveError::Refused
    })?;
    let event = Event::parse(&opened.json).checked_for(&ctx.config.dingtalk.corp_id);
    if event.kind != Kind::CheckUrl {
        store(ctx, &event).await?;
        ctx.work.announce(LaneName::Events);
    }
    let (nonce, random) = random_texts();
    Ok(crypto.reply(&opened.owner_key, unix_millis(), &nonce, &random))
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

    fn push(&self) -> EncryptedCallback<'_> {
        EncryptedCallback {
            signature: &self.signature,
            timestamp: &self.timestamp,
            nonce: &self.nonce,
            encrypt: &self.encrypt,
        }
    }
}

fn crypto(ctx: &Context) -> Result<CallbackCrypto, InvalidKey> {
    let dingtalk = &ctx.config.dingtalk;
    let owner_keys = OwnerKeys::new(
        dingtalk.callback.owner_key.as_deref(),
        &dingtalk.app.key,
        &dingtalk.corp_id,
    );
    CallbackCrypto::new(
        dingtalk.callback.token.expose_secret(),
        dingtalk.callback.aes_key.expose_secret(),
        owner_keys,
    )
}

/// The signature is verified first: nothing unsigned is decrypted.
fn verify_and_decrypt(
    crypto: &CallbackCrypto,
    push: &EncryptedCallback<'_>,
) -> Result<DecryptedCallback, CallbackError> {
    crypto.verify(push)?;
    callback::check_freshness(push.timestamp, unix_millis())?;
    crypto.decrypt(push.encrypt)
}

async fn store(ctx: &Context, event: &Event) -> Result<(), StoreError> {
    ctx.db
        .tx_within(STORE_TIMEOUT, async |tx| {
            let is_new = event::insert_once(tx, event, initial_state(event))
                .await?
                .is_some();
            if !is_new {
                return parked::release_repeated(tx, event).await;
            }
            if event.kind == Kind::UserLeft {
                offboarding::terminate(tx, &event.userids).await?;
            }
            Ok(())
        })
        .await
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
    use serde_json::json;

    use super::*;
    use crate::store::event::InitialState;

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

    #[test]
    fn events_arrive_in_the_state_that_fits_them() {
        let arrives = |message: Value| initial_state(&Event::parse(&message));
        assert_eq!(
            arrives(json!({"EventType": "user_add_org", "UserId": ["a"]})),
            InitialState::Waiting
        );
        assert_eq!(
            arrives(json!({"EventType": "user_add_org", "UserId": ["a", null]})),
            InitialState::Waiting
        );
        assert_eq!(
            arrives(json!({"EventType": "user_leave_org", "UserId": ["a"]})),
            InitialState::Applied
        );
        assert_eq!(
            arrives(json!({"EventType": "org_admin_add", "UserId": ["a"]})),
            InitialState::Applied
        );
        assert_eq!(
            arrives(json!({"EventType": "org_dept_modify", "DeptId": [-7]})),
            InitialState::Applied
        );
        assert_eq!(
            arrives(json!({"EventType": "never_heard_of"})),
            InitialState::Applied
        );
        assert!(matches!(
            arrives(json!({"EventType": "user_add_org", "UserId": [null]})),
            InitialState::Failed(_)
        ));
        assert!(matches!(
            arrives(json!({"EventType": "user_leave_org", "UserId": ["a", null]})),
            InitialState::Failed(_)
        ));
    }
}
