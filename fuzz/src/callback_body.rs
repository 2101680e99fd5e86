//! A callback from its query and body to its decrypted message. The first line of the input is the query, the rest
//! is the body, and both the message and the plaintext of callbacks that are signed here.

use aes::cipher::{Array, BlockModeEncrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dinggate::service::events::open_callback;
use dingtalk::callback::{CallbackCrypto, DecryptedCallback, OwnerKeys};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use url::form_urlencoded;

const NOW_MS: i64 = 1_700_000_000_000;
const TOKEN: &str = "Tk0demoTOKEN";
const AES_KEY: &str = "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSw";
const APP_KEY: &str = "dingdemoappkey0000a1";
const CORP_ID: &str = "ding0123456789abcdef0123456789abcdef";
const NONCE: &str = "kBms4hUF";

/// Panics if a forged callback is accepted, or a genuine one is not, or not with its own message.
pub fn check(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let query = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    as_received(&query, rest);
    as_message(rest);
    as_plaintext(rest);
}

fn crypto() -> CallbackCrypto {
    let owner_keys = OwnerKeys::new(None, APP_KEY, CORP_ID);
    CallbackCrypto::new(TOKEN, AES_KEY, owner_keys).expect("the key is valid")
}

fn open(query: &str, body: &[u8]) -> Option<DecryptedCallback> {
    open_callback(&crypto(), query, body, NOW_MS).ok()
}

/// Only a callback whose signature is right and whose timestamp is recent is accepted.
fn as_received(query: &str, body: &[u8]) {
    let Some(opened) = open(query, body) else {
        return;
    };
    let value = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    let (timestamp, nonce) = (value("timestamp"), value("nonce"));
    let (timestamp, nonce) = (timestamp.expect("a time"), nonce.expect("a nonce"));
    let body: Value = serde_json::from_slice(body).expect("accepted JSON");
    let encrypt = body["encrypt"].as_str().expect("an encrypted text");
    let given = value("msg_signature").or_else(|| value("signature"));
    assert_eq!(
        given.expect("a signature").to_ascii_lowercase(),
        signature(&timestamp, &nonce, encrypt)
    );
    let timestamp: i64 = timestamp.parse().expect("a number");
    let in_time = |millis: i64| millis.abs_diff(NOW_MS) <= 3_600_000;
    assert!(in_time(timestamp) || in_time(timestamp.saturating_mul(1000)));
    assert!(opened.json.is_object());
    assert!([APP_KEY, CORP_ID].contains(&opened.owner_key.as_str()));
}

/// A signed message comes out as it went in, and whatever is changed on its way is noticed.
fn as_message(message: &[u8]) {
    let crypto = crypto();
    let sealed = crypto.seal(message, APP_KEY, NOW_MS, NONCE, &[7; 16]);
    let (out, owner) = crypto.open(&sealed.encrypt).expect("just sealed");
    assert_eq!((out.as_slice(), owner.as_str()), (message, APP_KEY));
    let timestamp = NOW_MS.to_string();
    assert_eq!(
        sealed.msg_signature,
        signature(&timestamp, NONCE, &sealed.encrypt)
    );
    let (signature, encrypt) = (&sealed.msg_signature, &sealed.encrypt);
    let accepted = open(&query(signature, &timestamp, NONCE), &body(encrypt));
    if let Ok(json @ Value::Object(_)) = serde_json::from_slice(message) {
        assert_eq!(accepted.as_ref().map(|opened| &opened.json), Some(&json));
    }
    let position = message.iter().map(|byte| usize::from(*byte)).sum::<usize>();
    let later = (NOW_MS + 1).to_string();
    let longer = format!("{NONCE}x");
    for (signature, timestamp, nonce, encrypt) in [
        (&other_at(signature, position), &timestamp, NONCE, encrypt),
        (signature, &later, NONCE, encrypt),
        (signature, &timestamp, &longer, encrypt),
        (signature, &timestamp, NONCE, &other_at(encrypt, position)),
    ] {
        assert_eq!(
            open(&query(signature, timestamp, nonce), &body(encrypt)),
            None
        );
    }
    let stale = (NOW_MS - 3_600_001).to_string();
    let signature = self::signature(&stale, NONCE, encrypt);
    assert_eq!(
        open(&query(&signature, &stale, NONCE), &body(encrypt)),
        None
    );
}

/// Whoever knows the key can send any plaintext; it is read as DingTalk describes its form, or refused.
fn as_plaintext(plain: &[u8]) {
    let mut plain = plain.to_vec();
    plain.resize(plain.len().next_multiple_of(16).max(16), 0);
    let encrypt = encrypted(&plain);
    let opened = crypto().open(&encrypt).ok();
    let expected = message_in(&plain);
    assert_eq!(
        opened
            .as_ref()
            .map(|(message, owner)| (message.as_slice(), owner.as_str())),
        expected
    );
    let timestamp = NOW_MS.to_string();
    let signature = signature(&timestamp, NONCE, &encrypt);
    let accepted = open(&query(&signature, &timestamp, NONCE), &body(&encrypt));
    assert!(accepted.is_none() || expected.is_some());
}

/// Returns the message and the owner key in a plaintext, by DingTalk's description.
fn message_in(plain: &[u8]) -> Option<(&[u8], &str)> {
    let padding = usize::from(*plain.last()?);
    let (kept, padded) = plain.split_at_checked(plain.len().checked_sub(padding)?)?;
    let is_padded =
        (1..=32).contains(&padding) && padded.iter().all(|byte| usize::from(*byte) == padding);
    let (length, rest) = kept.get(16..)?.split_first_chunk().filter(|_| is_padded)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (message, owner) = rest.split_at_checked(length)?;
    let owner = std::str::from_utf8(owner).ok()?;
    [APP_KEY, CORP_ID]
        .contains(&owner)
        .then_some((message, owner))
}

fn encrypted(plain: &[u8]) -> String {
    let key: [u8; 32] = STANDARD
        .decode(format!("{AES_KEY}="))
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .expect("32 bytes");
    let iv: [u8; 16] = *key.first_chunk().expect("16 bytes");
    let mut cipher = cbc::Encryptor::<aes::Aes256>::new(&key.into(), &iv.into());
    let mut out = Vec::new();
    for block in plain.as_chunks::<16>().0 {
        let mut block = Array::from(*block);
        cipher.encrypt_block(&mut block);
        out.extend_from_slice(&block);
    }
    STANDARD.encode(out)
}

fn signature(timestamp: &str, nonce: &str, encrypt: &str) -> String {
    let mut parts = [TOKEN, timestamp, nonce, encrypt];
    parts.sort_unstable();
    hex::encode(Sha1::digest(parts.concat()))
}

fn query(signature: &str, timestamp: &str, nonce: &str) -> String {
    format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}")
}

fn body(encrypt: &str) -> Vec<u8> {
    json!({ "encrypt": encrypt }).to_string().into_bytes()
}

/// Returns the text with another letter at one place.
fn other_at(text: &str, position: usize) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = position % letters.len();
    letters[at] = if letters[at] == 'a' { 'b' } else { 'a' };
    letters.into_iter().collect()
}
