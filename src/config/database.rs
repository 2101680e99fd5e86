//! How to reach Postgres.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use super::reader::Reader;
use super::setting;

/// How to reach Postgres. Its `Debug` form shows nothing, for both fields hold the password.
#[derive(Clone)]
pub struct DatabaseConfig {
    pub url: SecretString,
    pub options: PgConnectOptions,
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig").finish_non_exhaustive()
    }
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        reader.value(&setting::DATABASE_URL, parse)
    }
}

/// What is wrong is said without the library's own words, which repeat parts of the address.
fn parse(text: &str) -> Result<DatabaseConfig, String> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("is not an address that begins with postgres://".to_owned());
    }
    let options = PgConnectOptions::from_str(text).map_err(|_| {
        "is not an address of Postgres (blanks and @ : / ? # in a password are written as %..)"
            .to_owned()
    })?;
    Ok(DatabaseConfig {
        url: SecretString::from(text),
        options: options.application_name("dinggate"),
    })
}
