//! The changes of one record in a run, in readable form.

use crate::domain::person::Status;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::ids::DeptId;
use crate::store::sync_list::FieldChange;
use crate::text::admin_syncs::plan::PlanTexts;
use crate::text::interpolate;
use crate::text::time::china_day;

/// The names of departments.
pub type Names = BTreeMap<DeptId, String>;

/// One line: its label, the old value and the new one.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub label: String,
    /// Empty if there was no value.
    pub old: String,
    /// Empty if there is no longer a value.
    pub new: String,
    /// Whether both are ids or numbers.
    pub is_code: bool,
}

/// A person's membership of a department, as a run records it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    order: String,
    is_leader: bool,
}

/// Returns the lines of one field.
pub fn lines(t: &PlanTexts, change: &FieldChange, is_department: bool, names: &Names) -> Vec<Line> {
    let plain = |old: String, new: String| Line {
        label: t
            .field_words(&change.field, is_department)
            .unwrap_or(&change.field)
            .to_owned(),
        old,
        new,
        is_code: matches!(
            change.field.as_str(),
            "unionid" | "userid" | "order" | "sort_order"
        ),
    };
    let (old, new) = (change.old.as_str(), change.new.as_str());
    match change.field.as_str() {
        "departments" => match (places(old), places(new)) {
            (Some(old), Some(new)) => moves(t, &old, &new, names),
            _ => vec![plain(old.to_owned(), new.to_owned())],
        },
        "parent" | "parent_id" => vec![plain(department(t, old, names), department(t, new, names))],
        "hired_date" => vec![plain(day(old), day(new))],
        "status" => vec![plain(state(t, old), state(t, new))],
        "avatar" => {
            let words = match (old.is_empty(), new.is_empty()) {
                (true, _) => t.picture_added,
                (false, true) => t.picture_removed,
                (false, false) => t.picture_changed,
            };
            vec![plain(String::new(), words.to_owned())]
        }
        _ => vec![plain(old.to_owned(), new.to_owned())],
    }
}

/// Returns the departments that the values of a change name.
pub fn departments_of(change: &FieldChange) -> Vec<DeptId> {
    let both = [change.old.as_str(), change.new.as_str()];
    match change.field.as_str() {
        "departments" => both
            .into_iter()
            .filter_map(places)
            .flat_map(BTreeMap::into_keys)
            .collect(),
        "parent" | "parent_id" => both.into_iter().filter_map(|id| id.parse().ok()).collect(),
        _ => Vec::new(),
    }
}

/// Parses `1, 410020033 (order 176292748870660512, leader)`; `None` for any other format.
fn places(text: &str) -> Option<BTreeMap<DeptId, Place>> {
    let mut places = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find([',', ' ']).unwrap_or(rest.len());
        let (id, after) = rest.split_at(end);
        let (notes, after) = match after.strip_prefix(" (") {
            Some(noted) => noted.split_once(')')?,
            None => ("", after),
        };
        let order = notes
            .split(", ")
            .find_map(|note| note.strip_prefix("order "));
        let place = Place {
            order: order.unwrap_or_default().to_owned(),
            is_leader: notes.split(", ").any(|note| note == "leader"),
        };
        places.insert(id.parse().ok()?, place);
        rest = match after.strip_prefix(", ") {
            Some(rest) => rest,
            None if after.is_empty() => "",
            None => return None,
        };
    }
    Some(places)
}

/// Returns the departments joined and left, and the changes within those that stay.
fn moves(
    t: &PlanTexts,
    old: &BTreeMap<DeptId, Place>,
    new: &BTreeMap<DeptId, Place>,
    names: &Names,
) -> Vec<Line> {
    let line = |label: &str, old: String, new: String| Line {
        label: label.to_owned(),
        old,
        new,
        is_code: false,
    };
    let with_role = |id: &DeptId, place: &Place| {
        let name = name_of(t, *id, names);
        if place.is_leader {
            interpolate(t.as_leader, &[("name", &name)])
        } else {
            name
        }
    };
    let mut lines = Vec::new();
    for (id, place) in old.iter().filter(|(id, _)| !new.contains_key(id)) {
        lines.push(line(t.leaves, String::new(), with_role(id, place)));
    }
    for (id, place) in new.iter().filter(|(id, _)| !old.contains_key(id)) {
        lines.push(line(t.joins, String::new(), with_role(id, place)));
    }
    for (id, now) in new {
        let Some(before) = old.get(id) else { continue };
        let name = name_of(t, *id, names);
        if before.is_leader != now.is_leader {
            let sentence = if now.is_leader {
                t.leads
            } else {
                t.leads_no_more
            };
            lines.push(line(sentence, String::new(), name.clone()));
        }
        if before.order != now.order {
            let label = interpolate(t.order_in, &[("name", &name)]);
            lines.push(Line {
                is_code: true,
                ..line(&label, before.order.clone(), now.order.clone())
            });
        }
    }
    lines
}

fn department(t: &PlanTexts, id: &str, names: &Names) -> String {
    match id.parse() {
        Ok(id) => name_of(t, id, names),
        Err(_) => id.to_owned(),
    }
}

fn name_of(t: &PlanTexts, id: DeptId, names: &Names) -> String {
    match names.get(&id) {
        Some(name) => name.clone(),
        None => interpolate(t.unnamed_department, &[("id", &id)]),
    }
}

fn state(t: &PlanTexts, status: &str) -> String {
    match Status::parse(status) {
        Some(Status::Employed) => t.employed.to_owned(),
        Some(Status::Left) => t.left.to_owned(),
        None => status.to_owned(),
    }
}

/// Returns a moment as its day in China.
fn day(text: &str) -> String {
    text.parse::<DateTime<Utc>>()
        .map_or_else(|_| text.to_owned(), |moment| china_day(moment).to_string())
}

#[cfg(test)]
mod tests;
