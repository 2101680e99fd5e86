//! The client's IP address: the peer's, or the one that a trusted proxy reports.

use std::net::IpAddr;

use actix_web::HttpRequest;
use ipnet::IpNet;

use crate::domain::net::canonical;

/// Returns the client's IP address. `X-Forwarded-For` is read from the right, and only as long as the address to
/// the right is a trusted proxy's, so entries written by the client itself are never reached.
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = canonical(request.peer_addr()?.ip());
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let forwarded: Vec<String> = forwarded.collect();
    Some(resolve(peer, forwarded.iter().map(String::as_str), trusted))
}

fn resolve<'a>(
    peer: IpAddr,
    forwarded: impl Iterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
    let mut address = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(address) {
            break;
        }
        match parse_hop(hop) {
            Some(next) => address = next,
            None => break,
        }
    }
    address
}

/// Parses one entry; some proxies append the port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let address = hop
        .parse::<IpAddr>()
        .or_else(|_| hop.parse::<std::net::SocketAddr>().map(|a| a.ip()));
    let address = address.or_else(|_| hop.trim_start_matches('[').trim_end_matches(']').parse());
    address.ok().map(canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let trusted: Vec<IpNet> = trusted
            .split(',')
            .filter_map(|net| net.parse().ok())
            .collect();
        resolve(peer.parse().unwrap(), forwarded.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn without_a_trusted_proxy_the_header_means_nothing() {
        assert_eq!(
            resolved("203.0.113.9", &["198.51.100.1"], ""),
            "203.0.113.9"
        );
        assert_eq!(
            resolved("203.0.113.9", &["198.51.100.1"], "10.0.0.0/8"),
            "203.0.113.9"
        );
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        assert_eq!(
            resolved("10.0.0.1", &["6.6.6.6, 198.51.100.1"], "10.0.0.0/8"),
            "198.51.100.1"
        );
        assert_eq!(
            resolved(
                "10.0.0.1",
                &["6.6.6.6", "198.51.100.1, 10.0.0.2"],
                "10.0.0.0/8"
            ),
            "198.51.100.1"
        );
        assert_eq!(
            resolved("10.0.0.1", &["nonsense"], "10.0.0.0/8"),
            "10.0.0.1"
        );
        assert_eq!(
            resolved("10.0.0.1", &["198.51.100.1:4711"], "10.0.0.0/8"),
            "198.51.100.1"
        );
        assert_eq!(
            resolved("10.0.0.1", &["[2001:db8::1]:4711"], "10.0.0.0/8"),
            "2001:db8::1"
        );
    }
}
