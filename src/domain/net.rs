//! Classification of IP addresses and hosts: loopback and private.

use std::net::IpAddr;

use url::{Host, Url};

/// Returns whether a host name or IP address means this machine.
pub fn is_loopback_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Returns whether a URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| is_loopback_host(&host))
}

/// Returns the IPv4 address of an IPv4-mapped IPv6 address, and any other IP address unchanged.
pub fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Returns whether an IP address is private, shared, link-local or loopback (RFC 1918, 6598, 3927, 4193, 4291).
pub fn is_private(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || is_shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Returns the first IP address in a DingTalk message.
pub fn address_in(text: &str) -> Option<IpAddr> {
    let is_part = |c: char| c.is_ascii_hexdigit() || ".:".contains(c);
    text.split(|c| !is_part(c))
        .map(|word| word.trim_matches('.').trim_end_matches(':'))
        .filter(|word| word.len() > 2)
        .find_map(|word| {
            word.trim_start_matches(':')
                .parse()
                .or_else(|_| word.parse())
                .ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_a_sentence() {
        for (text, found) in [
            (
                "访问ip不在白名单之中,request ip=203.0.113.7 corp",
                Some("203.0.113.7"),
            ),
            ("ip:203.0.113.7.", Some("203.0.113.7")),
            ("ip 2001:db8::7 is not listed", Some("2001:db8::7")),
            ("访问ip不在白名单之中", None),
            ("code 60020: a bad face", None),
        ] {
            let wanted = found.map(|address| address.parse().unwrap());
            assert_eq!(address_in(text), wanted, "{text}");
        }
    }

    #[test]
    fn private_networks_are_told_from_the_internet() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.9.9",
            "169.254.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["203.0.113.9", "100.128.0.1", "172.32.0.1", "2001:db8::1"] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, loopback) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.1/", true),
            ("http://[::1]:8/", true),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
            ("https://oapi.dingtalk.com/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }
}
