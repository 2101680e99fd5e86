//! The proxy that the environment configures for calls.

use reqwest::{NoProxy, Proxy};
use url::{Host, Url};

/// The environment's proxy setting for calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySetting {
    /// No proxy is set.
    Unset,
    /// Calls go through this URL, shown without its password, except to hosts in `NO_PROXY`.
    Set(String),
    /// The value is unusable, so no proxy is used.
    Malformed {
        /// The environment variable that holds it.
        variable: &'static str,
    },
}

/// Returns the environment's proxy setting.
pub fn proxy_setting() -> ProxySetting {
    match chosen_proxy() {
        None => ProxySetting::Unset,
        Some((variable, address)) => match usable_proxy(&address) {
            Some((_, shown)) => ProxySetting::Set(shown),
            None => ProxySetting::Malformed { variable },
        },
    }
}

/// Returns the environment's proxy for calls to this URL; loopback is never proxied.
pub fn proxy_for(root: &Url) -> Option<Proxy> {
    if is_loopback(root) {
        return None;
    }
    let (proxy, _) = usable_proxy(&chosen_proxy()?.1)?;
    Some(proxy.no_proxy(NoProxy::from_env()))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn chosen_proxy() -> Option<(&'static str, String)> {
    ["HTTPS_PROXY", "https_proxy"]
        .into_iter()
        .find_map(|name| Some((name, environment(name)?)))
}

/// Returns the proxy at a URL, and the URL without name and password; `None` if it is not a proxy that we
/// support.
fn usable_proxy(address: &str) -> Option<(Proxy, String)> {
    let with_scheme = if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    };
    let url = Url::parse(&with_scheme).ok()?;
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    let shown = format!(
        "{}://{}:{}",
        url.scheme(),
        url.host_str()?,
        url.port_or_known_default()?
    );
    let proxy = Proxy::https(url).ok()?;
    is_usable.then_some((proxy, shown))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the proxy variables are the system's, not settings of ours"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, loopback) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.1/", true),
            ("http://[::1]:8/", true),
            ("http://localhost.example.com/", false),
            ("https://oapi.dingtalk.com/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }

    #[test]
    fn a_proxy_is_shown_without_its_password_and_an_unusable_one_is_none() {
        for (given, shown) in [
            (
                "http://proxy.example.com:3128",
                Some("http://proxy.example.com:3128"),
            ),
            ("http://u:hunter2@proxy:3128/", Some("http://proxy:3128")),
            ("proxy:3128", Some("http://proxy:3128")),
            ("u:hunter2@proxy:3128", Some("http://proxy:3128")),
            ("http://proxy:port", None),
            ("socks5://proxy:1080", None),
            ("http://", None),
        ] {
            assert_eq!(
                usable_proxy(given).map(|(_, shown)| shown).as_deref(),
                shown,
                "{given}"
            );
        }
    }
}
