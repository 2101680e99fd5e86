use super::*;
use crate::domain::bounds::{MAX_DEPARTMENTS, MAX_PAGES};
use crate::upstream::ListedPerson;
use crate::upstream::records::BadRecord;

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

fn page(userids: &[&str], next_cursor: Option<i64>) -> Response {
    let listed = |userid: &&str| {
        Ok(ListedPerson {
            person: person(userid),
            has_all_departments: true,
        })
    };
    Response::Page(UserPage {
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
        unreadable_users: 0,
    }
}

fn first_page(dept_id: DeptId) -> Request {
    Request::Page { dept_id, cursor: 0 }
}

fn rest(crawler: &mut Crawler) -> Vec<Request> {
    std::iter::from_fn(|| crawler.next()).collect()
}

/// Answers all requests until there are none left: `children` returns the departments below one. Returns the
/// requests and the people found.
fn wander(
    crawler: &mut Crawler,
    children: impl Fn(DeptId) -> Vec<DeptId>,
) -> (Vec<Request>, BTreeSet<String>) {
    let (mut requests, mut people) = (Vec::new(), BTreeSet::new());
    while let Some(ask) = crawler.next() {
        let response = match &ask {
            Request::Department(id) => Response::Department(department(*id)),
            Request::Children(id) => Response::Children(
                children(*id)
                    .into_iter()
                    .map(|child| Ok(department(child)))
                    .collect(),
            ),
            Request::Page { dept_id, .. } => page(&[&format!("u{dept_id}")], None),
            Request::Person(userid) => Response::Person(person(userid.as_str())),
        };
        people.extend(names(&crawler.on_response(&ask, response, at(1))));
        requests.push(ask);
        assert!(requests.len() < 1_000, "the crawler goes round in circles");
    }
    (requests, people)
}

fn names(people: &[DesiredPerson]) -> Vec<String> {
    people
        .iter()
        .map(|wanted| wanted.person.userid.to_string())
        .collect()
}

#[test]
fn the_whole_company_is_walked_once_even_where_the_tree_has_circles() {
    let mut crawler = Crawler::within(scopes(&[1], &["u1"]));
    let (requests, people) = wander(&mut crawler, |id| match id {
        1 => vec![2, 3],
        2 => vec![3, 4],
        4 => vec![2, 1],
        _ => vec![],
    });
    assert_eq!(requests.len(), 1 + 2 * 4);
    assert!(crawler.problems.is_empty() && crawler.has_response);
    assert_eq!(
        (crawler.departments_read, crawler.departments_found()),
        (4, 4)
    );
    assert_eq!(
        crawler.departments.keys().copied().collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(people.len(), 4);
}

#[test]
fn a_part_of_the_company_is_walked_but_is_never_the_whole() {
    let mut crawler = Crawler::within(scopes(&[5, 7], &["solo"]));
    let (_, people) = wander(&mut crawler, |id| if id == 5 { vec![7, 8] } else { vec![] });
    assert_eq!(
        crawler.departments.keys().copied().collect::<Vec<_>>(),
        [5, 7, 8]
    );
    assert_eq!(
        people.iter().map(String::as_str).collect::<Vec<_>>(),
        ["solo", "u5", "u7", "u8"]
    );
    assert_eq!(problem(&crawler), "limited_scope {}");

    let odd = Scopes {
        unreadable_users: 2,
        ..scopes(&[5], &[])
    };
    let crawler = Crawler::within(odd);
    assert!(!crawler.problems.is_empty());
    assert_eq!(crawler.skips.len(), 2);
}

#[test]
fn paging_goes_on_over_empty_pages_until_the_end_is_told() {
    let mut crawler = Crawler::default();
    let people = crawler.on_response(&first_page(2), page(&["a"], Some(100)), at(1));
    assert_eq!(names(&people), ["a"]);
    assert_eq!(
        rest(&mut crawler),
        [Request::Page {
            dept_id: 2,
            cursor: 100
        }]
    );
    crawler.on_response(
        &Request::Page {
            dept_id: 2,
            cursor: 100,
        },
        page(&[], Some(200)),
        at(2),
    );
    assert_eq!(
        rest(&mut crawler),
        [Request::Page {
            dept_id: 2,
            cursor: 200
        }]
    );
    crawler.on_response(
        &Request::Page {
            dept_id: 2,
            cursor: 200,
        },
        page(&["b"], None),
        at(3),
    );
    assert!(rest(&mut crawler).is_empty() && crawler.problems.is_empty());
    assert_eq!(crawler.departments_read, 1);
}

#[test]
fn pages_that_do_not_advance_or_do_not_end_leave_the_reading_incomplete() {
    let mut crawler = Crawler::default();
    crawler.on_response(
        &Request::Page {
            dept_id: 2,
            cursor: 100,
        },
        page(&["a"], Some(100)),
        at(1),
    );
    assert!(rest(&mut crawler).is_empty() && !crawler.problems.is_empty());

    let mut crawler = Crawler::default();
    let mut ask = first_page(2);
    for cursor in 1..1_000 {
        crawler.on_response(&ask, page(&[], Some(cursor)), at(1));
        crawler.note_named(&ask, 0);
        let Some(next) = crawler.next() else { break };
        ask = next;
    }
    assert_eq!(problem(&crawler), r#"pages_endless {"department":2}"#);
}

#[test]
fn pages_that_name_the_same_people_again_and_again_end() {
    // The first page of each group of `every` names somebody new.
    let pages_asked = |every: i64| {
        let (mut crawler, mut ask) = (Crawler::default(), first_page(2));
        for cursor in 1..1_000 {
            crawler.on_response(&ask, page(&["a"], Some(cursor)), at(1));
            crawler.note_named(&ask, usize::from(cursor % every == 1));
            let Some(next) = crawler.next() else {
                return (cursor, problem(&crawler));
            };
            ask = next;
        }
        (1_000, problem(&crawler))
    };
    let endless = r#"pages_endless {"department":2}"#.to_owned();
    assert_eq!(pages_asked(2_000), (101, endless));
    assert_eq!(pages_asked(100), (1_000, String::new()));

    // A list that ends with the page that reaches the limit is complete.
    let mut crawler = Crawler::default();
    for n in 0..100 {
        let (ask, next) = (
            Request::Page {
                dept_id: 2,
                cursor: n,
            },
            (n < 99).then_some(n + 1),
        );
        crawler.on_response(&ask, page(&["a"], next), at(1));
        crawler.note_named(&ask, 0);
        crawler.next();
    }
    assert!(crawler.problems.is_empty() && crawler.departments_read == 1);
}

#[test]
fn a_bad_record_is_passed_over_and_its_person_is_spared() {
    let mut crawler = Crawler::default();
    let bad = |userid: Option<&str>| {
        Err(BadRecord {
            userid: userid.map(|id| UserId::parse(id).unwrap()),
            field: "name",
        })
    };
    let people = vec![bad(Some("a")), bad(Some("a")), bad(Some("b"))];
    crawler.on_response(
        &first_page(2),
        Response::Page(UserPage {
            people,
            next_cursor: None,
        }),
        at(1),
    );
    crawler.on_response(&first_page(3), page(&["b", "c"], None), at(1));
    let people = vec![bad(None)];
    crawler.on_response(
        &first_page(4),
        Response::Page(UserPage {
            people,
            next_cursor: None,
        }),
        at(1),
    );
    assert_eq!(crawler.skipped_people(), ["a", "b"]);
    crawler.was_read_elsewhere(&[UserId::parse("b").unwrap()]);
    assert!(
        crawler.problems.is_empty(),
        "absent people are asked about one by one"
    );
    assert_eq!(
        crawler
            .unreadable
            .iter()
            .map(UserId::as_str)
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    // The record of b was read in another list.
    assert_eq!(
        crawler
            .skips
            .iter()
            .map(|skip| skip.userid.as_ref().map(UserId::as_str))
            .collect::<Vec<_>>(),
        [Some("a"), None]
    );
}

fn bad_department(dept_id: Option<DeptId>, field: &'static str) -> BadDepartment {
    BadDepartment { dept_id, field }
}

#[test]
fn a_department_whose_id_cannot_be_read_leaves_the_reading_incomplete() {
    let mut crawler = Crawler::default();
    let children = vec![Ok(department(2)), Err(bad_department(None, "dept_id"))];
    crawler.on_response(&Request::Children(1), Response::Children(children), at(1));
    assert_eq!(rest(&mut crawler), [Request::Children(2), first_page(2)]);
    assert_eq!(
        problem(&crawler),
        r#"unreadable_department {"department":1,"field":"dept_id"}"#
    );
}

#[test]
fn a_department_without_a_name_is_walked_and_passed_over_until_it_has_one() {
    let mut crawler = Crawler::default();
    let nameless = || Err(bad_department(Some(7), "name"));
    crawler.on_response(
        &Request::Children(1),
        Response::Children(vec![nameless(), nameless()]),
        at(1),
    );
    assert_eq!(rest(&mut crawler), [Request::Children(7), first_page(7)]);
    assert!(crawler.problems.is_empty() && crawler.departments.is_empty());
    assert_eq!(crawler.skips, [Skip::bad_department(7, "name")]);
    assert!(crawler.unreadable_departments.contains(&7));

    crawler.on_response(
        &Request::Children(2),
        Response::Children(vec![Ok(department(7))]),
        at(2),
    );
    crawler.on_response(
        &Request::Children(3),
        Response::Children(vec![nameless()]),
        at(3),
    );
    assert!(rest(&mut crawler).is_empty(), "once is enough");
    assert!(crawler.departments.contains_key(&7));
    assert!(crawler.skips.is_empty() && crawler.unreadable_departments.is_empty());
}

#[test]
fn the_top_may_lack_a_name_too() {
    let mut crawler = Crawler::from_root();
    crawler.on_bad_record(&Request::Department(1), "name");
    assert!(crawler.problems.is_empty() && crawler.unreadable_departments.contains(&1));
    assert_eq!(crawler.skips, [Skip::bad_department(1, "name")]);
}

#[test]
fn after_many_failures_in_a_row_the_rest_is_not_requested() {
    let mut crawler = Crawler::default();
    let children = (2..100).map(|id| Ok(department(id))).collect();
    crawler.on_response(&Request::Children(1), Response::Children(children), at(1));
    for _ in 0..9 {
        crawler.next();
        crawler.on_error(&first_page(2), &"no answer", false);
    }
    crawler.on_response(&first_page(3), page(&["a"], None), at(1));
    for _ in 0..9 {
        crawler.on_error(&first_page(2), &"no answer", false);
    }
    assert!(crawler.next().is_some());
    crawler.on_error(&first_page(2), &"no answer", false);
    assert_eq!(crawler.next(), None);
    assert_eq!(
        problem(&crawler),
        r#"department_unread {"department":2,"more":19} no answer"#
    );
}

#[test]
fn refusals_that_speak_of_one_department_do_not_end_the_reading() {
    let mut crawler = Crawler::default();
    let children = (2..100).map(|id| Ok(department(id))).collect();
    crawler.on_response(&Request::Children(1), Response::Children(children), at(1));
    for _ in 0..50 {
        crawler.next();
        crawler.on_error(&first_page(2), &"refused", true);
    }
    assert!(crawler.next().is_some());
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
    let mut crawler = Crawler::default();
    crawler.on_response(&first_page(2), page(&["b"], None), at(1));
    crawler.on_response(&first_page(3), page(&[], None), at(1));
    // Pages shift when somebody else leaves: no reason to distrust the rest.
    crawler.on_unlisted(&somebody_in(2));
    assert!(crawler.problems.is_empty());
    for dept_id in [3, 4] {
        let mut doubted = Crawler {
            non_empty: crawler.non_empty.clone(),
            ..Crawler::default()
        };
        doubted.on_unlisted(&somebody_in(dept_id));
        assert!(!doubted.problems.is_empty(), "{dept_id}");
    }
}

#[test]
fn pages_that_always_name_somebody_new_end_too() {
    let (mut crawler, mut ask) = (Crawler::default(), first_page(2));
    for cursor in 1..i64::from(MAX_PAGES) + 2 {
        crawler.on_response(&ask, page(&["a"], Some(cursor)), at(1));
        crawler.note_named(&ask, 1);
        let Some(next) = crawler.next() else { break };
        ask = next;
    }
    assert_eq!(problem(&crawler), r#"pages_endless {"department":2}"#);
}

#[test]
fn a_cursor_that_goes_back_or_to_the_end_of_all_numbers_ends_the_pages() {
    for (cursor, next) in [(0, 0), (0, -1), (0, i64::MIN), (i64::MAX, i64::MAX)] {
        let mut crawler = Crawler::default();
        let ask = Request::Page { dept_id: 2, cursor };
        crawler.on_response(&ask, page(&["a"], Some(next)), at(1));
        assert!(rest(&mut crawler).is_empty() && !crawler.problems.is_empty());
    }
}

#[test]
fn a_tree_without_end_is_read_so_far_and_no_further() {
    let mut crawler = Crawler::default();
    let last = DeptId::try_from(MAX_DEPARTMENTS).unwrap() + 2;
    for parent in 1..=last {
        let child = vec![Ok(department(parent + 1))];
        crawler.on_response(&Request::Children(parent), Response::Children(child), at(1));
    }
    assert_eq!(crawler.departments_found(), MAX_DEPARTMENTS);
    assert_eq!(crawler.departments.len(), MAX_DEPARTMENTS);
    assert!(!crawler.problems.is_empty());
}

/// Returns the reason's code, parameters and detail.
fn problem(crawler: &Crawler) -> String {
    let problem = crawler.problems.first();
    problem.map_or_else(String::new, |problem| {
        let code = problem.code.unwrap().as_str();
        let params = serde_json::to_string(&problem.params).unwrap();
        let detail = problem.detail.unwrap_or_default();
        format!("{code} {params} {detail}").trim_end().to_owned()
    })
}
