//! Approval instances (`topapi/processinstance/get`).

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::ApiError;
use crate::json;
use crate::lenient;

const GET: &str = "topapi/processinstance/get";

/// One approval instance.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessInstance {
    /// Display title, for example `张三提交的转岗`.
    pub title: Option<String>,
    /// The complete record as DingTalk returns it: form, steps, tasks.
    pub json: Value,
}

impl Client {
    /// Returns one approval instance (`topapi/processinstance/get`).
    pub async fn process_instance(
        &self,
        token: &SecretString,
        id: &str,
    ) -> Result<ProcessInstance, ApiError> {
        let answer = self
            .post(GET, token, json!({"process_instance_id": id}))
            .await?;
        read(&answer).ok_or(ApiError::Malformed {
            api: GET,
            what: "process_instance",
        })
    }
}

/// Finds the instance in a response. It is documented next to `errcode`; similar APIs wrap theirs in `result`.
fn read(answer: &Value) -> Option<ProcessInstance> {
    let found = lenient::field(answer, "process_instance").or_else(|| {
        let result = lenient::field(answer, "result")?;
        lenient::field(result, "process_instance").or(Some(result))
    })?;
    let json = match found {
        Value::String(text) => json::read(text.as_bytes()).ok()?,
        other => other.clone(),
    };
    // An empty record carries no information about an approval.
    json.as_object().filter(|fields| !fields.is_empty())?;
    Some(ProcessInstance {
        title: lenient::display_text(&json, "title"),
        json,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_read_as_it_is_wherever_it_stands() {
        let instance = json!({"title": " 张三提交的转岗 ", "status": "COMPLETED", "tasks": [{"taskid": 70_000_000_011_i64}], "odd": null});
        for answer in [
            json!({"errcode": 0, "process_instance": instance}),
            json!({"errcode": 0, "process_instance": instance.to_string()}),
            json!({"errcode": 0, "result": instance}),
            json!({"errcode": 0, "result": {"process_instance": instance}}),
        ] {
            let read = read(&answer).unwrap();
            assert_eq!(read.title.as_deref(), Some("张三提交的转岗"), "{answer}");
            assert_eq!(read.json, instance, "{answer}");
        }
    }

    #[test]
    fn an_answer_without_an_instance_is_none() {
        for answer in [
            json!({"errcode": 0}),
            json!({"process_instance": null}),
            json!({"process_instance": {}}),
            json!({"process_instance": "x"}),
            json!({"process_instance": [1]}),
        ] {
            assert_eq!(read(&answer), None, "{answer}");
        }
    }

    #[test]
    fn a_title_that_is_no_text_is_none() {
        let read = read(&json!({"process_instance": {"title": {}, "status": "NEW"}})).unwrap();
        assert_eq!(read.title, None);
    }
}
