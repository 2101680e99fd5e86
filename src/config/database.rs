//! Postgres connection settings.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use super::reader::Reader;
use super::{setting, value};

/// Postgres connection settings. The `Debug` form shows none of them, because most fields hold a password.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// The URLs as written, which contain passwords.
    pub urls: Vec<SecretString>,
    pub options: PgConnectOptions,
    pub pooler: DatabasePooler,
    /// Connection that bypasses the pooler.
    pub direct: Option<PgConnectOptions>,
}

/// The pooler, if any, between us and Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatabasePooler {
    /// No pooler, or one that assigns a server connection to each client.
    #[default]
    Off,
    /// A pooler that assigns a server connection to each transaction.
    Transaction,
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig").finish_non_exhaustive()
    }
}

impl DatabaseConfig {
    /// Returns `Some` whenever `DATABASE_URL` is valid; errors in the other settings have been recorded.
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let main = reader.value(&setting::DATABASE_URL, parse);
        let pooler = reader.value(
            &setting::DATABASE_POOLER,
            value::either(
                ("off", DatabasePooler::Off),
                ("transaction", DatabasePooler::Transaction),
            ),
        );
        let direct = reader.optional(&setting::DATABASE_DIRECT_URL, parse);
        let (url, options) = main?;
        let (direct_url, direct) = direct.unzip();
        Some(Self {
            urls: [url].into_iter().chain(direct_url).collect(),
            options,
            pooler: pooler.unwrap_or_default(),
            direct,
        })
    }
}

/// Error messages omit the library's own text, which repeats parts of the URL.
fn parse(text: &str) -> Result<(SecretString, PgConnectOptions), String> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("is not an address that begins with postgres://".to_owned());
    }
    let options = PgConnectOptions::from_str(text).map_err(|_| {
        "is not an address of Postgres (blanks and @ : / ? # in a password are written as %..)"
            .to_owned()
    })?;
    // Poolers refuse the start-up parameter that sqlx would send; numbers are transferred in binary anyway.
    let options = options
        .extra_float_digits(None)
        .application_name("dinggate");
    Ok((SecretString::from(text), options))
}
