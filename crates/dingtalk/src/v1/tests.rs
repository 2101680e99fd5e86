use serde_json::json;

use super::*;
use crate::v1_codes::REDEEM;

fn read(status: u16, body: &Value) -> ApiError {
    read_answer("api", status, body.to_string().as_bytes(), &[], 0).unwrap_err()
}

fn denied(code: &str) -> ApiError {
    read(
        400,
        &json!({"code": code, "requestid": "r", "message": "m"}),
    )
}

#[test]
fn a_good_answer_is_given_whole_also_with_a_field_named_code() {
    let body = br#"{"accessToken":"t","code":"ok"}"#;
    let read = read_answer("api", 200, body, &[], 0).unwrap();
    assert_eq!(read["accessToken"], "t");
}

#[test]
fn no_part_of_a_refusal_repeats_a_secret() {
    let body = json!({
        "code": "bad.aT0kenOfOurs",
        "message": "aT0kenOfOurs is bad",
        "accessdenieddetail": {"requiredScopes": ["Contact.aT0kenOfOurs.Read"]},
    });
    let error = read_answer(
        "api",
        403,
        body.to_string().as_bytes(),
        &["aT0kenOfOurs"],
        0,
    )
    .unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("aT0kenOfOurs"),
        "{error:?}"
    );
}

#[test]
fn a_code_made_up_by_a_browser_turns_no_refusal_into_another() {
    let read = |status, code: &str, sent| {
        let body = json!({"code": code}).to_string();
        read_answer("api", status, body.as_bytes(), &[sent], 0).unwrap_err()
    };
    let throttled = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi";
    for sent in ["Qps", "QpsLimitForAppkeyAndApi", "e"] {
        let error = read(403, throttled, sent);
        assert!(matches!(error, ApiError::Throttled { .. }), "{error:?}");
    }
    let misconfigured = "invalidClientIdOrSecret";
    for sent in ["Client", "invalidClientIdOrSecret", "i"] {
        let error = read(400, misconfigured, sent);
        assert_eq!(error.named_code().as_deref(), Some(misconfigured));
        assert!(!error.is_spent_code());
    }
}

#[test]
fn refusals_are_told_apart_by_their_words_in_any_letter_case() {
    let throttled = |code| ApiError::Throttled {
        api: "api",
        code,
        wait: None,
    };
    let of_app = json!({"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"});
    let of_all = json!({"Code": "forbidden.accessdenied.qpslimitforapi"});
    assert_eq!(read(403, &of_app), throttled(90018));
    assert_eq!(read(403, &of_all), throttled(90002));
    assert_eq!(read(429, &json!({"code": "TooMany"})), throttled(90018));
    let rejected = ApiError::TokenRejected {
        api: "api",
        code: 40014,
    };
    assert_eq!(denied("InvalidAuthentication"), rejected);
    assert!(denied("InvalidParameter.User.NotFound").is_unknown_person());
    assert_eq!(denied("x").named_code().as_deref(), Some("x"));
    let busy = json!({"code": "ServiceUnavailable"});
    assert!(read(503, &busy).is_unavailable());
    assert!(!denied("Forbidden.AccessDenied.IpNotInWhiteList").is_unavailable());
}

#[test]
fn an_error_does_not_repeat_what_was_sent() {
    let padding = "x".repeat(110);
    let said = json!({"code": "bad", "message": format!("{padding} c0dec0dec0dec0de (s3cret)")});
    let body = said.to_string();
    let error = read_answer(
        "api",
        400,
        body.as_bytes(),
        &["c0dec0dec0dec0de", "s3cret"],
        0,
    );
    let shown = error.unwrap_err().to_string();
    assert_eq!(
        shown,
        format!("api: DingTalk refuses with bad {padding} *** (***)")
    );
}

#[test]
fn a_missing_permission_is_named() {
    for key in ["accessdenieddetail", "accessDeniedDetail"] {
        for scopes in [json!(["Contact.User.Read"]), json!("Contact.User.Read")] {
            let body = json!({
                "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
                key: {"requiredScopes": scopes},
            });
            let named = read(403, &body).named_code().unwrap();
            assert_eq!(
                named,
                "Forbidden.AccessDenied.AccessTokenPermissionDenied Contact.User.Read"
            );
        }
    }
}

#[test]
fn a_code_that_is_worth_nothing_is_not_our_credentials_fault() {
    for spent in [
        "invalidParameter.authCode.notFound",
        "InvalidParameter",
        "invalidCode",
    ] {
        assert!(denied(spent).is_spent_code(), "{spent}");
    }
    for other in [
        "invalidClientIdOrSecret",
        "invalidParameter.clientId",
        "invalidParameter.user.notFound",
        "Missingbody",
        "InvalidAction.NotFound",
    ] {
        assert!(!denied(other).is_spent_code(), "{other}");
    }
}

#[test]
fn whatever_makes_a_redeeming_call_a_bad_request_is_the_code_unless_it_is_named() {
    let is_spent = |status, code: &str| {
        let body = json!({"code": code, "message": "m"}).to_string();
        let refusal = read_answer(REDEEM, status, body.as_bytes(), &[], 0).unwrap_err();
        refusal.is_spent_code()
    };
    for spent in ["Unheard.Of", "expiredCode", "InvalidParameter"] {
        assert!(is_spent(400, spent), "{spent}");
    }
    for ours in [
        "invalidClientIdOrSecret",
        "unsupportedGrantType",
        "Missingbody",
        "MissingParameter",
        "AuthenticationFailed.MissingParameter",
        "InvalidAuthentication",
        "Forbidden.Unheard",
    ] {
        assert!(!is_spent(400, ours), "{ours}");
    }
    assert!(!is_spent(403, "Unheard.Of") && !is_spent(404, "Unheard.Of"));
}

#[test]
fn bans_pages_and_older_errors_are_read_as_elsewhere() {
    let banned = ApiError::Banned { api: "api" };
    assert_eq!(read(200, &json!({"status": 1111, "wait": 5})), banned);
    assert_eq!(read(403, &json!({"status": 1111, "code": "x"})), banned);
    let page = read_answer("api", 200, b"<!DOCTYPE html>", &[], 0);
    assert_eq!(page.unwrap_err(), ApiError::Page { api: "api" });
    assert_eq!(read(200, &json!({"errcode": 60020})).code(), Some(60020));
    let gone = read_answer("api", 502, b"<html>", &[], 0).unwrap_err();
    assert!(gone.is_unavailable());
}
