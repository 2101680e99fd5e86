//! TLS to Postgres, with a certificate made as the documentation says.

use std::path::Path;
use std::process::Command;

use sqlx::PgPool;

use super::own_postgres::{OwnPostgres, is_root};
use super::{SOON, Scene};
use crate::cli;

/// The two lines of the documentation, for this host.
fn make_certificate(folder: &Path, host: &str) {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md"))
            .unwrap();
    let lines: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("openssl req"))
        .map(|line| line.replace("db.example.com", host))
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        let made = Command::new("sh")
            .arg("-c")
            .arg(&line)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{line}: {made:?}");
    }
    if is_root() {
        let owned = Command::new("sh")
            .args([
                "-c",
                "chown postgres server.key server.crt && chmod 600 server.key",
            ])
            .current_dir(folder)
            .status();
        assert!(owned.unwrap().success());
    }
}

#[tokio::test]
async fn the_documented_certificate_is_accepted_and_another_is_reported_as_what_it_is() {
    let postgres = OwnPostgres::start().await;
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    make_certificate(&postgres.data(), "localhost");
    let mut scene = Scene::without_staff(&pool);
    scene.execute("ALTER SYSTEM SET ssl = on").await;
    scene.execute("SELECT pg_reload_conf()").await;
    let ca = postgres.data().join("ca.crt");
    let copy = std::env::temp_dir().join(format!("dinggate-test-ca.{}", uuid::Uuid::new_v4()));
    std::fs::copy(ca, &copy).unwrap();
    let base = format!(
        "postgres://dinggate@localhost:{}/postgres?sslmode=",
        postgres.port()
    );
    let trusted = format!("{base}verify-full&sslrootcert={}", copy.display());
    let mut set = |url: String| {
        scene.settings.insert("DATABASE_URL".to_owned(), url);
        scene.settings.clone()
    };
    let settings = set(trusted.clone());
    crate::support::eventually("the server has read its certificate", SOON, async || {
        cli::run(&settings, &["migrate"]).code == Some(0)
    })
    .await;
    for (url, words) in [
        (
            format!("{base}verify-full"),
            "the certificate of Postgres is not accepted",
        ),
        (
            trusted.replace("localhost", "127.0.0.1"),
            "the certificate of Postgres is not accepted",
        ),
        (
            format!("{base}verify-full&sslrootcert=/no/such/file"),
            "No such file",
        ),
    ] {
        let settings = set(url);
        let ended = cli::run(&settings, &["migrate"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.err.contains(words) && !ended.err.contains("does not answer"),
            "{ended:?}"
        );
    }
    let settings = set(format!("{base}verify-full"));
    let report = cli::run(&settings, &["doctor"]);
    assert!(report.out.contains("no TLS with localhost"), "{report:?}");
    std::fs::remove_file(copy).unwrap();
    pool.close().await;
}
