//! Texts of the checks of `dinggate doctor` that call DingTalk.

use crate::text::messages;

messages! {
    NOT_LISTED = "DingTalk takes no calls from this machine's address (caller_address)";
    TRY_AGAIN = "run doctor again; where it stays so, look for the network in between";
    ADDRESS_ACCEPTED = "DingTalk takes calls from the address of this machine";
    ADDRESS_UNKNOWN = "no call has shown it";
    NO_TIME_LEFT = "DingTalk has taken too long over the questions before";
    TIMED_OUT = "DingTalk did not answer in time";
    NO_BUDGET = "Postgres does not answer, which keeps the budget of calls";
    BANNED = "DingTalk has banned our address";
    TRY_LATER = "run doctor again in a minute; look for other programs that use the same app";
    COMPLETE_RECORD = "DingTalk does answer; complete this record in its directory";
    BANNED_FOR_CALLS = "DingTalk has banned our address for five minutes, for too many calls";
    WAIT_FOR_BAN = "find what else calls DingTalk from this address, and wait five minutes";
    names_address(action, address) = "{action} DingTalk names the address: {address}";
    CLOCK_CONSEQUENCE = "Dinggate signs by DingTalk's time as long as it is no more than 15 minutes off";
    SET_CLOCK = "set this machine's clock by NTP";
    UNREACHABLE = "DingTalk cannot be reached";
    NO_TIME = "DingTalk's answer does not bear the time";
    web_page(root) = "{root} answers with a web page: a proxy in between fails, or DingTalk has banned our address";
    CHECK_PROXY = "look at the proxy, and run doctor again in five minutes, after which a ban is over";
    BANNED_OR_PROXY = "a web page comes in place of DingTalk's answers, as to a banned address";
    not_dingtalk(root, error) = "what answers at {root} is not DingTalk: {error}";
    CHECK_ROUTE = "look what stands in between: a proxy, a portal, DINGTALK_OAPI_URL";
    FIX_CERTIFICATES =
        "bring the system's root certificates up to date (ca-certificates), set the clock right, or let the proxy leave DingTalk's certificate alone";
    FIX_NAMES = "see that this machine resolves names (/etc/resolv.conf)";
    OPEN_PORT = "let this machine call DingTalk on port 443: firewall, route, or HTTPS_PROXY where there is a proxy";
    NO_TOKEN = "there is no access token";
    NO_APP_SETTINGS = "DINGTALK_APP_KEY or DINGTALK_APP_SECRET is missing or wrong";
    TOKEN_ISSUED = "DingTalk issues a token for DINGTALK_APP_KEY and DINGTALK_APP_SECRET";
    NO_LOGIN_APP_SETTINGS = "DINGTALK_LOGIN_APP_ID or DINGTALK_LOGIN_APP_SECRET is missing or wrong";
    OAUTH2_ACCEPTED = "DingTalk takes the id and secret that people sign in with on its newer page";
    SIGNATURE_ACCEPTED = "DingTalk takes the signature of DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET";
    OWN_SIGNATURE_ACCEPTED = "DingTalk takes the internal app's signature for scans, too";
    CODE_ACCEPTED = "DingTalk takes a code that was made up, which says nothing of the app";
    IS_IT_DINGTALK = "look at DINGTALK_OAPI_URL: is it DingTalk?";
}
