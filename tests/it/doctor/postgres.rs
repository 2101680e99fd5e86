//! Postgres out of reach, refusing, read-only, or with another schema.

use sqlx::{ConnectOptions as _, PgPool};

use super::{examine, standin, surroundings, with};
use crate::support::free_port;

#[sqlx::test]
async fn without_postgres_the_credentials_are_checked_all_the_same(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let url = format!("postgres://gate:hunter2@127.0.0.1:{}/gate", free_port());
    let report = examine(&with(&settings, &[("DATABASE_URL", &url)]));
    report
        .check("postgres")
        .is("failure", "Connection refused", "DATABASE_URL");
    for name in [
        "postgres_clock",
        "migrations",
        "last_event",
        "events",
        "last_sync",
        "alerts",
        "administrators",
    ] {
        report
            .check(name)
            .is("skipped", "no connection to Postgres", "");
    }
    for name in [
        "app_credentials",
        "login_app_credentials",
        "qyapi_get_member",
        "contact_scope",
    ] {
        report.check(name).is("ok", "", "");
    }
    assert_eq!(report.with_status("failure"), ["postgres"]);
    assert!(sim.max_in_flight() <= 1);
    assert_eq!(
        sim.calls("/gettoken"),
        2,
        "the probe, and one token for all"
    );
}

#[sqlx::test]
async fn each_refusal_of_postgres_says_what_to_do(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    let refusing = standin::postgres_refusing(
        "28P01",
        "password authentication failed for user \"gate\" (hunter2)",
    );
    let url = format!("postgres://gate:hunter2@127.0.0.1:{refusing}/gate");
    examine(&with(&settings, &[("DATABASE_URL", &url)]))
        .check("postgres")
        .is(
            "failure",
            "28P01: password authentication failed",
            "the password of gate in DATABASE_URL",
        );
    // As whoever the tests may be: a server that wants a password looks at that first.
    let here = (*pool.connect_options()).clone();
    let url = here.database("no_such_database").to_url_lossy();
    let url = url.to_string();
    examine(&with(&settings, &[("DATABASE_URL", &url)]))
        .check("postgres")
        .is("failure", "3D000", "create the database");
    let refusing = standin::postgres_refusing("28000", "role \"no_such_role\" does not exist");
    let url = format!("postgres://no_such_role@127.0.0.1:{refusing}/postgres");
    examine(&with(&settings, &[("DATABASE_URL", &url)]))
        .check("postgres")
        .is("failure", "28000", "no_such_role");
    let garbage = standin::answering(&standin::http("200 OK", "", "hello"));
    let url = format!("postgres://gate:hunter2@127.0.0.1:{garbage}/gate");
    examine(&with(&settings, &[("DATABASE_URL", &url)]))
        .check("postgres")
        .is("failure", "", "DATABASE_URL");
}

#[sqlx::test]
async fn a_server_that_takes_no_writes_is_a_failure(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    let url = format!(
        "{}?options=-c%20default_transaction_read_only%3Don",
        settings["DATABASE_URL"].split('?').next().unwrap()
    );
    examine(&with(&settings, &[("DATABASE_URL", &url)]))
        .check("postgres")
        .is("failure", "takes no writes", "primary");
}

#[sqlx::test]
async fn pending_changed_and_newer_migrations_are_told_apart(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    examine(&settings)
        .check("migrations")
        .is("ok", "applied", "");
    let run = async |statement: &'static str| {
        sqlx::raw_sql(statement).execute(&pool).await.unwrap();
    };
    run(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99991231235959, 'from the future', true, '', 0)",
    )
    .await;
    let report = examine(&settings);
    report
        .check("migrations")
        .is("warning", "1 are newer", "newer version");
    report.check("last_sync").is("warning", "no full sync", "");
    run(
        "DELETE FROM _sqlx_migrations WHERE version > 90000000000000;
         DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .await;
    let report = examine(&settings);
    report
        .check("migrations")
        .is("warning", "pending: 2026", "dinggate migrate");
    report
        .check("administrators")
        .is("skipped", "migrations are pending", "");
    let report = examine(&with(&settings, &[("DINGGATE_MIGRATE", "off")]));
    report
        .check("migrations")
        .is("failure", "pending: 2026", "DINGGATE_MIGRATE");
    run("UPDATE _sqlx_migrations SET checksum = '' WHERE version = (SELECT min(version) FROM _sqlx_migrations)").await;
    examine(&settings).check("migrations").is(
        "failure",
        "not as this version knows them",
        "version",
    );
}
