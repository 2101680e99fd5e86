//! The simulator's configuration: one company and its apps.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::ValueEnum;

use crate::{directory::Directory, event::FailedShape};

/// The owner key at the end of each encrypted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OwnerKey {
    /// The app's key: a subscription made in the developer console.
    #[value(name = "appkey")]
    AppKey,
    /// The company's id: a callback registered by API.
    #[value(name = "corpid")]
    CorpId,
}

/// Spelling of an event's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FieldNames {
    /// Flat `UserId`, `TimeStamp`: as seen in real pushes.
    Pascal,
    /// `userId`, `timeStamp` in an envelope with `eventId`: as in the documents since 2022.
    Camel,
}

/// All settings of one simulator; [`SimConfig::default`] suits most tests.
#[derive(Clone)]
pub struct SimConfig {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// URL under which browsers reach the simulator, if it is not the listening address.
    pub public_url: Option<String>,
    pub corp_id: String,
    pub app_key: String,
    pub app_secret: String,
    pub login_app_id: String,
    pub login_app_secret: String,
    /// URL to which the console's subscription pushes events; without one, and without a callback registered by
    /// API, they are only logged.
    pub callback_url: Option<String>,
    pub callback_token: String,
    /// 43 letters and digits.
    pub callback_aes_key: String,
    pub owner_key: OwnerKey,
    pub fields: FieldNames,
    /// The host that a login's `redirect_uri` must have.
    pub callback_domain: String,
    /// Delays before the second, third, … attempt of a push; after the last attempt the event has failed.
    pub retry_delays: Vec<Duration>,
    /// Timeout for a receiver's reply to a push.
    pub reply_deadline: Duration,
    /// Shape of the entries of the failed list.
    pub failed_shape: FailedShape,
    /// Allowed calls of one API path in any second; more are refused with 90018.
    pub calls_per_second: usize,
    /// Seconds by which the simulator's clock is ahead of the machine's; negative: behind.
    pub clock_skew: i64,
    /// Lifetime of an access token.
    pub token_life: Duration,
    /// Whether the app may read mobile numbers; without it the fields are silently absent.
    pub may_read_mobile: bool,
    /// Whether the app may read e-mail addresses; without it the fields are silently absent.
    pub may_read_email: bool,
    /// The script served as `/jsapi/dingtalk.open.js`: a bundle of the npm package `dingtalk-jsapi`.
    pub jsapi: Option<PathBuf>,
    /// Userid signed in to `DingTalk` in every browser whose `User-Agent` says that it is `DingTalk`: the script
    /// then brings the simulated app with it, for demos without the real one.
    pub in_app_as: Option<String>,
    /// File that keeps the directory, events and failed list across runs.
    pub state_file: Option<PathBuf>,
    /// Sends `check_url` at startup, repeatedly until the receiver replies.
    pub check_url_at_start: bool,
    /// The company to start with; [`crate::company::demo`] if absent.
    pub directory: Option<Directory>,
}

impl Default for SimConfig {
    /// Returns a company with made-up credentials, on a free loopback port, with `DingTalk`'s own limits.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            corp_id: "ding0123456789abcdef0123456789abcdef".into(),
            app_key: "dingdemoappkey0000a1".into(),
            app_secret: "demo-app-secret_7Qm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz".into(),
            login_app_id: "dingoademologin1".into(),
            login_app_secret: "demo-login-secret_0001".into(),
            callback_url: None,
            callback_token: "Tk0demoTOKEN".into(),
            callback_aes_key: "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz".into(),
            owner_key: OwnerKey::AppKey,
            fields: FieldNames::Pascal,
            callback_domain: "127.0.0.1".into(),
            retry_delays: vec![Duration::from_secs(10), Duration::from_secs(30)],
            reply_deadline: Duration::from_millis(1500),
            failed_shape: FailedShape::default(),
            calls_per_second: 20,
            clock_skew: 0,
            token_life: Duration::from_hours(2),
            may_read_mobile: true,
            may_read_email: true,
            jsapi: None,
            in_app_as: None,
            state_file: None,
            check_url_at_start: false,
            directory: None,
        }
    }
}

impl SimConfig {
    /// Returns the owner key that the chosen kind of subscription appends to each message.
    pub fn owner_key_value(&self) -> &str {
        match self.owner_key {
            OwnerKey::AppKey => &self.app_key,
            OwnerKey::CorpId => &self.corp_id,
        }
    }
}
