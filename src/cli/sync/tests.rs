use chrono::DateTime;

use super::*;
use crate::domain::ids::UserId;
use crate::domain::person::Person;
use crate::service::directory_sync::plan::{Absent, Difference, Plan, Write};
use crate::service::directory_sync::{Skip, SkipReason};

fn summary(state: State) -> Summary {
    Summary {
        state,
        added: 1,
        changed: 2,
        returned: 3,
        left: 4,
        unchanged: 207,
        skips: vec![Skip {
            userid: None,
            reason: SkipReason::BadRecord("name"),
        }],
        held_back: 0,
        calls: 9,
        problem: Some("why".to_owned()),
        plan: None,
    }
}

fn userid(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn write(name: &str, differences: Vec<Difference>) -> Write {
    let person = Person {
        userid: userid("a1"),
        unionid: None,
        name: name.to_owned(),
        avatar: None,
        job_number: None,
        title: None,
        mobile: None,
        email: None,
        hired_date: None,
        departments: Vec::new(),
    };
    Write {
        person,
        asked_at: DateTime::UNIX_EPOCH,
        differences,
    }
}

#[test]
fn the_last_line_holds_the_numbers() {
    let text = report::text(&summary(State::Done));
    assert_eq!(
        text,
        "passed over a record without userid: DingTalk's record lacks a readable name\n\
         added=1 changed=2 returned=3 left=4 unchanged=207 skipped=1\n"
    );
}

#[test]
fn a_dry_run_names_everybody_but_no_phone_number() {
    let differs = |field, old: &str, new: &str| Difference {
        field,
        old: old.to_owned(),
        new: new.to_owned(),
    };
    let absent = |id| Absent {
        userid: userid(id),
        name: "钱七".to_owned(),
    };
    let plan = Plan {
        added: vec![write("张三\u{1b}[2J\nadded=9", vec![])],
        changed: vec![write(
            "李四",
            vec![
                differs("title", "", "经理"),
                differs("mobile", "13800000000", "13900000000"),
            ],
        )],
        returned: vec![write("王五", vec![])],
        leavers: vec![absent("b2")],
        held_back: vec![absent("c3")],
        ..Plan::default()
    };
    let text = report::text(&Summary {
        plan: Some(plan),
        skips: Vec::new(),
        ..summary(State::Done)
    });
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "would add a1 张三 [2J added=9",
            "would change a1 李四: title \"\" -> \"经理\", mobile",
            "would bring back a1 王五",
            "would mark as left b2 钱七",
            "would hold back c3 钱七",
            "added=1 changed=2 returned=3 left=4 unchanged=207 skipped=0",
        ]
    );
}

#[test]
fn only_a_run_that_is_done_succeeds_and_the_others_say_why() {
    assert!(verdict(&summary(State::Done)).is_ok());
    for (state, words) in [
        (State::Partial, "nobody was marked"),
        (State::Failed, "nothing was done"),
        (State::Stopped, "--accept-leavers"),
    ] {
        let told = verdict(&summary(state)).unwrap_err().to_string();
        assert!(told.contains(words) && told.contains("why"), "{told}");
    }
}

#[test]
fn progress_is_told_at_each_phase() {
    let reading = Progress::Reading {
        departments_read: 1,
        departments_found: 14,
        people: 70,
    };
    assert_eq!(
        describe(reading),
        (
            "reading",
            "reading: 1 of 14 departments, 70 people".to_owned()
        )
    );
    let mut ticker = Ticker::default();
    assert!(ticker.line(reading).is_some());
    assert!(ticker.line(reading).is_none(), "not twice in a row");
    let writing = Progress::Applying { done: 0, total: 1 };
    assert_eq!(ticker.line(writing).as_deref(), Some("writing: 0 of 1"));
}
