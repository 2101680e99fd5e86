//! A company that can be read whole.

use dinggate::domain::sync::ChangeKind;
use dingtalk_sim::{NewPerson, PersonChange, company};
use sqlx::{PgPool, Row as _};

use super::*;

#[sqlx::test]
async fn a_first_run_brings_in_everybody_with_all_that_is_known(pool: PgPool) {
    let company = Company::new(&pool);
    let people = company.sim.people();
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [SyncCounts::of(people.len()), 0, 0, 0, 0])
    );
    for person in people {
        let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        let mail = text(&person.org_email).or(text(&person.email));
        let expected = [
            text(&person.unionid),
            text(&person.name),
            text(&person.avatar),
            text(&person.job_number),
            text(&person.title),
            text(&person.mobile),
            mail,
            Some(person.hired_date.to_string()),
        ];
        let columns = [
            "unionid",
            "name",
            "avatar",
            "job_number",
            "title",
            "mobile",
            "email",
            "(extract(epoch FROM hired_date) * 1000)::bigint",
        ];
        for (column, expected) in columns.into_iter().zip(expected) {
            assert_eq!(
                company.column(&person.userid, column).await,
                expected,
                "{column} of {}",
                person.userid
            );
        }
        let mut places: Vec<_> = person
            .memberships
            .iter()
            .map(|place| (place.dept_id, Some(place.order), place.leader))
            .collect();
        places.sort_unstable();
        assert_eq!(
            memberships(&company, &person.userid).await,
            places,
            "{}",
            person.userid
        );
    }
    assert!(
        memberships(&company, company::BIG_ORDER)
            .await
            .iter()
            .any(|place| place.1 == Some(company::BIG_ORDER_VALUE))
    );
    assert_eq!(
        memberships(&company, company::TWO_DEPARTMENTS).await.len(),
        2
    );
    assert_eq!(
        company.sim.calls(USER_GET),
        0,
        "the lists give the whole record"
    );
}

async fn memberships(company: &Company, userid: &str) -> Vec<(i64, Option<i64>, bool)> {
    #[expect(clippy::disallowed_methods, reason = "a test reads what the product wrote in its own way")]
    let rows = sqlx::query("SELECT dept_id, sort_order, is_leader FROM staff_department WHERE userid = $1 ORDER BY dept_id")
        .bind(userid)
        .fetch_all(&company.pool)
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

async fn departments(company: &Company) -> Vec<(i64, Option<i64>, String)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let rows = sqlx::query("SELECT dept_id, parent_id, name FROM department ORDER BY dept_id")
        .fetch_all(&company.pool)
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

fn departments_of_the_cloud(company: &Company) -> Vec<(i64, Option<i64>, String)> {
    let directory = company.sim.directory();
    let department = |d: &dingtalk_sim::Department| {
        (
            d.dept_id,
            (d.parent_id > 0).then_some(d.parent_id),
            d.name.clone(),
        )
    };
    let mut departments: Vec<_> = directory.departments().iter().map(department).collect();
    departments.sort();
    departments
}

#[sqlx::test]
async fn the_run_and_the_people_it_brought_in_are_on_record(pool: PgPool) {
    let company = Company::new(&pool);
    let people = company.sim.people().len();
    let summary = company.sync().await;
    assert_eq!(
        departments(&company).await,
        departments_of_the_cloud(&company)
    );
    let count = i64::try_from(people).unwrap();
    assert_eq!(company.number("SELECT count(*) FROM audit_entry WHERE action = 'staff.added' AND actor = 'system' AND unionid IS NOT NULL").await, count);
    let row = format!(
        "SELECT count(*) FROM sync_run WHERE state = 'done' AND cause = 'command' AND started_by = 'command:test'
         AND added = {people} AND unchanged = 0 AND calls = {} AND error IS NULL AND finished_at >= started_at",
        summary.calls
    );
    assert_eq!(company.number(&row).await, 1);
    let asked: u64 = [SCOPES, DEPARTMENT_GET, LIST_SUB, USER_LIST]
        .iter()
        .map(|path| company.sim.calls(path))
        .sum();
    assert_eq!(u64::try_from(summary.calls).unwrap(), asked);
}

#[sqlx::test]
async fn a_second_run_that_changes_nothing_writes_nothing(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let before = company.fingerprint().await;
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary), summary.counts.unchanged),
        (
            State::Done,
            [0; 5],
            SyncCounts::of(company.sim.people().len())
        )
    );
    assert_eq!(company.fingerprint().await, before);
    assert!(company.changes(&ChangeFilter::default()).await.is_empty());
}

#[sqlx::test]
async fn a_run_keeps_the_pace(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sync().await;
    assert!(
        company.sim.max_calls_in_any_second(USER_LIST) <= 20,
        "{}",
        company.sim.max_calls_in_any_second(USER_LIST)
    );
    assert!(
        company.sim.max_in_flight() <= 3,
        "{}",
        company.sim.max_in_flight()
    );
}

/// Changes of every kind that no event has told of.
fn change_quietly(company: &Company) {
    let sim = &company.sim;
    sim.set_callback_url(None);
    sim.change_quietly(
        company::EMPLOYEE,
        PersonChange {
            title: Some("财务经理".into()),
            ..PersonChange::default()
        },
    )
    .unwrap();
    let moved = PersonChange {
        departments: Some(vec![1, FINANCE]),
        leads: Some(vec![FINANCE]),
        ..PersonChange::default()
    };
    sim.change_quietly(company::LEADING_ZERO, moved).unwrap();
    sim.hire_quietly(NewPerson {
        userid: Some("fresh".into()),
        departments: vec![FINANCE],
        ..NewPerson::named("新同事")
    })
    .unwrap();
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
}

#[sqlx::test]
async fn whatever_no_event_has_told_is_made_good(pool: PgPool) {
    let company = Company::imported(&pool).await;
    change_quietly(&company);
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [1, 2, 0, 1, 0])
    );
    assert_eq!(
        company.column(company::EMPLOYEE, "title").await.as_deref(),
        Some("财务经理")
    );
    let places = memberships(&company, company::LEADING_ZERO).await;
    assert_eq!(
        places
            .iter()
            .map(|place| (place.0, place.2))
            .collect::<Vec<_>>(),
        [(1, false), (FINANCE, true)]
    );
    assert!(company.is_employed("fresh").await);
    assert_eq!(
        company.status(company::BIG_ORDER).await.as_deref(),
        Some("left")
    );
    assert_eq!(
        company
            .column(company::BIG_ORDER, "left_cause")
            .await
            .as_deref(),
        Some("sync")
    );
}

#[sqlx::test]
async fn departments_come_move_change_names_and_go(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    let fresh = sim
        .create_department("新业务部", TECHNOLOGY)
        .unwrap()
        .dept_id;
    sim.rename_department(FINANCE, "财务中心").unwrap();
    sim.move_department(fresh, 1).unwrap();
    assert_eq!(company.sync().await.state, State::Done);
    assert_eq!(
        departments(&company).await,
        departments_of_the_cloud(&company)
    );
    sim.remove_department(fresh).unwrap();
    let summary = company.sync().await;
    assert_eq!((summary.state, numbers(&summary)), (State::Done, [0; 5]));
    assert_eq!(
        departments(&company).await,
        departments_of_the_cloud(&company)
    );
}

#[sqlx::test]
async fn a_dry_run_shows_the_plan_and_writes_nothing(pool: PgPool) {
    let company = Company::imported(&pool).await;
    change_quietly(&company);
    let before = company.fingerprint().await;
    let runs = company.number("SELECT count(*) FROM sync_run").await;
    let mut plan = Vec::new();
    let listener = directory_sync::ProgressSink {
        progress: &mut |_| {},
        record: &mut |record| plan.push(record),
    };
    let summary = directory_sync::run_with_progress(&company.ctx, dry(), listener)
        .await
        .unwrap();
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [1, 2, 0, 1, 0])
    );
    let is = |record: &ChangeRow, userid: &str| record.userid.as_deref() == Some(userid);
    let changed = plan
        .iter()
        .find(|record| record.kind == ChangeKind::Changed && is(record, company::EMPLOYEE));
    let told: Vec<_> = changed
        .unwrap()
        .differences
        .iter()
        .map(|d| (d.field.as_str(), d.old.as_str(), d.new.as_str()))
        .collect();
    assert_eq!(told, [("title", "会计", "财务经理")]);
    let kinds = |kind| plan.iter().filter(|record| record.kind == kind).count();
    assert_eq!(
        [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Left].map(kinds),
        [1, 2, 1]
    );
    assert!(
        plan.iter()
            .any(|record| record.kind == ChangeKind::Left && is(record, company::BIG_ORDER))
    );
    for table in ["sync_change", "staging_person", "staging_change"] {
        let rows = format!(
            "SELECT count(*) FROM {table} WHERE run_id = (SELECT max(id) + 1 FROM sync_run)"
        );
        assert_eq!(company.number(&rows).await, 0, "{table}");
    }
    assert_eq!(
        (
            company.fingerprint().await,
            company.number("SELECT count(*) FROM sync_run").await
        ),
        (before, runs)
    );
}

#[sqlx::test]
async fn people_are_read_page_by_page(pool: PgPool) {
    let company = Company::imported(&pool).await;
    for n in 0..230 {
        let newcomer = NewPerson {
            userid: Some(format!("many{n}")),
            departments: vec![FINANCE],
            ..NewPerson::named("众人")
        };
        company.sim.hire_quietly(newcomer).unwrap();
    }
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [230, 0, 0, 0, 0])
    );
    assert_eq!(company.employed().await, company.sim.people().len());
}

#[sqlx::test]
async fn a_case_that_waited_for_the_person_is_closed(pool: PgPool) {
    let company = Company::new(&pool);
    let unionid = company.sim.person(company::EMPLOYEE).unwrap().unionid;
    company
        .execute(&format!(
            "INSERT INTO unmatched_login (unionid, nick, reason, state, last_request_id) VALUES
             ('{unionid}', 'x', 'pending_review', 'waiting', 'r'), ('other', 'y', 'pending_review', 'waiting', 'r')"
        ))
        .await;
    // DingTalk says that this unionid is somebody else's, which an administrator has to look into.
    let contested = company.sim.person(IN_ROOT).unwrap().unionid;
    company
        .execute(&format!(
            "INSERT INTO unmatched_login (unionid, userid, nick, reason, state, last_request_id) VALUES
             ('{contested}', 'somebody-else', 'z', 'pending_review', 'waiting', 'r')"
        ))
        .await;
    company.sync().await;
    assert_eq!(company.number(&format!("SELECT count(*) FROM unmatched_login WHERE unionid = '{unionid}' AND state = 'closed'")).await, 1);
    assert_eq!(
        company
            .number("SELECT count(*) FROM unmatched_login WHERE state = 'waiting'")
            .await,
        2
    );
}
