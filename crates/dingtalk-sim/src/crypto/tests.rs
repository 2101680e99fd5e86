use super::*;

struct Vector {
    token: &'static str,
    aes_key: &'static str,
    owner_key: &'static str,
    timestamp: &'static str,
    nonce: &'static str,
    random: &'static [u8; 16],
    plain: &'static str,
    encrypt: &'static str,
    signature: &'static str,
}

const CORP: &str = "ding0123456789abcdef0123456789abcdef";
const CORP_KEY: &str = "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4";

const A: Vector = Vector {
    token: "Tk0demoTOKEN",
    aes_key: "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz",
    owner_key: "dingdemoappkey0000a1",
    timestamp: "1700000000000",
    nonce: "kBms4hUF",
    random: b"A1b2C3d4E5f6G7h8",
    plain: r#"{"EventType":"check_url"}"#,
    encrypt: "PxT5PbLB+j+jVWueES9+vDfkmDUvhrg28LKl4Ud4dCKZW6o1HD3jVZ3v9yz7b9csdB+NOmbPzfN8B1aZDbaBm3PC\
        tRk3KpVkxYs6d8vnrI1HzFOMaBplb7g/85oM1DBL",
    signature: "95ed2c089e602b1180c97f30e50b1c97988259ff",
};

const A_REPLY: Vector = Vector {
    plain: "success",
    encrypt: "PxT5PbLB+j+jVWueES9+vG5QQTNrwSzidYT1SUisOiCyWmpyfImRriHy7Pf9gUAUEFRcwcyFQFcNqvt1pYUPyA==",
    signature: "551e0e772d9a59c6712d9309b82046862964ff1b",
    ..A
};

const B: Vector = Vector {
    token: "demotoken",
    aes_key: CORP_KEY,
    owner_key: CORP,
    timestamp: "1700000001234",
    nonce: "9fZ2",
    random: b"ZZZZyyyyXXXXwwww",
    plain: r#"{"CorpId":"ding0123456789abcdef0123456789abcdef","EventType":"user_add_org","UserId":["u_001","李雷"],"OptStaffId":"manager9","TimeStamp":"1700000001200"}"#,
    encrypt: "9Obsxj7viJmmllhVciyDK+uM3HB0qmVggcTkOAcKchvJ1y3SemE/uq8tRskv+ve5W6IZkb/khsCaF3zGmIBW85YM\
        ER9rDQY8q4cptY/zJyCCtprGd92Iwt/ZH43o05SpS0xby6xajIztuCTvYwrUqjYaBqKbmHNdptxvmhtgBf29RTmZpM4S\
        kKditCmbxwLOczPy6uPM/5Z9VFte37crf5Afi1xsNtkkMLufYf4PGOmr9gXGTmN6Hz6kieJMqammIjCOT+Nml1hn5goN\
        UzWdjYZ5A4DVw7oKlmtrq3i/E1A=",
    signature: "e2da39defc71b9ee5306a414bf68e84f892ce626",
};

const C: Vector = Vector {
    timestamp: "1700000002000",
    nonce: "Nonce16charsLong",
    random: b"randomrandom1234",
    plain: "success",
    encrypt: "qf+ak5XBxhaZ1L3dlP+LQjR0cr2QUHS/bUU0c05j4Fnf360A9xwvQQLB9JAVR2fJv0Snxdkl5NCpLZUTGrTX+g==",
    signature: "c93cc05b37e86ef7c4cc70147bc2b66ff53487b1",
    ..B
};

const D: Vector = Vector {
    token: "a",
    aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    owner_key: "x1y2z",
    timestamp: "1700000003",
    nonce: "z",
    random: b"1111222233334444",
    plain: "success",
    encrypt: "efjQguMivaD7J/b4lyq+t6vaGU1m8S7txzwKHJVjusTQqLL4ZtV1cDeGckUFGbt11cF8UG3UwLWh8mlr3MAVGQ==",
    signature: "ce657f81725f2d56b91f54188c1b30b0779d94d1",
};

const O1: Vector = Vector {
    token: "123456",
    aes_key: "1234567890123456789012345678901234567890123",
    owner_key: "dingsnotzck6pm5veliw",
    timestamp: "1614767836",
    nonce: "A7Co0cJLMzIDtMMI",
    random: b"dICkEDLj0eb6yAbc",
    plain: "success",
    encrypt: "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==",
    signature: "9a95a004dd16f5c307e849b994173f76aa26e5eb",
};

const O2: Vector = Vector {
    token: "123456",
    aes_key: "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij",
    owner_key: "suite4xxxxxxxxxxxxxxx",
    timestamp: "1445827045067",
    nonce: "nEXhMP4r",
    random: b"hU3bEfGZZewzhG5a",
    plain: r#"{"EventType":"check_create_suite_url","Random":"LPIdSnlF","TestSuiteKey":"suite4xxxxxxxxxxxxxxx"}"#,
    encrypt: "1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRW\
        VdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9\
        PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ==",
    signature: "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0",
};

fn crypto(vector: &Vector) -> CallbackCrypto {
    CallbackCrypto::new(vector.token, vector.aes_key, vector.owner_key).unwrap()
}

/// Returns the reply to a check, as JSON.
fn reply(crypto: &CallbackCrypto, message: &[u8]) -> serde_json::Value {
    let signed = crypto.sign(message, "1700000000000", "abcd1234");
    serde_json::json!({
        "msg_signature": signed.signature, "timeStamp": signed.timestamp,
        "nonce": signed.nonce, "encrypt": signed.encrypt,
    })
}

#[test]
fn every_known_vector_comes_out_in_both_directions() {
    for vector in [A, A_REPLY, B, C, D, O1, O2] {
        let crypto = crypto(&vector);
        let encrypt = crypto.encrypt_with(vector.plain.as_bytes(), vector.random);
        assert_eq!(encrypt, vector.encrypt);
        assert_eq!(
            crypto.decrypt(vector.encrypt).unwrap(),
            vector.plain.as_bytes()
        );
        let signature = crypto.signature(vector.timestamp, vector.nonce, vector.encrypt);
        assert_eq!(signature, vector.signature);
    }
}

#[test]
fn a_reply_padded_to_16_decrypts_too() {
    let encrypt = "PxT5PbLB+j+jVWueES9+vG5QQTNrwSzidYT1SUisOiB+VNV8FI8kg2D6qclwHrZJ";
    assert_eq!(crypto(&A).decrypt(encrypt).unwrap(), b"success");
    let signature = crypto(&A).signature(A.timestamp, A.nonce, encrypt);
    assert_eq!(signature, "fa7c8cb3d0aafc261d14f106266328c6fe729650");
}

#[test]
fn another_owner_key_is_noticed() {
    let other = CallbackCrypto::new(A.token, A.aes_key, CORP).unwrap();
    let error = other.decrypt(A.encrypt).unwrap_err().to_string();
    assert!(error.contains("owner key"), "{error}");
}

#[test]
fn a_line_break_in_the_cipher_text_changes_the_signature() {
    let broken = A.encrypt.replace("KpVk", "Kp\nVk");
    assert_ne!(broken, A.encrypt);
    assert_ne!(
        crypto(&A).signature(A.timestamp, A.nonce, &broken),
        A.signature
    );
    assert!(crypto(&A).decrypt(&broken).is_err());
}

#[test]
fn bad_cipher_texts_are_refused() {
    let crypto = crypto(&A);
    for bad in ["", "AAAA", "not base64!", "PxT5PbLB+j+jVWueES9+vA=="] {
        assert!(crypto.decrypt(bad).is_err(), "{bad}");
    }
}

#[test]
fn bad_padding_and_bad_lengths_are_refused() {
    let crypto = crypto(&A);
    let sealed = |length: u32, pad: &[u8]| {
        let mut plain = b"A1b2C3d4E5f6G7h8".to_vec();
        plain.extend(length.to_be_bytes());
        plain.extend(b"success");
        plain.extend(A.owner_key.as_bytes());
        plain.extend(pad);
        assert_eq!(plain.len() % 16, 0);
        crypto.encrypt_blocks(&plain)
    };
    assert_eq!(crypto.decrypt(&sealed(7, &[17; 17])).unwrap(), b"success");
    let mut uneven = [17; 17];
    uneven[3] = 16;
    for bad in [
        sealed(7, &[0; 17]),
        sealed(7, &[33; 17]),
        sealed(7, &uneven),
    ] {
        assert!(crypto.decrypt(&bad).is_err());
    }
    for length in [6, 8, 28, 4000, u32::MAX] {
        assert!(
            crypto.decrypt(&sealed(length, &[17; 17])).is_err(),
            "{length}"
        );
    }
    assert!(crypto.decrypt(&crypto.encrypt_blocks(&[2; 16])).is_err());
}

#[test]
fn only_43_letters_and_digits_make_a_key() {
    for bad in [
        "",
        &A.aes_key[1..],
        &format!("{}a", A.aes_key),
        &A.aes_key.replace('q', "+"),
    ] {
        assert!(CallbackCrypto::new("t", bad, "o").is_err(), "{bad}");
    }
}

#[test]
fn a_push_bears_both_signature_parameters() {
    let callback = crypto(&A).wrap(A.encrypt.to_owned(), A.timestamp, A.nonce);
    assert_eq!(
        callback.query,
        format!(
            "signature={0}&msg_signature={0}&timestamp=1700000000000&nonce=kBms4hUF",
            A.signature
        )
    );
    assert_eq!(callback.body, format!(r#"{{"encrypt":"{}"}}"#, A.encrypt));
}

#[test]
fn a_right_reply_is_accepted() {
    let crypto = crypto(&C);
    crypto
        .check_reply(&reply(&crypto, b"success").to_string())
        .unwrap();
    let known = serde_json::json!({"msg_signature": C.signature, "timeStamp": C.timestamp,
        "nonce": C.nonce, "encrypt": C.encrypt});
    crypto.check_reply(&known.to_string()).unwrap();
}

#[test]
fn every_wrong_reply_is_refused_with_its_code() {
    let crypto = crypto(&C);
    let right = reply(&crypto, b"success");
    let changed = |key: &str, value: serde_json::Value| {
        let mut reply = right.clone();
        reply[key] = value;
        reply.to_string()
    };
    let other_owner = CallbackCrypto::new(C.token, C.aes_key, "dingother").unwrap();
    for (body, code) in [
        (String::new(), "71009"),
        ("success".into(), "71009"),
        (format!("\u{feff}{right}"), "71009"),
        (format!("{right}<!-- debug -->"), "71009"),
        (reply(&crypto, b"failure").to_string(), "71009"),
        (reply(&other_owner, b"success").to_string(), "71009"),
        (changed("msg_signature", "00".into()), "71009"),
        (changed("nonce", "other".into()), "71009"),
        (changed("timeStamp", 1_700_000_000_000_i64.into()), "71010"),
        (changed("timeStamp", serde_json::Value::Null), "71010"),
        ("{}".into(), "71010"),
    ] {
        let error = format!("{:#}", crypto.check_reply(&body).unwrap_err());
        assert!(error.starts_with(code), "{body}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn any_message_comes_back(message: Vec<u8>, random: [u8; 16], owner in "[a-z0-9]{0,40}") {
        let crypto = CallbackCrypto::new(A.token, A.aes_key, &owner).unwrap();
        let encrypt = crypto.encrypt_with(&message, &random);
        proptest::prop_assert_eq!(STANDARD.decode(&encrypt).unwrap().len() % 32, 0);
        proptest::prop_assert_eq!(crypto.decrypt(&encrypt).unwrap(), message);
    }

    #[test]
    fn any_cipher_text_is_decrypted_or_refused_without_a_panic(bytes: Vec<u8>) {
        let _ = crypto(&A).decrypt(&STANDARD.encode(bytes));
    }
}
