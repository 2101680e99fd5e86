//! Postgres is there and takes no connection from us, or keeps texts in another encoding.

use std::time::Duration;

use sqlx::{ConnectOptions as _, PgPool};

use super::{Process, SOON, Scene};
use crate::cli;
use crate::support::eventually;

/// A role and databases of the test's own, taken away at its end, on the server of all tests.
struct Own {
    name: String,
    scene: Scene,
}

impl Own {
    async fn new(pool: &PgPool) -> Self {
        let own = Self {
            name: format!("own_{}", uuid::Uuid::new_v4().simple()),
            scene: Scene::new(pool).await,
        };
        let name = &own.name;
        own.execute(&format!(
            "CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{name}'"
        ))
        .await;
        own
    }

    async fn execute(&self, statement: &str) {
        self.scene.execute(statement).await;
    }

    /// Runs a statement from another database of the server, which nobody can be shut out of by it.
    async fn execute_elsewhere(&self, statement: &str) {
        let options = self.scene.pool.connect_options().as_ref().clone();
        let mut conn = options.database("postgres").connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut conn)
            .await
            .unwrap();
    }

    /// Lets the program come as that role, to a database of this name.
    fn come_to(&mut self, database: &str) {
        let options = self.scene.pool.connect_options().as_ref().clone();
        let options = options.username(&self.name).password(&self.name);
        let url = options.database(database).to_url_lossy().to_string();
        self.scene.settings.insert("DATABASE_URL".to_owned(), url);
    }

    fn database(&self) -> String {
        let options = self.scene.pool.connect_options();
        options.get_database().unwrap().to_owned()
    }

    async fn cut_off(&self) {
        self.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'",
            self.name
        ))
        .await;
    }

    async fn end(self) {
        self.cut_off().await;
        let name = &self.name;
        self.execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await;
        self.execute(&format!("REASSIGN OWNED BY {name} TO current_user"))
            .await;
        self.execute(&format!("DROP ROLE {name}")).await;
    }
}

/// Refused with this SQLSTATE while it serves: pages answer 503, the log says why, and all comes back.
async fn is_refused_for_a_while(
    own: &Own,
    process: &mut Process,
    refuse: &str,
    admit: &str,
    code: &str,
) {
    let person = own.scene.people(1)[0].clone();
    let mut browser = own.scene.signed_in(process, &person).await;
    own.execute_elsewhere(refuse).await;
    own.cut_off().await;
    // Connections that were in use a moment ago are not checked before they are used again.
    tokio::time::sleep(Duration::from_millis(150)).await;
    for path in ["/", "/login/qr?rd=/", "/login?rd=/"] {
        let answer = browser.clone().get(path).await;
        assert_eq!(answer.status, 503, "{path} {}", answer.body);
    }
    let ended = cli::run(&own.scene.settings, &["admin", "list"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains(&format!("refuses us ({code})")),
        "{ended:?}"
    );
    own.execute_elsewhere(admit).await;
    eventually("pages open again", SOON, async || {
        browser.get("/").await.status == 200
    })
    .await;
    assert!(process.is_running());
    let log = process.log();
    assert!(!log.contains("\"status\":500"), "{log}");
    let told = log.matches("cannot connect to Postgres").count();
    assert_eq!(told, 1, "once a minute: {log}");
}

#[sqlx::test]
async fn a_role_that_may_not_log_in_any_more(pool: PgPool) {
    let mut own = Own::new(&pool).await;
    own.scene.employ(&own.scene.people(1)).await;
    own.come_to(&own.database());
    let mut process = own.scene.serve().await;
    let (refuse, admit) = (
        format!("ALTER ROLE {} NOLOGIN", own.name),
        format!("ALTER ROLE {} LOGIN", own.name),
    );
    is_refused_for_a_while(&own, &mut process, &refuse, &admit, "28000").await;
    drop(process);
    own.end().await;
}

#[sqlx::test]
async fn a_database_that_takes_no_connections_any_more(pool: PgPool) {
    let mut own = Own::new(&pool).await;
    own.scene.employ(&own.scene.people(1)).await;
    own.come_to(&own.database());
    let mut process = own.scene.serve().await;
    let allow = |is: bool| {
        format!(
            "ALTER DATABASE \"{}\" ALLOW_CONNECTIONS {is}",
            own.database()
        )
    };
    is_refused_for_a_while(&own, &mut process, &allow(false), &allow(true), "55000").await;
    drop(process);
    own.end().await;
}

#[sqlx::test]
async fn serve_waits_for_a_database_that_is_not_there_yet_and_commands_say_so(pool: PgPool) {
    let mut own = Own::new(&pool).await;
    own.come_to(&own.name.clone());
    for args in [&["migrate"][..], &["sync"], &["admin", "list"], &["doctor"]] {
        let ended = cli::run(&own.scene.settings, args);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let said = ended.err + &ended.out;
        assert!(
            said.contains("3D000") && said.contains("does not exist"),
            "{said}"
        );
    }
    let mut process = Process::start(&own.scene.settings);
    eventually("it says for what it waits", SOON, async || {
        process.log().contains("refuses us (3D000)")
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(process.is_running() && process.answers("/login?rd=/", 503).await);
    assert_eq!(process.log().matches("waiting for Postgres").count(), 1);
    own.execute(&format!("CREATE DATABASE {}", own.name)).await;
    process.wait_until_ready().await;
    drop(process);
    own.end().await;
}

#[sqlx::test]
async fn a_database_of_another_encoding_is_refused_with_the_remedy(pool: PgPool) {
    let mut own = Own::new(&pool).await;
    own.execute(&format!(
        "CREATE DATABASE {} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
        own.name
    ))
    .await;
    own.come_to(&own.name.clone());
    for args in [&["migrate"][..], &["sync"], &["doctor"]] {
        let ended = cli::run(&own.scene.settings, args);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let said = ended.err + &ended.out;
        for words in ["LATIN1", "UTF8", "CREATE DATABASE"] {
            assert!(said.contains(words), "{args:?} {said}");
        }
    }
    let mut process = Process::start(&own.scene.settings);
    assert_eq!(process.ended(SOON).await, Some(1));
    assert!(
        process.log().contains("encoded as LATIN1"),
        "{}",
        process.log()
    );
    drop(process);
    own.end().await;
}
