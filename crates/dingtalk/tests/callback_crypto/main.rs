//! The callback's crypto against vectors made elsewhere, against the simulator's own writing of it,
//! against what a forger might send, and (where it is installed) against the `dingtalk-sdk` of `PyPI`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod forged;
mod python_sdk;
mod vectors;

use dingtalk::callback::{CallbackCrypto, EncryptedCallback, OwnerKeys};

const TOKEN: &str = "Tk0demoTOKEN";
const KEY: &str = "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz";
const APP_KEY: &str = "dingdemoappkey0000a1";
const CORP_ID: &str = "ding0123456789abcdef0123456789abcdef";

fn ours() -> CallbackCrypto {
    CallbackCrypto::new(TOKEN, KEY, OwnerKeys::new(None, APP_KEY, CORP_ID)).unwrap()
}

fn theirs() -> dingtalk_sim::CallbackCrypto {
    dingtalk_sim::CallbackCrypto::new(TOKEN, KEY, APP_KEY).unwrap()
}

fn push<'a>(
    signature: &'a str,
    timestamp: &'a str,
    nonce: &'a str,
    encrypt: &'a str,
) -> EncryptedCallback<'a> {
    EncryptedCallback {
        signature,
        timestamp,
        nonce,
        encrypt,
    }
}
