//! Parses settings one by one and collects every error, so that none hides another.

use secrecy::{ExposeSecret, SecretString};

use super::error::{SettingError, SettingErrors};
use super::setting::{self, Setting};
use super::source::RawSettings;

/// Returns parsed settings and collects their errors.
pub(super) struct Reader {
    written: RawSettings,
}

impl Reader {
    pub fn new(written: RawSettings) -> Self {
        Self { written }
    }

    /// Returns the errors collected so far and clears them.
    pub fn take_errors(&mut self) -> SettingErrors {
        std::mem::take(&mut self.written.errors)
    }

    /// Returns the texts of all secrets that are set.
    pub fn secrets(&self) -> Vec<SecretString> {
        let secret = |name: &str| setting::find(name).is_some_and(|(setting, _)| setting.is_secret);
        let values = self.written.values.iter();
        values
            .filter(|(name, _)| secret(name))
            .map(|(_, raw)| raw.text.clone())
            .collect()
    }

    /// Whether the setting is set, even if it cannot be read.
    pub fn is_given(&self, setting: &Setting) -> bool {
        self.written.values.contains_key(setting.name)
            || self.written.unreadable.contains(&setting.name)
    }

    /// Returns the parsed value or the parsed default; `None` if it is invalid or missing, which is recorded.
    pub fn value<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.is_given(setting) {
            return self.optional(setting, parse);
        }
        let parsed = setting.default.map(parse);
        if parsed.is_none() {
            self.error(setting, "is missing".to_owned());
        }
        parsed?.map_err(|what| self.error(setting, what)).ok()
    }

    /// Returns the parsed value; `None` if it is not set, or if it is invalid, which is recorded.
    pub fn optional<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let raw = self.written.values.get(setting.name)?;
        let parsed = parse(raw.text.expose_secret());
        parsed.map_err(|what| self.error(setting, what)).ok()
    }

    /// Records an error of a setting. `what` must not repeat the value of a secret.
    pub fn error(&mut self, setting: &Setting, what: String) {
        let file = self
            .written
            .values
            .get(setting.name)
            .and_then(|raw| raw.file.clone());
        self.written.errors.push(SettingError {
            name: setting.name.to_owned(),
            file,
            what,
            example: format!("{}={}", setting.name, setting.example),
        });
    }
}
