//! The two languages of all texts.

/// A language in which every text exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Chinese, also the default for browsers that ask for neither of the two: the companies are in China.
    #[default]
    Zh,
    En,
}

impl Lang {
    /// Returns the value for `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Parses a language as the switch and its cookie spell it: `zh` or `en`.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Zh, Self::En]
            .into_iter()
            .find(|lang| lang.code() == code)
    }

    /// Returns the code that the switch and its cookie use.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Returns the language that the switch leads to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    /// Returns the language's own name for itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::Zh => "中文",
            Self::En => "English",
        }
    }

    /// Returns the language that an `Accept-Language` value prefers: the highest quality, the first among equals.
    pub fn from_accepted(accepted: &str) -> Self {
        let mut best = (0.0, Self::default());
        for range in accepted.split(',') {
            let (tag, quality) = read_range(range);
            if let Some(lang) = Self::from_tag(tag)
                && quality > best.0
            {
                best = (quality, lang);
            }
        }
        best.1
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Zh)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }
}

/// Parses `en-GB;q=0.8`; a quality that is not a number between 0 and 1 counts as 0, which means "not this one".
fn read_range(range: &str) -> (&str, f32) {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next().unwrap_or_default();
    let quality = match parts.next() {
        None => 1.0,
        Some(text) => text
            .strip_prefix("q=")
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0.0),
    };
    (
        tag,
        if (0.0..=1.0).contains(&quality) {
            quality
        } else {
            0.0
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_of_the_two_is_chosen() {
        for (accepted, lang) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Lang::Zh),
            ("en-US,en;q=0.9,zh-CN;q=0.8", Lang::En),
            ("en;q=0.4, ZH-hant;q=0.5", Lang::Zh),
            ("fr, EN-gb;q=0.1", Lang::En),
            ("en, zh", Lang::En),
            ("zh;q=0, en;q=0.001", Lang::En),
        ] {
            assert_eq!(Lang::from_accepted(accepted), lang, "{accepted}");
        }
    }

    #[test]
    fn a_browser_that_names_neither_gets_chinese() {
        for accepted in [
            "",
            "*",
            "fr-FR,de;q=0.5",
            "english",
            "en;q=0",
            "en;q=nan",
            "en;q=2",
            "en;q",
            ";;,,;q=1",
        ] {
            assert_eq!(Lang::from_accepted(accepted), Lang::Zh, "{accepted}");
        }
    }
}
