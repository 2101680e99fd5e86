//! Checks of the settings that need no network.

use super::Check;
use crate::config::{PartialConfig, SettingErrors};
use crate::text::commands::doctor::settings as texts;
use crate::upstream::{ProxySetting, proxy_setting};

const NAME: &str = "settings";

/// Returns one failed check per error, or a single passed check if there is none.
pub fn all(errors: &SettingErrors) -> Vec<Check> {
    if errors.is_empty() {
        return vec![Check::ok(NAME, texts::ALL_READ)];
    }
    let failure = |error: &crate::config::SettingError| {
        let file = error.file.as_ref();
        let place = file.map_or_else(String::new, texts::in_file);
        Check::failure(
            NAME,
            format!("{}{place}: {}", error.name, error.what),
            texts::set_right(&error.example),
        )
    };
    errors.iter().map(failure).collect()
}

/// Checks whether the proxy named by the environment can be used.
pub fn proxy() -> Check {
    const NAME: &str = "proxy";
    match proxy_setting() {
        ProxySetting::Unset => Check::ok(NAME, texts::NO_PROXY),
        ProxySetting::Set(address) => Check::ok(NAME, texts::proxied(address)),
        ProxySetting::Malformed { variable } => Check::failure(
            NAME,
            texts::malformed_proxy(variable),
            texts::set_proxy(variable),
        ),
    }
}

/// Checks whether DingTalk can reach the public URL at all.
pub fn public_url(parts: &PartialConfig) -> Check {
    const NAME: &str = "public_url";
    match &parts.public_url {
        None => Check::skipped(NAME, texts::NO_PUBLIC_URL),
        Some(url) if url.is_loopback() => {
            Check::warning(NAME, texts::loopback(url), texts::SET_PUBLIC_URL)
        }
        Some(url) => Check::ok(NAME, format!("{url}")),
    }
}
