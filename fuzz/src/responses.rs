//! DingTalk's responses. The first byte of the input selects the call, the second the HTTP status, the rest is the
//! body.

use std::fmt::Debug;

use dingtalk::ApiError;
use dingtalk::callback_registration::RegisteredCallback;
use dingtalk::contact::{Department, Person};
use dingtalk::fuzzing::answer_next_call;
use serde_json::Value;

use super::decrypted_events::has_float;
use super::known_client::{APP_SECRET, CODE, LOGIN_SECRET, TOKEN, client, finished, token};

const STATUSES: [u16; 10] = [200, 201, 302, 400, 401, 403, 404, 429, 500, 502];
const CALLS: u8 = 15;
const AES_KEY: &str = "theKeyOfTheCallbackWhichNobodySeesEither000";
const USERID: &str = "manager4220";
const DEPT_ID: i64 = 7;

/// Panics if a call accepts a response that breaks its promise, or an error repeats a secret.
pub fn check(data: &[u8]) {
    let [call, status, body @ ..] = data else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let result = answered(*call, status, body);
    // How the JSON is written makes no difference.
    if let Ok(value) = serde_json::from_slice::<Value>(body)
        && !has_float(&value)
        && !has_text_json(&value)
    {
        assert_eq!(
            answered(*call, status, value.to_string().as_bytes()),
            result
        );
    }
}

/// Returns what the call makes of the response.
fn answered(call: u8, status: u16, body: &[u8]) -> String {
    answer_next_call(status, body);
    let (client, token) = (client(), token());
    let secrets = sent_by(call % CALLS);
    match call % CALLS {
        0 => checked(secrets, finished(client.user(&token, USERID)), |person| {
            assert_eq!(person.userid, USERID);
            check_person(person);
        }),
        1 => checked(
            secrets,
            finished(client.userid_by_unionid(&token, "u")),
            |contact| {
                check_id(&contact.userid);
            },
        ),
        2 => checked(
            secrets,
            finished(client.department(&token, DEPT_ID)),
            |department| {
                assert_eq!(department.dept_id, DEPT_ID);
                check_department(department);
            },
        ),
        3 => checked(
            secrets,
            finished(client.sub_departments(&token, DEPT_ID)),
            |departments| {
                departments.iter().flatten().for_each(check_department);
            },
        ),
        4 => checked(
            secrets,
            finished(client.users_of_department(&token, DEPT_ID, 0)),
            |page| {
                page.people
                    .iter()
                    .flatten()
                    .for_each(|listed| check_person(&listed.person));
            },
        ),
        5 => checked(secrets, finished(client.scopes(&token)), |scopes| {
            assert!(scopes.departments.iter().all(|id| *id > 0));
            scopes.users.iter().for_each(|id| check_id(id));
        }),
        6 => checked(
            secrets,
            finished(client.user_by_scan_code(CODE)),
            |person| {
                check_id(&person.unionid);
            },
        ),
        7 => checked(
            secrets,
            finished(client.user_by_in_app_code(&token, CODE)),
            |person| {
                check_id(&person.userid);
                check_id(&person.unionid);
                check_text(&person.name, 100);
            },
        ),
        8 => checked(
            secrets,
            finished(client.get_token()).map(|token| token.lifetime),
            |lifetime| assert!((60..=7200).contains(&lifetime.as_secs())),
        ),
        9 => checked(
            secrets,
            finished(client.process_instance(&token, "p")),
            |instance| {
                assert!(
                    instance
                        .json
                        .as_object()
                        .is_some_and(|fields| !fields.is_empty())
                );
            },
        ),
        10 => checked(secrets, finished(client.callback(&token)), |callback| {
            check_text(&callback.url, 2000);
        }),
        11 => checked(
            secrets,
            finished(client.register_callback(&token, &callback())),
            |()| (),
        ),
        12 => checked(
            secrets,
            finished(client.user_grant(CODE)).map(|grant| grant.corp_id),
            |_| (),
        ),
        13 => checked(secrets, finished(client.token_owner(&token)), |person| {
            check_id(&person.unionid);
        }),
        _ => checked(secrets, finished(client.delete_callback(&token)), |()| ()),
    }
}

/// Returns the secrets that a call sends, which no error may repeat.
fn sent_by(call: u8) -> &'static [&'static str] {
    match call {
        6 => &[CODE],
        7 => &[TOKEN, CODE],
        8 => &[APP_SECRET],
        11 => &[TOKEN, AES_KEY],
        12 => &[LOGIN_SECRET, CODE],
        _ => &[TOKEN],
    }
}

fn callback() -> RegisteredCallback {
    RegisteredCallback {
        events: vec!["user_leave_org".to_owned()],
        token: TOKEN.into(),
        aes_key: AES_KEY.into(),
        url: "https://sso.example.com/dingtalk/events".to_owned(),
    }
}

/// Checks a result and returns it in a form that can be compared.
fn checked<T: Debug>(
    secrets: &[&str],
    result: Result<T, ApiError>,
    check: impl FnOnce(&T),
) -> String {
    match &result {
        Ok(value) => check(value),
        Err(error) => check_error(error, secrets),
    }
    match result {
        // How long to wait depends on the time.
        Err(ApiError::Throttled { api, code, wait }) => format!("{api} {code} {}", wait.is_some()),
        result => format!("{result:?}"),
    }
}

fn check_error(error: &ApiError, secrets: &[&str]) {
    let shown = format!("{error} {error:?}");
    for secret in secrets {
        assert!(!shown.contains(*secret), "{shown}");
    }
    let shown = error.to_string();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(shown.chars().count() <= 400, "{shown}");
}

fn check_id(id: &str) {
    assert!(
        (1..=128).contains(&id.len()) && !id.chars().any(char::is_control),
        "{id:?}"
    );
}

fn check_text(text: &str, most: usize) {
    assert!(
        text.chars().count() <= most && !text.contains('\0'),
        "{text:?}"
    );
}

fn check_person(person: &Person) {
    check_id(&person.userid);
    person.unionid.iter().for_each(|id| check_id(id));
    check_text(&person.name, 200);
    assert!(!person.name.is_empty());
    for text in [
        &person.avatar,
        &person.job_number,
        &person.title,
        &person.mobile,
        &person.email,
    ]
    .into_iter()
    .flatten()
    {
        check_text(text, 2000);
    }
    assert!(
        person
            .departments
            .iter()
            .all(|membership| membership.dept_id > 0)
    );
    assert!(
        person
            .departments
            .is_sorted_by(|a, b| a.dept_id < b.dept_id)
    );
}

fn check_department(department: &Department) {
    assert!(department.dept_id > 0);
    assert!(department.parent_id.is_none_or(|id| id > 0));
    check_text(&department.name, 200);
    assert!(!department.name.is_empty());
}

/// Whether a text may hold JSON with numbers that printing and parsing would change.
fn has_text_json(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            serde_json::from_str(text).is_ok_and(|inner: Value| has_float(&inner))
        }
        Value::Array(items) => items.iter().any(has_text_json),
        Value::Object(fields) => fields.values().any(has_text_json),
        _ => false,
    }
}
