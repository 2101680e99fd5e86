//! Those who have gone: out at once, unless they are too many.

use dingtalk_sim::{NewPerson, PersonChange, company};
use sqlx::PgPool;

use super::*;

fn dismiss(company: &Company, count: usize) -> Vec<String> {
    company.sim.set_callback_url(None);
    let people: Vec<_> = company
        .sim
        .people()
        .into_iter()
        .map(|person| person.userid)
        .filter(|id| id != company::EMPLOYEE)
        .take(count)
        .collect();
    for userid in &people {
        company.sim.dismiss_quietly(userid).unwrap();
    }
    people
}

async fn sign_in(company: &Company, userid: &str) {
    company
        .execute(&format!(
            "INSERT INTO web_session (id, key_hash, userid, unionid, csrf_token, idle_expires_at, expires_at, method, ip, user_agent)
             SELECT gen_random_uuid(), userid::bytea, userid, unionid, 'c', now() + interval '1 h', now() + interval '1 h', 'qr', '::1', 'x'
             FROM staff WHERE userid = '{userid}'"
        ))
        .await;
}

#[sqlx::test]
async fn a_leaver_is_out_with_all_sessions_on_record_and_looked_at_again_later(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let gone = dismiss(&company, 2);
    for userid in gone.iter().map(String::as_str).chain([company::EMPLOYEE]) {
        sign_in(&company, userid).await;
    }
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 0, 2, 0])
    );
    assert_eq!(
        company.number("SELECT count(*) FROM web_session").await,
        1,
        "the others stay signed in"
    );
    assert_eq!(
        company
            .number("SELECT count(*) FROM staff WHERE status = 'left' AND left_cause = 'sync'")
            .await,
        2
    );
    assert_eq!(company.number("SELECT count(*) FROM audit_entry WHERE action = 'staff.left' AND actor = 'system' AND status = 'sync'").await, 2);
    assert_eq!(
        company
            .number("SELECT count(*) FROM subject_recheck, unnest(reasons) AS reason WHERE reason = 'leave'")
            .await,
        4
    );
}

#[sqlx::test]
async fn too_many_leavers_stop_at_the_brake_until_they_are_accepted(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let gone = dismiss(&company, 8);
    company
        .sim
        .hire_quietly(NewPerson {
            userid: Some("fresh".into()),
            ..NewPerson::named("新同事")
        })
        .unwrap();
    company
        .sim
        .change_quietly(
            company::EMPLOYEE,
            PersonChange {
                title: Some("财务经理".into()),
                ..PersonChange::default()
            },
        )
        .unwrap();
    let everybody = company.employed().await;
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary), summary.counts.withheld),
        (State::Stopped, [1, 1, 0, 0, 0], 8)
    );
    assert!(
        summary
            .problem
            .is_some_and(|problem| sync_problem(Lang::En, &problem).starts_with("8 of "))
    );
    assert_eq!(company.employed().await, everybody + 1);
    assert_eq!(
        company
            .number("SELECT count(*) FROM sync_run WHERE state = 'stopped' AND withheld = 8")
            .await,
        1
    );

    let shown = company.run(dry()).await.unwrap();
    assert_eq!((shown.state, shown.counts.withheld), (State::Stopped, 8));

    let summary = company.run(accepting()).await.unwrap();
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 0, 8, 0])
    );
    for userid in gone {
        assert_eq!(company.status(&userid).await.as_deref(), Some("left"));
    }
}

#[sqlx::test]
async fn up_to_five_leavers_are_never_too_many(pool: PgPool) {
    let company = Company::new(&pool);
    company.sync().await;
    dismiss(&company, 5);
    let summary = company.sync().await;
    assert_eq!((summary.state, summary.counts.left), (State::Done, 5));
}

#[sqlx::test]
async fn a_rehire_under_the_old_userid_returns_and_one_under_a_new_userid_takes_the_unionid_over(
    pool: PgPool,
) {
    let company = Company::imported(&pool).await;
    let unionid = company.column(company::BIG_ORDER, "unionid").await;
    company.sim.set_callback_url(None);
    company.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    assert_eq!(company.sync().await.counts.left, 1);
    company.sim.rehire_quietly(company::EMPLOYEE, None).unwrap();
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    company
        .sim
        .rehire_quietly(company::BIG_ORDER, Some("newid77"))
        .unwrap();
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [1, 0, 1, 1, 0])
    );
    assert!(company.is_employed(company::EMPLOYEE).await && company.is_employed("newid77").await);
    assert_eq!(
        company.status(company::BIG_ORDER).await.as_deref(),
        Some("left")
    );
    assert_eq!(company.column("newid77", "unionid").await, unionid);
    assert_eq!(company.number("SELECT count(*) FROM audit_entry WHERE action = 'staff.returned' AND userid = 'zhangsan01'").await, 1);
    assert_eq!(
        company.sync().await.counts.unchanged,
        SyncCounts::of(company.sim.people().len())
    );
}

#[sqlx::test]
async fn unionids_may_change_hands_and_end_the_sessions_of_the_old_one(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let [first, second] = [company::EMPLOYEE, company::LEADING_ZERO]
        .map(|userid| company.sim.person(userid).unwrap());
    for userid in [company::EMPLOYEE, company::LEADING_ZERO, company::ADMIN] {
        sign_in(&company, userid).await;
    }
    let bears = |unionid: &str| PersonChange {
        unionid: Some(unionid.to_owned()),
        ..PersonChange::default()
    };
    company
        .sim
        .change_quietly(&first.userid, bears("in between"))
        .unwrap();
    company
        .sim
        .change_quietly(&second.userid, bears(&first.unionid))
        .unwrap();
    company
        .sim
        .change_quietly(&first.userid, bears(&second.unionid))
        .unwrap();
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 2, 0, 0, 0])
    );
    assert_eq!(
        company.column(&first.userid, "unionid").await,
        Some(second.unionid)
    );
    assert_eq!(
        company.column(&second.userid, "unionid").await,
        Some(first.unionid)
    );
    assert_eq!(company.number("SELECT count(*) FROM web_session").await, 1);
    let audited =
        "SELECT count(*) FROM audit_entry WHERE action = 'staff.unionid' AND reason <> ''";
    assert_eq!(company.number(audited).await, 2);
}

#[sqlx::test]
async fn who_shares_a_unionid_is_written_in_all_else(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let [first, second] = [company::EMPLOYEE, company::LEADING_ZERO]
        .map(|userid| company.sim.person(userid).unwrap());
    let renamed = PersonChange {
        title: Some("新职位".to_owned()),
        ..PersonChange::default()
    };
    company.sim.change_quietly(&second.userid, renamed).unwrap();
    company
        .sim
        .share_unionid_quietly(&second.userid, &first.unionid)
        .unwrap();
    let summary = company.sync().await;
    assert_eq!((summary.counts.changed, summary.counts.skipped), (1, 1));
    assert_eq!(
        company.column(&second.userid, "unionid").await,
        Some(second.unionid)
    );
    assert_eq!(
        company.column(&second.userid, "title").await.as_deref(),
        Some("新职位")
    );
}
