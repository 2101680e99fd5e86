//! Calls without the shared rate limit, one at a time with a pause before each: for doctor before the schema exists.

use std::time::Duration;

use dingtalk::approval::ProcessInstance;
use dingtalk::callback_registration::RegisteredCallback;
use dingtalk::probe::{Probe, ScanPage};
use dingtalk::{Client, ClientConfig};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::UpstreamError;
use super::calls::{USER, USER_BY_UNIONID};
use super::login_calls::TOKEN_OWNER;
use super::login_slot::{IN_APP, SCAN};
use super::records::{
    self, Contact, InAppPerson, ListedDepartment, ScannedPerson, Scopes, UserPage,
};
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::Person;

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
    async fn after_delay(&self) -> &Client {
        tokio::time::sleep(PAUSE).await;
        &self.client
    }

    async fn token(&self) -> Result<&SecretString, UpstreamError> {
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

    pub async fn scopes(&self) -> Result<Scopes, UpstreamError> {
        let token = self.token().await?;
        let scopes = self.after_delay().await.scopes(token).await?;
        Ok(records::scopes(scopes))
    }

    pub async fn sub_departments(
        &self,
        dept_id: DeptId,
    ) -> Result<Vec<ListedDepartment>, UpstreamError> {
        let token = self.token().await?;
        let client = self.after_delay().await;
        let list = client.sub_departments(token, dept_id).await?;
        Ok(records::departments(list))
    }

    pub async fn users_of_department(&self, dept_id: DeptId) -> Result<UserPage, UpstreamError> {
        let token = self.token().await?;
        let client = self.after_delay().await;
        let page = client.users_of_department(token, dept_id, 0).await?;
        Ok(records::user_page(page))
    }

    pub async fn user(&self, userid: &UserId) -> Result<Person, UpstreamError> {
        let token = self.token().await?;
        let client = self.after_delay().await;
        let record = client.user(token, userid.as_str()).await?;
        Ok(records::person(USER, record)?)
    }

    pub async fn userid_by_unionid(&self, unionid: &UnionId) -> Result<Contact, UpstreamError> {
        let token = self.token().await?;
        let client = self.after_delay().await;
        let found = client.userid_by_unionid(token, unionid.as_str()).await?;
        Ok(records::contact(USER_BY_UNIONID, found)?)
    }

    pub async fn process_instance(&self, id: &str) -> Result<ProcessInstance, UpstreamError> {
        let token = self.token().await?;
        let client = self.after_delay().await;
        Ok(client.process_instance(token, id).await?)
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
