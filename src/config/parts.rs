//! The settings individually, for diagnosis: an error in one hides no other.

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::database::DatabaseConfig;
use super::dingtalk::{AppCredentials, CallbackConfig, login_app};
use super::login_flow::LoginFlow;
use super::public_url::PublicUrl;
use super::reader::Reader;
use super::value::{admins, given_id, root_url};
use super::webhook::WebhookConfig;
use super::{Config, SettingErrors, setting};
use crate::domain::listed_admins::ListedAdmins;

/// Everything that could be read, whether or not all settings are valid.
pub struct ConfigCheck {
    /// Every setting, or every error.
    pub whole: Result<Config, SettingErrors>,
    pub parts: PartialConfig,
    /// The texts of all secrets that are set, valid or not, so that they can be kept out of output.
    pub secrets: Vec<SecretString>,
}

/// Settings that are useful on their own; `None` if one is missing or invalid.
pub struct PartialConfig {
    pub database: Option<DatabaseConfig>,
    pub public_url: Option<PublicUrl>,
    pub admins: ListedAdmins,
    pub corp_id: Option<String>,
    pub app: Option<AppCredentials>,
    /// The internal app's credentials if no scan-login app is set.
    pub login_app: Option<AppCredentials>,
    pub callback: Option<CallbackConfig>,
    pub oapi_url: Option<Url>,
    pub api_url: Option<Url>,
    pub login_flow: Option<LoginFlow>,
    pub webhook: Option<WebhookConfig>,
}

/// Returns the password in a URL, as written and percent-decoded.
pub(super) fn passwords(address: &SecretString) -> Vec<SecretString> {
    let url = Url::parse(address.expose_secret());
    let Some(written) = url.ok().and_then(|url| url.password().map(str::to_owned)) else {
        return Vec::new();
    };
    let meant = percent_decode_str(&written)
        .decode_utf8_lossy()
        .into_owned();
    vec![written.into(), meant.into()]
}

impl PartialConfig {
    /// Errors are ignored here: reading the whole configuration has already recorded them.
    pub(super) fn read(reader: &mut Reader) -> Self {
        let app = AppCredentials::read(reader, &setting::APP_KEY, &setting::APP_SECRET);
        let has_login_app = [&setting::LOGIN_APP_ID, &setting::LOGIN_APP_SECRET]
            .into_iter()
            .any(|setting| reader.is_given(setting));
        Self {
            database: DatabaseConfig::read(reader),
            public_url: reader.value(&setting::PUBLIC_URL, PublicUrl::parse),
            admins: reader
                .optional(&setting::ADMINS, admins)
                .unwrap_or_default(),
            corp_id: reader.value(&setting::CORP_ID, given_id),
            login_app: if has_login_app {
                login_app(reader)
            } else {
                app.clone()
            },
            app,
            callback: CallbackConfig::read(reader),
            oapi_url: reader.value(&setting::OAPI_URL, root_url),
            api_url: reader.value(&setting::API_URL, root_url),
            login_flow: LoginFlow::read(reader),
            webhook: WebhookConfig::read(reader),
        }
    }
}
