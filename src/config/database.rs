//! How to reach Postgres.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use super::reader::Reader;
use super::setting;

/// How to reach Postgres. Its `Debug` form shows nothing, for most fields hold a password.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// The addresses as they were written, which hold passwords.
    pub urls: Vec<SecretString>,
    pub options: PgConnectOptions,
    pub pooler: DatabasePooler,
    /// The way past the pooler.
    pub direct: Option<PgConnectOptions>,
}

/// What may stand between us and Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatabasePooler {
    /// Nothing, or a pooler that gives each client a server connection of its own.
    #[default]
    Off,
    /// A pooler that gives each transaction a server connection.
    Transaction,
}

impl DatabasePooler {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "transaction" => Ok(Self::Transaction),
            _ => Err(format!("{text:?} is neither off nor transaction")),
        }
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig").finish_non_exhaustive()
    }
}

impl DatabaseConfig {
    /// Returns something wherever `DATABASE_URL` is right; what is wrong with the others has been noted.
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let main = reader.value(&setting::DATABASE_URL, parse);
        let pooler = reader.value(&setting::DATABASE_POOLER, DatabasePooler::parse);
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

/// What is wrong is said without the library's own words, which repeat parts of the address.
fn parse(text: &str) -> Result<(SecretString, PgConnectOptions), String> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("is not an address that begins with postgres://".to_owned());
    }
    let options = PgConnectOptions::from_str(text).map_err(|_| {
        "is not an address of Postgres (blanks and @ : / ? # in a password are written as %..)"
            .to_owned()
    })?;
    // Poolers refuse the start-up parameter that sqlx would send; numbers come in binary form anyway.
    let options = options
        .extra_float_digits(None)
        .application_name("dinggate");
    Ok((SecretString::from(text), options))
}
