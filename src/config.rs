//! Settings: read once and parsed, with secrets wrapped and all errors reported together.
//!
//! They come from environment variables and from the TOML file named by `DINGGATE_CONFIG`, which takes the same
//! keys; the environment takes precedence. An empty value counts as not set. Every secret `X` may instead be set
//! as `X_FILE`, the path of a file that holds it.

mod brand;
mod database;
mod dingtalk;
mod error;
mod log;
mod login;
mod login_flow;
mod parts;
mod percentage;
mod public_url;
mod rate;
mod reader;
mod retention;
mod secret;
mod server;
pub mod setting;
mod source;
mod sync;
mod value;
mod webhook;

use std::ffi::OsString;
use std::path::Path;
use std::{fs, io};

pub use brand::{BrandConfig, Logo};
pub use database::{DatabaseConfig, DatabasePooler};
pub use dingtalk::{AppCredentials, CallbackConfig, DingTalkConfig};
pub use error::{SettingError, SettingErrors};
pub use log::{LogConfig, LogFormat};
pub use login::{LoginConfig, UnknownStaff};
pub use login_flow::LoginFlow;
pub use parts::{ConfigCheck, PartialConfig};
pub use percentage::Percentage;
pub use public_url::PublicUrl;
pub use rate::Rate;
pub use retention::RetentionConfig;
pub use server::{Migrate, ServerConfig};
pub use sync::SyncConfig;
pub use webhook::{WebhookConfig, WebhookSecret};

use reader::Reader;

/// All settings, parsed.
#[derive(Debug, Clone)]
pub struct Config {
    pub database: DatabaseConfig,
    pub server: ServerConfig,
    pub login: LoginConfig,
    pub sync: SyncConfig,
    pub retention: RetentionConfig,
    pub brand: BrandConfig,
    pub log: LogConfig,
    pub dingtalk: DingTalkConfig,
    /// `None` if no webhook is configured.
    pub webhook: Option<WebhookConfig>,
}

impl Config {
    /// Returns the settings of this process, from its environment and the files named there.
    pub fn from_process() -> Result<Self, SettingErrors> {
        Self::load(std::env::vars_os(), |path| fs::read_to_string(path))
    }

    /// Returns the settings from the given environment; `read` returns the text of a file named there.
    pub fn load(
        env: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
        read: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Self, SettingErrors> {
        Self::examine(env, read).whole
    }

    /// Like [`Config::from_process`], but also returns the valid parts of invalid settings.
    pub fn examine_process() -> ConfigCheck {
        Self::examine(std::env::vars_os(), |path| fs::read_to_string(path))
    }

    fn examine(
        env: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
        read: impl Fn(&Path) -> io::Result<String>,
    ) -> ConfigCheck {
        let env = env
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        let mut reader = Reader::new(source::collect(env, &read));
        let config = Self::parse(&mut reader);
        let errors = reader.take_errors();
        let parts = PartialConfig::read(&mut reader);
        let mut secrets = reader.secrets();
        if let Some(database) = &parts.database {
            secrets.extend(database.urls.iter().flat_map(parts::passwords));
        }
        if let Some(webhook) = &parts.webhook {
            secrets.extend(webhook.url.secrets());
        }
        ConfigCheck {
            whole: match config {
                Some(config) if errors.is_empty() => Ok(config),
                _ => Err(errors),
            },
            parts,
            secrets,
        }
    }

    fn parse(reader: &mut Reader) -> Option<Self> {
        let database = DatabaseConfig::read(reader);
        let server = ServerConfig::read(reader);
        let login = LoginConfig::read(reader);
        let sync = SyncConfig::read(reader);
        let retention = RetentionConfig::read(reader);
        let brand = BrandConfig::read(reader);
        let log = LogConfig::read(reader);
        let dingtalk = DingTalkConfig::read(reader);
        let webhook = WebhookConfig::read(reader);
        Some(Self {
            database: database?,
            server: server?,
            login: login?,
            sync: sync?,
            retention: retention?,
            brand,
            log: log?,
            dingtalk: dingtalk?,
            webhook,
        })
    }
}

#[cfg(test)]
mod tests;
