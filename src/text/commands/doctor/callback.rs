//! Texts of the checks of the event subscription.

use crate::text::messages;

messages! {
    NO_SETTINGS =
        "DINGGATE_PUBLIC_URL, DINGTALK_APP_KEY, DINGTALK_CORP_ID or a setting of the callback is missing or wrong";
    NO_PATH = "DINGGATE_PUBLIC_URL has no room for a path";
    NO_CLIENT = "the HTTP client cannot be built";
    INVALID_KEY = "DINGTALK_CALLBACK_AES_KEY cannot be used as a key";
    /// What a proxy in front of us has to do.
    PASS_THROUGH =
        "let whatever stands in front of Dinggate pass /dingtalk/events through unchanged: no redirect, no page of its own, no challenge";
    START =
        "start `dinggate serve` and run doctor again; where it runs, this network may just not reach itself from inside: try `curl` from outside";
    follow_no_redirect() = "{PASS_THROUGH}; set DINGGATE_PUBLIC_URL to the final address";
    check_answer() = "see that Dinggate answers there, and {PASS_THROUGH}";
    lead_to_dinggate() = "let DINGGATE_PUBLIC_URL lead to Dinggate, and {PASS_THROUGH}";
    SOMEWHERE_ELSE = "somewhere else";
    slow(millis) = "the answer took {millis} ms; DingTalk waits 1500 ms";
    FIND_DELAY = "find what makes it slow: the way to this address, the proxy in front, Postgres";
    accepted(address) = "{address} takes a message in DingTalk's form and answers it rightly";
    unreachable(address, why) = "{address} cannot be reached from here: {why}";
    silent(address) = "{address} does not answer in time";
    untrusted_certificate(address, why) = "the certificate of {address} is not believed: {why}";
    FIX_CERTIFICATE =
        "give the public address a certificate that browsers and DingTalk believe, with the whole chain";
    redirects(address, target) = "{address} redirects to {target}, and DingTalk follows no redirect";
    http_503(address) = "{address} answers with HTTP 503";
    CHECK_READYZ = "see at /readyz what the service is waiting for, and whether it runs behind the proxy";
    forbidden(address) = "{address} refuses the message (HTTP 403)";
    RESTART_OR_FIREWALL =
        "where Dinggate answers, it runs with other values of DINGTALK_CALLBACK_*, DINGTALK_APP_KEY or DINGTALK_CORP_ID: restart it; else look into the log of the firewall in front";
    http_status(address, status) = "{address} answers with HTTP {status}";
    not_dinggate(address) = "what answers at {address} is not Dinggate";
    other_key(address) = "{address} answers with another token, key or owner key than ours";
    RESTART =
        "restart the service, so that it runs with these settings; see that the address leads to this installation";
    NO_TOKEN_OR_KEY = "DINGTALK_CALLBACK_TOKEN or DINGTALK_CALLBACK_AES_KEY is missing or wrong";
    COPY_KEY = "copy aes_key again from 开发配置 › 事件订阅, or let the console generate another";
    VALID_FORM = "token and key have the right form";
    ODD_TOKEN = "DINGTALK_CALLBACK_TOKEN is not of the form that DingTalk generates (3 to 63 letters and digits)";
    COMPARE_TOKEN = "compare it with 签名 token in the developer console (开发配置 › 事件订阅)";
    NONE_REGISTERED =
        "none is registered by API: events come by the subscription made in the developer console (开发配置 › 事件订阅)";
    NO_PUBLIC_URL = "DINGGATE_PUBLIC_URL is missing or wrong";
    registered_elsewhere(url) = "one is registered by API at {url}, which is not ours";
    TURN_TO_US =
        "where nobody else needs it, `dinggate callback update` turns it to us and `dinggate callback delete --force` ends it; a subscription in the console works beside it";
    registered(ours) = "registered by API at {ours}, with our token and key";
    registered_with_other_secrets(ours, settings) =
        "registered by API at {ours}, but with another value than that of {settings}: every event is refused";
    UPDATE = "run `dinggate callback update`";
    ALL_EVENTS = "all event types that matter are registered";
    LEAVERS_STAY = "; people who leave stay signed in until the next full sync";
    events_missing(missing, leavers) = "not registered: {missing}{leavers}";
    ADD_EVENTS = "run `dinggate callback update`, which adds them";
    OWNER_KEY_NEEDS = "the settings of the callback, of the internal app or DINGTALK_CORP_ID are missing or wrong";
    OWNER_KEY_UNSET = "DINGTALK_CALLBACK_OWNER_KEY is not set: the AppKey and the CorpId are both accepted";
    OWNER_KEY_UNKNOWN =
        "DINGTALK_CALLBACK_OWNER_KEY is neither DINGTALK_APP_KEY nor DINGTALK_CORP_ID: every event is refused";
    SET_OWNER_KEY =
        "take it out, or set it to the AppKey (subscription in the console) or the CorpId (registered by API)";
    OWNER_KEY_NEEDS_CORP_ID =
        "DINGTALK_CALLBACK_OWNER_KEY is the AppKey, but events of a callback registered by API bear the CorpId: they are refused";
    SET_CORP_ID = "take DINGTALK_CALLBACK_OWNER_KEY out, or set it to the CorpId";
    OWNER_KEY_NEEDS_APP_KEY =
        "DINGTALK_CALLBACK_OWNER_KEY is the CorpId, but no callback is registered by API: events of a subscription made in the console bear the AppKey and are refused";
    SET_APP_KEY = "take DINGTALK_CALLBACK_OWNER_KEY out, set it to the AppKey, or run `dinggate callback register`";
    APP_KEY_ONLY = "only events that bear the AppKey are accepted";
    CORP_ID_ONLY = "only events that bear the CorpId are accepted";
}
