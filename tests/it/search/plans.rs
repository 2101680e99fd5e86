//! A search reads a range of an index, however many people there are.

use dinggate::domain::ids::{UnionId, UserId};
use dinggate::domain::rights::{ContactView, Scope};
use dinggate::store::search::{self, Search};
use dinggate::store::staff_timeline::{self, TimelineFilter};
use dinggate::store::{Conn, Db, StoreError, search_index};
use sqlx::PgPool;

const MANY: &str = "
INSERT INTO staff (userid, unionid, name, mobile) SELECT 'u' || n, 'un' || n, '张' || chr(20000 + n % 5000), '138' || lpad(n::text, 8, '0') FROM generate_series(1, 100000) n;
TRUNCATE search_term_due;
-- As many terms as people have, without the time that spelling takes.
INSERT INTO search_term (term, id, is_case, is_contact)
    SELECT unnest(ARRAY[userid, unionid, name, substr(name, 2), 'zhang' || substr(userid, 2), 'z' || substr(userid, 2)]), userid, false, false FROM staff
    UNION ALL SELECT mobile, userid, false, true FROM staff;
INSERT INTO audit_entry (actor, actor_kind, action, userid, status, reference) SELECT 'u' || n, 'person', 'login', 'u' || n, 'in', 'R' || n FROM generate_series(1, 100000) n;
INSERT INTO event (dedupe_key, event_type, userids, state) SELECT 'id:' || n, 'user_modify_org', ARRAY['u' || n], 'applied' FROM generate_series(1, 100000) n;
INSERT INTO staff_history (userid, before, after) SELECT 'u' || n, '{\"title\": \"a\"}', '{\"title\": \"b\"}' FROM generate_series(1, 100000) n;
ANALYZE";

/// How often this transaction has read a table from end to end, and how many of its rows it has fetched by an index.
async fn reads(conn: &mut Conn, table: &str) -> (i64, i64) {
    #[expect(clippy::disallowed_methods, reason = "a test reads the server's statistics")]
    sqlx::query_as("SELECT seq_scan, coalesce(idx_tup_fetch, 0)::bigint FROM pg_stat_xact_user_tables WHERE relname = $1")
        .bind(table.to_owned())
        .fetch_one(conn)
        .await
        .unwrap()
}

#[sqlx::test]
async fn a_search_reads_a_range_of_an_index(pool: PgPool) {
    sqlx::raw_sql(MANY).execute(&pool).await.unwrap();
    let db = Db::from_pool(pool);
    for (q, contacts) in [
        ("u77777", ContactView::Full),
        ("zhang77777", ContactView::Full),
        ("13800077777", ContactView::Full),
        ("13800077777", ContactView::Masked),
        ("138", ContactView::Masked),
        // These begin the terms of everybody.
        ("张", ContactView::Full),
        ("z", ContactView::Masked),
    ] {
        let wanted = Search {
            q: q.to_owned(),
            scope: Scope::All,
            contacts,
        };
        let work = async |conn: &mut Conn| {
            let found = search::find(conn, &wanted).await?;
            let (terms, staff) = (reads(conn, "search_term").await, reads(conn, "staff").await);
            Ok::<_, StoreError>((found.len(), terms, staff))
        };
        let (found, terms, staff) = db.tx(work).await.unwrap();
        let expected = match (q, contacts) {
            ("张" | "z", _) => search::MOST + 1,
            ("13800077777" | "138", ContactView::Masked) => 0,
            _ => 1,
        };
        assert_eq!(found, expected, "{q}");
        assert_eq!((terms.0, staff.0), (0, 0), "{q} reads a whole table");
        assert!(
            terms.1 < 4_000 && staff.1 < 1_000,
            "{q}: {terms:?} {staff:?}"
        );
    }
    a_timeline_reads_the_rows_of_the_person(&db).await;
    let work = async |conn: &mut Conn| {
        search::attempt(conn, "R77777", &Scope::All).await?.unwrap();
        Ok::<_, StoreError>(reads(conn, "audit_entry").await)
    };
    assert_eq!(db.tx(work).await.unwrap(), (0, 1));
}

async fn a_timeline_reads_the_rows_of_the_person(db: &Db) {
    let filter = TimelineFilter {
        userid: UserId::parse("u77777").unwrap(),
        unionid: UnionId::parse("un77777").ok(),
        kind: None,
        includes_events: true,
    };
    let work = async |conn: &mut Conn| {
        let found = staff_timeline::found(conn, &filter).await?;
        let mut all = Vec::new();
        for table in ["audit_entry", "event", "staff_history", "unmatched_attempt"] {
            all.push(reads(conn, table).await);
        }
        Ok::<_, StoreError>((found.len(), all))
    };
    let (found, all) = db.tx(work).await.unwrap();
    assert_eq!(found, 3);
    assert!(
        all.iter().all(|(scans, rows)| *scans == 0 && *rows < 10),
        "{all:?}"
    );
}

#[sqlx::test]
async fn terms_are_computed_in_batches_and_by_one_instance_at_a_time(pool: PgPool) {
    sqlx::raw_sql(
        "INSERT INTO staff (userid, name) SELECT 'u' || n, '张三' FROM generate_series(1, 25) n",
    )
    .execute(&pool)
    .await
    .unwrap();
    let (db, other) = (Db::from_pool(pool.clone()), Db::from_pool(pool));
    let work = async |conn: &mut Conn| {
        assert_eq!(search_index::index_due(conn, 10).await?, 10);
        // What this transaction has taken is left alone.
        let rest = other
            .tx(async |conn| search_index::index_due(conn, 100).await)
            .await?;
        Ok::<_, StoreError>(rest)
    };
    assert_eq!(db.tx(work).await.unwrap(), 15);
    assert_eq!(
        db.tx(async |conn| search_index::index_due(conn, 100).await)
            .await
            .unwrap(),
        0
    );
    let wanted = Search {
        q: "zs".to_owned(),
        ..Search::default()
    };
    let found = db
        .read(async |conn| search::find(conn, &wanted).await)
        .await
        .unwrap();
    assert_eq!(found.len(), 25);
}
