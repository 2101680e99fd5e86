//! Rules for all settings: layers, files of secrets, all errors reported together, secrets never shown.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::*;

mod errors;
mod layers;
mod secrets;
mod values;

/// 64 bytes.
const KEY: &str =
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==";

/// Everything that is required, and nothing else.
fn required() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        (
            "DATABASE_URL",
            "postgres://gate:pw-of-postgres@db.example.com/gate",
        ),
        ("DINGGATE_PUBLIC_URL", "https://sso.example.com"),
        ("DINGGATE_SECRET_KEY", KEY),
        ("DINGTALK_CORP_ID", "dingcorp"),
        ("DINGTALK_APP_KEY", "dingapp"),
        ("DINGTALK_APP_SECRET", "secret-of-the-app"),
        ("DINGTALK_CALLBACK_TOKEN", "token-of-the-callback"),
        (
            "DINGTALK_CALLBACK_AES_KEY",
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        ),
    ])
}

/// Loads the required settings with changes; an empty value removes one.
fn load(
    changes: &[(&'static str, &'static str)],
    files: &[(&str, &str)],
) -> Result<Config, SettingErrors> {
    let mut env = required();
    env.extend(changes.iter().copied());
    Config::load(env, |path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found
            .map(|(_, text)| (*text).to_owned())
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    })
}

fn errors(changes: &[(&'static str, &'static str)], files: &[(&str, &str)]) -> Vec<String> {
    load(changes, files)
        .unwrap_err()
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Asserts that there is one error, which begins with the name and contains these words.
#[track_caller]
fn assert_fault(changes: &[(&'static str, &'static str)], name: &str, words: &str) {
    let errors = errors(changes, &[]);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(
        errors[0].starts_with(name) && errors[0].contains(words),
        "{}",
        errors[0]
    );
    assert!(errors[0].contains("; for example "), "{}", errors[0]);
}
