//! Audits exports: who exported what.

use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;

use super::acting::{actor, address_of};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::http::error::AppError;
use crate::http::extract::RoleHolder;
use crate::service::exports;

/// How much of a query is kept, in characters.
const MAX_QUERY: usize = 500;

/// Audits an export before its first row is sent; `action` is one of those that end in `.export`.
pub(super) async fn note(
    holder: &RoleHolder,
    ctx: &Context,
    request: &HttpRequest,
    action: AuditAction,
) -> Result<(), AppError> {
    let address = address_of(ctx, request);
    let by = actor(holder, address.as_deref());
    let query = percent_decode_str(request.query_string()).decode_utf8_lossy();
    let query: String = query
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_QUERY)
        .collect();
    Ok(exports::record_export(ctx, &by, action, &query).await?)
}
