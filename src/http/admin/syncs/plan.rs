//! The records of a run, as its page lists them.

use crate::domain::sync::ChangeKind;
use std::collections::BTreeSet;

use crate::store::Conn;

use super::values::{self, Line, Names};
use crate::domain::contact_mask::{MASK, is_contact_field};
use crate::domain::rights::ContactView;
use crate::http::admin::departments;
use crate::http::admin::links::staff_path;
use crate::http::view::Tone;
use crate::store::sync_list::{ChangeRow, FieldChange};
use crate::store::{StoreError, sync_names};
use crate::text::admin_syncs::SyncTexts;
use crate::text::admin_syncs::plan::PlanTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::skip::skip_reason;

/// One record.
pub struct RecordView {
    pub label: String,
    /// The userid or the department's id, if the label is a different text.
    pub id: Option<String>,
    /// `None` if it has no page.
    pub href: Option<String>,
    pub kind_words: &'static str,
    pub tone: Tone,
    pub lines: Vec<Line>,
    pub reason: Option<String>,
}

/// The known people and departments among those that records name.
#[derive(Default)]
pub struct KnownNames {
    people: BTreeSet<String>,
    departments: Names,
}

/// Looks up the people and departments that the records name.
pub async fn known(conn: &mut Conn, rows: &[ChangeRow]) -> Result<KnownNames, StoreError> {
    let userids: Vec<String> = rows.iter().filter_map(|row| row.userid.clone()).collect();
    let named = |row: &ChangeRow| {
        let values = row.differences.iter().flat_map(values::departments_of);
        values.chain(row.dept_id).collect::<Vec<_>>()
    };
    let dept_ids: Vec<i64> = rows.iter().flat_map(named).collect();
    Ok(KnownNames {
        people: sync_names::known_people(conn, &userids).await?,
        departments: sync_names::department_names(conn, &dept_ids).await?,
    })
}

pub fn view(row: ChangeRow, known: &KnownNames, contacts: ContactView, lang: Lang) -> RecordView {
    let t = PlanTexts::of(lang);
    let is_department = row.dept_id.is_some();
    let names = &known.departments;
    let lines = change_lines(row.differences, is_department, names, contacts, lang);
    let name = row.name.filter(|name| !name.is_empty());
    let (label, id, href) = match (row.userid, row.dept_id) {
        (Some(userid), _) => {
            let href = known.people.contains(&userid).then(|| staff_path(&userid));
            labelled(name, userid, href)
        }
        (None, Some(dept)) => {
            let stored = known.departments.get(&dept);
            let href = stored.map(|_| departments::path_of(dept));
            let name = name.or_else(|| stored.cloned());
            let name = name.unwrap_or_else(|| interpolate(t.unnamed_department, &[("id", &dept)]));
            (name, Some(dept.to_string()), href)
        }
        (None, None) => (t.nobody.to_owned(), None, None),
    };
    RecordView {
        label,
        id,
        href,
        kind_words: SyncTexts::of(lang).kind_words(row.kind),
        tone: tone(row.kind),
        lines,
        reason: row.reason.map(|reason| skip_reason(lang, &reason)),
    }
}

/// Returns the lines of changed fields, without contact data for those who may not read it.
pub fn change_lines(
    changes: Vec<FieldChange>,
    is_department: bool,
    names: &Names,
    contacts: ContactView,
    lang: Lang,
) -> Vec<Line> {
    let t = PlanTexts::of(lang);
    let changes = changes.into_iter().map(|change| shown(change, contacts));
    changes
        .flat_map(|change| values::lines(t, &change, is_department, names))
        .collect()
}

/// Returns a change without the values of contact data for those who may not read them.
pub fn shown(mut change: FieldChange, contacts: ContactView) -> FieldChange {
    if contacts.is_masked() && is_contact_field(&change.field) {
        for value in [&mut change.old, &mut change.new] {
            if !value.is_empty() {
                MASK.clone_into(value);
            }
        }
    }
    change
}

fn labelled(
    name: Option<String>,
    userid: String,
    href: Option<String>,
) -> (String, Option<String>, Option<String>) {
    match name {
        Some(name) => (name, Some(userid), href),
        None => (userid, None, href),
    }
}

fn tone(kind: ChangeKind) -> Tone {
    match kind {
        ChangeKind::Added | ChangeKind::Returned | ChangeKind::DepartmentAdded => Tone::Ok,
        ChangeKind::Left | ChangeKind::DepartmentRemoved => Tone::Danger,
        ChangeKind::Withheld | ChangeKind::Skipped => Tone::Warn,
        ChangeKind::Changed | ChangeKind::DepartmentChanged => Tone::Neutral,
    }
}
