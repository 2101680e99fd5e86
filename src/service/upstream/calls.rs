//! DingTalk's APIs, one function each.

use futures_util::future::BoxFuture;

use super::login_slot::{IN_APP, LoginSlot, SCAN};
use super::{Idempotency, Priority, UpstreamError, call, call_in_turn, call_with_retries};
use crate::context::Context;
use crate::dingtalk::approval::ProcessInstance;
use crate::dingtalk::contact::{BadDepartment, Contact, Scopes, UserPage};
use crate::dingtalk::login::{InAppPerson, ScannedPerson};
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{Department, Person};

/// Smallest change in the estimated clock offset to DingTalk that justifies another signature, in milliseconds.
const NEW_TIME_MS: u64 = 1_000;

/// Exchanges the code of a scan. The code is consumed, whatever the response.
pub async fn user_by_scan_code(
    ctx: &Context,
    code: &str,
    entry: &LoginSlot,
) -> Result<ScannedPerson, UpstreamError> {
    call_with_retries(
        ctx,
        Priority::Login,
        SCAN,
        Idempotency::ConsumesCode,
        || Box::pin(scan(ctx, code, entry)),
    )
    .await
}

/// Makes the call, and repeats it if its timestamp is rejected, which DingTalk checks before the code: the rejection
/// carries the right time, so the first call of an instance with a wrong clock does not fail.
async fn scan(
    ctx: &Context,
    code: &str,
    entry: &LoginSlot,
) -> Result<ScannedPerson, UpstreamError> {
    let believed = ctx.dingtalk.clock().ahead_ms();
    match scan_once(ctx, code, entry).await {
        Err(UpstreamError::Api(error))
            if error.is_wrong_time()
                && ctx.dingtalk.clock().ahead_ms().abs_diff(believed) >= NEW_TIME_MS =>
        {
            scan_once(ctx, code, entry).await
        }
        result => result,
    }
}

async fn scan_once(
    ctx: &Context,
    code: &str,
    entry: &LoginSlot,
) -> Result<ScannedPerson, UpstreamError> {
    let turn = entry.permit(ctx, SCAN).await?;
    let person = ctx.dingtalk.user_by_scan_code(code).await;
    drop(turn);
    Ok(person?)
}

/// Exchanges the code of a page inside DingTalk. The code is consumed, whatever the response.
pub async fn user_by_in_app_code(
    ctx: &Context,
    code: &str,
    entry: &LoginSlot,
) -> Result<InAppPerson, UpstreamError> {
    let turn = || -> BoxFuture<'_, _> { Box::pin(entry.permit(ctx, IN_APP)) };
    call_in_turn(
        ctx,
        Priority::Login,
        IN_APP,
        Idempotency::ConsumesCode,
        turn,
        |token| Box::pin(async move { ctx.dingtalk.user_by_in_app_code(&token, code).await }),
    )
    .await
}

/// Returns the member of the company that a unionid belongs to.
pub async fn userid_by_unionid(
    ctx: &Context,
    priority: Priority,
    unionid: &UnionId,
) -> Result<Contact, UpstreamError> {
    const API: &str = "topapi/user/getbyunionid";
    call(ctx, priority, API, Idempotency::Idempotent, |token| {
        Box::pin(async move { ctx.dingtalk.userid_by_unionid(&token, unionid).await })
    })
    .await
}

/// Returns a person's record.
pub async fn user(
    ctx: &Context,
    priority: Priority,
    userid: &UserId,
) -> Result<Person, UpstreamError> {
    const API: &str = "topapi/v2/user/get";
    call(ctx, priority, API, Idempotency::Idempotent, |token| {
        Box::pin(async move { ctx.dingtalk.user(&token, userid).await })
    })
    .await
}

/// Returns a department's record.
pub async fn department(
    ctx: &Context,
    priority: Priority,
    dept_id: DeptId,
) -> Result<Department, UpstreamError> {
    const API: &str = "topapi/v2/department/get";
    call(ctx, priority, API, Idempotency::Idempotent, |token| {
        Box::pin(async move { ctx.dingtalk.department(&token, dept_id).await })
    })
    .await
}

/// Returns the departments directly below one; a record that cannot be read comes with its reason.
pub async fn sub_departments(
    ctx: &Context,
    priority: Priority,
    dept_id: DeptId,
) -> Result<Vec<Result<Department, BadDepartment>>, UpstreamError> {
    const API: &str = "topapi/v2/department/listsub";
    call(ctx, priority, API, Idempotency::Idempotent, |token| {
        Box::pin(async move { ctx.dingtalk.sub_departments(&token, dept_id).await })
    })
    .await
}

/// Returns one page of a department's direct members.
pub async fn users_of_department(
    ctx: &Context,
    priority: Priority,
    dept_id: DeptId,
    cursor: i64,
) -> Result<UserPage, UpstreamError> {
    const API: &str = "topapi/v2/user/list";
    call(ctx, priority, API, Idempotency::Idempotent, |token| {
        Box::pin(async move {
            ctx.dingtalk
                .users_of_department(&token, dept_id, cursor)
                .await
        })
    })
    .await
}

/// Returns the part of the company that the app may see.
pub async fn scopes(ctx: &Context, priority: Priority) -> Result<Scopes, UpstreamError> {
    call(
        ctx,
        priority,
        "auth/scopes",
        Idempotency::Idempotent,
        |token| Box::pin(async move { ctx.dingtalk.scopes(&token).await }),
    )
    .await
}

/// Returns DingTalk's record of an approval.
pub async fn process_instance(
    ctx: &Context,
    priority: Priority,
    id: &str,
) -> Result<ProcessInstance, UpstreamError> {
    const API: &str = "topapi/processinstance/get";
    call(ctx, priority, API, Idempotency::Idempotent, |token| {
        Box::pin(async move { ctx.dingtalk.process_instance(&token, id).await })
    })
    .await
}
