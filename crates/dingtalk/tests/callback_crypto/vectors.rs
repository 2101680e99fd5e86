//! Vectors: two that DingTalk's documents print, the others made with `PyPI`'s `dingtalk-sdk` 1.3.8.

use dingtalk::callback::{CallbackCrypto, CallbackError, OwnerKeys};
use serde_json::json;

use super::push;

struct Vector {
    name: &'static str,
    token: &'static str,
    aes_key: &'static str,
    owner_key: &'static str,
    timestamp: &'static str,
    nonce: &'static str,
    random: &'static [u8; 16],
    message: &'static str,
    encrypt: &'static str,
    signature: &'static str,
}

impl Vector {
    fn crypto(&self) -> CallbackCrypto {
        self.crypto_for(OwnerKeys::new(Some(self.owner_key), "", ""))
    }

    fn crypto_for(&self, owner_keys: OwnerKeys) -> CallbackCrypto {
        CallbackCrypto::new(self.token, self.aes_key, owner_keys).unwrap()
    }

    fn verify(&self, encrypt: &str) -> Result<(), CallbackError> {
        self.crypto()
            .verify(&push(self.signature, self.timestamp, self.nonce, encrypt))
    }
}

/// `check_url` of an app's own subscription: 31 bytes of padding, a key with its spare bits set.
const CHECK_URL: Vector = Vector {
    name: "A",
    token: "Tk0demoTOKEN",
    aes_key: "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz",
    owner_key: "dingdemoappkey0000a1",
    timestamp: "1700000000000",
    nonce: "kBms4hUF",
    random: b"A1b2C3d4E5f6G7h8",
    message: r#"{"EventType":"check_url"}"#,
    encrypt: "PxT5PbLB+j+jVWueES9+vDfkmDUvhrg28LKl4Ud4dCKZW6o1HD3jVZ3v9yz7b9csdB+NOmbPzfN8B1aZDbaBm3PCtRk3KpVkxYs6d8vnrI1HzFOMaBplb7g/85oM1DBL",
    signature: "95ed2c089e602b1180c97f30e50b1c97988259ff",
};

/// A newcomer with a Chinese id, signed for a whole company.
const NEWCOMER: Vector = Vector {
    name: "B",
    token: "demotoken",
    aes_key: "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4",
    owner_key: "ding0123456789abcdef0123456789abcdef",
    timestamp: "1700000001234",
    nonce: "9fZ2",
    random: b"ZZZZyyyyXXXXwwww",
    message: r#"{"CorpId":"ding0123456789abcdef0123456789abcdef","EventType":"user_add_org","UserId":["u_001","李雷"],"OptStaffId":"manager9","TimeStamp":"1700000001200"}"#,
    encrypt: "9Obsxj7viJmmllhVciyDK+uM3HB0qmVggcTkOAcKchvJ1y3SemE/uq8tRskv+ve5W6IZkb/khsCaF3zGmIBW85YMER9rDQY8q4cptY/zJyCCtprGd92Iwt/ZH43o05SpS0xby6xajIztuCTvYwrUqjYaBqKbmHNdptxvmhtgBf29RTmZpM4SkKditCmbxwLOczPy6uPM/5Z9VFte37crf5Afi1xsNtkkMLufYf4PGOmr9gXGTmN6Hz6kieJMqammIjCOT+Nml1hn5goNUzWdjYZ5A4DVw7oKlmtrq3i/E1A=",
    signature: "e2da39defc71b9ee5306a414bf68e84f892ce626",
};

/// The answer to a company's callback: one byte of padding.
const SUCCESS_TO_COMPANY: Vector = Vector {
    name: "C",
    token: "demotoken",
    aes_key: "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4",
    owner_key: "ding0123456789abcdef0123456789abcdef",
    timestamp: "1700000002000",
    nonce: "Nonce16charsLong",
    random: b"randomrandom1234",
    message: "success",
    encrypt: "qf+ak5XBxhaZ1L3dlP+LQjR0cr2QUHS/bUU0c05j4Fnf360A9xwvQQLB9JAVR2fJv0Snxdkl5NCpLZUTGrTX+g==",
    signature: "c93cc05b37e86ef7c4cc70147bc2b66ff53487b1",
};

/// An answer that fills its blocks, so that 32 bytes are padding.
const SUCCESS_FULL: Vector = Vector {
    name: "D",
    token: "a",
    aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    owner_key: "x1y2z",
    timestamp: "1700000003",
    nonce: "z",
    random: b"1111222233334444",
    message: "success",
    encrypt: "efjQguMivaD7J/b4lyq+t6vaGU1m8S7txzwKHJVjusTQqLL4ZtV1cDeGckUFGbt11cF8UG3UwLWh8mlr3MAVGQ==",
    signature: "ce657f81725f2d56b91f54188c1b30b0779d94d1",
};

/// The answer to [`CHECK_URL`].
const SUCCESS_TO_APP: Vector = Vector {
    name: "A-reply",
    message: "success",
    encrypt: "PxT5PbLB+j+jVWueES9+vG5QQTNrwSzidYT1SUisOiCyWmpyfImRriHy7Pf9gUAUEFRcwcyFQFcNqvt1pYUPyA==",
    signature: "551e0e772d9a59c6712d9309b82046862964ff1b",
    ..CHECK_URL
};

/// The same as Go's samples make it, padded only to 16 bytes.
const SUCCESS_PADDED_TO_16: Vector = Vector {
    name: "A-reply, 16",
    message: "success",
    encrypt: "PxT5PbLB+j+jVWueES9+vG5QQTNrwSzidYT1SUisOiB+VNV8FI8kg2D6qclwHrZJ",
    signature: "fa7c8cb3d0aafc261d14f106266328c6fe729650",
    ..CHECK_URL
};

/// Printed in DingTalk's "configure stream push" and "event subscription and data push".
const OFFICIAL_SUCCESS: Vector = Vector {
    name: "O1",
    token: "123456",
    aes_key: "1234567890123456789012345678901234567890123",
    owner_key: "dingsnotzck6pm5veliw",
    timestamp: "1614767836",
    nonce: "A7Co0cJLMzIDtMMI",
    random: b"dICkEDLj0eb6yAbc",
    message: "success",
    encrypt: "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==",
    signature: "9a95a004dd16f5c307e849b994173f76aa26e5eb",
};

/// Printed in DingTalk's "callback event message body encryption and decryption".
const OFFICIAL_CHECK: Vector = Vector {
    name: "O2",
    token: "123456",
    aes_key: "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij",
    owner_key: "suite4xxxxxxxxxxxxxxx",
    timestamp: "1445827045067",
    nonce: "nEXhMP4r",
    random: b"hU3bEfGZZewzhG5a",
    message: r#"{"EventType":"check_create_suite_url","Random":"LPIdSnlF","TestSuiteKey":"suite4xxxxxxxxxxxxxxx"}"#,
    encrypt: "1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ==",
    signature: "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0",
};

const ALL: [Vector; 8] = [
    CHECK_URL,
    NEWCOMER,
    SUCCESS_TO_COMPANY,
    SUCCESS_FULL,
    SUCCESS_TO_APP,
    SUCCESS_PADDED_TO_16,
    OFFICIAL_SUCCESS,
    OFFICIAL_CHECK,
];

#[test]
fn every_vector_verifies_and_opens() {
    for vector in ALL {
        vector
            .verify(vector.encrypt)
            .unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        let (message, owner_key) = vector.crypto().open(vector.encrypt).unwrap();
        assert_eq!(
            String::from_utf8(message).unwrap(),
            vector.message,
            "{}",
            vector.name
        );
        assert_eq!(owner_key, vector.owner_key, "{}", vector.name);
    }
}

#[test]
fn messages_come_out_as_json() {
    let opened = CHECK_URL.crypto().decrypt(CHECK_URL.encrypt).unwrap();
    assert_eq!(opened.json, json!({"EventType": "check_url"}));
    let opened = NEWCOMER.crypto().decrypt(NEWCOMER.encrypt).unwrap();
    assert_eq!(opened.json["UserId"], json!(["u_001", "李雷"]));
    assert_eq!(opened.owner_key, NEWCOMER.owner_key);
    assert_eq!(
        SUCCESS_TO_APP.crypto().decrypt(SUCCESS_TO_APP.encrypt),
        Err(CallbackError::Json)
    );
}

#[test]
fn answers_are_those_of_the_vectors_byte_by_byte() {
    for vector in [
        SUCCESS_TO_COMPANY,
        SUCCESS_FULL,
        SUCCESS_TO_APP,
        OFFICIAL_SUCCESS,
    ] {
        let timestamp = vector.timestamp.parse().unwrap();
        let reply = vector
            .crypto()
            .reply(vector.owner_key, timestamp, vector.nonce, vector.random);
        assert_eq!(reply.encrypt, vector.encrypt, "{}", vector.name);
        assert_eq!(reply.msg_signature, vector.signature, "{}", vector.name);
        let keys = ["encrypt", "msg_signature", "nonce", "timeStamp"];
        let json = serde_json::to_value(&reply).unwrap();
        assert!(json.as_object().unwrap().keys().eq(keys), "{json}");
        assert_eq!(
            (&json["timeStamp"], &json["nonce"]),
            (&json!(vector.timestamp), &json!(vector.nonce))
        );
    }
}

#[test]
fn a_signature_with_one_digit_changed_is_refused() {
    for vector in ALL {
        for place in 0..40 {
            let mut digits = vector.signature.as_bytes().to_vec();
            digits[place] = if digits[place] == b'0' { b'1' } else { b'0' };
            let flipped = String::from_utf8(digits).unwrap();
            let verified = vector.crypto().verify(&push(
                &flipped,
                vector.timestamp,
                vector.nonce,
                vector.encrypt,
            ));
            assert_eq!(
                verified,
                Err(CallbackError::Signature),
                "{} at {place}",
                vector.name
            );
        }
        for odd in [
            "",
            "0",
            &vector.signature[..39],
            &format!("{}0", vector.signature),
            &"é".repeat(20),
        ] {
            let verified =
                vector
                    .crypto()
                    .verify(&push(odd, vector.timestamp, vector.nonce, vector.encrypt));
            assert_eq!(
                verified,
                Err(CallbackError::Signature),
                "{} {odd}",
                vector.name
            );
        }
        let upper = vector.signature.to_ascii_uppercase();
        assert_eq!(
            vector.crypto().verify(&push(
                &upper,
                vector.timestamp,
                vector.nonce,
                vector.encrypt
            )),
            Ok(())
        );
    }
}

#[test]
fn a_signature_covers_token_timestamp_nonce_and_text() {
    let vector = CHECK_URL;
    let signed = |timestamp, nonce, encrypt| {
        vector
            .crypto()
            .verify(&push(vector.signature, timestamp, nonce, encrypt))
    };
    assert_eq!(
        signed("1700000000001", vector.nonce, vector.encrypt),
        Err(CallbackError::Signature)
    );
    assert_eq!(
        signed(vector.timestamp, "kBms4hUf", vector.encrypt),
        Err(CallbackError::Signature)
    );
    assert_eq!(
        signed(vector.timestamp, vector.nonce, NEWCOMER.encrypt),
        Err(CallbackError::Signature)
    );
    let other = CallbackCrypto::new(
        "Tk0demoTOKEn",
        vector.aes_key,
        OwnerKeys::new(Some(vector.owner_key), "", ""),
    )
    .unwrap();
    let verified = other.verify(&push(
        vector.signature,
        vector.timestamp,
        vector.nonce,
        vector.encrypt,
    ));
    assert_eq!(verified, Err(CallbackError::Signature));
}

#[test]
fn another_owner_key_is_refused_behind_a_good_signature() {
    let corp_id = NEWCOMER.owner_key;
    let only_company =
        CHECK_URL.crypto_for(OwnerKeys::new(Some(corp_id), CHECK_URL.owner_key, corp_id));
    assert_eq!(
        only_company.decrypt(CHECK_URL.encrypt),
        Err(CallbackError::OwnerKey)
    );
    let both = OwnerKeys::new(None, CHECK_URL.owner_key, corp_id);
    assert_eq!(
        CHECK_URL
            .crypto_for(both.clone())
            .decrypt(CHECK_URL.encrypt)
            .unwrap()
            .owner_key,
        CHECK_URL.owner_key
    );
    assert_eq!(
        NEWCOMER
            .crypto_for(both)
            .decrypt(NEWCOMER.encrypt)
            .unwrap()
            .owner_key,
        corp_id
    );
    let neither = CHECK_URL.crypto_for(OwnerKeys::new(None, "dingdemoappkey0000a2", corp_id));
    assert_eq!(
        neither.decrypt(CHECK_URL.encrypt),
        Err(CallbackError::OwnerKey)
    );
}

#[test]
fn line_breaks_are_signed_but_not_decoded() {
    let vector = CHECK_URL;
    let broken = format!("{}\n{}\r\n", &vector.encrypt[..76], &vector.encrypt[76..]);
    assert_eq!(vector.verify(&broken), Err(CallbackError::Signature));
    assert_eq!(
        vector.crypto().decrypt(&broken),
        vector.crypto().decrypt(vector.encrypt)
    );
    // A sender that breaks its lines signs them as they are.
    let theirs =
        dingtalk_sim::CallbackCrypto::new(vector.token, vector.aes_key, vector.owner_key).unwrap();
    let signature = theirs.signature(vector.timestamp, vector.nonce, &broken);
    assert_eq!(
        vector
            .crypto()
            .verify(&push(&signature, vector.timestamp, vector.nonce, &broken)),
        Ok(())
    );
}
