//! Sessions, and the alerts above all pages.

use std::time::Duration;

use dinggate::domain::alert::{AlertKind, DirectoryDoubt, Problem};
use dinggate::store::alert;
use dingtalk_sim::company;
use sqlx::PgPool;

use super::{add_staff, employee, rows, session_id, shows, spawn};
use crate::support::eventually;

#[sqlx::test]
async fn a_session_is_ended_from_the_list(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let unionid = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    add_staff(&pool, company::EMPLOYEE, &unionid).await;
    let mut employee = employee(&app).await;
    let id = session_id(&pool, company::EMPLOYEE).await;
    let page = admin.get("/admin/sessions?q=zhang").await.body;
    assert!(
        rows(&page) == 1 && shows(&page, "张三 will be signed out on") && shows(&page, "127.0.0.1"),
        "{page}"
    );
    assert_eq!(
        rows(&admin.get("/admin/sessions?method=in_app").await.body),
        0
    );
    assert_eq!(
        rows(
            &admin
                .get("/admin/sessions?q=127.0.0.1&method=qr")
                .await
                .body
        ),
        2
    );

    let answer = admin.post(&format!("/admin/sessions/{id}/end"), &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/admin/sessions"));
    assert!(shows(
        &admin.get("/admin/sessions").await.body,
        "The session of 张三 has been ended"
    ));
    assert!(!employee.is_in().await && admin.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM audit_entry WHERE action = 'session.end' AND actor = 'manager4220' AND userid = 'zhangsan01' AND ip = '127.0.0.1'").await, 1);

    let again = admin.post(&format!("/admin/sessions/{id}/end"), &[]).await;
    assert_eq!(again.status, 303);
    assert!(shows(
        &admin.get("/admin/sessions").await.body,
        "already over"
    ));
    assert_eq!(
        app.number("SELECT count(*) FROM audit_entry WHERE action = 'session.end'")
            .await,
        1
    );
    assert_eq!(
        admin.post("/admin/sessions/nonsense/end", &[]).await.status,
        404
    );
}

#[sqlx::test]
async fn an_alert_stands_on_every_page_until_it_is_dismissed(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let kind = AlertKind::Misconfigured("topapi/v2/user/get".to_owned());
    alert::raise(&mut conn, kind.clone(), "60011")
        .await
        .unwrap();
    alert::raise(&mut conn, kind.clone(), "60011")
        .await
        .unwrap();
    for page in ["/admin/events", "/admin/departments", "/admin/syncs/1"] {
        assert!(
            shows(&admin.get(page).await.body, "qyapi_get_member"),
            "{page}"
        );
    }
    assert_eq!(alert::current(&mut conn).await.unwrap()[0].times, 2);

    let path = "/admin/alerts/misconfigured%3Atopapi%2Fv2%2Fuser%2Fget/dismiss";
    assert!(admin.get("/admin/syncs").await.body.contains(path));
    let answer = admin.post(path, &[("back", "/admin/syncs")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/admin/syncs"));
    assert!(!shows(
        &admin.get("/admin/syncs").await.body,
        "qyapi_get_member"
    ));
    // Raised by another process: shown once what this one keeps for a second is read again.
    alert::raise(&mut conn, kind.clone(), "60020")
        .await
        .unwrap();
    eventually("the alert is shown", Duration::from_secs(2), async || {
        shows(&admin.get("/admin/syncs").await.body, "server IPs")
    })
    .await;
    alert::raise(&mut conn, kind.clone(), "60020")
        .await
        .unwrap();
    assert!(shows(&admin.get("/admin/syncs").await.body, "server IPs"));
}

#[sqlx::test]
async fn an_alert_of_yesterday_is_not_shown_and_starts_anew(pool: PgPool) {
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    alert::raise(&mut conn, Problem::LeaverLimit, "6")
        .await
        .unwrap();
    sqlx::raw_sql("UPDATE alert SET times = 9, first_at = now() - interval '3 days', last_at = now() - interval '25 hours'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(alert::current(&mut conn).await.unwrap(), []);
    alert::raise(&mut conn, Problem::LeaverLimit, "8")
        .await
        .unwrap();
    let current = alert::current(&mut conn).await.unwrap();
    assert_eq!(
        (current.len(), current[0].times, current[0].detail.as_str()),
        (1, 1, "8")
    );
    assert!(
        alert::dismiss(&mut conn, Problem::LeaverLimit)
            .await
            .unwrap()
    );
    assert!(
        !alert::dismiss(&mut conn, Problem::LeaverLimit)
            .await
            .unwrap()
    );
}

#[sqlx::test]
async fn a_doubt_about_the_directory_leads_to_the_syncs_and_stands_until_it_is_made_up_for(
    pool: PgPool,
) {
    let (app, mut admin) = spawn(&pool).await;
    // A full sync for the lost events has just failed, so that the next one takes its time.
    app.execute("INSERT INTO sync_run (cause, started_by, state, started_at, finished_at, instance, lease_until) VALUES
        ('lost_events', 'system', 'failed', now(), now(), gen_random_uuid(), now());
        INSERT INTO alert (kind, detail, first_at, last_at) VALUES
        ('directory:sync', '2:partial', now() - interval '9 days', now() - interval '3 days'),
        ('directory:lost_events', 'no answer', now() - interval '1 hour', now() - interval '1 hour')")
        .await;
    for page in ["/admin/staff", "/admin/audit"] {
        let page = admin.get(page).await.body;
        for link in ["/admin/syncs/2", "/admin/syncs"] {
            let link = format!("<a class=\"text-button\" href=\"{link}\">See the syncs</a>");
            assert!(shows(&page, &link), "{link}: {page}");
        }
        assert!(!shows(&page, "/dismiss\""), "{page}");
    }
    let dismiss = "/admin/alerts/directory%3Async/dismiss";
    assert_eq!(admin.post(dismiss, &[]).await.status, 303);
    assert_eq!(app.number("SELECT count(*) FROM alert").await, 2);
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    alert::raise(&mut conn, DirectoryDoubt::Sync, "3:failed")
        .await
        .unwrap();
    let standing = "SELECT count(*) FROM alert WHERE kind = 'directory:sync' AND times = 2 AND first_at < now() - interval '8 days'";
    assert_eq!(app.number(standing).await, 1, "it is the same doubt");
}
