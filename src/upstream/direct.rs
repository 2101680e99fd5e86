//! Calls without the shared rate limit, one at a time with a pause before each: for doctor before the schema exists.

use std::time::Duration;

use dingtalk::callback_registration::RegisteredCallback;
use dingtalk::probe::{Probe, ScanPage};
use dingtalk::{Client, ClientConfig};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::UpstreamError;
use super::login_calls::TOKEN_OWNER;
use super::login_slot::{IN_APP, SCAN};
use super::records::{self, InAppPerson, ScannedPerson};

/// Slower than DingTalk's limit, to leave room for other callers.
const PAUSE: Duration = Duration::from_millis(60);

/// A separate client, and the token that it has fetched.
pub struct DirectAccess {
    client: Client,
    token: OnceCell<SecretString>,
}

impl DirectAccess {
    /// Creates the client; fails if the system's root certificates cannot be read.
    pub fn new(config: ClientConfig) -> Option<Self> {
        Some(Self {
            client: Client::new(config).ok()?,
            token: OnceCell::new(),
        })
    }

    /// Returns the client, after a pause.
    pub(super) async fn after_delay(&self) -> &Client {
        tokio::time::sleep(PAUSE).await;
        &self.client
    }

    pub(super) async fn token(&self) -> Result<&SecretString, UpstreamError> {
        let fetch = || async { Ok(self.after_delay().await.get_token().await?.value) };
        self.token.get_or_try_init(fetch).await
    }

    pub async fn probe(&self) -> Probe {
        self.client.probe().await
    }

    /// Fetches a new token, which shows that key and secret are right.
    pub async fn check_credentials(&self) -> Result<(), UpstreamError> {
        self.token().await.map(drop)
    }

    pub async fn user_by_scan_code(&self, code: &str) -> Result<ScannedPerson, UpstreamError> {
        let person = self.after_delay().await.user_by_scan_code(code).await?;
        Ok(records::scanned_person(SCAN, person)?)
    }

    pub async fn user_by_oauth2_code(&self, code: &str) -> Result<ScannedPerson, UpstreamError> {
        let grant = self.after_delay().await.user_grant(code).await?;
        let person = self.after_delay().await.token_owner(&grant.token).await?;
        Ok(records::scanned_person(TOKEN_OWNER, person)?)
    }

    pub async fn user_by_in_app_code(&self, code: &str) -> Result<InAppPerson, UpstreamError> {
        let token = self.token().await?;
        let client = self.after_delay().await;
        let person = client.user_by_in_app_code(token, code).await?;
        Ok(records::in_app_person(IN_APP, person)?)
    }

    pub async fn registered_callback(&self) -> Result<RegisteredCallback, UpstreamError> {
        let token = self.token().await?;
        Ok(self.after_delay().await.callback(token).await?)
    }

    pub async fn scan_page(
        &self,
        redirect_uri: &str,
        state: &str,
    ) -> Result<ScanPage, UpstreamError> {
        let client = self.after_delay().await;
        Ok(client.scan_page(redirect_uri, state).await?)
    }
}
