//! The ids by which DingTalk identifies people.

use std::fmt;

/// The error for a text that is not a valid id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an id is 1 to 128 bytes without control characters or U+FFFD")]
pub struct InvalidId;

fn is_id(text: &str) -> bool {
    // U+FFFD replaces unreadable bytes, and a partial id identifies nobody.
    let is_odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    !text.is_empty() && text.len() <= 128 && !text.chars().any(is_odd)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type, serde::Serialize)]
        #[sqlx(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                if is_id(&text) { Ok(Self(text)) } else { Err(InvalidId) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}

id! {
    /// A member's id, unique within one company; compared byte by byte, never changed by DingTalk.
    UserId
}
id! {
    /// A person's id, the same in all apps of one developer account; opaque and of mixed case.
    UnionId
}

/// A department's id: positive; 1 is the root. Ids at or below zero belong to home-school contacts.
pub type DeptId = i64;

/// The root department, which never appears as a child.
pub const ROOT_DEPARTMENT: DeptId = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_leading_zeros_and_its_case() {
        assert_eq!(UserId::parse("0158aB").unwrap().as_str(), "0158aB");
    }

    #[test]
    fn empty_long_and_controlling_ids_are_refused() {
        assert_eq!(UserId::parse(""), Err(InvalidId));
        assert_eq!(UnionId::parse("x".repeat(129)), Err(InvalidId));
        assert_eq!(UnionId::parse("a\nb"), Err(InvalidId));
        assert_eq!(UserId::parse("a\u{fffd}"), Err(InvalidId));
    }
}
