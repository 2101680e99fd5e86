//! Which share of the connections a unit of work uses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The parties among which the connections are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Share {
    /// Work of this instance that belongs to no request.
    Background,
    /// Storing events that DingTalk delivers.
    Callbacks,
    /// Logins with a permit to exchange their code: the call budget bounds them, and a wait would make their calls
    /// bunch up.
    Logins,
    /// The database health check; a connection is reserved for it.
    Health,
    /// The requests of one client: an IPv4 address, or the first address of an IPv6 /64.
    Client(IpAddr),
}

impl Share {
    /// Returns the share of the client at an IP address. All peers without one count as one client.
    pub fn of_client(address: Option<IpAddr>) -> Self {
        Self::Client(match address {
            Some(IpAddr::V6(v6)) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            Some(v4) => v4,
            None => Ipv4Addr::UNSPECIFIED.into(),
        })
    }
}

tokio::task_local! {
    static SHARE: Share;
}

/// Runs the work with the connections of this share. Tasks that it spawns count as background work.
pub fn with_share<T>(share: Share, work: impl Future<Output = T>) -> impl Future<Output = T> {
    // Boxed: the work of a request takes tens of kilobytes, which every caller's future would have to carry.
    SHARE.scope(share, Box::pin(work))
}

/// Returns the share of the current task.
pub fn current_share() -> Share {
    SHARE.try_with(|share| *share).unwrap_or(Share::Background)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Share {
        Share::of_client(Some(address.parse().unwrap()))
    }

    #[test]
    fn an_ipv6_subnet_is_one_client() {
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
    }

    #[tokio::test]
    async fn a_spawned_task_counts_as_background_work() {
        let (own, spawned) = with_share(Share::Callbacks, async {
            let spawned = tokio::spawn(async { current_share() });
            (current_share(), spawned.await.unwrap())
        })
        .await;
        assert_eq!((own, spawned), (Share::Callbacks, Share::Background));
    }
}
