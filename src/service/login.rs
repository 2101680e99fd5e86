//! The login: from a code to a session, or to a named refusal.

mod access_decision;
mod code_exchange;
mod error;
mod refusal;
mod state;
mod waiting;

use crate::domain::session::LoginMethod;
use std::time::{Duration, Instant};

use super::employment;
use super::sessions::{self, ClientInfo};
use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::return_path::ReturnPath;
use crate::store::db::{Share, with_share};
use crate::upstream::clients::Client;
use crate::upstream::{CodeExchange, LoginSlotError};

use error::AFTER_TIMEOUT;
use state::{CheckedState, StateError};

pub use error::LoginError;
pub use state::begin;
pub use waiting::{TICKET_TTL, Waiting, waiting};

/// Total timeout for DingTalk in one login, the wait for a permit included.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(8);
/// Maximum length of a code in bytes; DingTalk's are far shorter.
const MAX_CODE: usize = 512;

/// A person who has signed in.
pub struct SignedIn {
    pub userid: UserId,
    /// The key of the new session, for the cookie only.
    pub session_key: String,
    pub return_path: ReturnPath,
}

/// The identity returned by DingTalk.
struct ExternalIdentity {
    nick: String,
    unionid: UnionId,
    /// Known at once for an in-app login; looked up after a scan.
    userid: Option<UserId>,
}

/// The parameters of a return from DingTalk's login page.
#[derive(Clone, Copy)]
pub struct CallbackParams<'a> {
    pub state: Option<&'a str>,
    /// The secret of the browser that the state is bound to.
    pub browser_secret: Option<&'a str>,
    pub code: Option<&'a str>,
    /// DingTalk reports that consent was denied.
    pub is_denied: bool,
}

/// A failed login through DingTalk's login page.
pub struct FailedScan {
    pub error: LoginError,
    /// The path that the person wanted, kept for the next attempt.
    pub back: Option<ReturnPath>,
}

impl From<StateError> for FailedScan {
    fn from(bad: StateError) -> Self {
        Self {
            error: bad.error,
            back: bad.back,
        }
    }
}

impl From<LoginError> for FailedScan {
    fn from(error: LoginError) -> Self {
        Self { error, back: None }
    }
}

/// Completes the login of a person returning from DingTalk's login page. The state is used up when the code can be
/// sent, and not before.
pub async fn complete_scan(
    ctx: &Context,
    info: &ClientInfo,
    client: &Client,
    way_back: CallbackParams<'_>,
) -> Result<SignedIn, FailedScan> {
    let exchange = code_exchange::page_exchange(ctx);
    ctx.dingtalk
        .check_queue(exchange, client)
        .map_err(LoginError::from)?;
    let state = state::check(ctx, way_back.state, way_back.browser_secret).await?;
    let back = state.return_path.clone();
    sign_in_by_scan(ctx, info, client, way_back, &state)
        .await
        .map_err(|failed| FailedScan {
            back: failed.back.or(Some(back)),
            error: failed.error,
        })
}

async fn sign_in_by_scan(
    ctx: &Context,
    info: &ClientInfo,
    client: &Client,
    way_back: CallbackParams<'_>,
    state: &CheckedState,
) -> Result<SignedIn, FailedScan> {
    let began = Instant::now();
    if way_back.is_denied {
        state.take(ctx).await?;
        return Err(LoginError::Cancelled.into());
    }
    let code = match check_code(way_back.code) {
        Ok(code) => code,
        Err(error) => {
            state.take(ctx).await?;
            return Err(error.into());
        }
    };
    let (exchange, back) = (code_exchange::page_exchange(ctx), &state.return_path);
    let entry = ctx
        .dingtalk
        .acquire_login_slot(exchange, client)
        .await
        .map_err(LoginError::from)?;
    let sign_in = async {
        let person = code_exchange::exchange_code(ctx, code, &entry).await?;
        let caller = ExternalIdentity {
            nick: person.nick,
            unionid: person.unionid,
            userid: None,
        };
        admit(ctx, info, caller, code_exchange::method(ctx), back).await
    };
    let with_permit = async {
        state.take(ctx).await?;
        Ok::<_, FailedScan>(in_time(began, sign_in).await?)
    };
    let (userid, session_key) = with_share(Share::Logins, with_permit).await?;
    Ok(SignedIn {
        userid,
        session_key,
        return_path: state.return_path.clone(),
    })
}

/// Completes an in-app login.
pub async fn complete_in_app(
    ctx: &Context,
    info: &ClientInfo,
    client: &Client,
    code: Option<&str>,
    return_path: ReturnPath,
) -> Result<SignedIn, LoginError> {
    let began = Instant::now();
    let code = check_code(code)?;
    ctx.dingtalk.check_queue(CodeExchange::InApp, client)?;
    // A session needs Postgres whatever DingTalk answers, so without it no code is consumed.
    employment::time_now(ctx).await?;
    let entry = ctx.dingtalk.acquire_login_slot(CodeExchange::InApp, client);
    let entry = tokio::time::timeout(LOGIN_TIMEOUT, entry)
        .await
        .map_err(|_| LoginSlotError::TimedOut)??;
    let sign_in = async {
        let person = ctx
            .dingtalk
            .user_by_in_app_code(code, &entry)
            .await
            .map_err(code_exchange::named_by_dingtalk)?;
        let caller = ExternalIdentity {
            nick: person.name,
            unionid: person.unionid,
            userid: Some(person.userid),
        };
        admit(ctx, info, caller, LoginMethod::InApp, &return_path).await
    };
    let signed_in = in_time(began, sign_in);
    let (userid, session_key) = with_share(Share::Logins, signed_in).await?;
    Ok(SignedIn {
        userid,
        session_key,
        return_path,
    })
}

/// Runs a login that has waited for its permit since `began`.
async fn in_time<T>(
    began: Instant,
    work: impl Future<Output = Result<T, LoginError>>,
) -> Result<T, LoginError> {
    match tokio::time::timeout(LOGIN_TIMEOUT.saturating_sub(began.elapsed()), work).await {
        Ok(result) => result,
        Err(_) => Err(LoginError::DingTalkUnavailable {
            retry_after: AFTER_TIMEOUT,
            is_unspent: false,
        }),
    }
}

fn check_code(code: Option<&str>) -> Result<&str, LoginError> {
    code.filter(|code| {
        !code.is_empty() && code.len() <= MAX_CODE && !code.chars().any(char::is_control)
    })
    .ok_or(LoginError::InvalidCode)
}

/// Decides, then starts a session or records the refusal.
async fn admit(
    ctx: &Context,
    info: &ClientInfo,
    caller: ExternalIdentity,
    method: LoginMethod,
    back: &ReturnPath,
) -> Result<(UserId, String), LoginError> {
    let verdict = access_decision::decide(ctx, &caller).await?;
    let refused = match verdict {
        access_decision::Decision::Employed(userid) => {
            match sessions::start(ctx, info, &userid, &caller.unionid, method).await? {
                Some(key) => return Ok((userid, key)),
                // A leave event or a rejection was committed while DingTalk answered.
                None => access_decision::Denial {
                    refusal: access_decision::denial_reason(ctx, &caller).await?,
                    userid: Some(userid),
                    look: false,
                },
            }
        }
        access_decision::Decision::Refused(refused) => refused,
    };
    let waiting_token = refusal::record(ctx, info, &caller, &refused, back).await?;
    Err(LoginError::Refused {
        refusal: refused.refusal,
        nick: caller.nick,
        waiting_token,
    })
}
