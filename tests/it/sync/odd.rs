//! Records that cannot be read: each is passed over with its reason, and everything else goes on.

use dinggate::domain::sync::ChangeKind;
use dingtalk_sim::{Fault, NewPerson, PersonChange, company};
use sqlx::PgPool;

use super::*;

/// What the client takes for no name at all, although the cloud gives one.
const NO_NAME: &str = "\0";
const LACKS_NAME: &str = "DingTalk's record lacks a readable name";

fn in_department(userid: &str, dept_id: i64) -> NewPerson {
    NewPerson {
        userid: Some(userid.to_owned()),
        departments: vec![dept_id],
        ..NewPerson::named("新同事")
    }
}

/// Which departments the last run has passed over, and why.
async fn odd_departments(company: &Company) -> Vec<(i64, String)> {
    let skipped = ChangeFilter {
        kind: Some(ChangeKind::Skipped),
        ..ChangeFilter::default()
    };
    let records = company.changes(&skipped).await.into_iter();
    records
        .map(|record| (record.dept_id.unwrap(), in_english(record.reason)))
        .collect()
}

#[sqlx::test]
async fn a_department_without_a_name_is_passed_over_with_everybody_below_it_brought_in(
    pool: PgPool,
) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    let fresh = sim.create_department(NO_NAME, TECHNOLOGY).unwrap().dept_id;
    let below = sim.create_department("新组", fresh).unwrap().dept_id;
    for (userid, dept_id) in [("within", fresh), ("below", below)] {
        sim.hire_quietly(in_department(userid, dept_id)).unwrap();
    }
    sim.rename_department(1, NO_NAME).unwrap();
    sim.rename_department(FINANCE, NO_NAME).unwrap();
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    let name =
        format!("SELECT count(*) FROM department WHERE dept_id = {FINANCE} AND name = '财务部'");
    let places = format!(
        "SELECT count(*) FROM staff_department WHERE (userid, dept_id) IN (('within', {fresh}), ('below', {below}))"
    );
    for numbers_now in [[2, 0, 0, 1, 3], [0, 0, 0, 0, 3]] {
        let summary = company.sync().await;
        assert_eq!(
            (summary.state, numbers(&summary)),
            (State::Done, numbers_now),
            "{:?}",
            summary.problem
        );
        let mut odd = odd_departments(&company).await;
        odd.sort_unstable();
        let expected = [1, FINANCE, fresh].map(|id| (id, LACKS_NAME.to_owned()));
        assert_eq!(odd, expected);
        assert_eq!(
            company.number(&name).await,
            1,
            "neither renamed nor removed"
        );
        assert_eq!(company.number(&places).await, 2);
    }
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let tree =
        dinggate::store::department_tree::tree(&mut conn, &dinggate::domain::rights::Scope::All)
            .await
            .unwrap();
    let node = tree.get(below).unwrap();
    assert_eq!((node.parent, node.own), (None, 1), "shown at the top");
    assert!(tree.get(fresh).is_none());

    sim.rename_department(fresh, "有名字了").unwrap();
    let summary = company.sync().await;
    let run = company.last_run().await;
    assert_eq!(
        (summary.state, run.counts.departments_added),
        (State::Done, 1)
    );
}

#[sqlx::test]
async fn a_department_that_no_list_names_and_that_has_no_name_stays(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    let empty = sim.create_department("空部门", 1).unwrap().dept_id;
    company.sync().await;
    sim.rename_department(empty, NO_NAME).unwrap();
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    let directory = sim.directory();
    let others = directory.children(1).filter(|child| child.dept_id != empty);
    let others: Vec<_> = others
        .map(|child| json!({"dept_id": child.dept_id, "name": child.name, "parent_id": 1}))
        .collect();
    sim.fault_times(LIST_SUB, page(&json!(others)), 1);
    let summary = company.sync().await;
    assert_eq!(
        (
            summary.state,
            summary.counts.left,
            company.last_run().await.counts.departments_removed
        ),
        (State::Done, 1, 0),
        "{:?}",
        summary.problem
    );
    let expected = [(empty, LACKS_NAME.to_owned())];
    assert_eq!(odd_departments(&company).await, expected);
}

#[sqlx::test]
async fn a_department_whose_id_cannot_be_read_makes_the_run_partial(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    let odd =
        page(&json!([{"dept_id": TECHNOLOGY, "name": "技术中心"}, {"dept_id": {}, "name": "谁"}]));
    company.sim.fault_times(LIST_SUB, odd, 1);
    let summary = company.sync().await;
    assert_eq!((summary.state, summary.counts.left), (State::Partial, 0));
}

#[sqlx::test]
async fn somebody_whom_no_list_names_and_whose_record_cannot_be_read_stays_and_the_others_leave(
    pool: PgPool,
) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    let nameless = PersonChange {
        name: Some(NO_NAME.to_owned()),
        ..PersonChange::default()
    };
    sim.change_quietly(IN_ROOT, nameless).unwrap();
    let nobody = page(&json!({"has_more": false, "list": []}));
    sim.fault_times(USER_LIST, nobody, 1);
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 0, 1, 1]),
        "{:?}",
        summary.problem
    );
    let expected = [(IN_ROOT.to_owned(), LACKS_NAME.to_owned())];
    assert_eq!(company.reasons().await, expected);
    assert!(company.is_employed(IN_ROOT).await);
}

#[sqlx::test]
async fn an_answer_about_nobody_or_somebody_else_spares_nobody(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    for record in [json!({}), json!({"userid": IN_ROOT})] {
        company.sim.fault(USER_GET, page(&record));
        let summary = company.sync().await;
        assert_eq!((summary.state, numbers(&summary)), (State::Partial, [0; 5]));
    }
}

#[sqlx::test]
async fn a_list_that_is_left_out_is_empty_where_nobody_is(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    sim.create_department("空部门", 1).unwrap();
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    sim.fault(USER_LIST, Fault::OmitEmptyList);
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 0, 1, 0]),
        "{:?}",
        summary.problem
    );
    assert_eq!(company.last_run().await.counts.departments_added, 1);
}

#[sqlx::test]
async fn a_list_that_is_left_out_where_somebody_is_marks_nobody_as_left(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    let everybody = company.employed().await;
    // Of the root alone, and of so many departments that the brake would stop the run.
    for (lists, accept_leavers) in [(1, false), (1, true), (7, false), (7, true), (1000, true)] {
        let without_list = page(&json!({"has_more": false}));
        sim.fault_times(USER_LIST, without_list, lists);
        let request = Request {
            accept_leavers,
            ..request()
        };
        let summary = company.run(request).await.unwrap();
        assert_eq!(
            (summary.state, summary.counts.left, summary.counts.withheld),
            (State::Partial, 0, 0),
            "{lists}: {:?}",
            summary.problem
        );
        assert_eq!(company.employed().await, everybody, "{lists}");
        sim.clear_faults();
    }
    assert_eq!(company.sync().await.state, State::Done);
}

#[sqlx::test]
async fn an_endless_name_is_cut_and_stored(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    // No two parts of it are the same: an index cannot hold it, however it is packed.
    let parts: Vec<String> = (0..9_000).map(|n| format!("{:x}名", n * 7919)).collect();
    let change = PersonChange {
        name: Some(parts.concat()),
        ..PersonChange::default()
    };
    company
        .sim
        .change_quietly(company::EMPLOYEE, change)
        .unwrap();
    let summary = company.sync().await;
    assert_eq!((summary.state, summary.counts.changed), (State::Done, 1));
}

#[sqlx::test]
async fn an_odd_userid_in_the_scope_does_not_hide_the_rest(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    let scopes = |departments: &[i64]| {
        let scopes = json!({"authed_dept": departments, "authed_user": [company::EMPLOYEE, {}]});
        Fault::Json(json!({"errcode": 0, "auth_org_scopes": scopes}))
    };
    company.sim.fault(SCOPES, scopes(&[TECHNOLOGY]));
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Partial, [0, 0, 0, 0, 1])
    );
    assert_eq!(company.sim.calls(USER_GET), 1, "the other one is looked at");
    company.sim.fault(SCOPES, scopes(&[1]));
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 0, 1, 0])
    );
}
