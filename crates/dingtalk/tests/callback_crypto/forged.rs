//! What a broken or evil sender might send. Nothing of it may panic, and little of it may pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dingtalk::callback::{CallbackError, check_freshness};
use proptest::prelude::*;

use super::{APP_KEY, CORP_ID, ours, push, theirs};

/// 16 bytes, the length, the message and the owner key, not padded.
fn plain(message: &[u8], length: u32, owner_key: &str) -> Vec<u8> {
    [
        b"0123456789abcdef".as_slice(),
        &length.to_be_bytes(),
        message,
        owner_key.as_bytes(),
    ]
    .concat()
}

fn whole(message: &[u8], owner_key: &str) -> Vec<u8> {
    plain(message, u32::try_from(message.len()).unwrap(), owner_key)
}

/// The same with blanks in its JSON, so that `count` bytes of padding fill the last block.
fn with_padding(count: u8) -> Vec<u8> {
    let mut message = b"{}".to_vec();
    while !(whole(&message, APP_KEY).len() + usize::from(count)).is_multiple_of(16) {
        message.push(b' ');
    }
    let mut bytes = whole(&message, APP_KEY);
    bytes.extend(std::iter::repeat_n(count, usize::from(count)));
    bytes
}

#[test]
fn padding_of_1_to_32_bytes_is_accepted_and_each_byte_is_checked() {
    for count in 1..=32_u8 {
        let bytes = with_padding(count);
        assert!(
            ours().decrypt(&theirs().encrypt_blocks(&bytes)).is_ok(),
            "{count}"
        );
        for back in 2..=usize::from(count) {
            let mut wrong = bytes.clone();
            let place = wrong.len() - back;
            wrong[place] ^= 0x40;
            let opened = ours().decrypt(&theirs().encrypt_blocks(&wrong));
            assert_eq!(
                opened,
                Err(CallbackError::Padding),
                "{count}, {back} from the end"
            );
        }
    }
}

#[test]
fn other_paddings_are_refused() {
    for count in [0_u8, 33, 48, 255] {
        let mut bytes = with_padding(16);
        let end = bytes.len() - 16;
        bytes[end..].fill(count);
        assert_eq!(
            ours().decrypt(&theirs().encrypt_blocks(&bytes)),
            Err(CallbackError::Padding),
            "{count}"
        );
    }
    assert_eq!(
        ours().decrypt(&theirs().encrypt_blocks(&[17; 16])),
        Err(CallbackError::Padding)
    );
}

#[test]
fn lengths_that_lie_are_refused() {
    for length in [3, 21, 23, 24, 1000, i32::MAX as u32, u32::MAX] {
        let mut bytes = plain(b"{}", length, APP_KEY);
        let count = 16 - bytes.len() % 16;
        bytes.extend(std::iter::repeat_n(u8::try_from(count).unwrap(), count));
        let opened = ours().decrypt(&theirs().encrypt_blocks(&bytes));
        assert!(
            matches!(opened, Err(CallbackError::Length | CallbackError::OwnerKey)),
            "{length}: {opened:?}"
        );
    }
    // Nothing but padding, or not even room for a length.
    assert_eq!(
        ours().decrypt(&theirs().encrypt_blocks(&[16; 16])),
        Err(CallbackError::Length)
    );
    assert_eq!(
        ours().decrypt(&theirs().encrypt_blocks(&[13; 32])),
        Err(CallbackError::Length)
    );
}

#[test]
fn texts_that_are_no_cipher_text_are_refused() {
    for text in [
        "",
        " \n",
        "====",
        "*",
        "abc",
        "QUJD",
        "é",
        "AAAAAAAAAAAAAAAAAAAAAA=",
    ] {
        assert!(
            matches!(
                ours().decrypt(text),
                Err(CallbackError::Base64 | CallbackError::Blocks)
            ),
            "{text:?}"
        );
    }
    let fifteen = STANDARD.encode([0; 15]);
    let seventeen = STANDARD.encode([0; 17]);
    assert_eq!(ours().decrypt(&fifteen), Err(CallbackError::Blocks));
    assert_eq!(ours().decrypt(&seventeen), Err(CallbackError::Blocks));
}

#[test]
fn messages_that_are_no_json_object_in_utf8_are_refused() {
    for message in [
        b"not json".as_slice(),
        b"",
        b"\xff\xfe{}",
        b"{\"a\":\"\xc3\x28\"}",
        b"[]",
        b"\"text\"",
        b"1",
        b"null",
        b"{} x",
    ] {
        let opened = ours().decrypt(&theirs().encrypt(message));
        assert_eq!(
            opened,
            Err(CallbackError::Json),
            "{}",
            String::from_utf8_lossy(message)
        );
    }
    let deep = "{\"a\":".repeat(5000);
    assert_eq!(
        ours().decrypt(&theirs().encrypt(deep.as_bytes())),
        Err(CallbackError::Json)
    );
}

#[test]
fn owner_keys_that_only_resemble_ours_are_refused() {
    let prefix = &APP_KEY[..APP_KEY.len() - 1];
    for owner_key in [
        "",
        prefix,
        &format!("{APP_KEY}x"),
        &APP_KEY.to_uppercase(),
        &format!("{APP_KEY}{CORP_ID}"),
    ] {
        let theirs =
            dingtalk_sim::CallbackCrypto::new(super::TOKEN, super::KEY, owner_key).unwrap();
        assert_eq!(
            ours().decrypt(&theirs.encrypt(b"{}")),
            Err(CallbackError::OwnerKey),
            "{owner_key:?}"
        );
    }
}

#[test]
fn timestamps_more_than_an_hour_off_are_stale() {
    let now = 1_700_000_000_000;
    for fresh in [
        "1700000000000",
        "1700000000",
        "1699996400000",
        "1700003600000",
        "1699996400",
        "1700003600",
    ] {
        assert_eq!(check_freshness(fresh, now), Ok(()), "{fresh}");
    }
    for stale in [
        "1699996399999",
        "1700003600001",
        "1699996399",
        "1700003601",
        "0",
        "-1700000000000",
        "99999999999",
        "100000000000",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "",
        " 1700000000000",
        "1.7e12",
        "now",
        "１７０００００００００００",
    ] {
        assert_eq!(
            check_freshness(stale, now),
            Err(CallbackError::Stale),
            "{stale}"
        );
    }
}

#[test]
fn the_first_timestamp_in_milliseconds_is_of_march_1973() {
    let in_seconds = 99_999_999_999;
    let in_millis = in_seconds + 1;
    assert_eq!(check_freshness("99999999999", in_seconds * 1000), Ok(()));
    assert_eq!(check_freshness("100000000000", in_millis), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}") {
        prop_assert!(ours().decrypt(&text).is_err());
        prop_assert!(ours().verify(&push(&text, &text, &text, &text)).is_err());
    }

    #[test]
    fn no_cipher_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(ours().decrypt(&STANDARD.encode(&bytes)).is_err());
    }

    #[test]
    fn no_plain_text_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 16..200), length in any::<u32>(), pad in 0..40_u8) {
        if let Some(place) = bytes.get_mut(16..20) {
            place.copy_from_slice(&(length % 300).to_be_bytes());
        }
        bytes.extend(std::iter::repeat_n(pad, usize::from(pad)));
        prop_assert!(ours().decrypt(&theirs().encrypt_blocks(&bytes)).is_err());
    }

    #[test]
    fn a_changed_cipher_text_fails_its_signature_and_never_changes_the_owner(place in 0..224_usize, change in 1..=255_u8) {
        let signed = theirs().sign(r#"{"EventType":"user_add_org","UserId":["u_001","李雷"],"TimeStamp":"1700000001200"}"#.as_bytes(), "1", "n");
        let mut bytes = STANDARD.decode(&signed.encrypt).unwrap();
        let place = place % bytes.len();
        bytes[place] ^= change;
        let changed = STANDARD.encode(&bytes);
        prop_assert_eq!(ours().verify(&push(&signed.signature, "1", "n", &changed)), Err(CallbackError::Signature));
        if let Ok(opened) = ours().decrypt(&changed) {
            prop_assert_eq!(opened.owner_key, APP_KEY);
        }
    }

    #[test]
    fn a_cut_or_stretched_text_is_refused(cut in 0..200_usize, more in "[A-Za-z0-9+/=]{1,5}") {
        let encrypt = theirs().encrypt(br#"{"EventType":"user_leave_org","UserId":["u_001"]}"#);
        prop_assert!(ours().decrypt(&encrypt[..cut % encrypt.len()]).is_err());
        let stretched = encrypt + &more;
        prop_assert!(ours().decrypt(&stretched).is_err());
    }

    #[test]
    fn what_one_side_writes_the_other_reads(text in "\\PC{0,200}", key in "[A-Za-z0-9]{43}", owner in "[a-z0-9]{1,40}", time in any::<i64>(), nonce in "[a-zA-Z0-9]{1,16}") {
        let keys = dingtalk::callback::OwnerKeys::new(Some(&owner), "", "");
        let ours = dingtalk::callback::CallbackCrypto::new(&nonce, &key, keys).unwrap();
        let theirs = dingtalk_sim::CallbackCrypto::new(&nonce, &key, &owner).unwrap();
        let json = serde_json::json!({ "text": text });
        let signed = theirs.sign(json.to_string().as_bytes(), &time.to_string(), &nonce);
        prop_assert_eq!(ours.verify(&push(&signed.signature, &signed.timestamp, &nonce, &signed.encrypt)), Ok(()));
        prop_assert_eq!(ours.decrypt(&signed.encrypt).unwrap().json, json);
        let reply = ours.reply(&owner, time, &nonce, &dingtalk_sim::crypto::random16());
        prop_assert!(theirs.check_reply(&serde_json::to_string(&reply).unwrap()).is_ok());
    }
}
