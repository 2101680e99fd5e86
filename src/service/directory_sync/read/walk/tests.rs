use super::*;
use crate::dingtalk::contact::{BadRecord, ListedPerson};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn person(userid: &str) -> Person {
    Person {
        userid: UserId::parse(userid).unwrap(),
        unionid: None,
        name: userid.to_owned(),
        avatar: None,
        job_number: None,
        title: None,
        mobile: None,
        email: None,
        hired_date: None,
        departments: Vec::new(),
    }
}

fn department(dept_id: DeptId) -> Department {
    Department {
        dept_id,
        parent_id: Some(1),
        name: format!("d{dept_id}"),
        order: None,
    }
}

fn page(userids: &[&str], next_cursor: Option<i64>) -> Answer {
    let listed = |userid: &&str| {
        Ok(ListedPerson {
            person: person(userid),
            has_all_departments: true,
        })
    };
    Answer::Page(UserPage {
        people: userids.iter().map(listed).collect(),
        next_cursor,
    })
}

fn scopes(departments: &[DeptId], users: &[&str]) -> Scopes {
    let users = users
        .iter()
        .map(|userid| UserId::parse(*userid).unwrap())
        .collect();
    Scopes {
        departments: departments.to_vec(),
        users,
    }
}

fn first_page(dept_id: DeptId) -> Ask {
    Ask::Page {
        dept_id,
        cursor: 0,
        empty: 0,
    }
}

fn rest(walk: &mut Walk) -> Vec<Ask> {
    std::iter::from_fn(|| walk.next()).collect()
}

/// Answers every question until there is none: `children` says who is below whom. Gives the questions
/// and the people who were heard of.
fn wander(
    walk: &mut Walk,
    children: impl Fn(DeptId) -> Vec<DeptId>,
) -> (Vec<Ask>, BTreeSet<String>) {
    let (mut asked, mut people) = (Vec::new(), BTreeSet::new());
    while let Some(ask) = walk.next() {
        let answer = match &ask {
            Ask::Department(id) => Answer::Department(department(*id)),
            Ask::Children(id) => Answer::Children(
                children(*id)
                    .into_iter()
                    .map(|child| Ok(department(child)))
                    .collect(),
            ),
            Ask::Page { dept_id, .. } => page(&[&format!("u{dept_id}")], None),
            Ask::Person(userid) => Answer::Person(person(userid.as_str())),
        };
        people.extend(names(&walk.hear(&ask, answer, at(1))));
        asked.push(ask);
        assert!(asked.len() < 1_000, "the walk goes round in circles");
    }
    (asked, people)
}

fn names(people: &[Wanted]) -> Vec<String> {
    people
        .iter()
        .map(|wanted| wanted.person.userid.to_string())
        .collect()
}

#[test]
fn the_whole_company_is_walked_once_even_where_the_tree_has_circles() {
    let mut walk = Walk::within(scopes(&[1], &["u1"]));
    let (asked, people) = wander(&mut walk, |id| match id {
        1 => vec![2, 3],
        2 => vec![3, 4],
        4 => vec![2, 1],
        _ => vec![],
    });
    assert_eq!(asked.len(), 1 + 2 * 4);
    assert!(walk.problems.is_empty() && walk.has_heard);
    assert_eq!((walk.departments_read, walk.departments_found()), (4, 4));
    assert_eq!(
        walk.departments.keys().copied().collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(people.len(), 4);
}

#[test]
fn a_part_of_the_company_is_walked_but_is_never_the_whole() {
    let mut walk = Walk::within(scopes(&[5, 7], &["solo"]));
    let (_, people) = wander(&mut walk, |id| if id == 5 { vec![7, 8] } else { vec![] });
    assert_eq!(
        walk.departments.keys().copied().collect::<Vec<_>>(),
        [5, 7, 8]
    );
    assert_eq!(
        people.iter().map(String::as_str).collect::<Vec<_>>(),
        ["solo", "u5", "u7", "u8"]
    );
    assert_eq!(
        walk.problems.to_string(),
        "the app may see only a part of the company"
    );
}

#[test]
fn paging_goes_on_over_empty_pages_until_the_end_is_told() {
    let mut walk = Walk::default();
    let people = walk.hear(&first_page(2), page(&["a"], Some(100)), at(1));
    assert_eq!(names(&people), ["a"]);
    assert_eq!(
        rest(&mut walk),
        [Ask::Page {
            dept_id: 2,
            cursor: 100,
            empty: 0
        }]
    );
    walk.hear(
        &Ask::Page {
            dept_id: 2,
            cursor: 100,
            empty: 0,
        },
        page(&[], Some(200)),
        at(2),
    );
    assert_eq!(
        rest(&mut walk),
        [Ask::Page {
            dept_id: 2,
            cursor: 200,
            empty: 1
        }]
    );
    walk.hear(
        &Ask::Page {
            dept_id: 2,
            cursor: 200,
            empty: 1,
        },
        page(&["b"], None),
        at(3),
    );
    assert!(rest(&mut walk).is_empty() && walk.problems.is_empty());
    assert_eq!(walk.departments_read, 1);
}

#[test]
fn pages_that_do_not_advance_or_do_not_end_leave_the_reading_incomplete() {
    let mut walk = Walk::default();
    walk.hear(
        &Ask::Page {
            dept_id: 2,
            cursor: 100,
            empty: 0,
        },
        page(&["a"], Some(100)),
        at(1),
    );
    assert!(rest(&mut walk).is_empty() && !walk.problems.is_empty());

    let mut walk = Walk::default();
    let mut ask = first_page(2);
    for cursor in 1..1_000 {
        walk.hear(&ask, page(&[], Some(cursor)), at(1));
        let Some(next) = walk.next() else { break };
        ask = next;
    }
    assert_eq!(
        walk.problems.to_string(),
        "department 2: the pages of its people do not end"
    );
}

#[test]
fn a_bad_record_is_passed_over_and_its_person_is_spared() {
    let mut walk = Walk::default();
    let bad = |userid: Option<&str>| {
        Err(BadRecord {
            userid: userid.map(|id| UserId::parse(id).unwrap()),
            lack: "name",
        })
    };
    let people = vec![bad(Some("a")), bad(Some("a")), bad(Some("b"))];
    walk.hear(
        &first_page(2),
        Answer::Page(UserPage {
            people,
            next_cursor: None,
        }),
        at(1),
    );
    walk.hear(&first_page(3), page(&["b", "c"], None), at(1));
    assert!(walk.problems.is_empty());

    let people = vec![bad(None)];
    walk.hear(
        &first_page(4),
        Answer::Page(UserPage {
            people,
            next_cursor: None,
        }),
        at(1),
    );
    assert_eq!(walk.skipped_people(), ["a", "b"]);
    walk.was_read_elsewhere(&[UserId::parse("b").unwrap()]);
    assert!(
        !walk.problems.is_empty(),
        "nobody knows whose record it was"
    );
    assert_eq!(
        walk.spared.iter().map(UserId::as_str).collect::<Vec<_>>(),
        ["a", "b"]
    );
    // The record of b could be read elsewhere.
    assert_eq!(
        walk.skips
            .iter()
            .map(|skip| skip.userid.as_ref().map(UserId::as_str))
            .collect::<Vec<_>>(),
        [Some("a"), None]
    );
}

#[test]
fn a_department_that_cannot_be_read_leaves_the_reading_incomplete() {
    let mut walk = Walk::default();
    walk.hear(
        &Ask::Children(1),
        Answer::Children(vec![Ok(department(2)), Err("name".to_owned())]),
        at(1),
    );
    assert_eq!(rest(&mut walk), [Ask::Children(2), first_page(2)]);
    assert_eq!(
        walk.problems.to_string(),
        "a department below 1 lacks a readable name"
    );
}

#[test]
fn after_many_failures_in_a_row_the_rest_is_not_asked_for() {
    let mut walk = Walk::default();
    let children = (2..100).map(|id| Ok(department(id))).collect();
    walk.hear(&Ask::Children(1), Answer::Children(children), at(1));
    for _ in 0..9 {
        walk.next();
        walk.miss(&first_page(2), &"no answer", false);
    }
    walk.hear(&first_page(3), page(&["a"], None), at(1));
    for _ in 0..9 {
        walk.miss(&first_page(2), &"no answer", false);
    }
    assert!(walk.next().is_some());
    walk.miss(&first_page(2), &"no answer", false);
    assert_eq!(walk.next(), None);
    assert_eq!(
        walk.problems.to_string(),
        "department 2: no answer (and 19 more)"
    );
}

#[test]
fn refusals_that_speak_of_one_department_do_not_end_the_reading() {
    let mut walk = Walk::default();
    let children = (2..100).map(|id| Ok(department(id))).collect();
    walk.hear(&Ask::Children(1), Answer::Children(children), at(1));
    for _ in 0..50 {
        walk.next();
        walk.miss(&first_page(2), &"refused", true);
    }
    assert!(walk.next().is_some());
}

#[test]
fn somebody_who_is_known_but_not_listed_shows_that_an_empty_list_was_too_empty() {
    let somebody_in = |dept_id| {
        let place = crate::domain::person::Membership {
            dept_id,
            order: None,
            is_leader: false,
        };
        Person {
            departments: vec![place],
            ..person("a")
        }
    };
    let mut walk = Walk::default();
    walk.hear(&first_page(2), page(&["b"], None), at(1));
    walk.hear(&first_page(3), page(&[], None), at(1));
    // Pages shift when somebody else goes: no reason to doubt the rest.
    walk.hear_of_unlisted(&somebody_in(2));
    assert!(walk.problems.is_empty());
    for dept_id in [3, 4] {
        let mut doubted = Walk {
            peopled: walk.peopled.clone(),
            ..Walk::default()
        };
        doubted.hear_of_unlisted(&somebody_in(dept_id));
        assert!(!doubted.problems.is_empty(), "{dept_id}");
    }
}
