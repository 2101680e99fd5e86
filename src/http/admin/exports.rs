//! Exports of lists: audited, and streamed in batches.

use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, Stream, TryStreamExt as _};
use percent_encoding::percent_decode_str;

use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::http::csv;
use crate::http::error::AppError;
use crate::http::extract::RoleHolder;
use crate::service::exports;
use crate::store::StoreError;

/// How much of a query is kept, in characters.
const MAX_QUERY: usize = 500;

/// A list as a table for spreadsheets.
#[derive(Debug)]
pub struct Export {
    /// One of those that end in `.export`.
    pub action: AuditAction,
    pub filename: &'static str,
    pub header: &'static [&'static str],
}

impl Export {
    /// Returns the rows as a table, after the export is audited.
    pub async fn respond(
        &self,
        holder: &RoleHolder,
        ctx: &Context,
        request: &HttpRequest,
        rows: impl Stream<Item = Result<Vec<String>, StoreError>> + 'static,
    ) -> Result<HttpResponse, AppError> {
        let by = holder.actor();
        let query = percent_decode_str(request.query_string()).decode_utf8_lossy();
        let query: String = query
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_QUERY)
            .collect();
        exports::record_export(ctx, &by, self.action, &query).await?;
        Ok(csv::stream(self.filename, self.header, rows))
    }
}

/// Streams rows batch by batch: `next` returns a batch and where the one after it starts, or `None` after the last.
/// Each batch takes a connection of its own, so that a slow reader holds none.
pub fn batches<S, R, F>(
    ctx: Context,
    start: S,
    next: F,
) -> impl Stream<Item = Result<R, StoreError>>
where
    F: AsyncFn(&Context, S) -> Result<Option<(Vec<R>, S)>, StoreError>,
{
    let batch = async |(ctx, next, at): (Context, F, S)| {
        let found = next(&ctx, at).await?;
        Ok::<_, StoreError>(found.map(|(rows, at)| {
            let rows = stream::iter(rows.into_iter().map(Ok::<R, StoreError>));
            (rows, (ctx, next, at))
        }))
    };
    stream::try_unfold((ctx, next, start), batch).try_flatten()
}

/// Streams the rows of all ids that a query finds, in its order: found at once, then read in batches.
pub fn rows_of<I: Clone, R>(
    ctx: Context,
    batch: usize,
    find: impl AsyncFn(&Context) -> Result<Vec<I>, StoreError>,
    read: impl AsyncFn(&Context, &[I]) -> Result<Vec<R>, StoreError>,
) -> impl Stream<Item = Result<R, StoreError>> {
    batches(
        ctx,
        None,
        async move |ctx: &Context, rest: Option<Vec<I>>| {
            let mut ids = match rest {
                Some(rest) => rest,
                None => find(ctx).await?,
            };
            let rest = ids.split_off(batch.min(ids.len()));
            if ids.is_empty() {
                return Ok(None);
            }
            Ok(Some((read(ctx, &ids).await?, Some(rest))))
        },
    )
}
