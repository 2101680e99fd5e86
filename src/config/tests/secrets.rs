//! Secrets in files of their own, never shown.

use super::*;

#[test]
fn every_secret_may_stand_in_a_file_and_loses_one_newline() {
    for setting in setting::ALL.iter().filter(|setting| setting.is_secret) {
        let mut env: BTreeMap<String, String> = required()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        env.insert("DINGTALK_LOGIN_APP_ID".to_owned(), "dingoa".to_owned());
        env.insert(
            "DINGTALK_LOGIN_APP_SECRET".to_owned(),
            "secret-of-the-login-app".to_owned(),
        );
        env.insert(
            "DINGGATE_WEBHOOK_URL".to_owned(),
            "https://hr.example.com".to_owned(),
        );
        env.insert(
            "DINGGATE_WEBHOOK_SECRET".to_owned(),
            "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".to_owned(),
        );
        env.insert(
            "DINGGATE_DATABASE_POOLER".to_owned(),
            "transaction".to_owned(),
        );
        env.insert(
            "DINGGATE_DATABASE_DIRECT_URL".to_owned(),
            "postgres://dinggate@127.0.0.1/dinggate".to_owned(),
        );
        let value = env.remove(setting.name).unwrap();
        env.insert(format!("{}_FILE", setting.name), "/secret".to_owned());
        for end in ["", "\n", "\r\n"] {
            let result = Config::load(env.clone(), |_| Ok(format!("{value}{end}")));
            assert!(result.is_ok(), "{}: {}", setting.name, result.unwrap_err());
        }
    }
    let changes = [
        ("DINGTALK_APP_SECRET", ""),
        ("DINGTALK_APP_SECRET_FILE", "/s"),
    ];
    assert!(
        load(&changes, &[("/s", "x\n\n")]).is_err(),
        "only one newline is dropped"
    );
    let secret = load(&changes, &[("/s", "x\n")])
        .unwrap()
        .dingtalk
        .app
        .secret;
    assert_eq!(secret.expose_secret(), "x");
}

#[test]
fn a_file_of_a_secret_that_is_empty_or_absent_is_a_fault() {
    let changes = [("DATABASE_URL", ""), ("DATABASE_URL_FILE", "/db")];
    let absent = errors(&changes, &[]);
    assert!(
        absent.len() == 1
            && absent[0].starts_with("DATABASE_URL_FILE: names \"/db\", which cannot be read"),
        "{absent:?}"
    );
    let empty = errors(&changes, &[("/db", "\n")]);
    assert!(
        empty.len() == 1 && empty[0].contains("is empty"),
        "{empty:?}"
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let config = load(
        &[
            ("DINGTALK_LOGIN_APP_ID", "dingoa"),
            ("DINGTALK_LOGIN_APP_SECRET", "login-app-secret"),
            ("DINGGATE_WEBHOOK_URL", "https://hr.example.com"),
            (
                "DINGGATE_WEBHOOK_SECRET",
                "whsec_Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc=",
            ),
        ],
        &[],
    )
    .unwrap();
    let shown = format!("{config:?} {config:#?}");
    for secret in [
        "pw-of-postgres",
        KEY,
        "65, 65",
        "secret-of-the-app",
        "token-of-the-callback",
        "abcdefghij",
        "login-app-secret",
        "Nzc3",
        "55, 55",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    for (name, bad) in [
        ("DATABASE_URL", "postgres://gate:hunter2@db:port/gate"),
        (
            "DATABASE_URL",
            "postgres://gate:hunter2@db/gate?sslmode=hunter2",
        ),
        ("DATABASE_URL", "hunter2"),
        (
            "DINGGATE_PUBLIC_URL",
            "https://gate:hunter2@sso.example.com",
        ),
        (
            "DINGTALK_OAPI_URL",
            "https://gate:hunter2@oapi.dingtalk.com",
        ),
        ("DINGGATE_SECRET_KEY", "hunter2"),
        ("DINGTALK_APP_SECRET", "hunter2 "),
        ("DINGTALK_CALLBACK_TOKEN", "hunter2 "),
        ("DINGTALK_CALLBACK_AES_KEY", "hunter2"),
        (
            "DINGGATE_WEBHOOK_URL",
            "https://gate:hunter2@hr.example.com",
        ),
        ("DINGGATE_WEBHOOK_SECRET", "whsec_hunter2"),
    ] {
        let errors = load(&[(name, bad)], &[]).unwrap_err();
        assert!(
            !format!("{errors} {errors:?}").contains("hunter2"),
            "{name}: {errors}"
        );
    }
}
