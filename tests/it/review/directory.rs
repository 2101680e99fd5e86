//! Who somebody really is, before anybody decides: what DingTalk's directory says, looked up in the background.

use std::time::Duration;

use dingtalk_sim::company::{self, BIG_ORDER, EMPLOYEE};
use dingtalk_sim::{Fault, Outsider, Person, PersonChange};
use sqlx::PgPool;

use super::{assert_refused, decide, gets_in, state_of, text, turned_away};
use crate::support::{Browser, TestApp, eventually};

const SOON: Duration = Duration::from_secs(20);
const GET: &str = "/topapi/v2/user/get";
const BY_UNIONID: &str = "/topapi/user/getbyunionid";

/// A company in which somebody is not in the staff table, and the administrator's browser.
async fn without(pool: &PgPool, userids: &[&str]) -> (TestApp, Browser) {
    let app = TestApp::spawn(pool).await;
    let admin = app.admin().await;
    for userid in userids {
        let delete = format!("DELETE FROM staff WHERE userid = '{userid}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(delete))
            .execute(pool)
            .await
            .unwrap();
    }
    (app, admin)
}

async fn looked_up(app: &TestApp, count: i64) {
    eventually("the people are looked up", SOON, async || {
        app.number("SELECT count(*) FROM unmatched_person").await == count
            && app.number("SELECT count(*) FROM unmatched_lookup").await == 0
    })
    .await;
}

/// Somebody scans, is to be reviewed, and is looked up.
async fn waits(app: &TestApp, userid: &str) -> (i64, Person) {
    waits_for(app, userid, "pending_review").await
}

async fn waits_for(app: &TestApp, userid: &str, reason: &str) -> (i64, Person) {
    let person = app.sim.person(userid).unwrap();
    let id = turned_away(app, &person.unionid, reason).await;
    eventually("the person is looked up", SOON, async || {
        app.number(&format!(
            "SELECT count(*) FROM unmatched_person WHERE case_id = {id}"
        ))
        .await
            == 1
    })
    .await;
    (id, person)
}

fn page_of(id: i64) -> String {
    format!("/admin/unmatched/{id}")
}

#[sqlx::test]
async fn the_real_person_is_shown_before_anybody_decides_without_contact_data(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[EMPLOYEE]).await;
    let (id, person) = waits(&app, EMPLOYEE).await;
    let page = admin.get(&page_of(id)).await.body;
    let (title, number) = (person.title.clone(), person.job_number.clone());
    for part in [
        person.name.as_str(),
        title.as_str(),
        number.as_str(),
        "财务部",
        "Hire date",
        "Checked",
        "data-key=\"a\"",
        "data-key=\"r\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let list = admin.get("/admin/unmatched").await.body;
    assert!(list.contains(&title) && list.contains("财务部"), "{list}");
    // Neither the page nor the table holds more than a decision needs.
    let (mobile, email) = (&person.mobile, &person.email);
    assert!(!mobile.is_empty() && !email.is_empty());
    let stored = text(&app, "SELECT to_jsonb(p)::text FROM unmatched_person p").await;
    for place in [&page, &list, &stored] {
        assert!(!place.contains(mobile) && !place.contains(email), "{place}");
    }
    // Nobody is let in by the lookup.
    assert_eq!(app.status_of(EMPLOYEE).await, None);
    assert_eq!(decide(&mut admin, id, "approve", &[]).await.status, 303);
    assert!(gets_in(&app, &person.unionid).await);
}

#[sqlx::test]
async fn whom_the_directory_does_not_list_cannot_be_approved_and_costs_no_calls(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[]).await;
    for (unionid, sentence) in [
        (company::STRANGER_UNIONID, "Not in DingTalk’s directory"),
        (company::EXTERNAL_UNIONID, "An external contact in DingTalk"),
    ] {
        let before = app.sim.calls(BY_UNIONID);
        let id = turned_away(&app, unionid, "not_employee").await;
        let page = admin.get(&page_of(id)).await.body;
        assert!(page.contains(sentence), "{page}");
        let approve = format!("action=\"/admin/unmatched/{id}/approve\"");
        assert!(!page.contains(&approve), "{page}");
        assert!(page.contains(&format!("action=\"/admin/unmatched/{id}/reject\"")));
        assert_eq!(app.sim.calls(BY_UNIONID), before + 1, "the login's own");
    }
    assert_eq!(app.number("SELECT count(*) FROM unmatched_lookup").await, 0);
}

#[sqlx::test]
async fn a_case_appears_while_dingtalk_does_not_answer_and_is_looked_up_later(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[EMPLOYEE]).await;
    let person = app.sim.person(EMPLOYEE).unwrap();
    app.sim.fault(GET, Fault::CloseConnection);
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    eventually("the first attempt has failed", SOON, async || {
        app.number("SELECT count(*) FROM unmatched_lookup WHERE last_error IS NOT NULL")
            .await
            == 1
    })
    .await;
    assert!(
        admin
            .get("/admin/unmatched")
            .await
            .body
            .contains(&page_of(id))
    );
    let page = admin.get(&page_of(id)).await.body;
    assert!(page.contains("DingTalk has not answered yet"), "{page}");
    assert!(page.contains("data-refresh"), "the page follows the lookup");
    app.sim.clear_faults();
    looked_up(&app, 1).await;
    let page = admin.get(&page_of(id)).await.body;
    assert!(
        page.contains("财务部") && !page.contains("data-refresh"),
        "{page}"
    );
}

#[sqlx::test]
async fn somebody_who_scans_again_and_again_is_not_looked_up_each_time(pool: PgPool) {
    let (app, _admin) = without(&pool, &[EMPLOYEE]).await;
    let (_, person) = waits(&app, EMPLOYEE).await;
    let before = app.sim.calls_about(GET, EMPLOYEE);
    for _ in 0..3 {
        turned_away(&app, &person.unionid, "pending_review").await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(app.sim.calls_about(GET, EMPLOYEE), before);
}

#[sqlx::test]
async fn somebody_who_asks_gets_the_directory_as_it_is_now(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[EMPLOYEE]).await;
    let (id, _) = waits(&app, EMPLOYEE).await;
    let change = PersonChange {
        title: Some("审计师".to_owned()),
        ..PersonChange::default()
    };
    app.sim.change_quietly(EMPLOYEE, change).unwrap();
    assert!(!admin.get(&page_of(id)).await.body.contains("审计师"));
    let asked = admin.post(&format!("{}/lookup", page_of(id)), &[]).await;
    assert_eq!(
        (asked.status, asked.location()),
        (303, page_of(id).as_str())
    );
    eventually("the page shows it", SOON, async || {
        text(
            &app,
            "SELECT coalesce(max(title), '') FROM unmatched_person",
        )
        .await
            == "审计师"
    })
    .await;
    // Somebody who has left meanwhile is no longer offered for approval.
    app.sim.dismiss_quietly(EMPLOYEE).unwrap();
    admin.post(&format!("{}/lookup", page_of(id)), &[]).await;
    eventually("the directory lists nobody", SOON, async || {
        text(&app, "SELECT max(standing) FROM unmatched_person").await == "unlisted"
    })
    .await;
    let page = admin.get(&page_of(id)).await.body;
    assert!(page.contains("Not in DingTalk’s directory"), "{page}");
    assert!(
        !page.contains("审计师") && !page.contains("data-key=\"a\""),
        "{page}"
    );
}

#[sqlx::test]
async fn two_instances_look_everybody_up_once(pool: PgPool) {
    let people: Vec<&str> = vec![EMPLOYEE, BIG_ORDER, company::TWO_DEPARTMENTS];
    let (app, _admin) = without(&pool, &people).await;
    let _second = app.another_instance().await;
    app.sim.reset_calls();
    for userid in &people {
        let unionid = app.sim.person(userid).unwrap().unionid;
        let insert = format!(
            "WITH c AS (INSERT INTO unmatched_login (unionid, userid, nick, reason, last_request_id)
                 VALUES ('{unionid}', '{userid}', 'x', 'pending_review', 'R') RETURNING id)
             INSERT INTO unmatched_lookup (case_id) SELECT id FROM c"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(insert))
            .execute(&pool)
            .await
            .unwrap();
    }
    looked_up(&app, 3).await;
    for userid in people {
        assert_eq!(app.sim.calls_about(GET, userid), 1, "{userid}");
    }
}

#[sqlx::test]
async fn a_lookup_of_an_instance_that_died_is_taken_over(pool: PgPool) {
    let (app, _admin) = without(&pool, &[EMPLOYEE]).await;
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    let insert = format!(
        "WITH c AS (INSERT INTO unmatched_login (unionid, userid, nick, reason, last_request_id)
             VALUES ('{unionid}', '{EMPLOYEE}', 'x', 'pending_review', 'R') RETURNING id)
         INSERT INTO unmatched_lookup (case_id, claimed_by, claimed_until)
         SELECT id, gen_random_uuid(), now() + interval '2 seconds' FROM c"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(insert))
        .execute(&pool)
        .await
        .unwrap();
    looked_up(&app, 1).await;
}

#[sqlx::test]
async fn only_what_can_succeed_is_offered(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[]).await;
    app.execute(
        "UPDATE staff SET unionid = 'another', status = 'left', left_at = now(), left_cause = 'manual', held_by = 'x', held_at = now()
         WHERE userid = 'zhangsan01';
         INSERT INTO staff (userid, name) SELECT 'namesake', name FROM staff WHERE userid = 'zhangsan01'",
    )
    .await;
    let (id, _) = waits_for(&app, EMPLOYEE, "left").await;
    let page = admin.get(&page_of(id)).await.body;
    assert!(
        page.contains("an administrator marked this person as left"),
        "{page}"
    );
    assert!(page.contains("href=\"/admin/staff/zhangsan01\""));
    assert!(!page.contains("/approve\""), "{page}");
    app.execute("UPDATE staff SET held_by = NULL, held_at = NULL WHERE userid = 'zhangsan01'")
        .await;
    let page = admin.get(&page_of(id)).await.body;
    // DingTalk has named the userid: the row of a namesake could never be linked.
    assert_eq!(page.matches("Link to this person").count(), 1, "{page}");
    assert!(page.contains("name=\"userid\" value=\"zhangsan01\""));
    // Another rejection of the userid stands in the way of an approval.
    app.execute(
        "INSERT INTO unmatched_login (unionid, userid, nick, reason, last_request_id, state) VALUES
             ('elsewhere', 'zhangsan01', 'x', 'pending_review', 'R', 'rejected')",
    )
    .await;
    let page = admin.get(&page_of(id)).await.body;
    assert!(
        page.contains("another case with this userid was rejected"),
        "{page}"
    );
    assert!(!page.contains("/approve\""), "{page}");
    assert_refused(
        &decide(&mut admin, id, "approve", &[]).await,
        409,
        "Another case with this userid has been rejected",
    );
}

#[sqlx::test]
async fn the_next_case_follows_a_decision(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[]).await;
    app.execute(
        "INSERT INTO unmatched_login (id, unionid, nick, reason, last_request_id, last_seen_at) OVERRIDING SYSTEM VALUE
         SELECT n, 'u-' || n, 'nick-' || n, 'left', 'R', now() - n * interval '1 minute' FROM generate_series(1, 4) n",
    )
    .await;
    let because = [("reason", "because")];
    let page = admin.get("/admin/unmatched/2").await.body;
    for link in [
        "href=\"/admin/unmatched/1\" rel=\"prev\" data-key=\"k\"",
        "href=\"/admin/unmatched/3\" rel=\"next\" data-key=\"j\"",
    ] {
        assert!(page.contains(link), "{link}: {page}");
    }
    let done = decide(&mut admin, 2, "reject", &because).await;
    assert_eq!((done.status, done.location()), (303, "/admin/unmatched/3"));
    let next = admin.get(done.location()).await.body;
    assert!(
        next.contains("nick-2 is rejected") && next.contains("nick-3"),
        "{next}"
    );
    // In the view from which the case was opened, and only what still waits.
    let back = "?back=%2Fadmin%2Funmatched%3Fstate%3Dall%26sort%3Dnick";
    let answer = admin
        .post(&format!("/admin/unmatched/1/reject{back}"), &because)
        .await;
    assert_eq!(answer.location(), format!("/admin/unmatched/3{back}"));
    decide(&mut admin, 3, "reject", &because).await;
    let last = decide(&mut admin, 4, "reject", &because).await;
    assert_eq!((last.status, last.location()), (303, "/admin/unmatched"));
}

#[sqlx::test]
async fn a_search_finds_names_and_references_whatever_their_state(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[EMPLOYEE]).await;
    let (id, person) = waits(&app, EMPLOYEE).await;
    app.execute("UPDATE unmatched_login SET nick = 'San'").await;
    let reference = text(&app, "SELECT last_request_id FROM unmatched_login").await;
    turned_away(&app, &person.unionid, "pending_review").await;
    decide(&mut admin, id, "reject", &[("reason", "because")]).await;
    let spoken = reference.replace('-', "%20").to_lowercase();
    let name = person.name.clone();
    for q in [
        name.as_str(),
        person.job_number.as_str(),
        reference.as_str(),
        spoken.as_str(),
        &reference[..4],
    ] {
        let page = admin.get(&format!("/admin/unmatched?q={q}")).await.body;
        assert!(page.contains(&page_of(id)), "{q}: {page}");
        let csv = admin.get(&format!("/admin/unmatched.csv?q={q}")).await.body;
        assert!(csv.contains(&person.unionid), "{q}: {csv}");
    }
    // An empty result says where there is something.
    let filtered = format!("/admin/unmatched?q={}&state=waiting", person.unionid);
    let page = admin.get(&filtered).await.body;
    assert!(!page.contains(&page_of(id)), "{page}");
    assert!(page.contains("1 found under other filters"), "{page}");
    assert!(page.contains(&format!("href=\"?q={}\"", person.unionid)));
    // The plain list still holds those who wait.
    assert!(
        !admin
            .get("/admin/unmatched")
            .await
            .body
            .contains(&page_of(id))
    );
}

#[sqlx::test]
async fn a_rejection_can_be_limited_to_the_account(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[EMPLOYEE]).await;
    let (id, person) = waits(&app, EMPLOYEE).await;
    assert_refused(
        &decide(&mut admin, id, "limit", &[]).await,
        409,
        "This person is not rejected",
    );
    decide(&mut admin, id, "reject", &[("reason", "because")]).await;
    // The userid now belongs to somebody else.
    let change = PersonChange {
        unionid: Some("u-successor".to_owned()),
        ..PersonChange::default()
    };
    app.sim.change_quietly(EMPLOYEE, change).unwrap();
    app.sim.add_outsider(Outsider {
        unionid: person.unionid.clone(),
        nick: "formerly".to_owned(),
        external_userid: None,
    });
    let refused = app.browser().scan("u-successor", "/").await;
    assert!(
        refused.status == 403 && refused.body.contains("declined"),
        "{}",
        refused.body
    );
    let page = admin.get(&page_of(id)).await.body;
    assert!(
        page.contains("Limit to this account") && page.contains("The person: unionid and userid")
    );
    let done = decide(&mut admin, id, "limit", &[]).await;
    assert_eq!((done.status, done.location()), (303, page_of(id).as_str()));
    let page = admin.get(&page_of(id)).await.body;
    assert!(page.contains("The account alone: unionid"), "{page}");
    assert!(!page.contains("/limit\""), "{page}");
    assert_eq!(state_of(&app, id).await, "rejected");
    turned_away(&app, "u-successor", "pending_review").await;
    let audited = "SELECT count(*) FROM audit_entry WHERE action = 'review.limit' AND status = 'account' AND actor = 'manager4220'";
    assert_eq!(app.number(audited).await, 1);
    assert_refused(
        &decide(&mut admin, id, "limit", &[]).await,
        409,
        "limited to the account already",
    );
    // The old account stays out.
    let old = app.browser().scan(&person.unionid, "/").await;
    assert_eq!(old.status, 403, "{}", old.body);
    assert_eq!(state_of(&app, id).await, "rejected");
}

#[sqlx::test]
async fn a_bad_reason_comes_back_in_view_and_says_so_in_the_title(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[]).await;
    let id = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    let answer = decide(&mut admin, id, "reject", &[("reason", "   ")]).await;
    assert_eq!(answer.status, 400);
    for part in [
        "Error: ",
        "role=\"alert\"",
        "href=\"#reason\"",
        "<details class=\"confirm\" open>",
        "autofocus",
    ] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
}

#[sqlx::test]
async fn approving_many_asks_first(pool: PgPool) {
    let (app, mut admin) = without(&pool, &[EMPLOYEE, BIG_ORDER]).await;
    let (first, _) = waits(&app, EMPLOYEE).await;
    let (second, _) = waits(&app, BIG_ORDER).await;
    let ids = [first.to_string(), second.to_string()];
    let chosen = [
        ("ids", ids[0].as_str()),
        ("ids", ids[1].as_str()),
        ("action", "approve"),
    ];
    let asked = admin.post("/admin/unmatched/bulk", &chosen).await;
    assert_eq!(asked.status, 200);
    for part in [
        "Approve 2 people",
        "name=\"confirmed\" value=\"yes\"",
        "Cancel",
    ] {
        assert!(asked.body.contains(part), "{part}: {}", asked.body);
    }
    assert_eq!(app.number("SELECT count(*) FROM review_job").await, 0);
    let confirmed = [&chosen[..], &[("confirmed", "yes")]].concat();
    let begun = admin.post("/admin/unmatched/bulk", &confirmed).await;
    assert_eq!(begun.status, 303, "{}", begun.body);
}
