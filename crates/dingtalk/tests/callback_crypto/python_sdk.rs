//! Both directions against the `dingtalk-sdk` of `PyPI`, where `DINGTALK_SDK_PYTHON` names a Python
//! that has it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use dingtalk::callback::{CallbackCrypto, OwnerKeys};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::push;

/// The SDK behind a pipe: one JSON object a line, each way.
struct Sdk {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Sdk {
    fn start(python: &Path) -> Self {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../dingtalk-sim/tests/python_sdk.py"
        );
        let mut command = Command::new(python);
        command
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (questions, answers) = (
            process.stdin.take(),
            BufReader::new(process.stdout.take().unwrap()),
        );
        Self {
            process,
            questions,
            answers,
        }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions.as_mut().unwrap(), "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        drop(self.questions.take());
        self.process.wait().unwrap();
    }
}

#[test]
fn the_sdk_reads_our_answers_and_we_read_its_messages() {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the tests says where the SDK is"
    )]
    let Some(python) = std::env::var_os("DINGTALK_SDK_PYTHON") else {
        eprintln!("skipped: DINGTALK_SDK_PYTHON is not set");
        return;
    };
    let sdk = std::cell::RefCell::new(Sdk::start(Path::new(&python)));
    let input = (
        "[A-Za-z0-9]{3,32}",
        "[A-Za-z0-9]{43}",
        "[a-z0-9]{1,40}",
        "\\PC{0,120}",
        "[A-Za-z0-9]{4,16}",
        0..i64::MAX,
    );
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let checked = runner.run(&input, |(token, aes_key, owner_key, text, nonce, time)| {
        let ours = CallbackCrypto::new(&token, &aes_key, OwnerKeys::new(Some(&owner_key), "", "")).unwrap();
        let base = json!({"token": token, "aes_key": aes_key, "owner_key": owner_key, "nonce": nonce, "timestamp": time.to_string()});
        let with = |more: Value| {
            let mut question = base.clone();
            question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            sdk.borrow_mut().ask(&question)
        };

        let message = json!({"EventType": "user_add_org", "UserId": [text]});
        let sent = with(json!({"op": "encrypt", "message": message.to_string()}));
        let field = |name: &str| sent[name].as_str().unwrap_or_else(|| panic!("the SDK answers {sent}"));
        let (encrypt, signature) = (field("encrypt"), field("signature"));
        prop_assert_eq!(ours.verify(&push(signature, &time.to_string(), &nonce, encrypt)), Ok(()));
        prop_assert_eq!(ours.decrypt(encrypt).unwrap().json, message);

        let reply = ours.reply(&owner_key, time, &nonce, b"0123456789abcdef");
        let read = with(json!({"op": "decrypt", "encrypt": reply.encrypt, "signature": reply.msg_signature}));
        prop_assert_eq!(read, json!({"message": "success"}));
        Ok(())
    });
    checked.unwrap();
}
