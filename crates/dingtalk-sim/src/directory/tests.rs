use super::*;
use crate::company;

fn demo() -> Directory {
    company::demo().unwrap()
}

#[test]
fn a_newcomer_gets_ids_and_a_department() {
    let mut company = demo();
    let person = company.hire(NewPerson::named("李雷"), 17).unwrap();
    assert!(person.userid.starts_with("0158"));
    assert_eq!((person.unionid.len(), person.hired_date), (28, 17));
    assert_eq!(person.department_ids(), [ROOT]);
    assert_eq!(company.person(&person.userid), Some(&person));
}

#[test]
fn impossible_newcomers_are_refused_and_leave_no_trace() {
    let mut company = demo();
    let taken = company.person(company::EMPLOYEE).unwrap().unionid.clone();
    let before = company.people().len();
    for new in [
        NewPerson::named(" "),
        NewPerson {
            userid: Some(company::EMPLOYEE.into()),
            ..NewPerson::named("李雷")
        },
        NewPerson {
            userid: Some("two words".into()),
            ..NewPerson::named("李雷")
        },
        NewPerson {
            unionid: Some(taken),
            ..NewPerson::named("李雷")
        },
        NewPerson {
            departments: vec![99],
            ..NewPerson::named("李雷")
        },
    ] {
        assert!(company.hire(new.clone(), 0).is_err(), "{new:?}");
    }
    assert_eq!(company.people().len(), before);
}

#[test]
fn a_change_keeps_the_places_that_stay() {
    let mut company = demo();
    let finance = company.department_named("财务部").unwrap().dept_id;
    let old = company
        .person(company::TWO_DEPARTMENTS)
        .unwrap()
        .memberships[0]
        .clone();
    let change = PersonChange {
        departments: Some(vec![old.dept_id, finance, finance]),
        title: Some(String::new()),
        ..PersonChange::default()
    };
    let (before, after) = company
        .change(company::TWO_DEPARTMENTS, change, 17)
        .unwrap();
    assert_eq!(after.department_ids(), [old.dept_id, finance]);
    assert_eq!(after.memberships[0], old);
    assert_ne!(before.title, "");
    assert_eq!((after.title.as_str(), after.modified_at), ("", 17));
    assert_eq!(company.person(company::TWO_DEPARTMENTS), Some(&after));
}

#[test]
fn leaders_are_set_by_department() {
    let mut company = demo();
    let finance = company.department_named("财务部").unwrap().dept_id;
    let change = PersonChange {
        leads: Some(vec![finance]),
        ..PersonChange::default()
    };
    let (_, after) = company.change(company::EMPLOYEE, change, 0).unwrap();
    assert!(after.memberships[0].leader);
    let nobody = PersonChange {
        name: Some(" ".into()),
        ..PersonChange::default()
    };
    assert!(company.change(company::EMPLOYEE, nobody, 0).is_err());
    assert!(
        company
            .change("nobody", PersonChange::default(), 0)
            .is_err()
    );
}

#[test]
fn one_who_leaves_is_gone_but_can_still_scan() {
    let mut company = demo();
    let person = company.dismiss(company::EMPLOYEE).unwrap();
    assert_eq!(company.person(company::EMPLOYEE), None);
    assert_eq!(company.nick_of(&person.unionid), Some(person.nick.as_str()));
    assert!(company.dismiss(company::EMPLOYEE).is_err());
}

#[test]
fn one_who_left_comes_back_under_the_old_userid_or_a_new_one() {
    let mut company = demo();
    let unionid = company.dismiss(company::EMPLOYEE).unwrap().unionid;
    let again = company.rehire(company::EMPLOYEE, None, 1).unwrap();
    assert_eq!(
        (again.userid.as_str(), &again.unionid),
        (company::EMPLOYEE, &unionid)
    );
    company.dismiss(company::EMPLOYEE).unwrap();
    let other = company
        .rehire(company::EMPLOYEE, Some("zhangsan02"), 2)
        .unwrap();
    assert_eq!(
        (other.userid.as_str(), &other.unionid),
        ("zhangsan02", &unionid)
    );
    assert_eq!(company.person(company::EMPLOYEE), None);
    assert!(
        company.rehire(company::EMPLOYEE, None, 3).is_err(),
        "nobody is left to come back"
    );
    assert!(
        company.rehire("zhangsan02", None, 3).is_err(),
        "has not left"
    );
}

#[test]
fn one_who_comes_back_after_the_department_is_gone_stands_in_the_root() {
    let mut company = demo();
    let team = company.create_department("临时组", ROOT).unwrap().dept_id;
    let new = NewPerson {
        departments: vec![team],
        ..NewPerson::named("李雷")
    };
    let userid = company.hire(new, 0).unwrap().userid;
    assert!(company.remove_department(team).is_err(), "has a member");
    company.dismiss(&userid).unwrap();
    company.remove_department(team).unwrap();
    let again = company.rehire(&userid, None, 1).unwrap();
    assert_eq!(again.department_ids(), [ROOT]);
}

#[test]
fn departments_are_made_renamed_moved_and_removed() {
    let mut company = demo();
    let finance = company.department_named("财务部").unwrap().dept_id;
    let team = company.create_department("税务组", ROOT).unwrap().dept_id;
    assert_eq!(
        company.rename_department(team, "税务部").unwrap().name,
        "税务部"
    );
    assert_eq!(
        company.move_department(team, finance).unwrap().parent_id,
        finance
    );
    assert_eq!(company.path_to_root(team), [team, finance, ROOT]);
    assert!(
        company.remove_department(finance).is_err(),
        "has a department below"
    );
    company.remove_department(team).unwrap();
    assert_eq!(company.department(team), None);
}

#[test]
fn impossible_changes_of_departments_are_refused() {
    let mut company = demo();
    let centre = company.department_named("技术中心").unwrap().dept_id;
    let team = company.department_named("平台研发组").unwrap().dept_id;
    assert!(
        company.move_department(centre, team).is_err(),
        "below itself"
    );
    assert!(
        company.move_department(centre, centre).is_err(),
        "below itself"
    );
    assert!(company.move_department(ROOT, team).is_err());
    assert!(company.move_department(team, 99).is_err());
    assert!(
        company.create_department("财务部", ROOT).is_err(),
        "name is taken"
    );
    assert!(company.create_department("", ROOT).is_err());
    assert!(company.create_department("新部门", 99).is_err());
    assert!(company.rename_department(99, "新部门").is_err());
    assert!(company.remove_department(ROOT).is_err());
    assert!(company.rename_department(ROOT, "云杉集团").is_ok());
    assert_eq!(company.company_name(), "云杉集团");
}

/// Asserts that the indexes return the same as a search through everybody.
fn assert_found(company: &Directory) {
    for person in company.people() {
        assert_eq!(company.person(&person.userid), Some(person));
        assert_eq!(company.person_by_unionid(&person.unionid), Some(person));
    }
    for person in company.former() {
        let same = |p: &&Person| p.unionid == person.unionid;
        let found = company.people().iter().find(same);
        assert_eq!(company.person_by_unionid(&person.unionid), found);
    }
    for department in company.departments() {
        let id = department.dept_id;
        let ids = |people: Vec<&Person>| {
            let mut ids: Vec<_> = people.iter().map(|p| p.userid.clone()).collect();
            ids.sort();
            ids
        };
        let searched = company.people().iter().filter(|p| p.is_in(id)).collect();
        assert_eq!(ids(company.members(id).collect()), ids(searched));
        let below: Vec<_> = company
            .departments()
            .iter()
            .filter(|d| d.parent_id == id)
            .collect();
        assert_eq!(company.children(id).collect::<Vec<_>>(), below);
        assert_eq!(company.department(id), Some(department));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(40))]
    #[test]
    fn people_and_departments_are_found_after_any_changes(
        acts in proptest::collection::vec((0..7_u8, 0..80_usize, 0..20_usize), 1..60)
    ) {
        let mut company = demo();
        for (act, who, place) in acts {
            let userid = |people: &[Person]| people.get(who % people.len().max(1)).map(|p| p.userid.clone());
            let department = company.departments()[place % company.departments().len()].dept_id;
            match (act, userid(company.people()), userid(company.former())) {
                (0, ..) => drop(company.hire(NewPerson::named("李雷"), 1)),
                (1, Some(userid), _) => drop(company.dismiss(&userid)),
                (2, _, Some(userid)) => drop(company.rehire(&userid, (place == 0).then_some("newid"), 1)),
                (3, Some(userid), _) => drop(company.change(
                    &userid,
                    PersonChange {
                        departments: Some(vec![department, ROOT]),
                        unionid: (place == 0).then(|| format!("u{who}")),
                        ..PersonChange::default()
                    },
                    1,
                )),
                (4, ..) => drop(company.create_department(&format!("部门{who}"), department)),
                (5, ..) => drop(company.move_department(department, ROOT)),
                (6, ..) => drop(company.remove_department(department)),
                _ => {}
            }
        }
        assert_found(&company);
        let kept = serde_json::to_string(&company).unwrap();
        let read: Directory = serde_json::from_str(&kept).unwrap();
        assert_eq!(read.people(), company.people());
        assert_found(&read);
    }
}

#[test]
fn many_are_changed_dismissed_and_hired_at_once() {
    let mut company = company::large(20, 400).unwrap();
    let before = company.clone();
    let changed = company.change_many(40, 7).unwrap();
    assert_eq!(changed.len(), 40);
    for person in company.people() {
        let same = before.person(&person.userid) == Some(person);
        assert_eq!(same, !changed.contains(&person.userid), "{}", person.userid);
    }
    let dismissed = company.dismiss_many(40).unwrap();
    assert_eq!(dismissed.len(), 39, "the administrator stays");
    assert!(
        dismissed
            .iter()
            .all(|userid| company.person(userid).is_none())
    );
    let hired = company.hire_many(30, 7).unwrap();
    assert_eq!((hired.len(), company.people().len()), (30, 400 - 39 + 30));
    assert!(company.members(ROOT).count() >= 1, "the root gets some too");
    assert_eq!(company.change_many(10_000, 8).unwrap().len(), 391);
}

#[test]
fn a_department_is_renamed_and_moved_in_one_or_not_at_all() {
    let mut company = demo();
    let finance = company.department_named("财务部").unwrap().clone();
    let (id, other) = (
        finance.dept_id,
        company.department_named("设计组").unwrap().clone(),
    );
    let both = company.change_department(id, Some("设计组"), Some(other.parent_id));
    assert!(both.is_err(), "the name is taken there");
    assert_eq!(company.department(id), Some(&finance));
    let moved = company
        .change_department(id, Some("税务组"), Some(other.parent_id))
        .unwrap();
    assert_eq!(
        (moved.name.as_str(), moved.parent_id),
        ("税务组", other.parent_id)
    );
    assert!(company.change_department(id, None, None).is_err());
}
