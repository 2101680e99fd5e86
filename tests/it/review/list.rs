//! The list of cases, and what a case shows.

use dinggate::domain::case::Refusal;
use dinggate::domain::ids::{UnionId, UserId};
use dinggate::store::unmatched::{self, Attempt};
use dingtalk_sim::{Outsider, company};
use sqlx::PgPool;
use url::form_urlencoded;

use super::{case_of, spawn, text, turned_away};

#[sqlx::test]
async fn people_of_the_company_are_the_default_and_outsiders_a_filter(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    turned_away(&app, &person.unionid, "pending_review").await;
    turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    for (query, has_person, has_stranger) in [
        ("", true, false),
        ("?reason=company", true, false),
        ("?reason=pending_review&state=waiting", true, false),
        ("?reason=left", false, false),
        ("?reason=not_employee", false, true),
        ("?reason=all", true, true),
        ("?reason=all&state=all", true, true),
        ("?reason=all&state=approved", false, false),
        ("?reason=all&q=STR4NGERZX6", false, true),
        ("?q=zhangsan01", true, false),
        ("?q=100%25", false, false),
        ("?reason=all&per_page=x", true, true),
        ("?reason=all&page=-1&per_page=100000", true, true),
    ] {
        let page = admin.get(&format!("/admin/unmatched{query}")).await;
        let seen = (
            page.status,
            page.body.contains(&person.unionid),
            page.body.contains(company::STRANGER_UNIONID),
        );
        assert_eq!(seen, (200, has_person, has_stranger), "{query}");
    }
    for (query, named) in [
        ("?reason=nonsense", "nonsense"),
        ("?state=gone", "gone"),
        ("?state=%3Cb%3E", "&#60;b&#62;"),
    ] {
        for page in ["/admin/unmatched", "/admin/unmatched.csv"] {
            let answer = admin.get(&format!("{page}{query}")).await;
            assert!(
                answer.status == 400 && answer.body.contains(named),
                "{page}{query}: {}",
                answer.body
            );
        }
    }
}

#[sqlx::test]
async fn pages_follow_each_other_from_the_latest_attempt_on(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(
        "INSERT INTO unmatched_login (unionid, nick, reason, last_request_id, last_seen_at)
         SELECT 'u-' || n, 'nick-' || n, 'pending_review', 'R', now() - n * interval '1 minute' FROM generate_series(1, 7) n",
    )
    .await;
    let nicks = |body: &str| {
        (1..=7)
            .filter(|n| body.contains(&format!(">nick-{n}<")))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        nicks(&admin.get("/admin/unmatched?per_page=3").await.body),
        [1, 2, 3]
    );
    assert_eq!(
        nicks(&admin.get("/admin/unmatched?per_page=3&page=3").await.body),
        [7]
    );
}

#[sqlx::test]
async fn a_chosen_name_proves_nothing_and_runs_nothing(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let name = app.sim.person(company::ADMIN).unwrap().name;
    for (unionid, nick) in [
        ("OutsiderNamedLikeAdm1n", name.as_str()),
        ("OutsiderWithAScr1pt", "<script>alert(1)</script>"),
    ] {
        app.sim.add_outsider(Outsider {
            unionid: unionid.into(),
            nick: nick.into(),
            external_userid: None,
        });
        turned_away(&app, unionid, "not_employee").await;
    }
    let list = admin.get("/admin/unmatched?reason=all").await.body;
    assert!(
        list.contains("chosen by the person who scans")
            && list.contains("Only the name is the same"),
        "{list}"
    );
    assert!(
        !list.contains("<script>alert") && list.contains("&#60;script&#62;alert(1)"),
        "{list}"
    );
    let id = case_of(&app, "OutsiderNamedLikeAdm1n").await;
    let page = admin.get(&format!("/admin/unmatched/{id}")).await.body;
    assert!(
        page.contains("A matching name is not proof of identity") && page.contains(company::ADMIN),
        "{page}"
    );
}

#[sqlx::test]
async fn a_new_attempt_waits_again_unless_the_person_was_rejected(pool: PgPool) {
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let (unionid, userid) = (UnionId::parse("u1").unwrap(), UserId::parse("p1").unwrap());
    let attempt = |reason, nick| Attempt {
        unionid: &unionid,
        userid: Some(&userid),
        nick,
        reason,
        request_id: "REF",
    };
    for (before, after, decider) in [
        ("approved", "waiting", ""),
        ("closed", "waiting", ""),
        ("rejected", "rejected", "boss"),
    ] {
        unmatched::record(&mut conn, attempt(Refusal::PendingReview, "first"))
            .await
            .unwrap();
        let decided = format!(
            "UPDATE unmatched_login SET state = '{before}', decided_by = 'boss', decided_at = now()"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(decided))
            .execute(&mut conn)
            .await
            .unwrap();
        unmatched::record(&mut conn, attempt(Refusal::Left, "second\u{0}"))
            .await
            .unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "a test reads what the product wrote in its own way"
        )]
        let row: (String, String, String, i32, String) = sqlx::query_as(
            "SELECT state, reason, nick, attempts, coalesce(decided_by, '') FROM unmatched_login",
        )
        .fetch_one(&mut conn)
        .await
        .unwrap();
        assert_eq!(
            row,
            (
                after.into(),
                "left".into(),
                "second".into(),
                2,
                decider.into()
            ),
            "{before}"
        );
        sqlx::raw_sql("DELETE FROM unmatched_login")
            .execute(&mut conn)
            .await
            .unwrap();
    }
    unmatched::record(&mut conn, attempt(Refusal::Rejected, "nobody knows"))
        .await
        .unwrap();
    assert_eq!(
        unmatched::count(
            &mut conn,
            &unmatched::CaseFilter {
                state: None,
                ..Default::default()
            }
        )
        .await
        .unwrap(),
        0
    );
}

#[sqlx::test]
async fn what_nobody_touched_for_90_days_goes(pool: PgPool) {
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    sqlx::raw_sql(
        "INSERT INTO unmatched_login (unionid, nick, reason, last_request_id, state, last_seen_at, decided_at) VALUES
           ('old-waiting', 'x', 'left', 'R', 'waiting', now() - interval '91 days', NULL),
           ('old-closed', 'x', 'left', 'R', 'closed', now() - interval '91 days', NULL),
           ('old-reopened', 'x', 'left', 'R', 'waiting', now() - interval '91 days', now()),
           ('old-rejected', 'x', 'left', 'R', 'rejected', now() - interval '400 days', now() - interval '400 days'),
           ('young', 'x', 'left', 'R', 'waiting', now() - interval '89 days', NULL)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let days_90 = std::time::Duration::from_hours(24 * 90);
    assert_eq!(unmatched::sweep(&mut conn, days_90).await.unwrap(), 2);
    let all = unmatched::CaseFilter {
        state: None,
        ..Default::default()
    };
    let mut left: Vec<_> = unmatched::list(&mut conn, &all, None, 10, 0)
        .await
        .unwrap()
        .into_iter()
        .map(|case| case.unionid.into_string())
        .collect();
    left.sort();
    assert_eq!(left, ["old-rejected", "old-reopened", "young"]);
}

#[sqlx::test]
async fn a_case_tells_its_history(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    super::decide(&mut admin, id, "reject", &[("reason", "a stranger")]).await;
    let reference = text(
        &app,
        &format!("SELECT last_request_id FROM unmatched_login WHERE id = {id}"),
    )
    .await;
    let page = admin.get(&format!("/admin/unmatched/{id}")).await.body;
    for part in [
        "Rejected",
        "a stranger",
        "Reopen",
        "Sign-in refused",
        &reference,
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[sqlx::test]
async fn decisions_lead_back_to_the_view_that_the_case_was_opened_from(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    let view = "/admin/unmatched?q=STR4&reason=all";
    let case = format!("/admin/unmatched/{id}?back=%2Fadmin%2Funmatched%3Fq%3DSTR4%26reason%3Dall");
    let (path, back) = case.split_once('?').unwrap();
    let list = admin.get(view).await.body;
    assert!(list.contains(&format!("href=\"{case}\"")), "{list}");
    let page = admin.get(&case).await.body;
    for link in [
        "<p class=\"crumbs\"><a href=\"/admin/unmatched?q=STR4&#38;reason=all\">".to_owned(),
        format!("action=\"{path}/reject?{back}\""),
    ] {
        assert!(page.contains(&link), "{link} is not in {page}");
    }
    // A form that comes back knows the view, too.
    let refused = admin.post(&format!("{path}/reject?{back}"), &[]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains(&format!("{path}/reject?{back}")));
    let because = [("reason", "a stranger")];
    let done = admin.post(&format!("{path}/reject?{back}"), &because).await;
    assert_eq!((done.status, done.location()), (303, view));
    let undo = format!("{path}/reopen?{back}");
    assert!(admin.get(view).await.body.contains(&undo));
    let reopened = admin.post(&undo, &[]).await;
    assert_eq!((reopened.status, reopened.location()), (303, case.as_str()));

    for elsewhere in [
        "https://evil.example/admin/unmatched",
        "//evil.example/admin/unmatched",
        "/admin/staff",
        "/admin/unmatched/../staff?q=x",
        "/logout",
    ] {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("back", elsewhere)
            .finish();
        let page = admin.get(&format!("{path}?{query}")).await.body;
        assert!(page.contains("crumbs\"><a href=\"/admin/unmatched\">"));
        assert!(page.contains(&format!("action=\"{path}/reject\"")));
        let done = admin
            .post(&format!("{path}/reject?{query}"), &because)
            .await;
        assert_eq!(
            (done.status, done.location()),
            (303, "/admin/unmatched"),
            "{elsewhere}"
        );
        admin.post(&format!("{path}/reopen"), &[]).await;
    }
}
