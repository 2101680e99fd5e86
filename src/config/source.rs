//! Sources of settings: the environment takes precedence over the TOML file; secrets may be in files of their
//! own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use secrecy::SecretString;

use super::error::{SettingError, SettingErrors};
use super::setting::{self, CONFIG_FILE, ENVIRONMENT_ONLY, FILE_SUFFIX, Setting, TIME_ZONE};
use super::value;

/// A value as written, before it is parsed.
pub(super) struct RawValue {
    pub text: SecretString,
    /// The file that it came from; `None` for the environment.
    pub file: Option<String>,
}

/// All values as written, by the name of the setting, and the errors found so far.
#[derive(Default)]
pub(super) struct RawSettings {
    pub values: BTreeMap<&'static str, RawValue>,
    /// Settings that are set but unreadable, so that they are not reported as missing too.
    pub unreadable: Vec<&'static str>,
    pub errors: SettingErrors,
}

/// One layer: names as spelled, with their text; empty values are left out.
type Layer = BTreeMap<String, String>;

/// Collects our settings from the environment and the files named there.
pub(super) fn collect(
    env: impl Iterator<Item = (OsString, OsString)>,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> RawSettings {
    let mut written = RawSettings::default();
    let mut env = environment(env, &mut written);
    let file = env.remove(CONFIG_FILE.name);
    if let Some(zone) = env.remove(TIME_ZONE.name) {
        written.insert(&TIME_ZONE, zone, None);
    }
    written.take(env, None, read);
    if let Some(file) = file.filter(|file| !written.is_quoted(CONFIG_FILE.name, None, file)) {
        let layer = toml_file(&file, read, &mut written);
        written.take(layer, Some(&file), read);
    }
    written
}

/// Returns our variables of the environment; others are ignored.
fn environment(
    env: impl Iterator<Item = (OsString, OsString)>,
    written: &mut RawSettings,
) -> Layer {
    let mut layer = Layer::new();
    for (name, value) in env {
        let name = name.to_string_lossy().into_owned();
        let is_known = environment_only(&name).is_some() || setting::find(&name).is_some();
        if !is_known {
            if name.starts_with("DINGGATE_") || name.starts_with("DINGTALK_") {
                written.errors.push(unknown(&name, None));
            }
        } else if let Ok(text) = value.into_string() {
            layer.insert(name, text);
        } else {
            written.unreadable(&name, None, "is not UTF-8".to_owned());
        }
    }
    layer.retain(|_, text| !text.is_empty());
    layer
}

/// Returns the keys of the file. A syntax error is reported by its line number only, because the line may hold a
/// secret.
fn toml_file(
    file: &str,
    read: &dyn Fn(&Path) -> io::Result<String>,
    written: &mut RawSettings,
) -> Layer {
    let table = match read(Path::new(file)) {
        Ok(text) => text.parse::<toml::Table>().map_err(|error| {
            let at = error.span().and_then(|span| text.get(..span.start));
            let line = at.map_or(1, |before| before.matches('\n').count() + 1);
            format!("names {file:?}, which is not TOML in line {line}")
        }),
        Err(error) => Err(format!("names {file:?}, which cannot be read: {error}")),
    };
    match table {
        Ok(table) => table
            .into_iter()
            .filter_map(|(key, value)| entry(key, value, file, written))
            .collect(),
        Err(what) => {
            written.error(CONFIG_FILE.name, None, what, &CONFIG_FILE);
            Layer::new()
        }
    }
}

/// Returns one key of the file with its text; `None` if it is unknown, empty or not a scalar value.
fn entry(
    key: String,
    value: toml::Value,
    file: &str,
    written: &mut RawSettings,
) -> Option<(String, String)> {
    if let Some(setting) = environment_only(&key) {
        let what = "stands in the environment only".to_owned();
        written.error(&key, Some(file), what, setting);
        return None;
    }
    if setting::find(&key).is_none() {
        written.errors.push(unknown(&key, Some(file)));
        return None;
    }
    let text = match value {
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(is_true) => is_true.to_string(),
        _ => {
            written.unreadable(
                &key,
                Some(file),
                "is neither a string nor an integer nor a boolean".to_owned(),
            );
            return None;
        }
    };
    (!text.is_empty()).then_some((key, text))
}

impl RawSettings {
    /// Adds the settings that no earlier layer has set, and reads the files of secrets.
    fn take(
        &mut self,
        mut layer: Layer,
        file: Option<&str>,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) {
        for setting in setting::ALL {
            let plain = layer.remove(setting.name);
            let named = format!("{}{FILE_SUFFIX}", setting.name);
            let path = layer.remove(&named);
            if self.values.contains_key(setting.name) || self.unreadable.contains(&setting.name) {
                continue;
            }
            match (plain, path) {
                (Some(_), Some(_)) => {
                    let what = format!("and {named} are both given; keep one");
                    self.unreadable(setting.name, file, what);
                }
                (Some(text), None) => self.insert(setting, text, file),
                (None, Some(path)) if self.is_quoted(&named, file, &path) => {}
                (None, Some(path)) => match secret_file(&path, read) {
                    Ok(text) => self.insert(setting, text, Some(&path)),
                    Err(what) => self.unreadable(&named, file, what),
                },
                (None, None) => {}
            }
        }
    }

    /// Stores a text, unless it is in quotes.
    fn insert(&mut self, setting: &'static Setting, text: String, file: Option<&str>) {
        if self.is_quoted(setting.name, file, &text) {
            return;
        }
        let file = file.map(|file| format!("{file:?}"));
        self.values.insert(
            setting.name,
            RawValue {
                text: SecretString::from(text),
                file,
            },
        );
    }

    /// Whether the text is still in quotes, as `docker run --env-file` and some editors leave it; if so, records
    /// an error.
    fn is_quoted(&mut self, name: &str, file: Option<&str>, text: &str) -> bool {
        let is_quoted = value::is_quoted(text);
        if is_quoted {
            let what = "is still in quotes, which would be part of the value: take them off";
            self.unreadable(name, file, what.to_owned());
        }
        is_quoted
    }

    /// Records an error of a setting that is set, but whose text is not known.
    fn unreadable(&mut self, name: &str, file: Option<&str>, what: String) {
        let example = match setting::find(name) {
            Some((setting, is_file)) => {
                self.unreadable.push(setting.name);
                if is_file { &SECRET_FILE } else { setting }
            }
            None => match environment_only(name) {
                Some(setting) => {
                    self.unreadable.push(setting.name);
                    setting
                }
                None => &CONFIG_FILE,
            },
        };
        self.error(name, file, what, example);
    }

    fn error(&mut self, name: &str, file: Option<&str>, what: String, example: &Setting) {
        self.errors.push(SettingError {
            name: name.to_owned(),
            file: file.map(|file| format!("{file:?}")),
            what,
            example: format!("{name}={}", example.example),
        });
    }
}

fn environment_only(name: &str) -> Option<&'static Setting> {
    ENVIRONMENT_ONLY
        .iter()
        .find(|setting| setting.name == name)
        .copied()
}

/// Example for a setting that names a secret's file.
static SECRET_FILE: Setting = Setting {
    name: "",
    example: "/run/secrets/dinggate",
    default: None,
    is_secret: false,
};

/// Returns the secret in a file, without one trailing newline.
fn secret_file(path: &str, read: &dyn Fn(&Path) -> io::Result<String>) -> Result<String, String> {
    let mut text = read(Path::new(path))
        .map_err(|error| format!("names {path:?}, which cannot be read: {error}"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        Err(format!("names {path:?}, which is empty"))
    } else {
        Ok(text)
    }
}

/// Returns the error for an unknown name, with the one that was probably meant.
fn unknown(name: &str, file: Option<&str>) -> SettingError {
    let default = setting::LISTEN.name.to_owned();
    let (what, meant) = if is_service_link(name) {
        let what = "is not a setting; Kubernetes sets it for a Service named dinggate unless the pod has \
                    `enableServiceLinks: false`";
        (what.to_owned(), default)
    } else if let Some(near) = setting::meant_by(name) {
        (format!("is not a setting; {near} is"), near)
    } else {
        ("is not a setting of this version".to_owned(), default)
    };
    let example = match setting::find(&meant) {
        Some((_, true)) => SECRET_FILE.example,
        Some((setting, false)) => setting.example,
        None => setting::LISTEN.example,
    };
    SettingError {
        // Escaped, so that an odd name cannot look like another line.
        name: name.escape_debug().to_string(),
        file: file.map(|file| format!("{file:?}")),
        what,
        example: format!("{meant}={example}"),
    }
}

/// Whether the name is one that Kubernetes sets for a Service named `dinggate`.
fn is_service_link(name: &str) -> bool {
    name.strip_prefix("DINGGATE_").is_some_and(|rest| {
        rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
    })
}
