//! The reference number that a refused person reads out.

use dingtalk_sim::company::{EMPLOYEE, STRANGER_UNIONID};
use sqlx::PgPool;

use super::{leads_to, search};
use crate::support::{Answer, Browser, TestApp};

/// The reference number on a page.
fn reference(page: &Answer) -> String {
    let mut words = page
        .body
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let found = words.find(|word| {
        word.len() == 9
            && word.as_bytes()[4] == b'-'
            && word
                .chars()
                .all(|c| c == '-' || c.is_ascii_uppercase() || c.is_ascii_digit())
    });
    found.unwrap_or_else(|| panic!("{}", page.body)).to_owned()
}

async fn follow(admin: &mut Browser, text: &str) -> Answer {
    let answer = search(admin, text).await;
    assert_eq!(answer.status, 303, "{text}: {}", answer.body);
    admin.get(answer.location()).await
}

#[sqlx::test]
async fn the_number_of_a_refusal_leads_to_the_person_with_an_explanation(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    let mut admin = app.admin().await;
    let left = admin
        .post("/admin/staff/zhangsan01/leave", &[("reason", "because")])
        .await;
    assert_eq!(left.status, 303, "{}", left.body);
    // The trail has one of several refusals within an hour; each has its number.
    for _ in 0..2 {
        let refused = app.browser().scan(&unionid, "/").await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        let number = reference(&refused);
        let path = format!("/admin/staff/zhangsan01?reference={number}");
        for text in [
            number.clone(),
            number.to_lowercase(),
            number.replace('-', ""),
            number.replace('-', " ").to_lowercase(),
        ] {
            leads_to(&mut admin, &text, &path).await;
        }
        let page = follow(&mut admin, &number).await.body;
        for part in [
            format!("Reference {number}"),
            "sign-in refused".to_owned(),
            "The staff table says that this person left".to_owned(),
        ] {
            assert!(page.contains(&part), "{part}: {page}");
        }
        assert!(!page.contains("can sign in again."), "{page}");
    }
    // The audit trail finds any spelling, too.
    let number = reference(&app.browser().scan(&unionid, "/").await);
    let other = admin
        .get(&format!("/admin/staff/manager4220?reference={number}"))
        .await
        .body;
    assert!(!other.contains("sign-in refused"), "{other}");
    let trail = app
        .number(
            "SELECT count(*) FROM audit_entry WHERE action = 'refusal' AND reference IS NOT NULL",
        )
        .await;
    assert_eq!(trail, 1);
}

#[sqlx::test]
async fn the_trail_finds_a_number_in_any_spelling(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute("INSERT INTO audit_entry (actor, actor_kind, action, userid, status, reference) VALUES ('x', 'person', 'login', 'x', 'in', 'TGY6-JGQU')").await;
    for text in ["TGY6-JGQU", "tgy6-jgqu", "tgy6jgqu", "tgy6+jgqu"] {
        let page = admin.get(&format!("/admin/audit?q={text}")).await.body;
        assert!(page.contains("<code>TGY6-JGQU</code>"), "{text}: {page}");
    }
    // Nobody has this userid any more: the number is explained all the same.
    let page = search(&mut admin, "tgy6jgqu").await.body;
    assert!(
        page.contains("Reference TGY6-JGQU") && page.contains("this sign-in succeeded"),
        "{page}"
    );
}

#[sqlx::test]
async fn the_number_of_an_outsider_leads_to_the_case(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let refused = app.browser().scan(STRANGER_UNIONID, "/").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let number = reference(&refused);
    let mut admin = app.admin().await;
    let page = follow(&mut admin, &number.to_lowercase()).await.body;
    assert!(page.contains("路人甲") && page.contains(&number), "{page}");
}

#[sqlx::test]
async fn of_any_other_number_the_page_says_what_to_look_for_in_the_log(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    let refused = app.browser().get("/login/callback?code=x&state=y").await;
    assert_eq!(refused.status, 400);
    let number = reference(&refused);
    let page = search(&mut admin, &number.to_lowercase().replace('-', ""))
        .await
        .body;
    for part in [
        "The server log has the cause",
        &format!("<code>{number}</code>"),
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = search(&mut admin, "no reference").await.body;
    assert!(!page.contains("The server log has the cause"), "{page}");
}
