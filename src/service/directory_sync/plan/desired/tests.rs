use super::*;
use crate::domain::ids::UserId;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn place(dept_id: DeptId, order: Option<i64>, is_leader: bool) -> Membership {
    Membership {
        dept_id,
        order,
        is_leader,
    }
}

fn person(name: &str, departments: Vec<Membership>) -> Person {
    Person {
        userid: UserId::parse("a").unwrap(),
        unionid: None,
        name: name.to_owned(),
        avatar: None,
        job_number: None,
        title: None,
        mobile: None,
        email: None,
        hired_date: None,
        departments,
    }
}

fn listed(name: &str, departments: Vec<Membership>, has_all_departments: bool) -> ListedPerson {
    ListedPerson {
        person: person(name, departments),
        has_all_departments,
    }
}

/// Returns the lists of departments 2 and 3, which both say that the person is in both.
fn two_lists() -> [(ListedPerson, DeptId, DateTime<Utc>); 2] {
    [
        (
            listed(
                "旧名",
                vec![place(2, Some(20), true), place(3, None, false)],
                true,
            ),
            2,
            at(10),
        ),
        (
            listed(
                "新名",
                vec![place(2, None, false), place(3, Some(30), false)],
                true,
            ),
            3,
            at(20),
        ),
    ]
}

#[test]
fn a_person_in_several_departments_is_one_with_the_later_fields_whatever_comes_first() {
    let expected = person(
        "新名",
        vec![place(2, Some(20), true), place(3, Some(30), false)],
    );
    for order in [[0, 1], [1, 0]] {
        let lists = two_lists();
        let [first, second] = order.map(|i| lists[i].clone());
        let mut wanted = DesiredPerson::listed(first.0, first.1, first.2);
        wanted.merge(DesiredPerson::listed(second.0, second.1, second.2));
        assert_eq!(wanted.person, expected);
        assert_eq!(
            wanted.asked_at,
            at(10),
            "an event between the two knows better"
        );
    }
}

#[test]
fn somebody_who_was_moved_between_two_answers_is_where_the_later_one_says() {
    let mut wanted =
        DesiredPerson::listed(listed("a", vec![place(2, Some(20), true)], true), 2, at(10));
    wanted.merge(DesiredPerson::listed(
        listed("a", vec![place(3, Some(30), false)], true),
        3,
        at(20),
    ));
    assert_eq!(wanted.person.departments, [place(3, Some(30), false)]);
}

#[test]
fn lists_that_do_not_name_all_departments_add_up() {
    let mut wanted = DesiredPerson::listed(
        listed("a", vec![place(5, Some(50), true)], false),
        5,
        at(30),
    );
    wanted.merge(DesiredPerson::listed(
        listed("a", vec![place(2, Some(20), false)], false),
        2,
        at(10),
    ));
    wanted.merge(DesiredPerson::listed(
        listed("a", vec![place(3, None, false)], false),
        3,
        at(40),
    ));
    assert_eq!(
        wanted.person.departments,
        [
            place(2, Some(20), false),
            place(3, None, false),
            place(5, Some(50), true)
        ]
    );
}

#[test]
fn what_no_list_has_said_stays_as_it_was() {
    let mut stored = person(
        "a",
        vec![
            place(2, Some(7), true),
            place(3, Some(8), true),
            place(9, Some(9), true),
        ],
    );
    stored.unionid = "u".parse().ok();
    let wanted = DesiredPerson::listed(
        listed(
            "a",
            vec![
                place(2, None, false),
                place(3, Some(1), false),
                place(4, None, false),
            ],
            true,
        ),
        3,
        at(0),
    );
    let completed = wanted.completed_from(&stored);
    assert_eq!(
        completed.departments,
        [
            place(2, Some(7), true),
            place(3, Some(1), false),
            place(4, None, false)
        ]
    );
    assert_eq!(completed.unionid, stored.unionid);
}

#[test]
fn a_single_look_knows_the_leadership_of_every_department() {
    let stored = person("a", vec![place(2, Some(7), true)]);
    let wanted = DesiredPerson::whole(person("a", vec![place(2, Some(8), false)]), at(0));
    assert_eq!(
        wanted.completed_from(&stored).departments,
        [place(2, Some(8), false)]
    );
}

#[test]
fn a_list_that_names_the_person_anew_is_another_place() {
    let [second, third] = two_lists()
        .map(|(listed, dept_id, asked_at)| DesiredPerson::listed(listed, dept_id, asked_at));
    let mut both = second.clone();
    both.merge(third.clone());
    let earlier = ObservedPerson::from(second.clone());
    assert!(second.names_no_other_place_than(&earlier));
    assert!(!third.names_no_other_place_than(&earlier));
    assert!(!both.names_no_other_place_than(&earlier));
    assert!(second.names_no_other_place_than(&both.into()));
}
