//! `dinggate callback register|show|update|delete` as a process, while the service runs.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson};
use sqlx::PgPool;

use super::keeps_its_secrets;
use crate::cli::{Ended, run, surroundings};
use crate::support::{Settings, TestApp, eventually};

const REGISTER: &str = "/call_back/register_call_back";
const ALL: &str = "user_add_org, user_active_org, user_modify_org, user_leave_org, org_dept_create, \
                   org_dept_modify, org_dept_remove";

async fn spawn(pool: &PgPool) -> (TestApp, Settings) {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    app.sim.set_callback_url(None);
    let mut settings = app.settings.clone();
    settings.insert("DINGGATE_LOG".to_owned(), "debug".to_owned());
    (app, settings)
}

fn callback(settings: &Settings, args: &[&str]) -> Ended {
    let mut all = vec!["callback"];
    all.extend(args);
    let ended = run(settings, &all);
    keeps_its_secrets(settings, &ended);
    ended
}

/// The same service under another name of this machine: to DingTalk, another address.
fn elsewhere(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    let url = settings["DINGGATE_PUBLIC_URL"].replace("127.0.0.1", "localhost");
    settings.insert("DINGGATE_PUBLIC_URL".to_owned(), url);
    settings
}

#[sqlx::test]
async fn a_callback_is_registered_shown_and_deleted(pool: PgPool) {
    let (app, settings) = spawn(&pool).await;
    for args in [
        &["show"][..],
        &["update"],
        &["delete"],
        &["delete", "--force"],
    ] {
        let ended = callback(&settings, args);
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(1), ""),
            "{args:?} {ended:?}"
        );
        assert!(
            ended.err.contains("`dinggate callback register`"),
            "{ended:?}"
        );
    }
    let ended = callback(&settings, &["register"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let url = format!("{}/dingtalk/events", app.url);
    assert!(
        ended.out.contains(&format!("{url} (ours)"))
            && ended.out.contains(&format!("events   {ALL}\n")),
        "{ended:?}"
    );
    let registered = app.sim.registered_callback().unwrap();
    assert_eq!(registered.url, url);
    assert_eq!(registered.call_back_tag.join(", "), ALL);
    assert_eq!(registered.token, settings["DINGTALK_CALLBACK_TOKEN"]);
    assert_eq!(registered.aes_key, settings["DINGTALK_CALLBACK_AES_KEY"]);

    let person = app.sim.hire(NewPerson::named("李雷")).unwrap();
    app.wait_for_status(&person.userid, Some("employed"), Duration::from_secs(10))
        .await;

    let again = callback(&settings, &["register"]);
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""), "{again:?}");
    assert!(
        again.err.contains(&url) && again.err.contains("`dinggate callback update`"),
        "{again:?}"
    );
    let shown = callback(&settings, &["show"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(
        shown.out.contains("token    ******** (as in")
            && shown.out.contains("aes_key  ******** (as in"),
        "{shown:?}"
    );
    assert_eq!(callback(&settings, &["delete"]).code, Some(0));
    assert!(app.sim.registered_callback().is_none());
    assert_eq!(callback(&settings, &["show"]).code, Some(1));
    // By its lease a right to a call would be free after eight seconds.
    eventually("all calls are over", Duration::from_secs(2), async || {
        app.number("SELECT count(*) FROM call_in_flight WHERE lease_until > now()")
            .await
            == 0
    })
    .await;
}

#[sqlx::test]
async fn an_update_says_what_it_replaces_and_keeps_the_other_events(pool: PgPool) {
    let (app, settings) = spawn(&pool).await;
    let other = elsewhere(&settings);
    let begun = callback(
        &other,
        &["register", "--events", "user_add_org,bpms_instance_change"],
    );
    assert_eq!(begun.code, Some(0), "{begun:?}");
    assert!(begun.out.contains("missing  user_active_org"), "{begun:?}");

    let shown = callback(&settings, &["show"]);
    assert!(
        shown.out.contains("localhost") && shown.out.contains("(not ours"),
        "{shown:?}"
    );
    let refused = callback(&settings, &["delete"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.err.contains("not ours") && refused.err.contains("--force"),
        "{refused:?}"
    );
    assert!(app.sim.registered_callback().is_some());

    let updated = callback(
        &settings,
        &["update", "--events", "user_add_org,user_leave_org"],
    );
    assert_eq!(updated.code, Some(0), "{updated:?}");
    for line in [
        &format!(
            "{}/dingtalk/events -> {}/dingtalk/events (the old URL was not ours",
            other["DINGGATE_PUBLIC_URL"], app.url
        ),
        "added    user_leave_org\n",
        "removed  none\n",
        "kept     user_add_org, bpms_instance_change\n",
        "token    ******** (as before)\n",
    ] {
        assert!(updated.out.contains(line), "{line} in {updated:?}");
    }
    assert_eq!(
        app.sim.registered_callback().unwrap().call_back_tag,
        ["user_add_org", "user_leave_org", "bpms_instance_change"]
    );
    let only = callback(&settings, &["update", "--only"]);
    assert!(
        only.out.contains("removed  bpms_instance_change\n") && only.out.contains("(as before)\n"),
        "{only:?}"
    );
    assert_eq!(
        app.sim
            .registered_callback()
            .unwrap()
            .call_back_tag
            .join(", "),
        ALL
    );
    let forced = callback(&other, &["delete", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert!(app.sim.registered_callback().is_none());
}

#[sqlx::test]
async fn a_refusal_says_what_to_do(pool: PgPool) {
    let (app, settings) = spawn(&pool).await;
    let mut away = settings.clone();
    away.insert("DINGGATE_PUBLIC_URL".into(), "http://127.0.0.1:9".into());
    let mut foreign = settings.clone();
    foreign.insert("DINGTALK_CALLBACK_TOKEN".into(), "anothertoken99".into());
    for (settings, events, words) in [
        (
            &away,
            "user_add_org",
            &["71012", "dinggate serve", "leads to this machine only"][..],
        ),
        (
            &foreign,
            "user_add_org",
            &["dinggate serve", "same DINGTALK_CALLBACK_TOKEN"],
        ),
        (&settings, "never_heard_of", &["71008", "--events"]),
    ] {
        let ended = callback(settings, &["register", "--events", events]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        for word in words {
            assert!(ended.err.contains(word), "{word} in {ended:?}");
        }
    }
    for (fault, words) in [
        (Fault::ErrCode(71010), &["71010", "6 to 63"][..]),
        (Fault::ErrCode(400_052), &["400052", "dinggate serve"]),
        (Fault::ErrCode(400_054), &["400054", "within 1.5 s"]),
        (Fault::ErrCode(71013), &["71013", "DINGGATE_PUBLIC_URL"]),
        (Fault::ErrCode(60011), &["60011"]),
        (
            Fault::LoseAnswer,
            &["whether it was done is not known", "callback show"],
        ),
    ] {
        app.sim.fault(REGISTER, fault.clone());
        app.sim.reset_calls();
        let ended = callback(&settings, &["register"]);
        assert_eq!(ended.code, Some(1), "{fault:?} {ended:?}");
        assert_eq!(app.sim.calls(REGISTER), 1, "{fault:?} is not repeated");
        for word in words {
            assert!(ended.err.contains(word), "{word} in {ended:?}");
        }
        app.sim.clear_faults();
    }
    let alerts = "SELECT count(*) FROM alert WHERE kind LIKE 'misconfigured:call_back%'";
    assert_eq!(app.number(alerts).await, 0, "the operator has been told");
}

#[sqlx::test]
async fn an_owner_key_that_cannot_be_right_is_pointed_out(pool: PgPool) {
    let (_sim, mut settings) = surroundings(&pool);
    let app_key = settings["DINGTALK_APP_KEY"].clone();
    settings.insert("DINGTALK_CALLBACK_OWNER_KEY".to_owned(), app_key);
    let ended = callback(&settings, &["register"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("DINGTALK_CALLBACK_OWNER_KEY"),
        "{ended:?}"
    );
}
