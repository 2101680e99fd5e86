//! The administration needs a login that is recent enough.

use dingtalk_sim::company::{ADMIN, EMPLOYEE};
use sqlx::PgPool;

use crate::support::TestApp;

#[sqlx::test]
async fn an_older_login_leads_through_another_one_and_a_form_is_not_carried_out(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |settings| {
        settings.insert("DINGGATE_ADMIN_MAX_AGE".to_owned(), "1h".to_owned());
    })
    .await;
    app.wait_for_first_sync().await;
    let mut admin = app.admin().await;
    app.execute("UPDATE web_session SET created_at = now() - interval '59 minutes'")
        .await;
    assert_eq!(admin.get("/admin/staff?q=a").await.status, 200);
    app.execute("UPDATE web_session SET created_at = now() - interval '61 minutes'")
        .await;
    let answer = admin.get("/admin/staff?q=a").await;
    let login = "/login?rd=%2Fadmin%2Fstaff%3Fq%3Da";
    assert_eq!((answer.status, answer.location()), (303, login));
    assert_eq!(
        admin.get(login).await.status,
        200,
        "the login does not lead straight back"
    );

    let leave = format!("/admin/staff/{EMPLOYEE}/leave");
    let answer = admin.post(&leave, &[("reason", "because")]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/login?rd=%2Fadmin")
    );
    assert_eq!(app.status_of(EMPLOYEE).await.as_deref(), Some("employed"));
    assert!(admin.is_in().await, "everything else stays open");
    let portal = admin.get("/login?rd=%2F").await;
    assert_eq!((portal.status, portal.location()), (303, "/"));

    let unionid = app.sim.person(ADMIN).unwrap().unionid;
    let answer = admin.scan(&unionid, "/admin/staff?q=a").await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/staff?q=a")
    );
    assert_eq!(admin.get("/admin/staff?q=a").await.status, 200);
}
