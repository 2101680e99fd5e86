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
    /// Adds an error. What is wrong may quote a value, in which a line break or a terminal's escape sequence must not
    /// look like another line.
    pub fn push(&mut self, mut error: SettingError) {
        error.what = escaped(&error.what);
        self.0.push(error);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &SettingError> {
        self.0.iter()
    }
}

/// Returns the text with its control characters written as escape sequences.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut text, c| {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
        text
    })
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
