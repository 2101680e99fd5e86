use super::*;
use crate::domain::ids::UnionId;
use crate::domain::person::Membership;
use crate::upstream::ListedPerson;

mod company;
mod properties;

use company::{Current, Plan, Reading, Way, plan};

/// The start of the run in these tests.
const START: i64 = 1_000;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn person(userid: &str, unionid: &str) -> Person {
    Person {
        userid: id(userid),
        unionid: UnionId::parse(unionid).ok(),
        name: format!("name of {userid}"),
        avatar: None,
        job_number: None,
        title: None,
        mobile: None,
        email: None,
        hired_date: None,
        departments: vec![Membership {
            dept_id: 1,
            order: Some(1),
            is_leader: false,
        }],
    }
}

fn employed(userid: &str, unionid: &str) -> StoredPerson {
    StoredPerson {
        person: person(userid, unionid),
        status: Status::Employed,
        left_at: None,
        is_held: false,
        observed_at: at(0),
        created_at: at(0),
    }
}

fn left(userid: &str, unionid: &str, left_at: i64) -> StoredPerson {
    StoredPerson {
        status: Status::Left,
        left_at: Some(at(left_at)),
        ..employed(userid, unionid)
    }
}

fn current(people: Vec<StoredPerson>) -> Current {
    Current {
        people,
        ..Current::default()
    }
}

/// Returns a reading in which the only department lists these people, requested ten seconds after the start.
fn reading(people: Vec<Person>) -> Reading {
    let wanted = |person: Person| {
        let listed = ListedPerson {
            person,
            has_all_departments: true,
        };
        (
            listed.person.userid.clone(),
            DesiredPerson::listed(listed, 1, at(START + 10)),
        )
    };
    people.into_iter().map(wanted).collect()
}

fn plan_with(
    current: &Current,
    reading: &Reading,
    is_complete: bool,
    unreadable: &[&str],
    limit: usize,
) -> Plan {
    let way = Way {
        start: START,
        is_complete,
        unreadable: unreadable.iter().map(|userid| id(userid)).collect(),
        limit,
        chunk: 2,
    };
    plan(current, reading, &way)
}

fn complete(current: &Current, reading: &Reading) -> Plan {
    plan_with(current, reading, true, &[], usize::MAX)
}

fn partial(current: &Current, reading: &Reading) -> Plan {
    plan_with(current, reading, false, &[], usize::MAX)
}

/// Returns the planned userids: added, changed, returned, left.
fn told(plan: &Plan) -> [Vec<&str>; 4] {
    [
        names(&plan.added),
        names(&plan.changed),
        names(&plan.returned),
        plan.leavers.iter().map(|l| l.userid.as_str()).collect(),
    ]
}

fn names(writes: &[Write]) -> Vec<&str> {
    writes
        .iter()
        .map(|write| write.person.userid.as_str())
        .collect()
}

fn skips(plan: &Plan) -> Vec<(&str, SkipReason)> {
    plan.skipped
        .iter()
        .map(|skip| {
            (
                skip.userid.as_ref().map_or("", UserId::as_str),
                skip.reason.clone(),
            )
        })
        .collect()
}

const NOBODY: [Vec<&str>; 4] = [vec![], vec![], vec![], vec![]];

#[test]
fn a_first_run_adds_everybody() {
    let plan = complete(
        &current(vec![]),
        &reading(vec![person("a", "1"), person("b", "")]),
    );
    assert_eq!(told(&plan), [vec!["a", "b"], vec![], vec![], vec![]]);
}

#[test]
fn rows_that_are_as_they_should_be_are_not_written() {
    let plan = complete(
        &current(vec![employed("a", "1"), employed("b", "2")]),
        &reading(vec![person("a", "1"), person("b", "")]),
    );
    assert_eq!((told(&plan), plan.unchanged), (NOBODY, 2));
}

#[test]
fn a_change_names_its_fields() {
    let mut renamed = person("a", "1");
    renamed.name = "新名".to_owned();
    let plan = complete(&current(vec![employed("a", "1")]), &reading(vec![renamed]));
    let [write] = plan.changed.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(
        write.differences,
        [Difference {
            field: "name",
            old: "name of a".to_owned(),
            new: "新名".to_owned()
        }]
    );
    assert!(!write.frees_unionid());
}

#[test]
fn a_person_that_a_complete_sync_does_not_find_leaves() {
    let tables = current(vec![
        employed("a", "1"),
        employed("b", "2"),
        left("c", "3", 5),
    ]);
    assert_eq!(
        told(&complete(&tables, &reading(vec![person("a", "1")]))),
        [vec![], vec![], vec![], vec!["b"]]
    );
    assert_eq!(
        told(&partial(&tables, &reading(vec![person("a", "1")]))),
        NOBODY
    );
}

#[test]
fn a_reading_without_people_or_with_an_unreadable_record_removes_nobody() {
    let tables = current(vec![employed("a", "1"), employed("b", "2")]);
    let nobody = complete(&tables, &reading(vec![]));
    assert_eq!(told(&nobody), NOBODY);
    assert_eq!(
        told(&plan_with(
            &tables,
            &reading(vec![person("a", "1")]),
            true,
            &["b"],
            usize::MAX
        )),
        NOBODY
    );
}

#[test]
fn a_person_with_an_event_since_the_start_is_left_to_the_event() {
    let observed_at = StoredPerson {
        observed_at: at(START + 1),
        ..employed("a", "1")
    };
    let created = StoredPerson {
        created_at: at(START),
        ..employed("b", "2")
    };
    assert_eq!(
        told(&complete(
            &current(vec![observed_at, created]),
            &reading(vec![person("z", "9")])
        )),
        [vec!["z"], vec![], vec![], vec![]]
    );

    let newer = StoredPerson {
        observed_at: at(START + 11),
        ..employed("a", "1")
    };
    let mut stale = person("a", "1");
    stale.name = "旧名".to_owned();
    let plan = complete(&current(vec![newer]), &reading(vec![stale]));
    assert_eq!(
        (told(&plan), plan.unchanged, skips(&plan)),
        (NOBODY, 1, vec![])
    );
}

#[test]
fn a_person_who_left_before_the_run_returns_and_one_who_left_during_it_does_not() {
    let tables = current(vec![
        left("a", "1", START - 1),
        left("b", "2", START),
        left("c", "3", START + 5),
    ]);
    let plan = complete(
        &tables,
        &reading(vec![person("a", "1"), person("b", "2"), person("c", "3")]),
    );
    assert_eq!(
        (told(&plan), plan.unchanged),
        ([vec![], vec![], vec!["a"], vec![]], 2)
    );
}

#[test]
fn a_partial_run_takes_no_leaving_back() {
    let mut tables = current(vec![left("a", "1", 5)]);
    tables.unknown_leavers = [(id("b"), at(5)), (id("c"), at(START + 5))].into();
    let read = reading(vec![
        person("a", "1"),
        person("b", "2"),
        person("c", "3"),
        person("d", "4"),
    ]);
    let plan = partial(&tables, &read);
    assert_eq!(told(&plan), [vec!["d"], vec![], vec![], vec![]]);
    assert_eq!(
        skips(&plan),
        [("a", SkipReason::HasLeft), ("b", SkipReason::HasLeft)]
    );
    assert_eq!(
        told(&complete(&tables, &read)),
        [vec!["b", "d"], vec![], vec!["a"], vec![]]
    );
}

#[test]
fn a_decision_by_hand_stands() {
    let held = StoredPerson {
        is_held: true,
        ..left("a", "1", 5)
    };
    let plan = complete(&current(vec![held]), &reading(vec![person("a", "2")]));
    assert_eq!(
        (told(&plan), skips(&plan)),
        (NOBODY, vec![("a", SkipReason::Held)])
    );
}

#[test]
fn who_is_hired_again_under_another_userid_gets_the_unionid_of_the_row_that_leaves() {
    let read = reading(vec![person("new", "1")]);
    for old in [employed("old", "1"), left("old", "1", 5)] {
        assert_eq!(told(&complete(&current(vec![old]), &read))[0], ["new"]);
    }
    let held = StoredPerson {
        is_held: true,
        ..left("old", "1", 5)
    };
    let plan = complete(&current(vec![held]), &read);
    assert_eq!(
        (told(&plan), skips(&plan)),
        (NOBODY, vec![("new", SkipReason::Held)]),
        "a decision by hand is about the person"
    );
    let plan = partial(&current(vec![employed("old", "1")]), &read);
    assert_eq!(
        (told(&plan), skips(&plan)),
        (NOBODY, vec![("new", SkipReason::UnionidShared)])
    );
}

#[test]
fn two_employed_people_who_would_share_a_unionid_are_reported() {
    let tables = current(vec![employed("a", "1"), employed("b", "2")]);
    let plan = complete(
        &tables,
        &reading(vec![person("a", "1"), person("b", "1"), person("c", "1")]),
    );
    assert_eq!((told(&plan), plan.unchanged), (NOBODY, 1));
    assert_eq!(
        skips(&plan),
        [
            ("b", SkipReason::UnionidShared),
            ("c", SkipReason::UnionidShared)
        ]
    );
}

#[test]
fn unionids_may_change_hands() {
    let tables = current(vec![employed("a", "1"), employed("b", "2")]);
    let plan = complete(
        &tables,
        &reading(vec![person("a", "2"), person("b", "3"), person("c", "1")]),
    );
    assert_eq!(told(&plan), [vec!["c"], vec!["a", "b"], vec![], vec![]]);
    assert!(plan.changed.iter().all(Write::frees_unionid));
}

#[test]
fn the_brake_holds_back_everybody_and_lets_the_rest_through() {
    let tables = current(
        (0..8)
            .map(|n| employed(&n.to_string(), &format!("u{n}")))
            .collect(),
    );
    let read = reading(vec![
        person("0", "u0"),
        person("new", "u7"),
        person("fresh", "u99"),
    ]);
    let plan = plan_with(&tables, &read, true, &[], 6);
    // The row that would have released its unionid stays employed, and so keeps it.
    assert_eq!(told(&plan), [vec!["fresh"], vec![], vec![], vec![]]);
    assert_eq!(
        (plan.withheld.len(), skips(&plan)),
        (7, vec![("new", SkipReason::UnionidShared)])
    );
    assert_eq!(plan_with(&tables, &read, true, &[], 7).leavers.len(), 7);
}

#[test]
fn who_cannot_have_a_unionid_is_described_anew_in_all_else() {
    let tables = current(vec![employed("a", "1"), employed("b", "2")]);
    let renamed = Person {
        name: "another name".to_owned(),
        ..person("b", "1")
    };
    let plan = complete(&tables, &reading(vec![person("a", "1"), renamed.clone()]));
    assert_eq!(skips(&plan), [("b", SkipReason::UnionidShared)]);
    let [write] = plan.changed.as_slice() else {
        panic!("{plan:?}");
    };
    assert_eq!(write.person.unionid, UnionId::parse("2").ok());
    assert_eq!(write.person.name, "another name");
    assert!(!write.frees_unionid());
    let held = StoredPerson {
        is_held: true,
        ..left("old", "1", 5)
    };
    let plan = complete(
        &current(vec![held, employed("b", "2")]),
        &reading(vec![renamed]),
    );
    assert_eq!(skips(&plan), [("b", SkipReason::Held)]);
    assert_eq!(plan.changed.len(), 1);
}
