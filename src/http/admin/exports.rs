//! Exports of lists: audited, and streamed in batches.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::stream::{self, LocalBoxStream, Stream, StreamExt as _, TryStreamExt as _};
use percent_encoding::percent_decode_str;

use crate::context::Context;
use crate::domain::rights::masked;
use crate::http::error::AppError;
use crate::http::extract::RoleHolder;
use crate::http::table::{Cell, TableFormat, TableHead};
use crate::service::exports;
use crate::store::db::{Share, current_share, with_share};
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
    pub lang: Lang,
    reader: Reader,
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
            lang: Lang::of(request.headers()),
            reader: Reader {
                ctx: ctx.clone(),
                share: current_share(),
            },
            request: request.clone(),
            format,
        });
        ready(export.ok_or(AppError::NotFound))
    }
}

impl Export {
    /// Audits the export, and returns the rows as a table, without contact data for those who may not read it.
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
        let (ctx, format) = (&self.reader.ctx, self.format.as_str());
        exports::record_export(ctx, &by, head.list.action(), format, &query).await?;
        let (day, contacts) = (china_day(holder.user.now), holder.contacts());
        let rows = rows.map_ok(move |row| {
            let cells = head.columns.iter().zip(row);
            cells
                .map(|(column, cell)| match cell {
                    Cell::Text(text) if !column.is_id() => Cell::Text(masked(&text, contacts)),
                    cell => cell,
                })
                .collect()
        });
        Ok(head.respond(self.format, self.lang, day, rows))
    }

    /// Reads one row or record at the time of the request.
    pub async fn find<T>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, StoreError> + Clone,
    ) -> Result<T, StoreError> {
        self.reader.read(work).await
    }

    /// Streams what one query returns: for lists that stay short.
    pub fn all<R: 'static>(
        &self,
        find: impl AsyncFnOnce(&mut Conn) -> Result<Vec<R>, StoreError> + Clone + 'static,
    ) -> Rows<R> {
        let reader = self.reader.clone();
        let found = async move { reader.read(find).await };
        stream::once(found)
            .map_ok(|rows| stream::iter(rows.into_iter().map(Ok)))
            .try_flatten()
            .boxed_local()
    }

    /// Streams rows in the order of a key: `read` returns the batch after a key, or the first one.
    pub fn by_key<K: Copy + 'static, R: 'static>(
        &self,
        read: impl AsyncFn(&mut Conn, Option<K>) -> Result<Vec<R>, StoreError> + 'static,
        key: impl Fn(&R) -> K + 'static,
    ) -> Rows<R> {
        self.batches(None, async move |reader: &Reader, after| {
            let rows = reader.read(async |conn| read(conn, after).await).await?;
            let last = rows.last().map(|row| Some(key(row)));
            Ok(last.map(|last| (rows, last)))
        })
    }

    /// Streams rows by their position: for lists whose order does not change meanwhile.
    pub fn by_offset<R: 'static>(
        &self,
        read: impl AsyncFn(&mut Conn, i64) -> Result<Vec<R>, StoreError> + 'static,
    ) -> Rows<R> {
        self.batches(0, async move |reader: &Reader, offset: i64| {
            let rows = reader.read(async |conn| read(conn, offset).await).await?;
            let next = offset.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
            Ok((!rows.is_empty()).then_some((rows, next)))
        })
    }

    /// Streams the rows of all ids that a query finds, in its order: found at once, then read in batches.
    pub fn by_id<I: 'static, R: 'static>(
        &self,
        find: impl AsyncFnOnce(&mut Conn) -> Result<Vec<I>, StoreError> + Clone + 'static,
        read: impl AsyncFn(&mut Conn, &[I]) -> Result<Vec<R>, StoreError> + 'static,
    ) -> Rows<R> {
        self.batches(Step::Find(find), async move |reader: &Reader, step| {
            let mut ids = match step {
                Step::Find(find) => reader.read(find).await?,
                Step::Read(ids) => ids,
            };
            let rest = ids.split_off(usize::from(BATCH).min(ids.len()));
            if ids.is_empty() {
                return Ok(None);
            }
            let rows = reader.read(async |conn| read(conn, &ids).await).await?;
            Ok(Some((rows, Step::Read(rest))))
        })
    }

    /// Streams rows batch by batch: `next` returns a batch and where the one after it starts, or `None` after the last.
    /// Each batch takes a connection of its own, so that a slow reader holds none.
    fn batches<S: 'static, R: 'static, F>(&self, start: S, next: F) -> Rows<R>
    where
        F: AsyncFn(&Reader, S) -> Result<Option<(Vec<R>, S)>, StoreError> + 'static,
    {
        let batch = async |(reader, next, at): (Reader, F, S)| {
            let found = next(&reader, at).await?;
            Ok::<_, StoreError>(found.map(|(rows, at)| {
                let rows = stream::iter(rows.into_iter().map(Ok::<R, StoreError>));
                (rows, (reader, next, at))
            }))
        };
        stream::try_unfold((self.reader.clone(), next, start), batch)
            .try_flatten()
            .boxed_local()
    }
}

/// The rows of an export, read while its body is sent.
pub type Rows<R> = LocalBoxStream<'static, Result<R, StoreError>>;

/// Where [`Export::by_id`] is.
enum Step<F, I> {
    Find(F),
    Read(Vec<I>),
}

/// Reads with the share of the client that requested the export, though the body is sent after the request's work.
#[derive(Clone)]
struct Reader {
    ctx: web::Data<Context>,
    share: Share,
}

impl Reader {
    async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, StoreError> + Clone,
    ) -> Result<T, StoreError> {
        with_share(self.share, self.ctx.db.read(work)).await
    }
}
