//! Grants of a version that named administrators by userid alone.

use dinggate::store::migrations::MIGRATOR;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

/// The migration that binds grants to pairs.
const BINDS: i64 = 20_261_130_000_110;

async fn execute(pool: &PgPool, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(pool)
        .await
        .unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_grant_that_cannot_be_bound_ends_with_a_line_that_says_why(pool: PgPool) {
    let before = MIGRATOR.iter().filter(|one| one.version < BINDS);
    for migration in before {
        execute(&pool, migration.sql.as_str()).await;
    }
    execute(
        &pool,
        "INSERT INTO staff (userid, unionid, name) VALUES ('has-pair', 'u-1', 'x'), ('without', NULL, 'x');
         INSERT INTO staff (userid, unionid, name, status, left_at, left_cause) VALUES ('gone', 'u-2', 'x', 'left', now(), 'event');
         INSERT INTO admin_grant (userid, granted_by)
             SELECT unnest(ARRAY['has-pair', 'without', 'gone', 'never-here']), 'test'",
    )
    .await;
    let binds = MIGRATOR.iter().find(|one| one.version == BINDS).unwrap();
    execute(&pool, binds.sql.as_str()).await;
    let statement = "SELECT userid || ':' || status || ':' || coalesce(unionid, '-') FROM audit_entry WHERE action = 'admin.revoke'
         UNION ALL SELECT userid || ' keeps ' || unionid FROM admin_grant ORDER BY 1";
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let rows = sqlx::query(statement).fetch_all(&pool).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        lines,
        [
            "gone:left:u-2",
            "has-pair keeps u-1",
            "never-here:no_row:-",
            "without:no_unionid:-",
        ]
    );
}
