//! Detects a proxy in front of the service that is not trusted.

use std::net::IpAddr;

use super::{Check, Input};
use crate::store::untrusted_forwarder::UntrustedForwarder;

/// Checks the peers that sent forwarded headers in the last seven days; peers that are trusted by now are left out.
pub fn check(name: &'static str, subject: &Input, peers: &[UntrustedForwarder]) -> Check {
    let trusted = subject.ctx.as_ref();
    let trusted = trusted.map_or(&[][..], |ctx| &ctx.config.server.trusted_proxies);
    let is_trusted = |peer: &str| {
        let peer = peer.parse::<IpAddr>();
        peer.is_ok_and(|peer| trusted.iter().any(|net| net.contains(&peer)))
    };
    let untrusted = peers.iter().filter(|peer| !is_trusted(&peer.peer));
    let named: Vec<String> = untrusted
        .map(|peer| {
            let at = peer.last_at.format("%Y-%m-%d %H:%M UTC");
            format!("{} from {} ({at})", peer.header, peer.peer)
        })
        .collect();
    if named.is_empty() {
        return Check::ok(
            name,
            "no untrusted peer in a private network has sent X-Forwarded-For in the last seven days",
        );
    }
    Check::warning(
        name,
        format!(
            "an untrusted peer sends forwarded headers, which are ignored: {}",
            named.join(", ")
        ),
        "if it is your proxy, put its own address into DINGGATE_TRUSTED_PROXIES: until then all its clients count as one and can lock each other out; if it is not, find out what it is",
    )
}
