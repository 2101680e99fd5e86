//! `GET /call_back/get_call_back_failed_result`: events that could not be delivered.

use serde_json::json;

use super::{
    answer::{Fields, Refusal},
    desk::Desk,
};

pub(crate) const FAILED: &str = "/call_back/get_call_back_failed_result";

/// Up to 200 of them; the next call forgets what this one returned.
#[allow(clippy::unnecessary_wraps, reason = "has the form of every interface")]
pub(crate) fn failed(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let (list, has_more) = desk.world.log.fetch_failed(&desk.config.corp_id);
    let mut fields = Fields::new();
    fields.insert("failed_list".into(), json!(list));
    fields.insert("has_more".into(), json!(has_more));
    Ok(fields)
}
