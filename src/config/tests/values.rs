//! Every setting reaches its field.

use super::*;

#[test]
fn the_required_settings_suffice_and_the_rest_has_the_documented_defaults() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.migrate, Migrate::Auto);
    assert!(config.server.trusted_proxies.is_empty() && config.login.admins.is_empty());
    assert_eq!(config.login.session_idle.as_secs(), 8 * 3600);
    assert_eq!(config.login.session_max.as_secs(), 7 * 24 * 3600);
    assert_eq!(config.login.state_ttl.as_secs(), 300);
    assert_eq!(
        (config.login.rate.count, config.login.rate.per.as_secs()),
        (120, 60)
    );
    assert_eq!(config.login.unknown_staff, UnknownStaff::Review);
    assert_eq!(config.sync.max_leavers.to_string(), "10%");
    assert_eq!(
        config.sync.schedule.to_string(),
        "17 3 * * * (Asia/Shanghai)"
    );
    assert_eq!(
        (config.log.filter.as_str(), config.log.format),
        ("info", LogFormat::Json)
    );
    assert_eq!(
        config.dingtalk.oapi_url.as_str(),
        "https://oapi.dingtalk.com/"
    );
    assert_eq!(
        config.dingtalk.api_url.as_str(),
        "https://api.dingtalk.com/"
    );
    assert_eq!(
        config.dingtalk.login_url.as_str(),
        "https://login.dingtalk.com/"
    );
    assert_eq!(config.dingtalk.callback.owner_key, None);
    assert!(config.webhook.is_none());
    assert_eq!(config.dingtalk.login_flow, LoginFlow::QrConnect);
}

#[test]
fn every_setting_reaches_its_place() {
    let config = load(
        &[
            ("DINGGATE_PUBLIC_URL", "http://localhost:8080"),
            ("DINGGATE_LISTEN", "[::]:9000"),
            ("DINGGATE_ADMINS", "manager4220, 0158aB"),
            ("DINGGATE_MIGRATE", "off"),
            ("DINGGATE_UNKNOWN_STAFF", "provision"),
            ("DINGGATE_SESSION_IDLE", "30m"),
            ("DINGGATE_SESSION_MAX", "12h"),
            ("DINGGATE_LOGIN_STATE_TTL", "90s"),
            ("DINGGATE_LOGIN_RATE", "9/h"),
            ("DINGGATE_SYNC_CRON", "40 */6 * * mon-fri"),
            ("TZ", ":Europe/Berlin"),
            ("DINGGATE_SYNC_MAX_LEAVERS", "2.5%"),
            ("DINGGATE_LOG", "warn,dinggate=debug"),
            ("DINGGATE_LOG_FORMAT", "pretty"),
            ("DINGGATE_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
            ("DINGTALK_LOGIN_APP_ID", "dingoa"),
            ("DINGTALK_LOGIN_APP_SECRET", "secret-of-the-login-app"),
            ("DINGTALK_CALLBACK_OWNER_KEY", "dingcorp"),
            ("DINGTALK_OAPI_URL", "http://127.0.0.1:1/oapi/"),
            ("DINGTALK_API_URL", "http://127.0.0.1:2"),
            ("DINGTALK_LOGIN_URL", "http://localhost:3"),
            ("DINGGATE_WEBHOOK_URL", "http://localhost:4/hook"),
            (
                "DINGGATE_WEBHOOK_SECRET",
                "whsec_Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc=",
            ),
            ("DINGGATE_WEBHOOK_EVENTS", "org_dept_modify"),
        ],
        &[],
    )
    .unwrap();
    assert_eq!(config.server.public_url.as_str(), "http://localhost:8080");
    assert_eq!(config.server.listen.to_string(), "[::]:9000");
    assert_eq!(config.server.migrate, Migrate::Off);
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.server.secret_key.expose(), [b'A'; 64]);
    assert_eq!(config.login.admins.len(), 2);
    assert_eq!(config.login.unknown_staff, UnknownStaff::Provision);
    assert_eq!(config.login.session_idle.as_secs(), 1800);
    assert_eq!(config.login.session_max.as_secs(), 43_200);
    assert_eq!(config.login.state_ttl.as_secs(), 90);
    assert_eq!(
        (config.login.rate.count, config.login.rate.per.as_secs()),
        (9, 3600)
    );
    assert_eq!(config.sync.max_leavers.to_string(), "2.5%");
    assert_eq!(config.sync.schedule.zone().name(), "Europe/Berlin");
    let monday = "2026-11-23T04:40:00Z".parse().unwrap();
    assert_eq!(
        config.sync.schedule.latest(monday).unwrap().to_rfc3339(),
        "2026-11-22T23:40:00+00:00"
    );
    assert_eq!(
        (config.log.filter.as_str(), config.log.format),
        ("warn,dinggate=debug", LogFormat::Pretty)
    );
    let dingtalk = &config.dingtalk;
    assert_eq!(
        (dingtalk.corp_id.as_str(), dingtalk.app.key.as_str()),
        ("dingcorp", "dingapp")
    );
    assert_eq!(dingtalk.app.secret.expose_secret(), "secret-of-the-app");
    assert_eq!(dingtalk.login_app.key, "dingoa");
    assert_eq!(
        dingtalk.login_app.secret.expose_secret(),
        "secret-of-the-login-app"
    );
    assert_eq!(
        dingtalk.callback.token.expose_secret(),
        "token-of-the-callback"
    );
    assert_eq!(dingtalk.callback.owner_key.as_deref(), Some("dingcorp"));
    assert_eq!(dingtalk.oapi_url.as_str(), "http://127.0.0.1:1/oapi");
    assert_eq!(dingtalk.api_url.port(), Some(2));
    assert_eq!(dingtalk.login_url.port(), Some(3));
    let webhook = config.webhook.unwrap();
    assert_eq!(webhook.url.to_string(), "http://localhost:4/hook");
    assert_eq!(webhook.secret.expose(), [b'7'; 29]);
    assert!(webhook.event_types.iter().eq(["org_dept_modify"]));
}

#[test]
fn the_newer_login_page_may_be_for_dedicated_accounts_alone() {
    let flow = ("DINGTALK_LOGIN_FLOW", "oauth2");
    let read = |changes: &[_]| load(changes, &[]).unwrap().dingtalk.login_flow;
    let newer = |is_exclusive| LoginFlow::OAuth2 { is_exclusive };
    assert_eq!(read(&[flow]), newer(false));
    assert_eq!(
        read(&[flow, ("DINGTALK_LOGIN_EXCLUSIVE", "off")]),
        newer(false)
    );
    assert_eq!(
        read(&[flow, ("DINGTALK_LOGIN_EXCLUSIVE", "on")]),
        newer(true)
    );
    let older = ("DINGTALK_LOGIN_FLOW", "qrconnect");
    let off = ("DINGTALK_LOGIN_EXCLUSIVE", "off");
    assert_eq!(read(&[older, off]), LoginFlow::QrConnect);
}

#[test]
fn without_a_scan_login_app_the_internal_app_shows_the_code() {
    let login_app = load(&[], &[]).unwrap().dingtalk.login_app;
    assert_eq!(login_app.key, "dingapp");
    assert_eq!(login_app.secret.expose_secret(), "secret-of-the-app");
}

#[test]
fn an_idle_life_is_no_longer_than_the_absolute_one() {
    assert_fault(
        &[("DINGGATE_SESSION_IDLE", "8d")],
        "DINGGATE_SESSION_IDLE",
        "is longer than DINGGATE_SESSION_MAX",
    );
    let login = load(&[("DINGGATE_SESSION_MAX", "4h")], &[]).unwrap().login;
    assert_eq!(login.session_idle, login.session_max, "a default yields");
}
