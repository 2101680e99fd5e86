//! What the textual codes of the newer APIs mean.

/// API that redeems the code of the newer login page.
pub(super) const REDEEM: &str = "v1.0/oauth2/userAccessToken";

/// Whether a code means that there is no such person.
pub(super) fn is_unknown_person(code: &str) -> bool {
    code.eq_ignore_ascii_case("invalidParameter.user.notFound")
}

/// What the code of a refused exchange contains if the fault lies with us or the app, not with the one-time code.
const MISCONFIGURATION_CODES: [&str; 6] = [
    "client",
    "granttype",
    "grant_type",
    "missing",
    "authentication",
    "forbidden",
];

/// Whether a refusal means that the person's credential is worthless: the code, or the token obtained with it.
/// DingTalk does not list the codes for that. Of an exchange's parameters only the one-time code differs from
/// login to login, so a bad request is caused by that code, unless the response names something of ours.
pub(super) fn is_spent_code(api: &str, status: u16, code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    if api == REDEEM && status == 400 {
        return !MISCONFIGURATION_CODES
            .iter()
            .any(|words| code.contains(words))
            && !is_unknown_person(&code);
    }
    let is_parameter = code.starts_with("invalidparameter") && !is_unknown_person(&code);
    let is_code = ["authcode", "invalidcode", "code.notfound", "invalid_grant"];
    let is_token = code == "invalidauthentication";
    !code.contains("client")
        && (is_token || is_parameter || is_code.iter().any(|words| code.contains(words)))
}
