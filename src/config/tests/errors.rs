//! Every error is named, with an example, and none hides another.

use super::*;

#[test]
fn a_scan_login_app_has_an_id_and_a_secret() {
    assert_fault(
        &[("DINGTALK_LOGIN_APP_ID", "dingoa")],
        "DINGTALK_LOGIN_APP_SECRET",
        "is missing",
    );
    assert_fault(
        &[("DINGTALK_LOGIN_APP_SECRET", "x")],
        "DINGTALK_LOGIN_APP_ID",
        "is missing",
    );
    assert_fault(
        &[
            ("DINGTALK_LOGIN_APP_ID", "dingoa"),
            ("DINGTALK_LOGIN_APP_SECRET_FILE", "/none"),
        ],
        "DINGTALK_LOGIN_APP_SECRET_FILE",
        "cannot be read",
    );
}

#[test]
fn no_control_character_of_a_value_is_shown_as_it_is() {
    // The words of the parser of cron expressions quote it.
    let errors = errors(&[("DINGGATE_SYNC_CRON", "6\u{1b}[31m * * * *")], &[]);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(!errors[0].contains(char::is_control), "{:?}", errors[0]);
}

#[test]
fn a_webhook_is_whole_or_absent() {
    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let url = ("DINGGATE_WEBHOOK_URL", "https://hr.example.com/hook");
    let secret = ("DINGGATE_WEBHOOK_SECRET", SECRET);
    assert_fault(&[url], secret.0, "while DINGGATE_WEBHOOK_URL is set");
    assert_fault(&[secret], url.0, "while DINGGATE_WEBHOOK_SECRET is set");
    let missing = errors(&[("DINGGATE_WEBHOOK_EVENTS", "bpms_task_change")], &[]);
    assert!(
        missing.len() == 2 && missing.iter().all(|line| line.contains("EVENTS is set")),
        "{missing:#?}"
    );
    assert!(load(&[url, secret], &[]).is_ok());
    for (name, bad) in [
        (url.0, "http://hr.example.com/hook"),
        (url.0, "https://user:hunter2@hr.example.com/hook"),
        (secret.0, "whsec_short"),
        ("DINGGATE_WEBHOOK_EVENTS", "bpms_*"),
    ] {
        assert_fault(&[url, secret, (name, bad)], name, "; for example ");
    }
}

#[test]
fn the_older_scan_page_knows_no_dedicated_accounts() {
    assert_fault(
        &[("DINGTALK_LOGIN_EXCLUSIVE", "on")],
        "DINGTALK_LOGIN_EXCLUSIVE",
        "DINGTALK_LOGIN_FLOW=oauth2",
    );
    for name in ["DINGTALK_LOGIN_FLOW", "DINGTALK_LOGIN_EXCLUSIVE"] {
        assert_fault(&[(name, "maybe")], name, "\"maybe\" is neither");
    }
}

#[test]
fn every_required_setting_that_is_missing_or_empty_is_named_at_once() {
    let env: [(&str, &str); 2] = [("DATABASE_URL", ""), ("HOME", "/root")];
    let errors = Config::load(env, |_| Ok(String::new())).unwrap_err();
    let named: Vec<_> = errors.iter().map(|error| error.name.as_str()).collect();
    let mut wanted: Vec<_> = required().into_keys().collect();
    wanted.sort_unstable();
    let mut sorted = named.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted);
    assert!(
        errors
            .iter()
            .all(|error| error.what == "is missing" && !error.example.is_empty())
    );
}

#[test]
fn every_malformed_setting_is_named_with_an_example() {
    for (name, bad) in [
        ("DATABASE_URL", "mysql://db.example.com/gate"),
        ("DATABASE_URL", "postgres://db.example.com:port/gate"),
        (
            "DATABASE_URL",
            "postgres://db.example.com/gate?sslmode=maybe",
        ),
        ("DINGGATE_PUBLIC_URL", "http://sso.example.com"),
        ("DINGGATE_PUBLIC_URL", "https://sso.example.com/gate"),
        ("DINGGATE_LISTEN", "localhost:8080"),
        ("DINGGATE_LISTEN", "8080"),
        ("DINGGATE_SECRET_KEY", "c2hvcnQ="),
        ("DINGGATE_ADMINS", "a,b\tc"),
        ("DINGGATE_MIGRATE", "yes"),
        ("DINGGATE_UNKNOWN_STAFF", "Review"),
        ("DINGGATE_SESSION_IDLE", "8"),
        ("DINGGATE_SESSION_MAX", "400d"),
        ("DINGGATE_LOGIN_STATE_TTL", "0s"),
        ("DINGGATE_LOGIN_RATE", "120"),
        ("DINGGATE_SYNC_CRON", "every night"),
        ("DINGGATE_SYNC_CRON", "0 0 30 2 *"),
        ("DINGGATE_SYNC_MAX_LEAVERS", "10"),
        ("TZ", "Asia/Shangai"),
        ("TZ", "CST-25"),
        ("DINGGATE_LOG", "loud"),
        ("DINGGATE_LOG_FORMAT", "xml"),
        ("DINGGATE_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("DINGTALK_CORP_ID", "ding corp"),
        ("DINGTALK_APP_KEY", "ding app"),
        ("DINGTALK_APP_SECRET", "secret\n"),
        ("DINGTALK_CALLBACK_TOKEN", "a token"),
        ("DINGTALK_CALLBACK_AES_KEY", "tooshort"),
        ("DINGTALK_CALLBACK_OWNER_KEY", "ding corp"),
        ("DINGTALK_OAPI_URL", "http://oapi.dingtalk.com"),
        ("DINGTALK_API_URL", "https://api.dingtalk.com?x"),
        ("DINGTALK_LOGIN_URL", "login.dingtalk.com"),
    ] {
        assert_fault(&[(name, bad)], name, "; for example ");
    }
}

#[test]
fn faults_of_every_kind_are_listed_together() {
    let errors = errors(
        &[
            ("DINGGATE_CONFIG", "/etc/gate.toml"),
            ("DATABASE_URL", ""),
            ("DINGGATE_LISTEN", "nowhere"),
            ("DINGGATE_LITSEN", "127.0.0.1:1"),
            ("DINGTALK_APP_SECRET", ""),
            ("DINGTALK_APP_SECRET_FILE", "/run/none"),
            ("DINGTALK_CALLBACK_TOKEN_FILE", "/run/token"),
        ],
        &[(
            "/etc/gate.toml",
            "DINGGATE_LOG = 1.5\ncolour = \"red\"\nDINGGATE_SESSION_IDLE = 8\n",
        )],
    );
    for name in [
        "DATABASE_URL: is missing",
        "DINGGATE_LISTEN: ",
        "DINGGATE_LITSEN: is not a setting; DINGGATE_LISTEN is",
        "DINGTALK_APP_SECRET_FILE: ",
        "DINGTALK_CALLBACK_TOKEN: and DINGTALK_CALLBACK_TOKEN_FILE are both given",
        "DINGGATE_LOG (in \"/etc/gate.toml\"): ",
        "colour (in \"/etc/gate.toml\"): is not a setting",
        "DINGGATE_SESSION_IDLE (in \"/etc/gate.toml\"): ",
    ] {
        assert!(
            errors.iter().any(|line| line.starts_with(name)),
            "{name} in {errors:#?}"
        );
    }
    assert_eq!(errors.len(), 8, "{errors:#?}");
}

#[test]
fn a_name_that_we_do_not_know_is_a_fault_even_when_empty_and_those_of_others_are_not() {
    assert_fault(
        &[("DINGGATE_ADMIN", "")],
        "DINGGATE_ADMIN",
        "DINGGATE_ADMINS is",
    );
    assert_fault(
        &[("DINGTALK_AGENT", "1")],
        "DINGTALK_AGENT",
        "is not a setting of this version",
    );
    assert_fault(
        &[("DINGGATE_LISTEN_FILE", "/x")],
        "DINGGATE_LISTEN_FILE",
        "is not a setting",
    );
    assert_fault(
        &[("DINGGATE_PORT_8080_TCP_ADDR", "10.0.0.1")],
        "DINGGATE_PORT_8080_TCP_ADDR",
        "enableServiceLinks",
    );
    assert!(load(&[("DING", "1"), ("PGHOST", "x"), ("DINGGATEX", "y")], &[]).is_ok());
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_a_fault_and_not_missing_too() {
    use std::os::unix::ffi::OsStringExt;
    let mut env: Vec<(OsString, OsString)> = required()
        .into_iter()
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    env.retain(|(name, _)| name != "DINGTALK_APP_SECRET");
    env.push((
        "DINGTALK_APP_SECRET".into(),
        OsString::from_vec(vec![0xff, 0xfe]),
    ));
    let errors = Config::load(env, |_| Ok(String::new()))
        .unwrap_err()
        .to_string();
    assert!(
        errors.starts_with("DINGTALK_APP_SECRET: is not UTF-8") && errors.lines().count() == 1,
        "{errors}"
    );
}

#[test]
fn the_time_zone_is_the_systems_and_stands_in_no_file() {
    let toml = ("/gate.toml", "TZ = \"Europe/Berlin\"\n");
    let found = errors(&[("DINGGATE_CONFIG", "/gate.toml")], &[toml]);
    assert_eq!(
        found,
        ["TZ (in \"/gate.toml\"): stands in the environment only; for example TZ=Asia/Shanghai"]
    );
    for (text, name) in [
        ("", "Asia/Shanghai"),
        ("CST-8", "Etc/GMT-8"),
        ("UTC0", "Etc/GMT0"),
        ("<+08>-8", "Etc/GMT-8"),
        ("EST5EDT", "EST5EDT"),
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
    ] {
        let config = load(&[("TZ", text)], &[]).unwrap();
        assert_eq!(config.sync.schedule.zone().name(), name, "{text}");
    }
}

#[test]
fn a_wrong_zone_and_a_wrong_expression_are_told_together() {
    let found = errors(
        &[("TZ", "Mars/Base"), ("DINGGATE_SYNC_CRON", "0 0 30 2 *")],
        &[],
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with("TZ: \"Mars/Base\" is not the name of a time zone"),
        "{found:#?}"
    );
    assert!(
        found[1].starts_with("DINGGATE_SYNC_CRON: \"0 0 30 2 *\" names no day"),
        "{found:#?}"
    );
}

#[test]
fn a_value_that_is_still_in_quotes_is_a_fault() {
    for quoted in [
        "\"https://sso.example.com\"",
        "'https://sso.example.com'",
        "“https://sso.example.com”",
        "‘https://sso.example.com’",
    ] {
        assert_fault(
            &[("DINGGATE_PUBLIC_URL", quoted)],
            "DINGGATE_PUBLIC_URL",
            "is still in quotes",
        );
    }
    let errors = errors(
        &[
            ("DINGGATE_BRAND_NAME", "'示例公司'"),
            ("DINGTALK_APP_SECRET", ""),
            ("DINGTALK_APP_SECRET_FILE", "/secret"),
        ],
        &[("/secret", "\"quoted-secret\"\n")],
    );
    assert!(
        errors.len() == 2
            && errors
                .iter()
                .all(|error| error.contains("is still in quotes")),
        "both at once: {errors:#?}"
    );
    assert!(!errors.concat().contains("quoted-secret"));
    // Quotation marks within a value belong to it.
    let inner = load(&[("DINGGATE_BRAND_NAME", "示例“科技”公司")], &[]);
    assert!(inner.is_ok());
}

#[test]
fn a_list_with_marks_of_a_chinese_keyboard_is_a_fault() {
    for list in ["manager9，0158", "manager9、0158", "manager9；0158"] {
        assert_fault(
            &[("DINGGATE_ADMINS", list)],
            "DINGGATE_ADMINS",
            "and not by a comma",
        );
    }
    assert_fault(
        &[("DINGGATE_TRUSTED_PROXIES", "10.0.0.5，10.0.0.6")],
        "DINGGATE_TRUSTED_PROXIES",
        "and not by a comma",
    );
    assert_fault(
        &[("DINGGATE_ADMINS", "manager9,\"0158\"")],
        "DINGGATE_ADMINS",
        "in quotes",
    );
}
