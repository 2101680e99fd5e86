use serde_json::json;

use super::*;

fn claimed(id: i64, event_type: &str, userids: &[&str], dept_ids: &[i64]) -> ClaimedEvent {
    let body = json!({"EventType": event_type, "UserId": userids, "DeptId": dept_ids});
    ClaimedEvent {
        id,
        event_type: event_type.into(),
        userids: userids
            .iter()
            .map(|id| UserId::parse(*id).unwrap())
            .collect(),
        dept_ids: dept_ids.to_vec(),
        body: Some(body),
        attempts: 1,
        refusals: 0,
        is_retry: false,
        pending: None,
    }
}

fn person(userid: &str) -> SubjectId {
    SubjectId::Person(UserId::parse(userid).unwrap())
}

fn fault(class: ErrorClass) -> LookupOutcome {
    LookupOutcome::Failed(LookupError {
        class,
        reason: format!("{class:?}"),
    })
}

fn retry(class: ErrorClass) -> EventOutcome {
    EventOutcome::Retry(LookupError {
        class,
        reason: format!("{class:?}"),
    })
}

fn ends(batch: &mut Batch) -> Vec<(i64, EventOutcome)> {
    batch
        .take_finished()
        .into_iter()
        .map(|ended| (ended.id, ended.outcome))
        .collect()
}

#[test]
fn each_person_and_department_is_looked_up_once_and_a_join_is_remembered() {
    let (batch, lookups) = Batch::new(vec![
        claimed(1, "user_modify_org", &["a", "b"], &[]),
        claimed(2, "user_add_org", &["b"], &[]),
        claimed(3, "user_active_org", &["b", "c"], &[]),
        claimed(4, "org_dept_modify", &[], &[7, 8]),
        claimed(5, "org_dept_remove", &[], &[8]),
    ]);
    let subject: Vec<_> = lookups
        .iter()
        .map(|lookup| (lookup.subject.clone(), lookup.joins.clone()))
        .collect();
    assert_eq!(
        subject,
        [
            (person("a"), vec![]),
            (person("b"), vec![2, 3]),
            (person("c"), vec![3]),
            (SubjectId::Department(7), vec![]),
            (SubjectId::Department(8), vec![]),
        ]
    );
    assert_eq!(batch.ids(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_failure_touches_only_the_events_that_name_the_person() {
    let (mut batch, _) = Batch::new(vec![
        claimed(1, "user_modify_org", &["a"], &[]),
        claimed(2, "user_modify_org", &["a", "b"], &[]),
    ]);
    assert!(ends(&mut batch).is_empty());
    batch.record(&person("a"), &LookupOutcome::Done);
    assert_eq!(ends(&mut batch), [(1, EventOutcome::Applied)]);
    batch.record(&person("b"), &fault(ErrorClass::Unavailable));
    assert_eq!(ends(&mut batch), [(2, retry(ErrorClass::Unavailable))]);
    assert!(batch.ids().is_empty());
}

#[test]
fn an_event_with_nothing_to_ask_ends_at_once() {
    let mut unreadable = claimed(2, "user_leave_org", &["a"], &[]);
    unreadable.body = Some(json!({"EventType": "user_leave_org", "UserId": ["a", null]}));
    let (mut batch, lookups) =
        Batch::new(vec![claimed(1, "org_admin_add", &["a"], &[]), unreadable]);
    assert!(lookups.is_empty());
    assert_eq!(
        ends(&mut batch),
        [
            (1, EventOutcome::Applied),
            (
                2,
                EventOutcome::Failed("a userid in the event cannot be read".into())
            )
        ]
    );
}

#[test]
fn what_could_not_be_read_parks_the_event_after_the_rest_was_applied() {
    let mut event = claimed(1, "user_add_org", &["a"], &[]);
    event.body = Some(json!({"EventType": "user_add_org", "UserId": ["a", {}]}));
    let (mut batch, _) = Batch::new(vec![event]);
    batch.record(&person("a"), &LookupOutcome::Done);
    assert!(matches!(
        ends(&mut batch).as_slice(),
        [(1, EventOutcome::Failed(_))]
    ));
}

#[test]
fn the_failure_that_time_may_mend_decides() {
    let all = |answers: [LookupOutcome; 2], attempts: i32| {
        let mut event = claimed(1, "user_modify_org", &["a", "b"], &[]);
        event.attempts = attempts;
        event.refusals = attempts - 1;
        let (mut batch, _) = Batch::new(vec![event]);
        batch.record(&person("a"), &answers[0]);
        batch.record(&person("b"), &answers[1]);
        ends(&mut batch).remove(0).1
    };
    let (bad, refused, away) = (
        fault(ErrorClass::Permanent),
        fault(ErrorClass::Rejected),
        fault(ErrorClass::Unavailable),
    );
    assert_eq!(
        all([bad.clone(), LookupOutcome::Done], 2),
        retry(ErrorClass::Permanent)
    );
    assert_eq!(
        all([bad.clone(), LookupOutcome::Done], 3),
        EventOutcome::Failed("Permanent".into())
    );
    assert_eq!(
        all([bad.clone(), away.clone()], 1),
        retry(ErrorClass::Unavailable)
    );
    assert_eq!(
        all([away.clone(), refused.clone()], 6),
        retry(ErrorClass::Unavailable)
    );
    assert_eq!(
        all([refused.clone(), LookupOutcome::Done], 11),
        retry(ErrorClass::Rejected)
    );
    assert_eq!(
        all([refused.clone(), LookupOutcome::Done], 12),
        EventOutcome::Failed("Rejected".into())
    );
    let outside = fault(ErrorClass::OutOfScope);
    assert_eq!(
        all([refused.clone(), outside.clone()], 289),
        retry(ErrorClass::OutOfScope)
    );
    assert_eq!(
        all([outside.clone(), LookupOutcome::Done], 290),
        EventOutcome::Failed("OutOfScope".into())
    );
    assert_eq!(
        all([outside, away.clone()], 290),
        retry(ErrorClass::Unavailable)
    );
    let ours = fault(ErrorClass::Misconfigured);
    assert_eq!(
        all([ours.clone(), refused.clone()], 5759),
        retry(ErrorClass::Misconfigured)
    );
    assert_eq!(
        all([ours, LookupOutcome::Done], 5760),
        EventOutcome::Failed("Misconfigured".into())
    );
    assert_eq!(
        all([away.clone(), LookupOutcome::Done], 5760),
        EventOutcome::Failed("Unavailable".into())
    );
    assert_eq!(
        all([LookupOutcome::NotStarted, LookupOutcome::Done], 1),
        EventOutcome::Released
    );
    assert_eq!(
        all([LookupOutcome::NotStarted, bad], 3),
        EventOutcome::Released
    );
    assert_eq!(
        all([LookupOutcome::NotStarted, away], 1),
        retry(ErrorClass::Unavailable)
    );
}

#[test]
fn only_what_has_failed_is_looked_up_again() {
    let (mut batch, _) = Batch::new(vec![
        claimed(1, "user_modify_org", &["a", "b", "c"], &[]),
        claimed(2, "user_modify_org", &["b"], &[]),
    ]);
    batch.record(&person("a"), &LookupOutcome::Done);
    batch.record(&person("b"), &fault(ErrorClass::OutOfScope));
    batch.record(&person("c"), &LookupOutcome::NotStarted);
    let pending: Vec<_> = batch
        .take_finished()
        .into_iter()
        .map(|ended| ended.pending)
        .collect();
    assert_eq!(pending, [Some(vec!["b".into(), "c".into()]), None]);
    let mut again = claimed(1, "user_modify_org", &["a", "b", "c"], &[]);
    again.pending = Some(vec!["b".into(), "c".into()]);
    let mut departments = claimed(3, "org_dept_modify", &[], &[7, 8]);
    departments.pending = Some(vec!["8".into()]);
    let (_, lookups) = Batch::new(vec![again, departments]);
    let subject: Vec<_> = lookups.into_iter().map(|lookup| lookup.subject).collect();
    assert_eq!(
        subject,
        [person("b"), person("c"), SubjectId::Department(8)]
    );
}

#[test]
fn the_most_urgent_event_of_a_person_decides_and_many_subjects_take_several_rounds() {
    let many = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let mut failed_before = claimed(1, "user_add_org", &["z"], &[]);
    failed_before.is_retry = true;
    let (_, lookups) = Batch::new(vec![
        failed_before,
        claimed(2, "user_modify_org", &many, &[]),
        claimed(3, "user_add_org", &["i"], &[]),
        claimed(4, "user_modify_org", &["z"], &[]),
    ]);
    let urgency = |userid: &str| {
        lookups
            .iter()
            .find(|lookup| lookup.subject == person(userid))
            .unwrap()
            .urgency
    };
    assert_eq!(urgency("i"), Urgency::now(false, false));
    assert_eq!(urgency("z"), Urgency::now(false, true));
    assert_eq!(urgency("d"), Urgency::now(false, true));
    assert_eq!(urgency("e").round, 1);
    assert_eq!(urgency("h").round, 1);
}
