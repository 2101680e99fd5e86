//! A page of DingTalk's list of failed callbacks. The input is the body of the response.

use dingtalk::Event;
use dingtalk::fuzzing::answer_next_call;
use serde_json::{Value, json};

use super::decrypted_events::{check_event, has_nul};
use super::known_client::{client, finished, token};

/// Panics if an entry is lost, or is not the event that it stands for.
pub fn check(data: &[u8]) {
    answer_next_call(200, data);
    let Ok(page) = finished(client().failed_events(&token())) else {
        return;
    };
    if let Ok(answer) = serde_json::from_slice::<Value>(data)
        && let Some(entries) = answer["failed_list"].as_array()
    {
        assert_eq!(&page.entries, entries, "every entry is returned as it is");
    }
    for entry in &page.entries {
        check_entry(entry);
    }
}

fn check_entry(entry: &Value) {
    let event = Event::from_failed_entry(entry);
    check_event(&event);
    if !has_nul(entry) {
        assert_eq!(&event.body, entry, "the entry is stored as it is");
        assert!(Event::is_contained_in(entry, entry));
    }
    assert_eq!(Event::from_failed_entry(&event.body), event);
    let push = Event::parse(event.message());
    if event.problem.is_none() {
        assert_eq!(
            (push.kind, &push.userids, &push.dept_ids, push.time),
            (event.kind, &event.userids, &event.dept_ids, event.time),
            "the event in the form of a push is the same event"
        );
        as_pushed(&push);
    }
}

/// The push of an event, put into the list as DingTalk does today, is the same event.
fn as_pushed(push: &Event) {
    let payload = json!({"userid": push.userids, "deptid": push.dept_ids});
    let millis = push.time.map(|time| time.timestamp_millis());
    let name = push.event_type.as_str();
    // The field of the payload has the name of the type, which must not be another field's.
    let is_taken = ["call_back_tag", "event_time"].contains(&name.to_ascii_lowercase().as_str());
    // An early time would be read as seconds.
    let is_early = millis.is_some_and(|millis| millis < 100_000_000_000);
    if is_taken || is_early || name.trim() != name {
        return;
    }
    let entry = json!({"call_back_tag": name, "event_time": millis, name: payload});
    let event = Event::from_failed_entry(&entry);
    assert_eq!(
        (event.kind, &event.userids, &event.dept_ids, event.time),
        (push.kind, &push.userids, &push.dept_ids, push.time)
    );
}
