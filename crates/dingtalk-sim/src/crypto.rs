//! The encryption of event callbacks: AES-256-CBC with 32-byte padding, and a SHA-1 signature.
//!
//! Chaining and padding are implemented here on top of the bare block cipher, so that this side and the product's
//! share no more than the cipher itself.

use std::fmt::Write as _;

use aes::{
    Aes256,
    cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _},
};
use anyhow::{Context as _, bail, ensure};
use base64::{
    Engine as _, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use rand::distr::{Alphanumeric, SampleString as _};
use sha1::{Digest as _, Sha1};

const BLOCK: usize = 16;
/// The documented padding multiple, twice the cipher's block.
const PAD_TO: usize = 32;
/// Length of the 16 random bytes and the message length field.
const HEAD: usize = 20;
/// The 43rd character of a key carries two bits that no byte uses; keys in the field set them.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// One subscription's token, key and owner key.
#[derive(Clone)]
pub struct CallbackCrypto {
    token: String,
    cipher: Aes256,
    iv: [u8; BLOCK],
    owner_key: String,
}

/// A push as sent, and its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCallback {
    /// `signature=…&msg_signature=…&timestamp=…&nonce=…`
    pub query: String,
    /// `{"encrypt":"…"}`
    pub body: String,
    pub signature: String,
    pub timestamp: String,
    pub nonce: String,
    pub encrypt: String,
}

/// Values that a test overrides in a push; `None` keeps the simulator's value.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub timestamp: Option<String>,
    pub nonce: Option<String>,
    pub owner_key: Option<String>,
    pub token: Option<String>,
    /// 43 characters.
    pub aes_key: Option<String>,
    pub random: Option<[u8; 16]>,
}

impl CallbackCrypto {
    /// Creates the crypto of one subscription; the error says why its key is unusable.
    pub fn new(token: &str, aes_key: &str, owner_key: &str) -> anyhow::Result<Self> {
        ensure!(
            aes_key.len() == 43 && aes_key.bytes().all(|b| b.is_ascii_alphanumeric()),
            "the callback key must be 43 letters and digits"
        );
        let bytes = KEY_BASE64.decode(format!("{aes_key}="))?;
        let key: [u8; 32] = bytes
            .try_into()
            .map_err(|_| anyhow::anyhow!("the callback key does not hold 32 bytes"))?;
        let iv = *key
            .first_chunk::<BLOCK>()
            .context("no initialisation vector")?;
        Ok(Self {
            token: token.to_owned(),
            cipher: Aes256::new(&Array::from(key)),
            iv,
            owner_key: owner_key.to_owned(),
        })
    }

    /// Encrypts a message after random bytes; returns base64 on one line.
    pub fn encrypt(&self, message: &[u8]) -> String {
        self.encrypt_with(message, &random16())
    }

    /// Encrypts a message after the given bytes; returns base64 on one line.
    pub fn encrypt_with(&self, message: &[u8], random: &[u8; 16]) -> String {
        let mut plain = random.to_vec();
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(message);
        plain.extend_from_slice(self.owner_key.as_bytes());
        let pad = PAD_TO - plain.len() % PAD_TO;
        plain.extend(std::iter::repeat_n(u8::try_from(pad).unwrap_or(0), pad));
        self.encrypt_blocks(&plain)
    }

    /// Encrypts bytes without padding, to craft bad padding and bad lengths; an incomplete last block of 16 is
    /// dropped.
    pub fn encrypt_blocks(&self, plain: &[u8]) -> String {
        let (blocks, _) = plain.as_chunks::<BLOCK>();
        let mut before = self.iv;
        let mut out = Vec::with_capacity(plain.len());
        for block in blocks {
            let mut mixed = Array::from(xor(block, &before));
            self.cipher.encrypt_block(&mut mixed);
            before = mixed.into();
            out.extend_from_slice(&before);
        }
        STANDARD.encode(out)
    }

    /// Decrypts a base64 ciphertext and returns the message; checks length, padding and owner key.
    pub fn decrypt(&self, encrypt: &str) -> anyhow::Result<Vec<u8>> {
        let plain = self.decrypt_blocks(encrypt)?;
        let body = strip_padding(&plain)?;
        let length = body
            .get(BLOCK..HEAD)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes)
            .context("the plain text is too short")?;
        let end = HEAD + usize::try_from(length)?;
        let message = body
            .get(HEAD..end)
            .context("the length field points past the end")?;
        let owner = body.get(end..).unwrap_or_default();
        ensure!(
            owner == self.owner_key.as_bytes(),
            "the owner key is another one"
        );
        Ok(message.to_vec())
    }

    fn decrypt_blocks(&self, encrypt: &str) -> anyhow::Result<Vec<u8>> {
        let bytes = STANDARD
            .decode(encrypt)
            .context("the cipher text is not base64")?;
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        ensure!(
            rest.is_empty() && !blocks.is_empty(),
            "the cipher text does not fill blocks of 16 bytes"
        );
        let mut before = self.iv;
        let mut plain = Vec::with_capacity(bytes.len());
        for block in blocks {
            let mut turned = Array::from(*block);
            self.cipher.decrypt_block(&mut turned);
            plain.extend_from_slice(&xor(&turned.into(), &before));
            before = *block;
        }
        Ok(plain)
    }

    /// Returns the lowercase hex SHA-1 over the sorted concatenation of token, timestamp, nonce and ciphertext.
    pub fn signature(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        let mut parts = [self.token.as_str(), timestamp, nonce, encrypt];
        parts.sort_unstable();
        hex(&Sha1::digest(parts.concat()))
    }

    /// Returns a push of the message: encrypted, signed, with both signature parameters.
    pub fn sign(&self, message: &[u8], timestamp: &str, nonce: &str) -> SignedCallback {
        self.wrap(self.encrypt(message), timestamp, nonce)
    }

    /// Returns a signed push of an existing ciphertext.
    pub fn wrap(&self, encrypt: String, timestamp: &str, nonce: &str) -> SignedCallback {
        let signature = self.signature(timestamp, nonce, &encrypt);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("signature", &signature)
            .append_pair("msg_signature", &signature)
            .append_pair("timestamp", timestamp)
            .append_pair("nonce", nonce)
            .finish();
        SignedCallback {
            query,
            body: serde_json::json!({ "encrypt": encrypt }).to_string(),
            signature,
            timestamp: timestamp.to_owned(),
            nonce: nonce.to_owned(),
            encrypt,
        }
    }

    /// Checks that a receiver's reply is the encrypted `success`; the error is `DingTalk`'s complaint.
    pub fn check_reply(&self, body: &str) -> anyhow::Result<()> {
        let reply: serde_json::Value =
            serde_json::from_str(body).context("71009: the answer is not JSON and nothing else")?;
        let field = |name: &str| {
            reply
                .get(name)
                .and_then(serde_json::Value::as_str)
                .with_context(|| format!("71010: the answer has no text field {name}"))
        };
        let (signature, timestamp) = (field("msg_signature")?, field("timeStamp")?);
        let (nonce, encrypt) = (field("nonce")?, field("encrypt")?);
        if self.signature(timestamp, nonce, encrypt) != signature {
            bail!("71009: the answer's signature is wrong");
        }
        let message = self
            .decrypt(encrypt)
            .context("71009: the answer does not decrypt")?;
        ensure!(message == b"success", "71009: the answer is not `success`");
        Ok(())
    }
}

/// Returns 16 letters and digits, as the sample libraries put in front of a message.
pub fn random16() -> [u8; 16] {
    let mut out = [b'0'; 16];
    for (slot, byte) in out.iter_mut().zip(random_text(16).bytes()) {
        *slot = byte;
    }
    out
}

/// Returns random letters and digits.
pub(crate) fn random_text(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

/// Returns bytes in lowercase hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

fn xor(a: &[u8; BLOCK], b: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut out = *a;
    for (slot, byte) in out.iter_mut().zip(b) {
        *slot ^= byte;
    }
    out
}

/// Returns the bytes before the padding: 1 to 32 bytes that each hold their count.
fn strip_padding(plain: &[u8]) -> anyhow::Result<&[u8]> {
    let count = usize::from(*plain.last().context("the plain text is empty")?);
    ensure!(
        (1..=PAD_TO).contains(&count),
        "the padding is not 1 to 32 bytes"
    );
    let (body, pad) = plain
        .split_at_checked(plain.len().saturating_sub(count))
        .context("the padding is longer than the text")?;
    ensure!(
        pad.len() == count && pad.iter().all(|byte| usize::from(*byte) == count),
        "the padding bytes differ"
    );
    Ok(body)
}

#[cfg(test)]
mod tests;
