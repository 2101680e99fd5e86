//! Access to DingTalk: within the shared rate limit if the schema exists, else directly, one call at a time with a
//! pause before each, so that credentials can be tried before the first start.

use secrecy::SecretString;

use super::Input;
use crate::config::AppCredentials;
use crate::context::Context;
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::Person;
use crate::upstream::{
    self, App, ClientConfig, Contact, DirectAccess, InAppPerson, ListedDepartment, LoginSlot,
    Priority, Probe, ProcessInstance, RegisteredCallback, ScanPage, ScannedPerson, Scopes,
    UpstreamError, UserPage,
};

/// An operator can wait; logins take precedence.
const PRIORITY: Priority = Priority::Recheck;

/// How DingTalk is called.
pub enum Access<'a> {
    Shared(&'a Context),
    Direct(Box<DirectAccess>),
}

impl<'a> Access<'a> {
    /// Chooses shared access if it is available; the error says which settings are missing or wrong.
    pub fn choose(subject: &'a Input, is_in_place: bool) -> Result<Self, String> {
        if let Some(ctx) = subject.ctx.as_ref().filter(|_| is_in_place) {
            return Ok(Self::Shared(ctx));
        }
        let parts = &subject.parts;
        let Some(oapi_url) = parts.oapi_url.clone() else {
            return Err("DINGTALK_OAPI_URL is wrong".to_owned());
        };
        let Some(api_url) = parts.api_url.clone() else {
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
        let direct = DirectAccess::new(ClientConfig {
            oapi_url,
            api_url,
            app: app(parts.app.as_ref()),
            login_app: app(parts.login_app.as_ref()),
            user_agent: upstream::USER_AGENT.to_owned(),
        });
        let direct = direct.ok_or_else(|| {
            "the HTTP client cannot be built: are the system's root certificates there?".to_owned()
        })?;
        Ok(Self::Direct(Box::new(direct)))
    }

    pub async fn probe(&self) -> Result<Probe, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.probe().await,
            Self::Direct(direct) => Ok(direct.probe().await),
        }
    }

    /// Fetches a new token, which shows that key and secret are right.
    pub async fn try_credentials(&self) -> Result<(), UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.check_credentials().await,
            Self::Direct(direct) => direct.check_credentials().await,
        }
    }

    pub async fn user_by_scan_code(&self, code: &str) -> Result<ScannedPerson, UpstreamError> {
        match self {
            Self::Shared(ctx) => {
                ctx.dingtalk
                    .user_by_scan_code(code, &LoginSlot::for_diagnosis())
                    .await
            }
            Self::Direct(direct) => direct.user_by_scan_code(code).await,
        }
    }

    /// Exchanges a code of the newer login page; a made-up code fails at this step.
    pub async fn user_by_oauth2_code(&self, code: &str) -> Result<ScannedPerson, UpstreamError> {
        match self {
            Self::Shared(ctx) => {
                ctx.dingtalk
                    .user_by_oauth2_code(code, &LoginSlot::for_diagnosis())
                    .await
            }
            Self::Direct(direct) => direct.user_by_oauth2_code(code).await,
        }
    }

    pub async fn user_by_in_app_code(&self, code: &str) -> Result<InAppPerson, UpstreamError> {
        match self {
            Self::Shared(ctx) => {
                ctx.dingtalk
                    .user_by_in_app_code(code, &LoginSlot::for_diagnosis())
                    .await
            }
            Self::Direct(direct) => direct.user_by_in_app_code(code).await,
        }
    }

    pub async fn scopes(&self) -> Result<Scopes, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.scopes(PRIORITY).await,
            Self::Direct(direct) => direct.scopes().await,
        }
    }

    pub async fn sub_departments(
        &self,
        dept_id: DeptId,
    ) -> Result<Vec<ListedDepartment>, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.sub_departments(PRIORITY, dept_id).await,
            Self::Direct(direct) => direct.sub_departments(dept_id).await,
        }
    }

    pub async fn users_of_department(&self, dept_id: DeptId) -> Result<UserPage, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.users_of_department(PRIORITY, dept_id, 0).await,
            Self::Direct(direct) => direct.users_of_department(dept_id).await,
        }
    }

    pub async fn user(&self, userid: &UserId) -> Result<Person, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.user(PRIORITY, userid).await,
            Self::Direct(direct) => direct.user(userid).await,
        }
    }

    pub async fn userid_by_unionid(&self, unionid: &UnionId) -> Result<Contact, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.userid_by_unionid(PRIORITY, unionid).await,
            Self::Direct(direct) => direct.userid_by_unionid(unionid).await,
        }
    }

    pub async fn process_instance(&self, id: &str) -> Result<ProcessInstance, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.process_instance(PRIORITY, id).await,
            Self::Direct(direct) => direct.process_instance(id).await,
        }
    }

    pub async fn registered_callback(&self) -> Result<RegisteredCallback, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.registered_callback().await,
            Self::Direct(direct) => direct.registered_callback().await,
        }
    }

    pub async fn scan_page(
        &self,
        redirect_uri: &str,
        state: &str,
    ) -> Result<ScanPage, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.scan_page(redirect_uri, state).await,
            Self::Direct(direct) => direct.scan_page(redirect_uri, state).await,
        }
    }
}
