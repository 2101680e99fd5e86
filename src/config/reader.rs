//! Parses settings one by one and keeps every fault, so that none hides another.

use secrecy::{ExposeSecret, SecretString};

use super::fault::{Fault, Faults};
use super::setting::{self, Setting};
use super::source::RawValue;

/// Hands out parsed settings; what is wrong with any is kept for the end.
pub(super) struct Reader {
    written: RawValue,
}

impl Reader {
    pub fn new(written: RawValue) -> Self {
        Self { written }
    }

    /// What has been found wrong so far, which is then forgotten.
    pub fn take_faults(&mut self) -> Faults {
        std::mem::take(&mut self.written.faults)
    }

    /// The texts of all secrets that somebody gave.
    pub fn secrets(&self) -> Vec<SecretString> {
        let secret = |name: &str| setting::find(name).is_some_and(|(setting, _)| setting.is_secret);
        let given = self.written.values.iter();
        given
            .filter(|(name, _)| secret(name))
            .map(|(_, raw)| raw.text.clone())
            .collect()
    }

    /// Whether somebody gave the setting, be it in a way that cannot be read.
    pub fn is_given(&self, setting: &Setting) -> bool {
        self.written.values.contains_key(setting.name)
            || self.written.unreadable.contains(&setting.name)
    }

    /// The parsed value, else that of the default; none where it is wrong or missing, which is noted.
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
            self.fault(setting, "is missing".to_owned());
        }
        parsed?.map_err(|what| self.fault(setting, what)).ok()
    }

    /// The parsed value; none where it is not set, or wrong, which is noted.
    pub fn optional<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let raw = self.written.values.get(setting.name)?;
        let parsed = parse(raw.text.expose_secret());
        parsed.map_err(|what| self.fault(setting, what)).ok()
    }

    /// Notes what is wrong with a setting. `what` must not repeat the value of a secret.
    pub fn fault(&mut self, setting: &Setting, what: String) {
        let file = self
            .written
            .values
            .get(setting.name)
            .and_then(|raw| raw.file.clone());
        self.written.faults.push(Fault {
            name: setting.name.to_owned(),
            file,
            what,
            example: format!("{}={}", setting.name, setting.example),
        });
    }
}
