//! AES-256-CBC as DingTalk uses it: a 43-character key, the first 16 key bytes as IV, padding to 32 bytes.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use cbc::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, KeyIvInit};

use super::{CallbackError, InvalidKey};

type Encryptor = cbc::Encryptor<aes::Aes256>;
type Decryptor = cbc::Decryptor<aes::Aes256>;
type Block = Array<u8, <aes::Aes256 as BlockSizeUser>::BlockSize>;

pub(super) const RANDOM_LEN: usize = 16;
const KEY_CHARS: usize = 43;
const KEY_LEN: usize = 32;
const IV_LEN: usize = 16;

/// DingTalk pads to 32 bytes instead of the cipher's 16, so up to 32 bytes are padding.
const PAD_TO: usize = 32;

/// The last of the 43 characters has two spare bits; hand-made keys have them set.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The key of one subscription, decoded.
pub(super) struct Cipher {
    key: [u8; KEY_LEN],
    iv: [u8; IV_LEN],
}

impl Cipher {
    pub(super) fn new(aes_key: &str) -> Result<Self, InvalidKey> {
        if aes_key.len() != KEY_CHARS {
            return Err(InvalidKey);
        }
        let bytes = KEY_BASE64
            .decode(format!("{aes_key}="))
            .map_err(|_| InvalidKey)?;
        let key: [u8; KEY_LEN] = bytes.try_into().map_err(|_| InvalidKey)?;
        let iv = *key.first_chunk().ok_or(InvalidKey)?;
        Ok(Self { key, iv })
    }

    /// Pads and encrypts; returns base64 without line breaks.
    pub(super) fn encrypt(&self, plain: &[u8]) -> String {
        let mut buffer = pad(plain);
        let (blocks, _) = Block::slice_as_chunks_mut(&mut buffer);
        Encryptor::new(&self.key.into(), &self.iv.into()).encrypt_blocks(blocks);
        STANDARD.encode(buffer)
    }

    /// Decodes, decrypts and removes the padding. Senders may break the base64 into lines.
    pub(super) fn decrypt(&self, encrypt: &str) -> Result<Vec<u8>, CallbackError> {
        let compact: Vec<u8> = encrypt
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        let mut buffer = STANDARD
            .decode(compact)
            .map_err(|_| CallbackError::Base64)?;
        let (blocks, rest) = Block::slice_as_chunks_mut(&mut buffer);
        if blocks.is_empty() || !rest.is_empty() {
            return Err(CallbackError::Blocks);
        }
        Decryptor::new(&self.key.into(), &self.iv.into()).decrypt_blocks(blocks);
        let kept = unpadded_len(&buffer).ok_or(CallbackError::Padding)?;
        buffer.truncate(kept);
        Ok(buffer)
    }
}

/// Appends 1 to 32 bytes, each of which holds their count.
fn pad(plain: &[u8]) -> Vec<u8> {
    let count = PAD_TO - plain.len() % PAD_TO;
    let mut padded = plain.to_vec();
    padded.resize(plain.len() + count, u8::try_from(count).unwrap_or_default());
    padded
}

/// Returns the length without padding, or `None` if any padding byte is wrong.
fn unpadded_len(padded: &[u8]) -> Option<usize> {
    let last = *padded.last()?;
    let count = usize::from(last);
    let kept = padded.len().checked_sub(count)?;
    let is_right =
        (1..=PAD_TO).contains(&count) && padded.get(kept..)?.iter().all(|byte| *byte == last);
    is_right.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_up_to_32_bytes() {
        for len in 0..100 {
            let padded = pad(&vec![7; len]);
            assert_eq!(padded.len() % PAD_TO, 0, "{len}");
            assert_eq!(unpadded_len(&padded), Some(len));
        }
    }

    #[test]
    fn padding_with_a_wrong_byte_is_refused() {
        let mut padded = pad(&[7; 10]);
        assert_eq!(padded.len(), 32);
        padded[12] ^= 1;
        assert_eq!(unpadded_len(&padded), None);
    }

    #[test]
    fn padding_of_0_of_33_or_longer_than_the_text_is_refused() {
        assert_eq!(unpadded_len(&[0; 48]), None);
        assert_eq!(unpadded_len(&[33; 48]), None);
        assert_eq!(unpadded_len(&[17; 16]), None);
        assert_eq!(unpadded_len(&[]), None);
        assert_eq!(unpadded_len(&[16; 16]), Some(0));
    }

    #[test]
    fn keys_of_another_length_or_alphabet_are_refused() {
        for key in [
            "",
            "abc",
            &"a".repeat(42),
            &"a".repeat(44),
            &"*".repeat(43),
            &"é".repeat(21),
        ] {
            assert_eq!(Cipher::new(key).err(), Some(InvalidKey), "{key}");
        }
        assert!(Cipher::new(&"G".repeat(43)).is_ok());
    }
}
