//! Access to DingTalk: within the shared rate limit if the schema exists, else directly, one call at a time with a
//! pause before each, so that credentials can be tried before the first start.

use secrecy::SecretString;

use super::Input;
use crate::config::AppCredentials;
use crate::context::Context;
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::Person;
use crate::text::commands::doctor::settings as texts;
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
    pub fn choose(input: &'a Input, is_in_place: bool) -> Result<Self, String> {
        if let Some(ctx) = input.ctx.as_ref().filter(|_| is_in_place) {
            return Ok(Self::Shared(ctx));
        }
        let parts = &input.parts;
        let Some(oapi_url) = parts.oapi_url.clone() else {
            return Err(texts::NO_OAPI_URL.to_owned());
        };
        let Some(api_url) = parts.api_url.clone() else {
            return Err(texts::NO_API_URL.to_owned());
        };
        // Missing credentials are never sent: the checks that need them are skipped.
        let app = |credentials: Option<&AppCredentials>| App {
            key: credentials.map_or_else(String::new, |app| app.key.clone()),
            secret: credentials.map_or_else(SecretString::default, |app| app.secret.clone()),
        };
        let direct = DirectAccess::new(ClientConfig {
            oapi_url,
            api_url,
            app: app(parts.app.as_ref()),
            login_app: app(parts.login_app.as_ref()),
            user_agent: upstream::USER_AGENT.to_owned(),
        });
        let direct = direct.ok_or_else(|| texts::NO_CLIENT.to_owned())?;
        Ok(Self::Direct(Box::new(direct)))
    }

    pub async fn probe(&self) -> Result<Probe, UpstreamError> {
        match self {
            Self::Shared(ctx) => ctx.dingtalk.probe().await,
            Self::Direct(direct) => Ok(direct.probe().await),
        }
    }
}

/// Declares calls that both ways offer; the shared one also takes a priority or a login slot.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $kind:ty),*) -> $output:ty, shared($($shared:expr),*);)+) => {
        impl Access<'_> {
            $($(#[$doc])*
            pub async fn $name(&self, $($arg: $kind),*) -> Result<$output, UpstreamError> {
                match self {
                    Self::Shared(ctx) => ctx.dingtalk.$name($($shared),*).await,
                    Self::Direct(direct) => direct.$name($($arg),*).await,
                }
            })+
        }
    };
}

calls! {
    /// Fetches a new token, which shows that key and secret are right.
    check_credentials() -> (), shared();
    user_by_scan_code(code: &str) -> ScannedPerson, shared(code, &LoginSlot::for_diagnosis());
    /// Exchanges a code of the newer login page; a made-up code fails at this step.
    user_by_oauth2_code(code: &str) -> ScannedPerson, shared(code, &LoginSlot::for_diagnosis());
    user_by_in_app_code(code: &str) -> InAppPerson, shared(code, &LoginSlot::for_diagnosis());
    scopes() -> Scopes, shared(PRIORITY);
    sub_departments(dept_id: DeptId) -> Vec<ListedDepartment>, shared(PRIORITY, dept_id);
    users_of_department(dept_id: DeptId, cursor: i64) -> UserPage, shared(PRIORITY, dept_id, cursor);
    user(userid: &UserId) -> Person, shared(PRIORITY, userid);
    userid_by_unionid(unionid: &UnionId) -> Contact, shared(PRIORITY, unionid);
    process_instance(id: &str) -> ProcessInstance, shared(PRIORITY, id);
    registered_callback() -> RegisteredCallback, shared();
    scan_page(redirect_uri: &str, state: &str) -> ScanPage, shared(redirect_uri, state);
}
