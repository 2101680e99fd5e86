//! A person's timeline: everything that happened to them, the latest first.

use chrono::{DateTime, Utc};

use crate::domain::audit::AuditAction;
use crate::domain::contact_mask::mask_text;
use crate::domain::rights::ContactView;
use crate::domain::timeline::TimelineKind;
use crate::http::admin::actor_view::ActorView;
use crate::http::admin::events::tone;
use crate::http::admin::list_page::ListSpec;
use crate::http::admin::list_query::ALL;
use crate::http::admin::syncs::plan::change_lines;
use crate::http::admin::syncs::values::{Line, Names, departments_of};
use crate::http::view::{Paging, Tone};
use crate::store::audit_list::AuditRow;
use crate::store::staff_list::EventLine;
use crate::store::staff_timeline::{self, Entry, TimelineFilter};
use crate::store::web_session::SessionFacts;
use crate::store::{Conn, StoreError, sync_names};
use crate::text::admin_audit::AuditTexts;
use crate::text::admin_events::EventTexts;
use crate::text::admin_staff::StaffTexts;
use crate::text::browser::browser_name;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

/// The list of the entries, with a filter by kind.
pub(super) const LIST: ListSpec = ListSpec {
    filters: &[(KIND, ALL)],
    ..ListSpec::PLAIN
};
pub(super) const KIND: &str = "kind";

/// One page of the entries.
#[derive(Default)]
pub(super) struct Timeline {
    /// How many there are, up to one more than the pages show.
    pub total: usize,
    pub entries: Vec<Entry>,
    /// The departments that changes name.
    names: Names,
}

impl Timeline {
    pub async fn read(
        conn: &mut Conn,
        filter: &TimelineFilter,
        paging: Paging,
    ) -> Result<Self, StoreError> {
        let found = staff_timeline::found(conn, filter).await?;
        // The one beyond the limit only shows that there are more.
        let shown = found.get(..staff_timeline::MOST).unwrap_or(&found);
        let keys = paging.cut(shown);
        let entries = staff_timeline::entries(conn, &filter.userid, keys).await?;
        let changes = entries.iter().filter_map(|entry| match entry {
            Entry::Change(change) => Some(change),
            _ => None,
        });
        let departments: Vec<i64> = changes
            .flat_map(|change| change.differences.iter().flat_map(departments_of))
            .collect();
        Ok(Self {
            total: found.len(),
            names: sync_names::department_names(conn, &departments).await?,
            entries,
        })
    }
}

/// An entry in words.
pub(super) struct EntryView {
    pub at: TimeText,
    pub words: &'static str,
    pub href: Option<String>,
    pub state: Option<(Tone, String)>,
    pub lines: Vec<Line>,
    pub reason: Option<String>,
    /// Who acted; `None` if that was the person, or nobody.
    pub who: Option<ActorView>,
    pub reference: Option<String>,
    /// The device and the IP address.
    pub device: Option<String>,
    pub address: Option<String>,
}

impl EntryView {
    fn new(at: TimeText, words: &'static str) -> Self {
        Self {
            at,
            words,
            href: None,
            state: None,
            lines: Vec::new(),
            reason: None,
            who: None,
            reference: None,
            device: None,
            address: None,
        }
    }
}

/// How entries are put into words.
pub(super) struct Wording<'a> {
    pub userid: &'a str,
    pub now: DateTime<Utc>,
    pub lang: Lang,
    pub contacts: ContactView,
}

impl Wording<'_> {
    /// Returns the entries as the page shows them.
    pub fn views(&self, timeline: Timeline) -> Vec<EntryView> {
        let Timeline { entries, names, .. } = timeline;
        let entries = entries.into_iter();
        entries.map(|entry| self.view(entry, &names)).collect()
    }

    fn view(&self, entry: Entry, names: &Names) -> EntryView {
        let (t, audit) = (StaffTexts::of(self.lang), AuditTexts::of(self.lang));
        match entry {
            Entry::Audit(row) => self.of_trail(row),
            Entry::Event(event) => self.of_event(&event),
            Entry::Session(session) => self.of_session(session),
            Entry::Attempt(attempt) => EntryView {
                state: Some((Tone::Warn, audit.refusal_words(attempt.reason).to_owned())),
                reference: Some(attempt.request_id),
                address: Some(attempt.ip),
                ..EntryView::new(
                    self.time(attempt.at),
                    audit.action_words(AuditAction::Refusal),
                )
            },
            Entry::Change(change) => EntryView {
                lines: change_lines(change.differences, false, names, self.contacts, self.lang),
                ..EntryView::new(self.time(change.at), t.changed)
            },
        }
    }

    fn of_trail(&self, row: AuditRow) -> EntryView {
        let t = AuditTexts::of(self.lang);
        let is_own = row.actor == self.userid;
        let status = t.status_words(row.action, &row.status, self.lang);
        let tone = match row.action {
            AuditAction::Refusal => Tone::Warn,
            _ => Tone::Neutral,
        };
        EntryView {
            state: (!matches!(row.action, AuditAction::Login | AuditAction::Logout))
                .then_some((tone, status)),
            reason: row
                .reason
                .map(|reason| self.masked(t.reason_words(&reason))),
            who: (!is_own)
                .then(|| ActorView::new(self.lang, row.actor_kind, &row.actor, row.actor_name)),
            reference: row.reference,
            address: row.ip,
            ..EntryView::new(self.time(row.at), t.action_words(row.action))
        }
    }

    fn of_event(&self, event: &EventLine) -> EntryView {
        let t = EventTexts::of(self.lang);
        EntryView {
            href: Some(format!("/admin/events/{}", event.id)),
            state: Some((tone(event.state), t.state_words(event.state).to_owned())),
            ..EntryView::new(
                self.time(event.received_at),
                t.type_words(&event.event_type),
            )
        }
    }

    fn of_session(&self, session: SessionFacts) -> EntryView {
        let t = StaffTexts::of(self.lang);
        EntryView {
            state: Some((Tone::Ok, t.method_words(session.method).to_owned())),
            device: Some(browser_name(&session.user_agent, self.lang)),
            address: Some(session.ip),
            ..EntryView::new(self.time(session.created_at), t.session_started)
        }
    }

    fn time(&self, at: DateTime<Utc>) -> TimeText {
        TimeText::new(at, self.now, self.lang)
    }

    fn masked(&self, text: &str) -> String {
        if self.contacts.is_masked() {
            mask_text(text)
        } else {
            text.to_owned()
        }
    }
}

/// Returns the choices of the filter; events only for those who see the inbox.
pub(super) fn kinds(t: &StaffTexts, includes_events: bool) -> Vec<(&'static str, &'static str)> {
    let kinds = TimelineKind::ALL.into_iter();
    let kinds = kinds.filter(|kind| includes_events || *kind != TimelineKind::Event);
    kinds
        .map(|kind| (kind.as_str(), t.kind_words(kind)))
        .collect()
}
