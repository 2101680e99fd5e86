//! The settings. Each line of the input is `NAME=value` and changes one of the required settings; after an empty line
//! follows the text of every file that a setting names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use dinggate::config::setting::{self, CONFIG_FILE, FILE_SUFFIX, TIME_ZONE};
use dinggate::config::{Config, SettingErrors};
use url::Url;

type Env = BTreeMap<String, String>;

const REQUIRED: [(&str, &str); 8] = [
    (
        "DATABASE_URL",
        "postgres://gate:pw-of-postgres@db.example.com/gate",
    ),
    ("DINGGATE_PUBLIC_URL", "https://sso.example.com"),
    (
        "DINGGATE_SECRET_KEY",
        "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==",
    ),
    ("DINGTALK_CORP_ID", "dingcorp"),
    ("DINGTALK_APP_KEY", "dingapp"),
    ("DINGTALK_APP_SECRET", "secret-of-the-app"),
    ("DINGTALK_CALLBACK_TOKEN", "token-of-the-callback"),
    (
        "DINGTALK_CALLBACK_AES_KEY",
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    ),
];

/// A shorter secret may be part of any word.
const TELLING: usize = 12;

/// Panics if settings show a secret, an error is not one line, or a file means something else than the environment.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (lines, file) = text.split_once("\n\n").unwrap_or((&text, ""));
    let env = environment(lines);
    let result = load(&env, file);
    let shown = match &result {
        Ok(config) => format!("{config:?}"),
        Err(errors) => {
            check_errors(errors);
            format!("{errors} {errors:?}")
        }
    };
    let known = known_words(&env, file);
    for secret in secrets(&env, file) {
        let is_telling = secret.chars().count() >= TELLING && !known.contains(&secret);
        assert!(
            !is_telling || !shown.contains(&secret),
            "{secret:?} in {shown}"
        );
    }
    if result.is_ok()
        && let Some((env, file)) = as_file(&env)
    {
        let from_file = load(&env, &file).map(|config| format!("{config:?}"));
        assert_eq!(from_file, Ok(shown), "{file}");
    }
}

/// Returns the required settings with the changes of the input.
fn environment(lines: &str) -> Env {
    let mut env: Env = REQUIRED
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let changes = lines.lines().filter_map(|line| line.split_once('='));
    env.extend(changes.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env
}

fn load(env: &Env, file: &str) -> Result<Config, SettingErrors> {
    Config::load(env.clone(), |_: &Path| Ok(file.to_owned()))
}

fn check_errors(errors: &SettingErrors) {
    let shown = errors.to_string();
    assert!(
        !errors.is_empty() && shown.lines().count() == errors.iter().count(),
        "{shown:?}"
    );
    for error in errors.iter() {
        let line = error.to_string();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!error.example.is_empty(), "{line}");
    }
}

/// Whether a setting is a URL, which must not have a password; others are shown as they are.
fn is_address(name: &str) -> bool {
    name.ends_with("_URL")
}

/// Returns the secrets of the environment, of the files, and the passwords in URLs.
fn secrets(env: &Env, file: &str) -> Vec<String> {
    let is_secret = |name: &str| {
        setting::find(name).is_some_and(|(setting, is_file)| setting.is_secret && !is_file)
    };
    let names_file = |name: &str| setting::find(name).is_some_and(|(_, is_file)| is_file);
    let mut secrets: Vec<String> = env
        .iter()
        .filter(|(name, _)| is_secret(name))
        .map(|(_, value)| value.clone())
        .collect();
    if env.keys().any(|name| names_file(name)) && !file.is_empty() {
        secrets.push(file.trim_end_matches(['\r', '\n']).to_owned());
    }
    let table = env
        .contains_key(CONFIG_FILE.name)
        .then(|| file.parse::<toml::Table>().ok())
        .flatten();
    let in_table = table.iter().flatten().filter(|(name, _)| is_secret(name));
    secrets.extend(in_table.filter_map(|(_, value)| Some(value.as_str()?.to_owned())));
    let addresses = env
        .iter()
        .filter(|(name, _)| is_address(name))
        .map(|(_, value)| value.clone());
    let passwords = secrets
        .clone()
        .into_iter()
        .chain(addresses)
        .filter_map(|text| Some(Url::parse(&text).ok()?.password()?.to_owned()));
    secrets.extend(passwords.collect::<Vec<_>>());
    secrets
}

/// Returns all that settings and errors may show: a secret that is part of it says nothing.
fn known_words(env: &Env, file: &str) -> String {
    let is_secret = |name: &str| {
        setting::find(name).is_some_and(|(setting, is_file)| setting.is_secret && !is_file)
    };
    let mut words: Vec<String> = setting::ALL
        .iter()
        .flat_map(|setting| [setting.name, setting.example])
        .map(str::to_owned)
        .collect();
    words.extend(env.keys().cloned());
    // A URL is shown, but not its password.
    let plain = env.iter().filter(|(name, value)| {
        !(is_secret(name) || is_address(name) && Url::parse(value).is_ok())
    });
    words.extend(plain.map(|(_, value)| value.clone()));
    words.push(shown_without_changes().to_owned());
    if let Ok(table) = file.parse::<toml::Table>() {
        words.extend(table.keys().cloned());
        let plain = table.iter().filter(|(name, _)| !is_secret(name));
        words.extend(plain.filter_map(|(_, value)| Some(value.as_str()?.to_owned())));
    }
    words.join("\n")
}

/// Returns the required settings as they are shown.
fn shown_without_changes() -> &'static str {
    static SHOWN: OnceLock<String> = OnceLock::new();
    SHOWN.get_or_init(|| match load(&environment(""), "") {
        Ok(config) => format!("{config:?}"),
        Err(errors) => panic!("{errors}"),
    })
}

/// Returns the same settings in a TOML file; `None` if they name a file themselves.
fn as_file(env: &Env) -> Option<(Env, String)> {
    let names_file = |name: &str| name == CONFIG_FILE.name || name.ends_with(FILE_SUFFIX);
    if env.keys().any(|name| names_file(name)) {
        return None;
    }
    let settings = env.iter().filter(|(name, _)| setting::find(name).is_some());
    let lines = settings.map(|(name, value)| format!("{name} = {}\n", toml_string(value)));
    let file: String = lines.collect();
    let mut rest = Env::from([(CONFIG_FILE.name.to_owned(), "/settings.toml".to_owned())]);
    if let Some(zone) = env.get(TIME_ZONE.name) {
        rest.insert(TIME_ZONE.name.to_owned(), zone.clone());
    }
    Some((rest, file))
}

/// Writes a string as TOML: like JSON, except for one character.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}
