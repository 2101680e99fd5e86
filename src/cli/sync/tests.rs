use super::*;
use crate::domain::skip_reason::SkipReason;
use crate::domain::sync::{ChangeKind, SyncCounts};
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode};
use crate::service::directory_sync::State;
use crate::store::sync_list::FieldChange;

fn summary(state: State) -> Summary {
    Summary {
        state,
        counts: SyncCounts {
            added: 1,
            changed: 2,
            returned: 3,
            left: 4,
            unchanged: 207,
            skipped: 1,
            ..SyncCounts::default()
        },
        calls: 9,
        problem: Some(SyncProblem::from(SyncProblemCode::DingTalk).with_detail("why".to_owned())),
    }
}

fn record(kind: ChangeKind, userid: &str, name: &str) -> ChangeRow {
    ChangeRow {
        position: 1,
        kind,
        userid: (!userid.is_empty()).then(|| userid.to_owned()),
        dept_id: None,
        name: (!name.is_empty()).then(|| name.to_owned()),
        differences: Vec::new(),
        reason: None,
    }
}

fn differs(field: &str, old: &str, new: &str) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
    }
}

#[test]
fn the_last_line_holds_the_numbers() {
    assert_eq!(
        texts::counts(&summary(State::Done).counts),
        "added=1 changed=2 returned=3 left=4 unchanged=207 skipped=1"
    );
}

#[test]
fn a_dry_run_names_everybody_but_no_phone_number() {
    let changed = ChangeRow {
        differences: vec![
            differs("title", "", "经理"),
            differs("mobile", "13800000000", "13900000000"),
        ],
        ..record(ChangeKind::Changed, "a1", "李四")
    };
    let department = ChangeRow {
        dept_id: Some(77),
        differences: vec![differs("parent_id", "1", "5")],
        ..record(ChangeKind::DepartmentChanged, "", "财务部")
    };
    let skipped = ChangeRow {
        reason: Some(SkipReason::BadRecord("name".into())),
        ..record(ChangeKind::Skipped, "", "")
    };
    let nameless = ChangeRow {
        dept_id: Some(7),
        ..skipped.clone()
    };
    let records = [
        record(ChangeKind::Added, "a1", "张三\u{1b}[2J\nadded=9"),
        changed,
        record(ChangeKind::Returned, "a1", "王五"),
        record(ChangeKind::Left, "b2", "钱七"),
        record(ChangeKind::Withheld, "c3", "钱七"),
        department,
        skipped,
        nameless,
    ];
    assert_eq!(
        records.each_ref().map(report::record),
        [
            "would add a1 张三 [2J added=9",
            "would change a1 李四: title \"\" -> \"经理\", mobile",
            "would bring back a1 王五",
            "would mark as left b2 钱七",
            "would hold back c3 钱七",
            "would change department 77 财务部: parent_id \"1\" -> \"5\"",
            "passed over a record without userid: DingTalk's record lacks a readable name",
            "passed over department 7: DingTalk's record lacks a readable name",
        ]
    );
}

#[test]
fn only_a_run_that_is_done_succeeds_and_the_others_say_why() {
    assert!(verdict(&summary(State::Done), false).is_ok());
    for (state, words) in [
        (State::Partial, "nobody was marked"),
        (State::Failed, "nothing was done"),
        (State::Stopped, "--accept-leavers"),
    ] {
        let message = verdict(&summary(state), false).unwrap_err().to_string();
        assert!(
            message.contains(words) && message.contains("why"),
            "{message}"
        );
    }
}

#[test]
fn a_dry_run_that_is_stopped_does_not_advise_another_dry_run() {
    assert!(verdict(&summary(State::Done), true).is_ok());
    let message = verdict(&summary(State::Stopped), true).unwrap_err();
    let message = message.to_string();
    assert!(
        message.contains("would mark nobody") && !message.contains("--dry-run"),
        "{message}"
    );
}
