//! Access to DingTalk: within the shared rate limit if the schema exists, else directly, one call at a time with a
//! pause before each, so that credentials can be tried before the first start.

use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::Input;
use crate::config::AppCredentials;
use crate::context::Context;
use crate::dingtalk::Client;
use crate::dingtalk::approval::ProcessInstance;
use crate::dingtalk::callback_registration::RegisteredCallback;
use crate::dingtalk::client::App;
use crate::dingtalk::contact::{BadDepartment, Contact, Scopes, UserPage};
use crate::dingtalk::login::{InAppPerson, ScannedPerson};
use crate::dingtalk::probe::{Probe, ScanPage};
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{Department, Person};
use crate::service::upstream::{self, Priority, UpstreamError};

/// An operator can wait; logins take precedence.
const PRIORITY: Priority = Priority::Look;

/// Slower than DingTalk's limit, to leave room for other callers.
const PAUSE: Duration = Duration::from_millis(60);

/// How DingTalk is called.
pub enum Access<'a> {
    Shared(&'a Context),
    Direct(Box<DirectAccess>),
}

/// A separate client, and the token that it has fetched.
pub struct DirectAccess {
    client: Client,
    token: OnceCell<SecretString>,
}

impl<'a> Access<'a> {
    /// Chooses shared access if it is available; the error says which settings are missing or wrong.
    pub fn choose(subject: &'a Input, is_in_place: bool) -> Result<Self, String> {
        if let Some(ctx) = subject.ctx.as_ref().filter(|_| is_in_place) {
            return Ok(Self::Shared(ctx));
        }
        let parts = &subject.parts;
        let Some(root) = &parts.oapi_url else {
            return Err("DINGTALK_OAPI_URL is wrong".to_owned());
        };
        let Some(newer_root) = &parts.api_url else {
            return Err("DINGTALK_API_URL is wrong".to_owned());
        };
        let app = |credentials: Option<&AppCredentials>| {
            // Missing credentials are never sent: the checks that need them are skipped.
            credentials.map_or_else(
                || App {
                    key: String::new(),
                    secret: SecretString::default(),
                },
                |credentials| App {
                    key: credentials.key.clone(),
                    secret: credentials.secret.clone(),
                },
            )
        };
        let client = Client::new(
            root,
            newer_root,
            app(parts.app.as_ref()),
            app(parts.login_app.as_ref()),
        );
        let client = client.map_err(|_| {
            "the HTTP client cannot be built: are the system's root certificates there?".to_owned()
        })?;
        Ok(Self::Direct(Box::new(DirectAccess {
            client,
            token: OnceCell::new(),
        })))
    }

    pub async fn probe(&self) -> Result<Probe, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::probe(ctx).await,
            Self::Direct(direct) => Ok(direct.client.probe().await),
        }
    }

    /// Fetches a new token, which shows that key and secret are right.
    pub async fn try_credentials(&self) -> Result<(), UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::check_credentials(ctx).await,
            Self::Direct(direct) => direct.token().await.map(drop),
        }
    }

    pub async fn user_by_scan_code(&self, code: &str) -> Result<ScannedPerson, UpstreamError> {
        match self {
            Self::Shared(ctx) => {
                upstream::user_by_scan_code(ctx, code, &upstream::LoginSlot::for_diagnosis()).await
            }
            Self::Direct(direct) => Ok(direct.after_delay().await.user_by_scan_code(code).await?),
        }
    }

    /// Exchanges a code of the newer login page; a made-up code fails at this step.
    pub async fn user_by_oauth2_code(&self, code: &str) -> Result<ScannedPerson, UpstreamError> {
        match self {
            Self::Shared(ctx) => {
                upstream::user_by_oauth2_code(ctx, code, &upstream::LoginSlot::for_diagnosis())
                    .await
            }
            Self::Direct(direct) => {
                let grant = direct.after_delay().await.user_grant(code).await?;
                Ok(direct.after_delay().await.token_owner(&grant.token).await?)
            }
        }
    }

    pub async fn user_by_in_app_code(&self, code: &str) -> Result<InAppPerson, UpstreamError> {
        match self {
            Self::Shared(ctx) => {
                upstream::user_by_in_app_code(ctx, code, &upstream::LoginSlot::for_diagnosis())
                    .await
            }
            Self::Direct(direct) => {
                let token = direct.token().await?;
                Ok(direct
                    .after_delay()
                    .await
                    .user_by_in_app_code(token, code)
                    .await?)
            }
        }
    }

    pub async fn scopes(&self) -> Result<Scopes, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::scopes(ctx, PRIORITY).await,
            Self::Direct(direct) => {
                let token = direct.token().await?;
                Ok(direct.after_delay().await.scopes(token).await?)
            }
        }
    }

    pub async fn sub_departments(
        &self,
        dept_id: DeptId,
    ) -> Result<Vec<Result<Department, BadDepartment>>, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::sub_departments(ctx, PRIORITY, dept_id).await,
            Self::Direct(direct) => {
                let token = direct.token().await?;
                Ok(direct
                    .after_delay()
                    .await
                    .sub_departments(token, dept_id)
                    .await?)
            }
        }
    }

    pub async fn users_of_department(&self, dept_id: DeptId) -> Result<UserPage, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::users_of_department(ctx, PRIORITY, dept_id, 0).await,
            Self::Direct(direct) => {
                let token = direct.token().await?;
                let client = direct.after_delay().await;
                Ok(client.users_of_department(token, dept_id, 0).await?)
            }
        }
    }

    pub async fn user(&self, userid: &UserId) -> Result<Person, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::user(ctx, PRIORITY, userid).await,
            Self::Direct(direct) => {
                let token = direct.token().await?;
                Ok(direct.after_delay().await.user(token, userid).await?)
            }
        }
    }

    pub async fn userid_by_unionid(&self, unionid: &UnionId) -> Result<Contact, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::userid_by_unionid(ctx, PRIORITY, unionid).await,
            Self::Direct(direct) => {
                let token = direct.token().await?;
                let client = direct.after_delay().await;
                Ok(client.userid_by_unionid(token, unionid).await?)
            }
        }
    }

    pub async fn process_instance(&self, id: &str) -> Result<ProcessInstance, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::process_instance(ctx, PRIORITY, id).await,
            Self::Direct(direct) => {
                let token = direct.token().await?;
                Ok(direct
                    .after_delay()
                    .await
                    .process_instance(token, id)
                    .await?)
            }
        }
    }

    pub async fn registered_callback(&self) -> Result<RegisteredCallback, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::registered_callback(ctx).await,
            Self::Direct(direct) => {
                let token = direct.token().await?;
                Ok(direct.after_delay().await.callback(token).await?)
            }
        }
    }

    pub async fn scan_page(
        &self,
        redirect_uri: &str,
        state: &str,
    ) -> Result<ScanPage, UpstreamError> {
        match self {
            Self::Shared(ctx) => upstream::scan_page(ctx, redirect_uri, state).await,
            Self::Direct(direct) => Ok(direct
                .after_delay()
                .await
                .scan_page(redirect_uri, state)
                .await?),
        }
    }
}

impl DirectAccess {
    /// Returns the client, after a pause.
    async fn after_delay(&self) -> &Client {
        tokio::time::sleep(PAUSE).await;
        &self.client
    }

    async fn token(&self) -> Result<&SecretString, UpstreamError> {
        let fetch = || async { Ok(self.after_delay().await.get_token().await?.value) };
        self.token.get_or_try_init(fetch).await
    }
}
