//! Exports of lists: audited, and streamed in batches.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::stream::{self, LocalBoxStream, Stream, StreamExt as _, TryStreamExt as _};
use percent_encoding::percent_decode_str;

use crate::context::Context;
use crate::http::error::AppError;
use crate::http::extract::RoleHolder;
use crate::http::table::{Cell, TableFormat, TableHead};
use crate::service::exports;
use crate::store::{Conn, StoreError};
use crate::text::lang::Lang;
use crate::text::time::china_day;

/// How many rows are read at a time.
pub const BATCH: u16 = 1000;
/// The paths of a list's exports, after the list's own.
pub const FORMATS: &str = ".{format:csv|xlsx}";
/// How much of a query is kept, in characters.
const MAX_QUERY: usize = 500;

/// Returns the label and the URL of each export of a list, with XLSX first.
pub fn export_links(path: &str, query: &str) -> Vec<(&'static str, String)> {
    let href = |format: TableFormat| format!("{path}.{}?{query}", format.as_str());
    let formats = TableFormat::ALL.into_iter();
    formats
        .map(|format| (format.label(), href(format)))
        .collect()
}

/// A requested export.
pub struct Export {
    pub ctx: web::Data<Context>,
    pub lang: Lang,
    request: HttpRequest,
    format: TableFormat,
}

impl FromRequest for Export {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Only the routes of exports have it.
        let format = request
            .match_info()
            .get("format")
            .and_then(TableFormat::parse);
        let ctx = request.app_data::<web::Data<Context>>();
        let export = format.zip(ctx).map(|(format, ctx)| Self {
            ctx: ctx.clone(),
            lang: Lang::of(request.headers()),
            request: request.clone(),
            format,
        });
        ready(export.ok_or(AppError::NotFound))
    }
}

impl Export {
    /// Audits the export, and returns the rows as a table.
    pub async fn respond(
        self,
        holder: &RoleHolder,
        head: TableHead,
        rows: impl Stream<Item = Result<Vec<Cell>, StoreError>> + 'static,
    ) -> Result<HttpResponse, AppError> {
        let by = holder.actor();
        let query = percent_decode_str(self.request.query_string()).decode_utf8_lossy();
        let query: String = query
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_QUERY)
            .collect();
        let format = self.format.as_str();
        exports::record_export(&self.ctx, &by, head.list.action(), format, &query).await?;
        let day = china_day(holder.user.now);
        head.respond(self.format, self.lang, day, rows).await
    }
}

/// Streams rows batch by batch: `next` returns a batch and where the one after it starts, or `None` after the last.
/// Each batch takes a connection of its own, so that a slow reader holds none.
pub fn batches<S: 'static, R: 'static, F>(
    ctx: web::Data<Context>,
    start: S,
    next: F,
) -> LocalBoxStream<'static, Result<R, StoreError>>
where
    F: AsyncFn(&Context, S) -> Result<Option<(Vec<R>, S)>, StoreError> + 'static,
{
    let batch = async |(ctx, next, at): (web::Data<Context>, F, S)| {
        let found = next(&ctx, at).await?;
        Ok::<_, StoreError>(found.map(|(rows, at)| {
            let rows = stream::iter(rows.into_iter().map(Ok::<R, StoreError>));
            (rows, (ctx, next, at))
        }))
    };
    stream::try_unfold((ctx, next, start), batch)
        .try_flatten()
        .boxed_local()
}

/// Streams what one query returns: for lists that stay short.
pub fn all<R: 'static>(
    ctx: web::Data<Context>,
    find: impl AsyncFnOnce(&mut Conn) -> Result<Vec<R>, StoreError> + Clone + 'static,
) -> LocalBoxStream<'static, Result<R, StoreError>> {
    let found = async move { ctx.db.read(find).await };
    stream::once(found)
        .map_ok(|rows| stream::iter(rows.into_iter().map(Ok)))
        .try_flatten()
        .boxed_local()
}

/// Streams the rows of all ids that a query finds, in its order: found at once, then read in batches.
pub fn rows_of<I: 'static, R: 'static>(
    ctx: web::Data<Context>,
    find: impl AsyncFnOnce(&mut Conn) -> Result<Vec<I>, StoreError> + Clone + 'static,
    read: impl AsyncFn(&mut Conn, &[I]) -> Result<Vec<R>, StoreError> + 'static,
) -> LocalBoxStream<'static, Result<R, StoreError>> {
    batches(ctx, Step::Find(find), async move |ctx: &Context, step| {
        let mut ids = match step {
            Step::Find(find) => ctx.db.read(find).await?,
            Step::Read(ids) => ids,
        };
        let rest = ids.split_off(usize::from(BATCH).min(ids.len()));
        if ids.is_empty() {
            return Ok(None);
        }
        let rows = ctx.db.read(async |conn| read(conn, &ids).await).await?;
        Ok(Some((rows, Step::Read(rest))))
    })
}

/// Where [`rows_of`] is.
enum Step<F, I> {
    Find(F),
    Read(Vec<I>),
}
