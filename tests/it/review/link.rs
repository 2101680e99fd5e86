//! Linking a case to a staff row: only to the row that DingTalk itself names.

use dingtalk_sim::company;
use sqlx::PgPool;

use super::{assert_refused, decide, gets_in, spawn, state_of, turned_away};
use crate::support::TestApp;

#[sqlx::test]
async fn a_row_without_a_unionid_or_with_an_old_one_is_linked(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    for (userid, unionid, words) in [
        (company::EMPLOYEE, "NULL", "DingTalk returns this userid"),
        (
            company::BIG_ORDER,
            "'an-old-one'",
            "Same userid, different unionid",
        ),
    ] {
        let change = format!("UPDATE staff SET unionid = {unionid} WHERE userid = '{userid}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(change))
            .execute(&pool)
            .await
            .unwrap();
        let person = app.sim.person(userid).unwrap();
        let id = turned_away(&app, &person.unionid, "pending_review").await;
        let page = admin.get(&format!("/admin/unmatched/{id}")).await;
        assert!(
            page.body.contains(words) && page.body.contains("Link to this person"),
            "{}",
            page.body
        );
        assert_eq!(
            decide(&mut admin, id, "approve", &[("userid", userid)])
                .await
                .status,
            303
        );
        assert_eq!(state_of(&app, id).await, "approved");
        assert!(gets_in(&app, &person.unionid).await);
    }
}

#[sqlx::test]
async fn a_link_to_anybody_else_is_refused(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    app.execute("UPDATE staff SET unionid = NULL WHERE userid IN ('zhangsan01', 'wangwei07')")
        .await;
    app.execute(
        "UPDATE staff SET unionid = NULL, status = 'left', left_at = now(), left_cause = 'manual', held_by = 'x', held_at = now()
         WHERE userid = 'lina08'",
    )
    .await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    for (userid, sentence) in [
        (
            company::BIG_ORDER,
            "DingTalk says that this person is zhangsan01",
        ),
        (
            company::ADMIN,
            "DingTalk says that this person is zhangsan01",
        ),
        (
            company::TWO_DEPARTMENTS,
            "lina08 was marked as left by an administrator",
        ),
        (
            "nobody-at-all",
            "There is no nobody-at-all in the staff table",
        ),
        ("<i>\u{7}", "There is no &#60;i&#62;"),
    ] {
        assert_refused(
            &decide(&mut admin, id, "approve", &[("userid", userid)]).await,
            409,
            sentence,
        );
        assert_eq!(state_of(&app, id).await, "waiting");
    }
    let linked = format!(
        "SELECT count(*) FROM staff WHERE unionid = '{}'",
        person.unionid
    );
    assert_eq!(app.number(&linked).await, 0);
    let holder = app.number("SELECT count(*) FROM staff WHERE userid = 'lina08' AND status = 'left' AND held_at IS NOT NULL").await;
    assert_eq!(holder, 1);
    assert!(!gets_in(&app, &person.unionid).await);
}

#[sqlx::test]
async fn a_row_that_has_the_unionid_already_is_not_linked_again(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    app.execute("UPDATE staff SET status = 'left', left_at = now(), left_cause = 'event' WHERE userid = 'zhangsan01'").await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let id = turned_away(&app, &person.unionid, "left").await;
    let answer = decide(&mut admin, id, "approve", &[("userid", company::EMPLOYEE)]).await;
    assert_refused(&answer, 409, "zhangsan01 has this unionid already");
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
}

#[sqlx::test]
async fn whom_dingtalk_does_not_list_is_not_linked_to_anybody(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO staff (userid, name) VALUES ('open-row', '钱多')")
        .await;
    for (unionid, sentence) in [
        (company::STRANGER_UNIONID, "does not list this person"),
        (company::EXTERNAL_UNIONID, "as an external contact"),
    ] {
        let id = turned_away(&app, unionid, "not_employee").await;
        assert_refused(
            &decide(&mut admin, id, "approve", &[("userid", "open-row")]).await,
            409,
            sentence,
        );
    }
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE userid = 'open-row' AND unionid IS NULL")
            .await,
        1
    );
}
