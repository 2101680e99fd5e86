//! The person of a case in DingTalk's directory, as the pages show it.

use chrono::{DateTime, Utc};

use crate::domain::case::Standing;
use crate::http::view::Tone;
use crate::store::unmatched::DirectoryPerson;
use crate::store::unmatched::lookup::PendingLookup;
use crate::text::admin_review::directory::DirectoryTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::{TimeText, china_day};

/// A member of the company.
pub(super) struct MemberView {
    pub name: String,
    pub avatar: Option<String>,
    pub departments: Vec<String>,
    pub title: Option<String>,
    pub job_number: Option<String>,
    pub hired: Option<String>,
}

impl MemberView {
    /// Returns title, departments, job number and hire date in one line, without what DingTalk does not know.
    pub fn summary(&self, t: &DirectoryTexts) -> String {
        let labelled = |text, name, value: &Option<String>| {
            value
                .as_ref()
                .map(|value| interpolate(text, &[(name, value)]))
        };
        let parts = self.title.iter().cloned();
        let parts = parts
            .chain(self.departments.iter().cloned())
            .chain(labelled(t.number, "number", &self.job_number))
            .chain(labelled(t.hired, "day", &self.hired));
        parts.collect::<Vec<_>>().join(" · ")
    }
}

/// A sentence in place of a member, or about the lookup.
pub(super) struct StateNote {
    pub tone: Tone,
    pub text: &'static str,
}

/// What is known of the person.
pub(super) struct DirectoryView {
    /// `None` unless the directory lists the person as a member.
    pub member: Option<MemberView>,
    pub note: Option<StateNote>,
    /// When DingTalk was asked.
    pub checked: Option<TimeText>,
    /// Whether DingTalk has yet to answer.
    pub is_pending: bool,
    pub standing: Option<Standing>,
}

impl DirectoryView {
    pub fn new(
        person: Option<DirectoryPerson>,
        lookup: Option<&PendingLookup>,
        now: DateTime<Utc>,
        lang: Lang,
    ) -> Self {
        let t = DirectoryTexts::of(lang);
        let standing = person.as_ref().map(|person| person.standing);
        let checked = person.as_ref().map(|person| person.observed_at);
        Self {
            note: note(standing, lookup, t),
            checked: checked.map(|at| TimeText::new(at, now, lang)),
            is_pending: lookup.is_some(),
            member: person.and_then(member),
            standing,
        }
    }
}

fn member(person: DirectoryPerson) -> Option<MemberView> {
    if person.standing != Standing::Member {
        return None;
    }
    let given = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
    let userid = person.userid.map(|userid| userid.as_str().to_owned());
    Some(MemberView {
        name: given(person.name).or(userid).unwrap_or_default(),
        avatar: given(person.avatar),
        departments: person.departments,
        title: given(person.title),
        job_number: given(person.job_number),
        hired: person.hired_date.map(|at| china_day(at).to_string()),
    })
}

fn note(
    standing: Option<Standing>,
    lookup: Option<&PendingLookup>,
    t: &DirectoryTexts,
) -> Option<StateNote> {
    let (tone, text) = match (standing, lookup) {
        (Some(Standing::Unlisted), _) => (Tone::Danger, t.unlisted),
        (Some(Standing::External), _) => (Tone::Danger, t.external),
        (_, Some(lookup)) if lookup.last_error.is_some() => (Tone::Warn, t.failing),
        (None, Some(_)) => (Tone::Neutral, t.pending),
        (None, None) => (Tone::Neutral, t.not_checked),
        (Some(Standing::Member), _) => return None,
    };
    Some(StateNote { tone, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_of_a_member_leaves_out_what_is_unknown() {
        let member = |hired: Option<&str>, title: Option<&str>| MemberView {
            name: "张三".to_owned(),
            avatar: None,
            departments: vec!["财务部".to_owned(), "技术部".to_owned()],
            title: title.map(str::to_owned),
            job_number: Some("0042".to_owned()),
            hired: hired.map(str::to_owned),
        };
        let full = member(Some("2026-11-28"), Some("会计"));
        assert_eq!(
            full.summary(DirectoryTexts::of(Lang::Zh)),
            "会计 · 财务部 · 技术部 · 工号 0042 · 2026-11-28 入职"
        );
        assert_eq!(
            member(None, None).summary(DirectoryTexts::of(Lang::En)),
            "财务部 · 技术部 · No. 0042"
        );
    }
}
