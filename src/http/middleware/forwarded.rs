//! Detects a proxy that is not trusted: its clients all count as one, and can lock each other out.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;

use super::throttle::Throttle;
use crate::context::Context;
use crate::domain::net::{canonical, is_private};
use crate::store::untrusted_forwarder;

const HEADERS: [&str; 3] = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

/// Reports forwarded headers from untrusted peers in private networks, once a minute.
#[derive(Debug, Default)]
pub struct ForwardedWatch(Throttle);

impl ForwardedWatch {
    /// Logs such a request, and records it for `dinggate doctor`, which runs in another process.
    pub fn check(&self, ctx: &Context, request: &ServiceRequest) {
        let headers = request.headers();
        let Some(header) = HEADERS.into_iter().find(|name| headers.contains_key(*name)) else {
            return;
        };
        let Some(peer) = request.peer_addr().map(|peer| canonical(peer.ip())) else {
            return;
        };
        let trusted = &ctx.config.server.trusted_proxies;
        // From the internet such a header is set by the client itself.
        let is_ours = is_private(peer) && !trusted.iter().any(|net| net.contains(&peer));
        if is_ours && ctx.is_ready() && self.0.allows() {
            tracing::warn!(%peer, header, "forwarded header from an untrusted peer");
            note(ctx.clone(), peer, header);
        }
    }
}

fn note(ctx: Context, peer: IpAddr, header: &'static str) {
    let tracker = ctx.background.clone();
    tracker.spawn(async move {
        let peer = peer.to_string();
        let noted = ctx
            .db
            .tx(async |tx| untrusted_forwarder::record(tx, &peer, header).await);
        if let Err(error) = noted.await {
            tracing::debug!(%error, "an untrusted forwarder was not recorded");
        }
    });
}
