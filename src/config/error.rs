//! Errors in the settings, described so that they can be fixed.

use std::fmt;

/// One error in one setting. Never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The variable as spelled by the user.
    pub name: String,
    /// The file that sets it; `None` for the environment.
    pub file: Option<String>,
    pub what: String,
    pub example: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(file) = &self.file {
            write!(f, " (in {file})")?;
        }
        write!(f, ": {}; for example {}", self.what, self.example)
    }
}

/// All errors in the settings, one line each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingErrors(Vec<SettingError>);

impl SettingErrors {
    pub fn push(&mut self, error: SettingError) {
        self.0.push(error);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &SettingError> {
        self.0.iter()
    }
}

impl fmt::Display for SettingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingErrors {}
