//! Creates messages from changes to staff rows: one per person and transaction.

use serde_json::{Value, json};

use crate::context::Context;
use crate::domain::person::{LeftCause, Status};
use crate::domain::queue::LaneName;
use crate::domain::webhook::StaffMessage;
use crate::service::queue::{ClaimBatch, Lane, Outcome, PlainError, Pool, Process, Task, Urgency};
use crate::store::StoreError;
use crate::store::staff_change::{self, Message, StaffChange};

/// Changes per batch.
const BATCH: i64 = 500;

/// The columns of a row that count as a change, by their names in the message.
const FIELDS: [&str; 8] = [
    "unionid",
    "name",
    "avatar",
    "job_number",
    "title",
    "mobile",
    "email",
    "hired_date",
];

/// The lane of changes. It has no claims and no tasks: changes become messages in the transaction that takes them.
pub struct ChangeLane {
    ctx: Context,
}

impl ChangeLane {
    pub fn new(ctx: &Context) -> Self {
        Self { ctx: ctx.clone() }
    }
}

impl Lane for ChangeLane {
    type Task = NoTask;
    type Claim = ();

    const NAME: LaneName = LaneName::StaffChanges;
    const CONCURRENCY: usize = 1;

    fn process(&self) -> Process<NoTask> {
        Box::new(|none| match *none {})
    }

    fn next_claim(&self, _pool: &Pool<NoTask>) -> Option<()> {
        Some(())
    }

    async fn claim(&mut self, (): ()) -> Result<ClaimBatch<NoTask>, StoreError> {
        Ok(ClaimBatch {
            count: collect(&self.ctx).await?,
            ..ClaimBatch::default()
        })
    }

    async fn finish(&mut self, none: NoTask, _: Outcome<PlainError>) -> Result<(), StoreError> {
        match none {}
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A task of a lane that has none.
pub enum NoTask {}

impl Task for NoTask {
    type Subject = ();
    type Error = PlainError;

    fn subject(&self) {
        match *self {}
    }

    fn urgency(&self) -> Urgency {
        match *self {}
    }

    fn merge(&mut self, other: Self) {
        match other {}
    }
}

/// Creates messages from the oldest changes; returns how many changes there were.
async fn collect(ctx: &Context) -> Result<usize, StoreError> {
    ctx.db
        .tx(async |tx| {
            let changes = staff_change::take(tx, BATCH).await?;
            let messages: Vec<Message> = changes.iter().filter_map(message).collect();
            if !messages.is_empty() {
                staff_change::store_messages(tx, &messages).await?;
            }
            Ok(changes.len())
        })
        .await
}

/// Returns the message of a change; `None` if the net result is no change.
fn message(change: &StaffChange) -> Option<Message> {
    let changed = changed(change);
    let message_type = message_type(change, !changed.is_empty())?;
    let mut data = change.person.clone();
    let name = data.get("name").and_then(Value::as_str).unwrap_or_default();
    let subject = name.to_owned();
    let fields = data.as_object_mut()?;
    let is_new = message_type == StaffMessage::Added;
    fields.insert(
        "changed".to_owned(),
        if is_new { json!([]) } else { json!(changed) },
    );
    fields.insert("cause".to_owned(), cause(change, message_type));
    let body = json!({"type": message_type.as_str(), "timestamp": change.at, "data": data});
    Some(Message {
        message_type,
        userid: change.userid.clone(),
        subject,
        body: body.to_string(),
    })
}

/// Returns the names of the fields with a net change; a change of status is expressed by the message type.
fn changed(change: &StaffChange) -> Vec<&'static str> {
    let mut changed = Vec::new();
    if let (Some(before), Some(after)) = (&change.before, &change.after) {
        changed.extend(
            FIELDS
                .iter()
                .filter(|field| before.get(**field) != after.get(**field)),
        );
    }
    if change.has_departments {
        changed.push("departments");
    }
    changed
}

fn message_type(change: &StaffChange, has_changed: bool) -> Option<StaffMessage> {
    let Some(after) = &change.after else {
        return has_changed.then_some(StaffMessage::Changed);
    };
    let is_employed =
        |row: &Value| row.get("status").and_then(Value::as_str) == Some(Status::Employed.as_str());
    match (change.before.as_ref().map(is_employed), is_employed(after)) {
        (None, true) => Some(StaffMessage::Added),
        (None | Some(true), false) => Some(StaffMessage::Left),
        (Some(false), true) => Some(StaffMessage::Returned),
        _ => has_changed.then_some(StaffMessage::Changed),
    }
}

/// Returns the cause of a termination, as the row states it, or of a return: only an administrator reverses an
/// administrator's decision. No other cause is recorded in the row.
fn cause(change: &StaffChange, message_type: StaffMessage) -> Value {
    let field = |row: &Option<Value>, name| row.as_ref().and_then(|row| row.get(name).cloned());
    match message_type {
        StaffMessage::Left => field(&change.after, "left_cause").unwrap_or_default(),
        StaffMessage::Returned if field(&change.before, "is_held") == Some(json!(true)) => {
            json!(LeftCause::Manual.as_str())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests;
