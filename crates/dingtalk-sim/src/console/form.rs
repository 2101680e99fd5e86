//! The fields that the page's forms send.

use anyhow::Context as _;

use crate::{lang::Lang, shared::Announce};

/// The fields of one form, repeated ones included, and the language of the outcome.
pub(super) struct Form {
    fields: Vec<(String, String)>,
    pub(super) lang: Lang,
}

impl Form {
    pub(super) fn parse(body: &[u8], lang: Lang) -> Self {
        let fields = url::form_urlencoded::parse(body).into_owned().collect();
        Self { fields, lang }
    }

    /// Returns a field's trimmed text; `None` if empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.fields.iter().find(|(key, _)| key == name)?;
        Some(value.trim())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// Returns a field's text as the form shows it, possibly empty; `None` if the form has no such field.
    pub(super) fn shown(&self, name: &str) -> Option<String> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.trim().to_owned())
    }

    pub(super) fn required(&self, name: &str) -> anyhow::Result<String> {
        self.text(name)
            .with_context(|| format!("{} {name}", self.lang.say("请填写", "Please fill in")))
    }

    pub(super) fn number(&self, name: &str) -> anyhow::Result<i64> {
        self.required(name)?
            .parse()
            .with_context(|| format!("{name} {}", self.lang.say("不是数字", "is not a number")))
    }

    /// Returns all ticked numbers of this name.
    pub(super) fn numbers(&self, name: &str) -> Vec<i64> {
        self.fields
            .iter()
            .filter(|(key, _)| key == name)
            .filter_map(|(_, value)| value.parse().ok())
            .collect()
    }

    /// Returns the value of the checkbox that loses the event.
    pub(super) fn announce(&self) -> Announce {
        if self.text("drop_event").is_some() {
            Announce::No
        } else {
            Announce::Yes
        }
    }
}
