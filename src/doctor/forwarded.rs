//! Detects a proxy in front of the service that is not trusted.

use std::net::IpAddr;

use super::{Check, Input};
use crate::store::untrusted_forwarder::UntrustedForwarder;
use crate::text::commands::doctor::records as texts;

/// Checks the peers that sent forwarded headers in the last seven days; peers that are trusted by now are left out.
pub fn check(name: &'static str, input: &Input, peers: &[UntrustedForwarder]) -> Check {
    let trusted = input.ctx.as_ref();
    let trusted = trusted.map_or(&[][..], |ctx| &ctx.config.server.trusted_proxies);
    let is_trusted = |peer: &str| {
        let peer = peer.parse::<IpAddr>();
        peer.is_ok_and(|peer| trusted.iter().any(|net| net.contains(&peer)))
    };
    let untrusted = peers.iter().filter(|peer| !is_trusted(&peer.peer));
    let named: Vec<String> = untrusted
        .map(|peer| {
            let at = peer.last_at.format("%Y-%m-%d %H:%M UTC");
            texts::forwarded_by(&peer.header, &peer.peer, at)
        })
        .collect();
    if named.is_empty() {
        return Check::ok(name, texts::NO_UNTRUSTED_PEER);
    }
    Check::warning(
        name,
        texts::untrusted_peer(named.join(", ")),
        texts::TRUST_PEER,
    )
}
