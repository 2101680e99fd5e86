//! Properties of the plan for any tables and any reading; plans are applied in memory.

use proptest::prelude::*;

use super::*;

/// Few values, so that people and unionids collide.
const PEOPLE: usize = 7;
const UNIONIDS: usize = 5;

#[derive(Debug, Clone)]
struct Case {
    current: Current,
    reading: Reading,
    unreadable: BTreeSet<UserId>,
    is_complete: bool,
    limit: usize,
    chunk: usize,
}

impl Case {
    fn plan(&self, current: &Current) -> Plan {
        self.plan_as_of(current, START)
    }

    fn plan_as_of(&self, current: &Current, start: i64) -> Plan {
        let way = Way {
            start,
            is_complete: self.is_complete,
            unreadable: self.unreadable.clone(),
            limit: self.limit,
            chunk: self.chunk,
        };
        plan(current, &self.reading, &way)
    }
}

fn some_person(n: usize) -> impl Strategy<Value = Person> {
    let unionid = 0..=UNIONIDS;
    (
        unionid,
        0..3_u8,
        proptest::collection::btree_set(1..4_i64, 0..3),
        any::<bool>(),
    )
        .prop_map(move |(unionid, name, dept_ids, is_leader)| Person {
            name: format!("name {name}"),
            departments: dept_ids
                .into_iter()
                .map(|dept_id| Membership {
                    dept_id,
                    order: Some(dept_id),
                    is_leader,
                })
                .collect(),
            // The last value stands for a unionid that is not shown.
            ..person(
                &format!("p{n}"),
                &if unionid == UNIONIDS {
                    String::new()
                } else {
                    format!("u{unionid}")
                },
            )
        })
}

fn some_time() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![6 => Just(at(0)), 1 => Just(at(START)), 1 => Just(at(START + 15)), 1 => Just(at(START + 100))]
}

fn stored(n: usize) -> impl Strategy<Value = StoredPerson> {
    (
        some_person(n),
        0..4_u8,
        some_time(),
        some_time(),
        some_time(),
    )
        .prop_map(|(person, kind, left_at, observed_at, created_at)| {
            let status = if kind < 2 {
                Status::Employed
            } else {
                Status::Left
            };
            StoredPerson {
                person,
                status,
                left_at: (status == Status::Left).then_some(left_at),
                is_held: kind == 3,
                observed_at,
                created_at,
            }
        })
}

/// Generates, for each userid, a value or none.
fn of_some<T: std::fmt::Debug + 'static, S: Strategy<Value = T> + 'static>(
    make: fn(usize) -> S,
) -> impl Strategy<Value = Vec<T>> {
    let options: Vec<_> = (0..PEOPLE)
        .map(|n| proptest::option::weighted(0.7, make(n)).boxed())
        .collect();
    options.prop_map(|people| people.into_iter().flatten().collect())
}

fn case() -> impl Strategy<Value = Case> {
    let unreadable = proptest::collection::btree_set(0..PEOPLE, 0..2);
    let left_unknown = proptest::option::of((0..PEOPLE, some_time()));
    (
        of_some(stored),
        of_some(wanted),
        unreadable,
        left_unknown,
        any::<bool>(),
        0..PEOPLE,
        1..=PEOPLE,
    )
        .prop_map(
            |(mut people, wanted, unreadable, left_unknown, is_complete, limit, chunk)| {
                make_unionids_unique(&mut people);
                let left_unknown = left_unknown.map(|(n, left_at)| (id(&format!("p{n}")), left_at));
                let unknown_leavers = left_unknown
                    .into_iter()
                    .filter(|(userid, _)| people.iter().all(|k| k.person.userid != *userid));
                Case {
                    current: Current {
                        unknown_leavers: unknown_leavers.collect(),
                        people,
                    },
                    reading: wanted
                        .into_iter()
                        .map(|w| (w.person.userid.clone(), w))
                        .collect(),
                    unreadable: unreadable
                        .into_iter()
                        .map(|n| id(&format!("p{n}")))
                        .collect(),
                    is_complete,
                    limit,
                    chunk,
                }
            },
        )
}

fn wanted(n: usize) -> impl Strategy<Value = DesiredPerson> {
    (some_person(n), 10..20_i64)
        .prop_map(|(person, later)| DesiredPerson::whole(person, at(START + later)))
}

/// Enforces the table's unique index.
fn make_unionids_unique(people: &mut [StoredPerson]) {
    let mut seen = BTreeSet::new();
    for stored in people.iter_mut().filter(|k| k.status == Status::Employed) {
        if stored
            .person
            .unionid
            .as_ref()
            .is_some_and(|unionid| !seen.insert(unionid.clone()))
        {
            stored.person.unionid = None;
        }
    }
}

/// Applies a plan as the database would, some seconds after the reading.
fn apply(current: &Current, plan: &Plan) -> Current {
    let mut rows: BTreeMap<UserId, StoredPerson> = current
        .people
        .iter()
        .map(|k| (k.person.userid.clone(), k.clone()))
        .collect();
    for leaver in &plan.leavers {
        let row = rows.get_mut(&leaver.userid).unwrap();
        (row.status, row.left_at) = (Status::Left, Some(at(START + 30)));
    }
    for write in plan.added.iter().chain(&plan.changed).chain(&plan.returned) {
        let created_at = rows
            .get(&write.person.userid)
            .map_or(at(START + 30), |row| row.created_at);
        let row = StoredPerson {
            person: write.person.clone(),
            status: Status::Employed,
            left_at: None,
            is_held: false,
            observed_at: write.asked_at,
            created_at,
        };
        rows.insert(write.person.userid.clone(), row);
    }
    let added: BTreeSet<_> = plan.added.iter().map(|w| &w.person.userid).collect();
    let unknown_leavers = current
        .unknown_leavers
        .iter()
        .filter(|(userid, _)| !added.contains(userid));
    Current {
        unknown_leavers: unknown_leavers
            .map(|(userid, at)| (userid.clone(), *at))
            .collect(),
        people: rows.into_values().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_plan_applied_to_its_own_result_does_nothing(case in case()) {
        let first = case.plan(&case.current);
        let after = apply(&case.current, &first);
        let second = case.plan(&after);
        prop_assert_eq!(told(&second), NOBODY);
        prop_assert_eq!(second.withheld.len(), first.withheld.len());
    }

    #[test]
    fn however_the_company_is_cut_into_chunks_the_plan_is_the_same(case in case()) {
        let whole = Case { chunk: PEOPLE, ..case.clone() };
        prop_assert_eq!(case.plan(&case.current), whole.plan(&whole.current));
    }

    /// A person with a unionid that nobody else would have cannot cause a conflict.
    #[test]
    fn who_is_refused_is_decided_over_the_contested_as_over_everybody(case in case()) {
        let everybody = Chunk {
            stored: case.current.people.clone(),
            unknown_leavers: case.current.unknown_leavers.clone(),
            held_unionids: case.current.held_unionids(),
            wanted: case.reading.clone(),
        };
        let plan = case.plan(&case.current);
        let leaving = plan.leavers.iter().map(|leaver| leaver.userid.clone()).collect();
        let is_complete = case.is_complete && !case.reading.is_empty();
        let refused: BTreeSet<UserId> = refused(&everybody, &leaving, at(START), is_complete).into_iter().collect();
        let shared = plan.skipped.into_iter().filter(|skip| skip.reason == SkipReason::UnionidShared);
        prop_assert_eq!(shared.filter_map(|skip| skip.userid).collect::<BTreeSet<_>>(), refused);
    }

    #[test]
    fn a_reading_without_people_removes_nobody(case in case()) {
        let plan = Case { reading: Reading::new(), ..case.clone() }.plan(&case.current);
        prop_assert!(plan.leavers.is_empty() && plan.withheld.is_empty());
    }

    #[test]
    fn a_later_run_that_reads_the_same_changes_nothing_more(case in case()) {
        let after = apply(&case.current, &case.plan(&case.current));
        // Events that are newer than the first run are older than the second.
        let reread = |(id, w): (&UserId, &DesiredPerson)| (id.clone(), DesiredPerson::whole(w.person.clone(), at(START + 2_010)));
        let later = Case { reading: case.reading.iter().map(reread).collect(), ..case };
        let settled = apply(&after, &later.plan_as_of(&after, START + 2_000));
        let again = later.plan_as_of(&settled, START + 2_000);
        prop_assert_eq!(told(&again), NOBODY);
    }

    #[test]
    fn an_incomplete_reading_never_ends_or_restores_an_employment(case in case()) {
        let plan = Case { is_complete: false, ..case.clone() }.plan(&case.current);
        prop_assert!(plan.leavers.is_empty() && plan.withheld.is_empty() && plan.returned.is_empty());
        prop_assert!(plan.added.iter().all(|w| !case.current.unknown_leavers.contains_key(&w.person.userid)));
    }

    #[test]
    fn a_person_listed_unreadable_or_known_from_an_event_stays(case in case()) {
        for leaver in &case.plan(&case.current).leavers {
            let row = case.current.people.iter().find(|k| k.person.userid == leaver.userid).unwrap();
            prop_assert!(row.status == Status::Employed && row.observed_at < at(START) && row.created_at < at(START));
            prop_assert!(!case.reading.contains_key(&leaver.userid) && !case.unreadable.contains(&leaver.userid));
        }
    }

    #[test]
    fn held_rows_never_change(case in case()) {
        let after = apply(&case.current, &case.plan(&case.current));
        for held in case.current.people.iter().filter(|k| k.is_held) {
            prop_assert_eq!(after.people.iter().find(|k| k.person.userid == held.person.userid), Some(held));
        }
    }

    #[test]
    fn unionids_are_unique_among_the_employed(case in case()) {
        let after = apply(&case.current, &case.plan(&case.current));
        let mut seen = BTreeSet::new();
        for stored in after.people.iter().filter(|k| k.status == Status::Employed) {
            if let Some(unionid) = &stored.person.unionid {
                prop_assert!(seen.insert(unionid), "{} twice", unionid);
            }
        }
    }

    #[test]
    fn everybody_listed_is_told_of_once_and_the_brake_holds(case in case()) {
        let plan = case.plan(&case.current);
        let is_changed = |userid: &Option<UserId>| plan.changed.iter().any(|w| Some(&w.person.userid) == userid.as_ref());
        // A unionid conflict does not affect the other fields.
        let skipped = plan.skipped.iter().filter(|skip| !is_changed(&skip.userid)).count();
        let counted = plan.added.len() + plan.changed.len() + plan.returned.len() + plan.unchanged + skipped;
        prop_assert_eq!(counted, case.reading.len());
        prop_assert!(plan.leavers.len() <= case.limit);
        prop_assert!(plan.withheld.is_empty() || (plan.leavers.is_empty() && plan.withheld.len() > case.limit));
    }
}
