//! The login: from a code to a session, or to a named refusal.

mod admission;
mod redeem;
mod state;

use std::time::Duration;

use super::employment;
use super::sessions::{self, Visit};
use super::upstream::{self, UpstreamError};
use crate::context::Context;
use crate::domain::case::Refusal;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::return_path::ReturnPath;
use crate::store::StoreError;
use crate::store::audit::{self, Entry};
use crate::store::unmatched::{self, Attempt};

pub use state::{BadState, begin, random_secret, use_state};

/// How long a person waits for DingTalk in all.
const PATIENCE: Duration = Duration::from_secs(8);
/// No code of DingTalk's is near this long, in bytes.
const MAX_CODE: usize = 512;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("the state is missing, unknown, used, expired, or of another browser")]
    InvalidState,
    #[error("there is no code, or DingTalk refuses it")]
    InvalidCode,
    #[error("the person, or DingTalk, has broken the login off")]
    Cancelled,
    #[error("refused: {}", refusal.as_str())]
    Refused { refusal: Refusal, nick: String },
    #[error("DingTalk is not available")]
    DingTalkUnavailable { retry_after: Duration },
    #[error("DingTalk refuses us")]
    Misconfigured(#[source] UpstreamError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<UpstreamError> for LoginError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Store(error) => Self::Store(error),
            error if error.is_unavailable() => Self::DingTalkUnavailable {
                retry_after: error.retry_after(),
            },
            error => Self::Misconfigured(error),
        }
    }
}

/// Somebody who is in.
pub struct SignedIn {
    pub userid: UserId,
    /// The key of the new session, for the cookie alone.
    pub session_key: String,
    pub return_path: ReturnPath,
}

/// Who stands at the gate, as DingTalk names them.
struct Caller {
    nick: String,
    unionid: UnionId,
    /// Known at once inside DingTalk; asked for after a scan.
    userid: Option<UserId>,
}

/// What somebody brings back from DingTalk's login page beside the state.
#[derive(Clone, Copy)]
pub struct WayBack<'a> {
    pub code: Option<&'a str>,
    /// DingTalk says that there was no consent.
    pub is_denied: bool,
}

/// Completes the login of somebody who comes back from DingTalk's login page with a state that [`use_state`]
/// has used up.
pub async fn complete_scan(
    ctx: &Context,
    visit: &Visit<'_>,
    way_back: WayBack<'_>,
    return_path: ReturnPath,
) -> Result<SignedIn, LoginError> {
    if way_back.is_denied {
        return Err(LoginError::Cancelled);
    }
    let code = check_code(way_back.code)?;
    let method = redeem::method(ctx);
    let sign_in = async {
        let person = redeem::person(ctx, code).await?;
        let caller = Caller {
            nick: person.nick,
            unionid: person.unionid,
            userid: None,
        };
        admit(ctx, visit, caller, method).await
    };
    let (userid, session_key) = in_time(sign_in).await?;
    Ok(SignedIn {
        userid,
        session_key,
        return_path,
    })
}

/// Completes the login of somebody who opened a page inside DingTalk.
pub async fn complete_in_app(
    ctx: &Context,
    visit: &Visit<'_>,
    code: Option<&str>,
    return_path: ReturnPath,
) -> Result<SignedIn, LoginError> {
    let code = check_code(code)?;
    // A session needs Postgres whatever DingTalk says: without it no code is used up.
    employment::time_now(ctx).await?;
    let sign_in = async {
        let person = upstream::user_by_in_app_code(ctx, code)
            .await
            .map_err(redeem::named_by_dingtalk)?;
        let caller = Caller {
            nick: person.name,
            unionid: person.unionid,
            userid: Some(person.userid),
        };
        admit(ctx, visit, caller, "in_app").await
    };
    let (userid, session_key) = in_time(sign_in).await?;
    Ok(SignedIn {
        userid,
        session_key,
        return_path,
    })
}

async fn in_time<T>(work: impl Future<Output = Result<T, LoginError>>) -> Result<T, LoginError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result,
        Err(_) => Err(LoginError::DingTalkUnavailable {
            retry_after: Duration::from_secs(5),
        }),
    }
}

fn check_code(code: Option<&str>) -> Result<&str, LoginError> {
    code.filter(|code| {
        !code.is_empty() && code.len() <= MAX_CODE && !code.chars().any(char::is_control)
    })
    .ok_or(LoginError::InvalidCode)
}

/// Decides, then signs in or lists the refusal.
async fn admit(
    ctx: &Context,
    visit: &Visit<'_>,
    caller: Caller,
    method: &str,
) -> Result<(UserId, String), LoginError> {
    let verdict = admission::decide(ctx, &caller).await?;
    let refused = match verdict {
        admission::Verdict::Employed(userid) => {
            match sessions::start(ctx, visit, &userid, &caller.unionid, method).await? {
                Some(key) => return Ok((userid, key)),
                // A leaving or a rejection was committed while DingTalk answered.
                None => admission::Refused {
                    refusal: admission::why_out(ctx, &caller).await?,
                    userid: Some(userid),
                    look: false,
                },
            }
        }
        admission::Verdict::Refused(refused) => refused,
    };
    record(ctx, visit, &caller, &refused).await?;
    Err(LoginError::Refused {
        refusal: refused.refusal,
        nick: caller.nick,
    })
}

/// Lists a refusal for review and puts it on the audit trail.
async fn record(
    ctx: &Context,
    visit: &Visit<'_>,
    caller: &Caller,
    refused: &admission::Refused,
) -> Result<(), StoreError> {
    let userid = refused.userid.as_ref();
    let entry = Entry {
        actor: "system",
        action: "refusal",
        userid: userid.map(UserId::as_str),
        unionid: Some(caller.unionid.as_str()),
        name: Some(&caller.nick),
        status: refused.refusal.as_str(),
        reason: None,
        reference: Some(visit.reference),
        address: Some(visit.address),
    };
    ctx.db
        .tx(async |tx| {
            let attempt = Attempt {
                unionid: &caller.unionid,
                userid,
                nick: &caller.nick,
                reason: refused.refusal,
                reference: visit.reference,
            };
            unmatched::record(tx, attempt).await?;
            if let Some(userid) = userid.filter(|_| refused.look) {
                crate::store::look::schedule_after_login(tx, userid).await?;
            }
            audit::append(tx, &entry).await?;
            Ok::<_, StoreError>(())
        })
        .await?;
    ctx.work.notify_one();
    Ok(())
}
