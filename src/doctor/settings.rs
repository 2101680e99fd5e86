//! Checks of the settings that need no network.

use super::Check;
use crate::config::{Faults, PartialConfig};
use crate::upstream::{ProxySetting, proxy_setting};

const NAME: &str = "settings";

/// Returns one failed check per fault, or a single passed check if there is none.
pub fn all(faults: &Faults) -> Vec<Check> {
    if faults.is_empty() {
        return vec![Check::ok(NAME, "all settings can be read")];
    }
    let failure = |fault: &crate::config::Fault| {
        let file = fault.file.as_ref();
        let place = file.map_or_else(String::new, |file| format!(" (in {file})"));
        Check::failure(
            NAME,
            format!("{}{place}: {}", fault.name, fault.what),
            format!("set it right, for example {}", fault.example),
        )
    };
    faults.iter().map(failure).collect()
}

/// Checks whether the proxy named by the environment can be used.
pub fn proxy() -> Check {
    const NAME: &str = "proxy";
    match proxy_setting() {
        ProxySetting::Unset => Check::ok(
            NAME,
            "none: HTTPS_PROXY is not set, and DingTalk is called directly",
        ),
        ProxySetting::Set(address) => Check::ok(
            NAME,
            format!(
                "DingTalk is called through {address}, but for what NO_PROXY names and this machine itself"
            ),
        ),
        ProxySetting::Malformed { variable } => Check::failure(
            NAME,
            format!(
                "{variable} is not the address of an HTTP proxy, and is ignored: DingTalk is called directly"
            ),
            format!("set {variable}=http://<host>:<port>, or take it out"),
        ),
    }
}

/// Checks whether DingTalk can reach the public URL at all.
pub fn public_url(parts: &PartialConfig) -> Check {
    const NAME: &str = "public_url";
    match &parts.public_url {
        None => Check::skipped(NAME, "DINGGATE_PUBLIC_URL is missing or wrong"),
        Some(url) if url.is_loopback() => Check::warning(
            NAME,
            format!(
                "{url} leads to this machine only: neither DingTalk nor other people's browsers can reach it"
            ),
            "for anything but a trial set DINGGATE_PUBLIC_URL to an https address that the internet reaches",
        ),
        Some(url) => Check::ok(NAME, format!("{url}")),
    }
}
