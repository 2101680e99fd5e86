//! When administrators are told that the directory is in doubt.

use dingtalk_sim::{Fault, PersonChange, company};
use sqlx::PgPool;

use super::*;

const SYNC: &str = "directory:sync";
const UNANNOUNCED: &str = "directory:unannounced";

fn change(company: &Company, change: PersonChange) {
    company
        .sim
        .change_quietly(company::EMPLOYEE, change)
        .unwrap();
}

fn titled(title: &str) -> PersonChange {
    PersonChange {
        title: Some(title.to_owned()),
        ..PersonChange::default()
    }
}

#[sqlx::test]
async fn changes_that_no_event_had_announced_are_told_until_a_run_finds_none(pool: PgPool) {
    let company = Company::new(&pool);
    company.sync().await;
    assert_eq!(
        company.alert(UNANNOUNCED).await,
        None,
        "the first run finds everybody"
    );
    company.sim.set_callback_url(None);
    change(&company, titled("经理"));
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    company.sync().await;
    let run = company.last_run().await;
    assert_eq!(run.unannounced, 2);
    assert_eq!(
        company.alert(UNANNOUNCED).await,
        Some(format!("{}:2", run.id))
    );

    let avatar = PersonChange {
        avatar: Some("https://img.example/new.png".to_owned()),
        ..PersonChange::default()
    };
    change(&company, avatar);
    let summary = company.sync().await;
    assert_eq!(
        (summary.counts.changed, company.last_run().await.unannounced),
        (1, 0)
    );
    // The looks after the leaving are over by then.
    assert_eq!(company.alert(UNANNOUNCED).await, None);
}

#[sqlx::test]
async fn what_an_event_still_waits_to_tell_is_announced(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    change(&company, titled("经理"));
    company.receive("user_modify_org", company::EMPLOYEE).await;
    let summary = company.sync().await;
    assert_eq!(
        (summary.counts.changed, company.last_run().await.unannounced),
        (1, 0)
    );
}

#[sqlx::test]
async fn a_run_that_did_not_go_well_is_told_until_one_does(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.execute("INSERT INTO alert (kind, detail) VALUES ('directory:failed_events', '3'), ('directory:lost_events', 'x')").await;
    for (path, fault, state) in [
        (LIST_SUB, Fault::ErrCode(60011), "partial"),
        ("*", Fault::Http(503), "failed"),
    ] {
        company.sim.fault(path, fault);
        company.sync().await;
        let run = company.last_run().await;
        assert_eq!(run.state.as_str(), state);
        assert_eq!(
            company.alert(SYNC).await,
            Some(format!("{}:{state}", run.id))
        );
        company.sim.clear_faults();
    }
    assert!(company.alert("directory:failed_events").await.is_some());
    company.sync().await;
    for kind in [SYNC, "directory:failed_events", "directory:lost_events"] {
        assert_eq!(company.alert(kind).await, None, "{kind}");
    }
}

#[sqlx::test]
async fn events_that_are_lost_while_a_run_reads_are_not_made_up_for_by_it(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company
        .sync_during(async |run| {
            run.root_is_read().await;
            company
                .execute("INSERT INTO alert (kind, detail) VALUES ('directory:lost_events', 'x')")
                .await;
        })
        .await;
    assert!(company.alert("directory:lost_events").await.is_some());
}
