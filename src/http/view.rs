//! Values that templates show: pages of a list, queries and charts.

use std::borrow::Cow;

pub mod chart;
pub mod pager;
pub mod path;
pub mod sorting;

pub use chart::Columns;
pub use pager::{PageLink, Pager, Paging, query};
pub use sorting::{Sorting, order};

/// The tone of a state; decides its colour, always beside words that say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Ok,
    Warn,
    Danger,
    Neutral,
}

impl Tone {
    /// Returns the name that the style sheet uses for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Danger => "danger",
            Self::Neutral => "neutral",
        }
    }
}

/// One choice of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: Cow<'static, str>,
    pub label: Cow<'static, str>,
    pub is_selected: bool,
}

impl Choice {
    /// Returns the choices for values with their labels; the current one is selected.
    pub fn list(pairs: Vec<(Cow<'static, str>, Cow<'static, str>)>, current: &str) -> Vec<Self> {
        let choice = |(value, label): (Cow<'static, str>, _)| Self {
            is_selected: value == current,
            value,
            label,
        };
        pairs.into_iter().map(choice).collect()
    }
}

/// Returns the text of an avatar without a picture: the last character of a Chinese name, as DingTalk does, or the
/// first letters of other names. The part of a name in brackets is ignored.
pub fn initials(name: &str) -> String {
    let name = name
        .split(['(', '（'])
        .find(|part| !part.trim().is_empty())
        .unwrap_or("?");
    match name.chars().rfind(|&character| is_han(character)) {
        Some(last) => last.to_string(),
        None => name
            .split_whitespace()
            .filter_map(|word| word.chars().next())
            .take(2)
            .flat_map(char::to_uppercase)
            .collect(),
    }
}

fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_follow_the_script_of_the_name() {
        for (name, shown) in [
            ("张三", "三"),
            ("欧阳娜娜", "娜"),
            ("Jane van Doe", "JV"),
            ("élise", "É"),
            ("  ", "?"),
            ("Tom 王", "王"),
        ] {
            assert_eq!(initials(name), shown, "{name}");
        }
    }
}
