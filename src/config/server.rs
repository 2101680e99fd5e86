//! Server settings: URLs, connections, proxies, secret key, migrations.

use std::net::SocketAddr;

use ipnet::IpNet;

use super::public_url::PublicUrl;
use super::reader::Reader;
use super::secret::SecretKey;
use super::{setting, value};

/// Server settings.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    pub public_url: PublicUrl,
    pub listen: SocketAddr,
    /// Limit on open client connections of the whole process.
    pub max_connections: usize,
    /// Networks whose `X-Forwarded-*` headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    pub secret_key: SecretKey,
    pub migrate: Migrate,
}

/// What `serve` does about pending migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// Applies them.
    Auto,
    /// Stops.
    Off,
}

impl ServerConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let public_url = reader.value(&setting::PUBLIC_URL, PublicUrl::parse);
        let listen = reader.value(&setting::LISTEN, value::listen);
        let max_connections = reader.value(&setting::MAX_CONNECTIONS, value::connections);
        let trusted_proxies = reader.optional(&setting::TRUSTED_PROXIES, value::networks);
        let secret_key = reader.value(&setting::SECRET_KEY, SecretKey::parse);
        let migrate = reader.value(
            &setting::MIGRATE,
            value::either(("auto", Migrate::Auto), ("off", Migrate::Off)),
        );
        Some(Self {
            public_url: public_url?,
            listen: listen?,
            max_connections: max_connections?,
            trusted_proxies: trusted_proxies.unwrap_or_default(),
            secret_key: secret_key?,
            migrate: migrate?,
        })
    }
}
