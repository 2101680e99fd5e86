use super::*;

const JOIN: Authority = Authority::Join { is_standing: true };
const VOID_JOIN: Authority = Authority::Join { is_standing: false };
const COMPLETE: Authority = Authority::Sync { is_complete: true };
const PARTIAL: Authority = Authority::Sync { is_complete: false };
/// Those that act on what DingTalk answers, in the order of the truth table's columns.
const ASKING: [Authority; 9] = [
    Authority::Change,
    JOIN,
    VOID_JOIN,
    Authority::LeaveRecheck,
    COMPLETE,
    PARTIAL,
    Authority::Provision,
    Authority::Approval,
    Authority::Restore,
];

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn observed(is_member: bool) -> Observation {
    Observation::at(at(100), is_member)
}

const STRANGER: Current = Current {
    row: None,
    left_at: None,
    is_held_elsewhere: false,
};

fn row(status: Status) -> Row {
    Row {
        status,
        is_held: false,
        observed_at: at(50),
        created_at: at(40),
        has_unionid: true,
    }
}

fn employed() -> Current {
    Current {
        row: Some(row(Status::Employed)),
        ..STRANGER
    }
}

fn leaver() -> Current {
    Current {
        row: Some(row(Status::Left)),
        left_at: Some(at(60)),
        ..STRANGER
    }
}

/// Somebody without a row whose leave event was received.
fn unknown_leaver() -> Current {
    Current {
        left_at: Some(at(60)),
        ..STRANGER
    }
}

fn held() -> Current {
    Current {
        row: Some(Row {
            is_held: true,
            ..row(Status::Left)
        }),
        ..leaver()
    }
}

fn check(current: Current, is_member: bool, expected: [Decision; 9]) {
    for (authority, expected) in ASKING.into_iter().zip(expected) {
        let decision = decide(&current, &observed(is_member), authority);
        assert_eq!(
            decision, expected,
            "{current:?}, {is_member}, {authority:?}"
        );
    }
}

#[test]
#[rustfmt::skip]
fn the_truth_table_of_members_of_the_company() {
    use Decision::{Add, ForgetLeave as Forget, Ignore, Return, Update, UpdateKeepingStatus as Keep};
    let [never, gone, withheld] = [Reason::NeverAdded, Reason::HasLeft, Reason::Held].map(Ignore);
    //                            Change   Join       voided     LeaveRecheck complete   partial    Provision  Approval   Restore
    check(STRANGER, true,        [never,     Add,       Add,       never,     Add,       Add,       Add,       Add,       Add]);
    check(employed(), true,      [Update,    Update,    Update,    Update,    Update,    Update,    Update,    Update,    Update]);
    check(leaver(), true,        [Keep,      Return,    Keep,      Return,    Return,    gone,      gone,      Return,    Return]);
    check(unknown_leaver(), true, [gone,     Add,       gone,      Forget,    Add,       gone,      gone,      Add,       Add]);
    check(held(), true,          [withheld, withheld, withheld, withheld, withheld, withheld, withheld, withheld, Return]);
}

#[test]
#[rustfmt::skip]
fn the_truth_table_of_those_who_are_no_members() {
    use Decision::{Ignore, Terminate};
    let none = Ignore(Reason::NotMember);
    let [unknown, event, sync] = [LeftCause::UnknownToDingTalk, LeftCause::Event, LeftCause::Sync].map(Terminate);
    //                       Change   Join     voided   LeaveRecheck complete partial Provision Approval Restore
    check(employed(), false, [unknown, unknown, unknown, event,      sync,    none,   none,     none,    none]);
    for current in [STRANGER, leaver(), unknown_leaver(), held()] {
        check(current, false, [none; 9]);
    }
}

#[test]
fn a_leave_event_ends_the_employment_whatever_was_answered() {
    let mut newer = employed();
    newer.row.as_mut().unwrap().observed_at = at(1_000);
    for current in [employed(), newer] {
        let decision = decide(&current, &observed(false), Authority::LeaveEvent);
        assert_eq!(decision, Decision::Terminate(LeftCause::Event));
    }
    for current in [STRANGER, leaver(), unknown_leaver(), held()] {
        let decision = decide(&current, &observed(false), Authority::LeaveEvent);
        assert_eq!(decision, Decision::RecordLeave, "{current:?}");
    }
}

#[test]
fn an_administrator_marks_anybody_with_a_row_as_left_once() {
    let dismiss = |current: Current| decide(&current, &observed(false), Authority::Dismissal);
    for current in [employed(), leaver()] {
        let manual = Decision::Terminate(LeftCause::Manual);
        assert_eq!(dismiss(current), manual, "{current:?}");
    }
    assert_eq!(dismiss(held()), Decision::Ignore(Reason::Held));
    for current in [STRANGER, unknown_leaver()] {
        let nobody = Decision::Ignore(Reason::NeverAdded);
        assert_eq!(dismiss(current), nobody, "{current:?}");
    }
}

#[test]
fn nobody_becomes_employed_under_a_unionid_that_was_marked_as_left() {
    let elsewhere = |current: Current| Current {
        is_held_elsewhere: true,
        ..current
    };
    for authority in ASKING {
        for current in [STRANGER, leaver(), unknown_leaver()] {
            let decision = decide(&elsewhere(current), &observed(true), authority);
            let becomes_employed = matches!(
                decision,
                Decision::Add | Decision::Return | Decision::Update
            );
            assert!(!becomes_employed, "{current:?}, {authority:?}");
        }
        let mut current = elsewhere(employed());
        let decision = decide(&current, &observed(true), authority);
        let expected = match authority {
            Authority::Approval => Decision::UpdateKeepingUnionid,
            _ => Decision::Update,
        };
        assert_eq!(decision, expected, "{authority:?}");
        current.row.as_mut().unwrap().has_unionid = false;
        let decision = decide(&current, &observed(true), authority);
        assert_eq!(decision, Decision::UpdateKeepingUnionid, "{authority:?}");
    }
    let decision = decide(&elsewhere(leaver()), &observed(true), PARTIAL);
    assert_eq!(decision, Decision::Ignore(Reason::HeldElsewhere));
}

#[test]
fn a_leave_event_after_the_question_wins_over_every_answer() {
    for authority in ASKING {
        for current in [leaver(), unknown_leaver()] {
            let since = Current {
                left_at: Some(at(100)),
                ..current
            };
            let decision = decide(&since, &observed(true), authority);
            assert_eq!(
                decision,
                Decision::Ignore(Reason::LeftSince),
                "{authority:?}"
            );
        }
    }
    let sync = Observation {
        valid_from: at(60),
        ..observed(true)
    };
    let decision = decide(&leaver(), &sync, COMPLETE);
    assert_eq!(
        decision,
        Decision::Ignore(Reason::LeftSince),
        "since its start"
    );
}

#[test]
fn a_newer_answer_wins_except_over_an_administrator() {
    let mut newer = employed();
    newer.row.as_mut().unwrap().observed_at = at(101);
    for authority in ASKING {
        let decision = decide(&newer, &observed(true), authority);
        let expected = match authority {
            Authority::Approval | Authority::Restore => Decision::Update,
            _ => Decision::Ignore(Reason::NewerAnswer),
        };
        assert_eq!(decision, expected, "{authority:?}");
    }
    for authority in [Authority::Change, JOIN, Authority::LeaveRecheck, COMPLETE] {
        let decision = decide(&newer, &observed(false), authority);
        assert_eq!(
            decision,
            Decision::Ignore(Reason::NewerAnswer),
            "{authority:?}"
        );
    }
}

#[test]
fn an_answer_as_old_as_the_row_still_counts() {
    let mut current = employed();
    current.row.as_mut().unwrap().observed_at = at(100);
    assert_eq!(
        decide(&current, &observed(true), Authority::Change),
        Decision::Update
    );
    assert_eq!(
        decide(&current, &observed(false), Authority::Change),
        Decision::Terminate(LeftCause::UnknownToDingTalk)
    );
}

#[test]
fn a_sync_skips_a_person_written_since_its_start() {
    let absent = Observation {
        valid_from: at(70),
        ..observed(false)
    };
    assert_eq!(
        decide(&employed(), &absent, COMPLETE),
        Decision::Terminate(LeftCause::Sync)
    );
    let newer = Decision::Ignore(Reason::NewerAnswer);
    for (observed_at, created_at) in [(70, 40), (50, 70)] {
        let mut current = employed();
        let row = current.row.as_mut().unwrap();
        (row.observed_at, row.created_at) = (at(observed_at), at(created_at));
        assert_eq!(decide(&current, &absent, COMPLETE), newer);
        // Other answers are compared by the question alone.
        assert_eq!(
            decide(&current, &absent, Authority::LeaveRecheck),
            Decision::Terminate(LeftCause::Event)
        );
    }
}
