//! Both directions against the Python package `dingtalk-sdk`, run by the Python named in
//! `DINGTALK_SDK_PYTHON`; without it the test says that it is skipped.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use dingtalk_sim::CallbackCrypto;
use serde_json::{Value, json};

const TOKEN: &str = "Tk0demoTOKEN";
const TIMESTAMP: &str = "1700000000000";
const NONCE: &str = "kBms4hUF";

struct Sdk {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Sdk {
    #[allow(
        clippy::disallowed_methods,
        reason = "the Python is named by whoever runs the tests"
    )]
    fn start() -> Option<Self> {
        let Ok(python) = std::env::var("DINGTALK_SDK_PYTHON") else {
            println!("skipped: DINGTALK_SDK_PYTHON names no Python with dingtalk-sdk");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python_sdk.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ask = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Some(Self {
            child,
            ask,
            answers,
        })
    }

    fn call(&mut self, ask: &Value) -> Value {
        writeln!(self.ask, "{ask}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn encrypt(&mut self, key: &str, owner: &str, message: &str) -> Value {
        self.call(
            &json!({"op": "encrypt", "token": TOKEN, "aes_key": key, "owner_key": owner,
            "message": message, "timestamp": TIMESTAMP, "nonce": NONCE}),
        )
    }

    fn decrypt(&mut self, key: &str, owner: &str, encrypt: &str, signature: &str) -> Value {
        self.call(
            &json!({"op": "decrypt", "token": TOKEN, "aes_key": key, "owner_key": owner,
            "encrypt": encrypt, "signature": signature, "timestamp": TIMESTAMP, "nonce": NONCE}),
        )
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keys with and without spare bits set, owner keys of both kinds, messages of many lengths.
fn cases() -> Vec<(&'static str, &'static str, String)> {
    let keys = [
        "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz",
        "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4",
    ];
    let owners = [
        "dingdemoappkey0000a1",
        "ding0123456789abcdef0123456789abcdef",
    ];
    (0..66)
        .map(|length| {
            format!(
                r#"{{"EventType":"user_add_org","UserId":["{}"]}}"#,
                "李".repeat(length)
            )
        })
        .chain([
            "success".to_owned(),
            r#"{"EventType":"check_url"}"#.to_owned(),
        ])
        .enumerate()
        .map(|(at, message)| (keys[at % 2], owners[at / 2 % 2], message))
        .collect()
}

#[test]
fn the_sdk_reads_what_the_stand_in_writes() {
    let Some(mut sdk) = Sdk::start() else { return };
    for (key, owner, message) in cases() {
        let crypto = CallbackCrypto::new(TOKEN, key, owner).unwrap();
        let push = crypto.sign(message.as_bytes(), TIMESTAMP, NONCE);
        let answer = sdk.decrypt(key, owner, &push.encrypt, &push.signature);
        assert_eq!(answer, json!({"message": message}));
        let answer = sdk.decrypt(key, "dingother", &push.encrypt, &push.signature);
        assert!(answer["error"].is_string(), "{answer}");
        let answer = sdk.decrypt(key, owner, &push.encrypt, "00");
        assert!(answer["error"].is_string(), "{answer}");
    }
}

#[test]
fn the_stand_in_reads_what_the_sdk_writes() {
    let Some(mut sdk) = Sdk::start() else { return };
    for (key, owner, message) in cases() {
        let answer = sdk.encrypt(key, owner, &message);
        let encrypt = answer["encrypt"].as_str().unwrap();
        let crypto = CallbackCrypto::new(TOKEN, key, owner).unwrap();
        assert_eq!(crypto.decrypt(encrypt).unwrap(), message.as_bytes());
        assert_eq!(
            answer["signature"],
            crypto.signature(TIMESTAMP, NONCE, encrypt)
        );
    }
    let reply = sdk.encrypt(cases()[0].0, cases()[0].1, "success");
    let body = json!({"msg_signature": reply["signature"], "timeStamp": TIMESTAMP,
        "nonce": NONCE, "encrypt": reply["encrypt"]});
    let crypto = CallbackCrypto::new(TOKEN, cases()[0].0, cases()[0].1).unwrap();
    crypto.check_reply(&body.to_string()).unwrap();
}

#[test]
fn both_write_the_same_with_the_same_random_text() {
    let Some(mut sdk) = Sdk::start() else { return };
    for (key, owner, message) in cases() {
        let answer = sdk.call(&json!({"op": "encrypt", "token": TOKEN, "aes_key": key,
            "owner_key": owner, "message": message, "timestamp": TIMESTAMP, "nonce": NONCE,
            "random": "A1b2C3d4E5f6G7h8"}));
        let crypto = CallbackCrypto::new(TOKEN, key, owner).unwrap();
        let encrypt = crypto.encrypt_with(message.as_bytes(), b"A1b2C3d4E5f6G7h8");
        assert_eq!(answer["encrypt"], encrypt);
    }
}
