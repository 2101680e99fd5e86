//! Our DingTalk apps and DingTalk's URLs.

use secrecy::SecretString;
use url::Url;

use super::login_flow::LoginFlow;
use super::reader::Reader;
use super::secret::{aes_key, callback_token};
use super::setting::{self, Setting};
use super::value::{given_id, given_secret, root_url, script_url};

/// Our DingTalk apps and DingTalk's URLs.
#[derive(Debug, Clone)]
pub struct DingTalkConfig {
    pub corp_id: String,
    /// The internal app: tokens, directory, in-app login.
    pub app: AppCredentials,
    /// The app that people sign in with on DingTalk's login page.
    pub login_app: AppCredentials,
    pub login_flow: LoginFlow,
    pub callback: CallbackConfig,
    /// The old APIs. A path has no trailing slash; an empty path reads `/`, as in every [`Url`].
    pub oapi_url: Url,
    /// The new APIs, in the same form.
    pub api_url: Url,
    /// The login pages, in the same form.
    pub login_url: Url,
    /// The script that talks to the DingTalk app around a page; it names one file.
    pub jsapi_url: Url,
}

/// Key and secret of one app.
#[derive(Debug, Clone)]
pub struct AppCredentials {
    pub key: String,
    pub secret: SecretString,
}

/// The event subscription.
#[derive(Debug, Clone)]
pub struct CallbackConfig {
    pub token: SecretString,
    /// 43 letters and digits.
    pub aes_key: SecretString,
    /// The only owner key accepted in a message; `None` accepts the app's key and the company's id.
    pub owner_key: Option<String>,
}

impl DingTalkConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let corp_id = reader.value(&setting::CORP_ID, given_id);
        let app = AppCredentials::read(reader, &setting::APP_KEY, &setting::APP_SECRET);
        let login_app = login_app(reader);
        let login_flow = LoginFlow::read(reader);
        let callback = CallbackConfig::read(reader);
        let oapi_url = reader.value(&setting::OAPI_URL, root_url);
        let api_url = reader.value(&setting::API_URL, root_url);
        let login_url = reader.value(&setting::LOGIN_URL, root_url);
        let jsapi_url = reader.value(&setting::JSAPI_URL, script_url);
        let app = app?;
        Some(Self {
            corp_id: corp_id?,
            login_app: login_app.unwrap_or_else(|| app.clone()),
            app,
            login_flow: login_flow?,
            callback: callback?,
            oapi_url: oapi_url?,
            api_url: api_url?,
            login_url: login_url?,
            jsapi_url: jsapi_url?,
        })
    }
}

impl AppCredentials {
    pub(super) fn read(
        reader: &mut Reader,
        key: &'static Setting,
        secret: &'static Setting,
    ) -> Option<Self> {
        let key = reader.value(key, given_id);
        let secret = reader.value(secret, given_secret);
        Some(Self {
            key: key?,
            secret: secret?,
        })
    }
}

/// Returns the scan-login app, if one is set; if only its id or only its secret is set, records an error.
pub(super) fn login_app(reader: &mut Reader) -> Option<AppCredentials> {
    let (id, secret) = (&setting::LOGIN_APP_ID, &setting::LOGIN_APP_SECRET);
    for (given, absent) in [(id, secret), (secret, id)] {
        if reader.is_given(given) && !reader.is_given(absent) {
            reader.error(absent, format!("is missing, while {} is set", given.name));
            return None;
        }
    }
    let key = reader.optional(id, given_id);
    let secret = reader.optional(secret, given_secret);
    Some(AppCredentials {
        key: key?,
        secret: secret?,
    })
}

impl CallbackConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let token = reader.value(&setting::CALLBACK_TOKEN, callback_token);
        let aes_key = reader.value(&setting::CALLBACK_AES_KEY, aes_key);
        let owner_key = reader.optional(&setting::CALLBACK_OWNER_KEY, given_id);
        Some(Self {
            token: token?,
            aes_key: aes_key?,
            owner_key,
        })
    }
}
