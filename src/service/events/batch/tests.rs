use serde_json::json;

use super::*;

fn claimed(id: i64, event_type: &str, userids: &[&str], dept_ids: &[i64]) -> Claimed {
    let body = json!({"EventType": event_type, "UserId": userids, "DeptId": dept_ids});
    Claimed {
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

fn person(userid: &str) -> About {
    About::Person(UserId::parse(userid).unwrap())
}

fn fault(gravity: Gravity) -> Answer {
    Answer::Failed(Fault {
        gravity,
        reason: format!("{gravity:?}"),
    })
}

fn retry(gravity: Gravity) -> End {
    End::Retry(Fault {
        gravity,
        reason: format!("{gravity:?}"),
    })
}

fn ends(batch: &mut Batch) -> Vec<(i64, End)> {
    batch
        .take_ended()
        .into_iter()
        .map(|ended| (ended.id, ended.end))
        .collect()
}

#[test]
fn each_person_and_department_is_asked_about_once_and_a_join_is_remembered() {
    let (batch, questions) = Batch::new(vec![
        claimed(1, "user_modify_org", &["a", "b"], &[]),
        claimed(2, "user_add_org", &["b"], &[]),
        claimed(3, "user_active_org", &["b", "c"], &[]),
        claimed(4, "org_dept_modify", &[], &[7, 8]),
        claimed(5, "org_dept_remove", &[], &[8]),
    ]);
    let about: Vec<_> = questions
        .iter()
        .map(|question| (question.about.clone(), question.joins.clone()))
        .collect();
    assert_eq!(
        about,
        [
            (person("a"), vec![]),
            (person("b"), vec![2, 3]),
            (person("c"), vec![3]),
            (About::Department(7), vec![]),
            (About::Department(8), vec![]),
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
    batch.note(&person("a"), &Answer::Done);
    assert_eq!(ends(&mut batch), [(1, End::Applied)]);
    batch.note(&person("b"), &fault(Gravity::Unavailable));
    assert_eq!(ends(&mut batch), [(2, retry(Gravity::Unavailable))]);
    assert!(batch.ids().is_empty());
}

#[test]
fn an_event_with_nothing_to_ask_ends_at_once() {
    let mut unreadable = claimed(2, "user_leave_org", &["a"], &[]);
    unreadable.body = Some(json!({"EventType": "user_leave_org", "UserId": ["a", null]}));
    let (mut batch, questions) =
        Batch::new(vec![claimed(1, "org_admin_add", &["a"], &[]), unreadable]);
    assert!(questions.is_empty());
    assert_eq!(
        ends(&mut batch),
        [
            (1, End::Applied),
            (
                2,
                End::Failed("a userid in the event cannot be read".into())
            )
        ]
    );
}

#[test]
fn what_could_not_be_read_parks_the_event_after_the_rest_was_applied() {
    let mut event = claimed(1, "user_add_org", &["a"], &[]);
    event.body = Some(json!({"EventType": "user_add_org", "UserId": ["a", {}]}));
    let (mut batch, _) = Batch::new(vec![event]);
    batch.note(&person("a"), &Answer::Done);
    assert!(matches!(ends(&mut batch).as_slice(), [(1, End::Failed(_))]));
}

#[test]
fn the_failure_that_time_may_mend_decides() {
    let all = |answers: [Answer; 2], attempts: i32| {
        let mut event = claimed(1, "user_modify_org", &["a", "b"], &[]);
        event.attempts = attempts;
        event.refusals = attempts - 1;
        let (mut batch, _) = Batch::new(vec![event]);
        batch.note(&person("a"), &answers[0]);
        batch.note(&person("b"), &answers[1]);
        ends(&mut batch).remove(0).1
    };
    let (bad, refused, away) = (
        fault(Gravity::Bad),
        fault(Gravity::Refused),
        fault(Gravity::Unavailable),
    );
    assert_eq!(all([bad.clone(), Answer::Done], 2), retry(Gravity::Bad));
    assert_eq!(
        all([bad.clone(), Answer::Done], 3),
        End::Failed("Bad".into())
    );
    assert_eq!(
        all([bad.clone(), away.clone()], 1),
        retry(Gravity::Unavailable)
    );
    assert_eq!(
        all([away.clone(), refused.clone()], 6),
        retry(Gravity::Unavailable)
    );
    assert_eq!(
        all([refused.clone(), Answer::Done], 11),
        retry(Gravity::Refused)
    );
    assert_eq!(
        all([refused.clone(), Answer::Done], 12),
        End::Failed("Refused".into())
    );
    let outside = fault(Gravity::OutOfScope);
    assert_eq!(
        all([refused.clone(), outside.clone()], 289),
        retry(Gravity::OutOfScope)
    );
    assert_eq!(
        all([outside.clone(), Answer::Done], 290),
        End::Failed("OutOfScope".into())
    );
    assert_eq!(
        all([outside, away.clone()], 290),
        retry(Gravity::Unavailable)
    );
    let ours = fault(Gravity::AgainstUs);
    assert_eq!(
        all([ours.clone(), refused.clone()], 5759),
        retry(Gravity::AgainstUs)
    );
    assert_eq!(
        all([ours, Answer::Done], 5760),
        End::Failed("AgainstUs".into())
    );
    assert_eq!(
        all([away.clone(), Answer::Done], 5760),
        End::Failed("Unavailable".into())
    );
    assert_eq!(all([Answer::NotAsked, Answer::Done], 1), End::PutBack);
    assert_eq!(all([Answer::NotAsked, bad], 3), End::PutBack);
    assert_eq!(
        all([Answer::NotAsked, away], 1),
        retry(Gravity::Unavailable)
    );
}

#[test]
fn only_what_has_failed_is_looked_up_again() {
    let (mut batch, _) = Batch::new(vec![
        claimed(1, "user_modify_org", &["a", "b", "c"], &[]),
        claimed(2, "user_modify_org", &["b"], &[]),
    ]);
    batch.note(&person("a"), &Answer::Done);
    batch.note(&person("b"), &fault(Gravity::OutOfScope));
    batch.note(&person("c"), &Answer::NotAsked);
    let pending: Vec<_> = batch
        .take_ended()
        .into_iter()
        .map(|ended| ended.pending)
        .collect();
    assert_eq!(pending, [Some(vec!["b".into(), "c".into()]), None]);
    let mut again = claimed(1, "user_modify_org", &["a", "b", "c"], &[]);
    again.pending = Some(vec!["b".into(), "c".into()]);
    let mut departments = claimed(3, "org_dept_modify", &[], &[7, 8]);
    departments.pending = Some(vec!["8".into()]);
    let (_, questions) = Batch::new(vec![again, departments]);
    let about: Vec<_> = questions
        .into_iter()
        .map(|question| question.about)
        .collect();
    assert_eq!(about, [person("b"), person("c"), About::Department(8)]);
}

#[test]
fn the_most_urgent_event_about_a_person_decides_and_many_subjects_take_several_rounds() {
    let many = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let mut failed_before = claimed(1, "user_add_org", &["z"], &[]);
    failed_before.is_retry = true;
    let (_, questions) = Batch::new(vec![
        failed_before,
        claimed(2, "user_modify_org", &many, &[]),
        claimed(3, "user_add_org", &["i"], &[]),
        claimed(4, "user_modify_org", &["z"], &[]),
    ]);
    let urgency = |userid: &str| {
        questions
            .iter()
            .find(|question| question.about == person(userid))
            .unwrap()
            .urgency
    };
    assert_eq!(urgency("i"), Urgency::now(false, false));
    assert_eq!(urgency("z"), Urgency::now(false, true));
    assert_eq!(urgency("d"), Urgency::now(false, true));
    assert_eq!(urgency("e").round, 1);
    assert_eq!(urgency("h").round, 1);
}
