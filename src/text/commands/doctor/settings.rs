//! Texts of the checks of `dinggate doctor` that need no call: settings, proxy, clocks.

use crate::text::messages;

messages! {
    clock_agrees(whose) = "this machine's clock agrees with that of {whose}";
    NO_OAPI_URL = "DINGTALK_OAPI_URL is wrong";
    NO_API_URL = "DINGTALK_API_URL is wrong";
    NO_CLIENT = "the HTTP client cannot be built: are the system's root certificates there?";
    in_file(file) = " (in {file})";
    ALL_READ = "all settings can be read";
    set_right(example) = "set it right, for example {example}";
    NO_PROXY = "none: HTTPS_PROXY is not set, and DingTalk is called directly";
    proxied(address) = "DingTalk is called through {address}, but for what NO_PROXY names and this machine itself";
    malformed_proxy(variable) =
        "{variable} is not the address of an HTTP proxy, and is ignored: DingTalk is called directly";
    set_proxy(variable) = "set {variable}=http://<host>:<port>, or take it out";
    NO_PUBLIC_URL = "DINGGATE_PUBLIC_URL is missing or wrong";
    loopback(url) = "{url} leads to this machine only: neither DingTalk nor other people's browsers can reach it";
    SET_PUBLIC_URL = "for anything but a trial set DINGGATE_PUBLIC_URL to an https address that the internet reaches";
}

pub fn clock_differs(seconds: u64, is_behind: bool, whose: &str) -> String {
    let side = if is_behind { "behind" } else { "ahead of" };
    format!("this machine's clock is {seconds} s {side} that of {whose}")
}
