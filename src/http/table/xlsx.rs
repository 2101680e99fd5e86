//! XLSX: a table that a spreadsheet opens without guessing what its cells are.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use chrono::Datelike as _;
use futures_util::stream::{Stream, StreamExt as _};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use tokio::sync::mpsc::{self, Receiver};

use super::{Cell, TableHead};
use crate::domain::export::ExportColumn;
use crate::http::error::AppError;
use crate::store::StoreError;
use crate::text::export::ExportTexts;
use crate::text::lang::Lang;
use crate::text::time::china_time;

const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Maximum number of rows per chunk.
const CHUNK: usize = 500;
/// How many chunks may wait for the writer.
const WAITING: usize = 4;
/// Maximum number of rows of a sheet besides its header: the format's limit, rounded down.
const ROWS_PER_SHEET: u32 = 1_000_000;
/// The format's limit is 32,767 UTF-16 units.
const MAX_TEXT: usize = 32_000;
/// In characters of the usual digit's width.
const WIDTH: f64 = 18.0;

type Rows = Vec<Vec<Cell>>;

/// Returns the table as a workbook, complete or not at all. A table that exceeds one sheet continues on another. A text
/// beyond the format's limit ends with `…`.
pub async fn build(
    mut response: HttpResponseBuilder,
    head: TableHead,
    lang: Lang,
    rows: impl Stream<Item = Result<Vec<Cell>, StoreError>> + 'static,
) -> Result<HttpResponse, AppError> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let writer = web::block(move || write(head, lang, receiver));
    let reading = async move {
        let mut chunks = std::pin::pin!(rows.ready_chunks(CHUNK));
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.into_iter().collect::<Result<Rows, StoreError>>()?;
            // A writer that has failed says why itself.
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
        Ok::<_, StoreError>(())
    };
    let (read, written) = futures_util::future::join(reading, writer).await;
    read?;
    let failed = |error: anyhow::Error| AppError::Internal(error.context("workbook"));
    let bytes = written
        .map_err(|error| failed(error.into()))?
        .map_err(|error| failed(error.into()))?;
    Ok(response.insert_header((CONTENT_TYPE, TYPE)).body(bytes))
}

fn write(head: TableHead, lang: Lang, mut chunks: Receiver<Rows>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let name = ExportTexts::of(lang).list_words(head.list);
    let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let (mut sheets, mut row) = (1, 0);
    let mut sheet = begin_sheet(&mut workbook, name, head.columns, lang)?;
    while let Some(chunk) = chunks.blocking_recv() {
        for cells in chunk {
            if row == ROWS_PER_SHEET {
                (sheets, row) = (sheets + 1, 0);
                let name = format!("{name} {sheets}");
                sheet = begin_sheet(&mut workbook, &name, head.columns, lang)?;
            }
            row += 1;
            for (column, cell) in (0..).zip(cells) {
                put(sheet, (row, column), cell, &time)?;
            }
        }
    }
    workbook.save_to_buffer()
}

/// Rows are written to a temporary file, so that memory does not grow with them.
fn begin_sheet<'a>(
    workbook: &'a mut Workbook,
    name: &str,
    columns: &[ExportColumn],
    lang: Lang,
) -> Result<&'a mut Worksheet, XlsxError> {
    let bold = Format::new().set_bold();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (place, column) in (0..).zip(columns) {
        sheet.set_column_width(place, WIDTH)?;
        sheet.write_string_with_format(0, place, heading(*column, lang), &bold)?;
    }
    Ok(sheet)
}

fn heading(column: ExportColumn, lang: Lang) -> String {
    let t = ExportTexts::of(lang);
    let zone = if column.as_str().ends_with("_at") || column == ExportColumn::At {
        t.china_time
    } else {
        ""
    };
    format!("{}{zone}", t.column_words(column))
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: Cell,
    time: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        // Counts are far below the numbers that a spreadsheet rounds.
        #[allow(clippy::cast_precision_loss, reason = "see above")]
        Cell::Number(number) => {
            sheet.write_number(row, column, number as f64)?;
        }
        Cell::Time(at) => {
            let at = china_time(at);
            // The format has no times before 1900.
            if at.year() < 1900 {
                sheet.write_string(row, column, at.to_string())?;
            } else {
                sheet.write_datetime_with_format(row, column, at, time)?;
            }
        }
        Cell::Text(text) => {
            sheet.write_string(row, column, bounded(text))?;
        }
    }
    Ok(())
}

fn bounded(text: String) -> String {
    let mut units = 0;
    let too_much = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > MAX_TEXT
    });
    match too_much {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader as _, Xlsx};
    use chrono::{DateTime, NaiveDate};
    use futures_util::stream;

    use super::*;
    use crate::domain::export::ExportedList;

    const HEAD: TableHead = TableHead {
        list: ExportedList::Events,
        columns: &[
            ExportColumn::Userid,
            ExportColumn::Name,
            ExportColumn::Attempts,
            ExportColumn::ReceivedAt,
        ],
    };

    async fn read(
        lang: Lang,
        rows: Vec<Result<Vec<Cell>, StoreError>>,
    ) -> Result<(Vec<String>, Vec<Vec<Data>>), AppError> {
        let response = build(HttpResponse::Ok(), HEAD, lang, stream::iter(rows)).await?;
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap();
        let mut workbook = Xlsx::new(std::io::Cursor::new(body)).unwrap();
        let range = workbook.worksheet_range_at(0).unwrap().unwrap();
        let rows = range.rows().map(<[Data]>::to_vec).collect();
        Ok((workbook.sheet_names(), rows))
    }

    fn text(text: &str) -> Data {
        Data::String(text.to_owned())
    }

    #[actix_web::test]
    async fn ids_stay_text_and_numbers_and_times_are_such() {
        let at = DateTime::from_timestamp(1_764_511_425, 0).unwrap();
        let cells = vec![
            Cell::from("01580003300095028"),
            Cell::from("=1+1"),
            Cell::from(7),
            Cell::from(at),
        ];
        let (sheets, rows) = read(Lang::Zh, vec![Ok(cells)]).await.unwrap();
        assert_eq!(sheets, ["事件"]);
        let heads = ["userid", "姓名", "次数", "收到时间（北京时间）"];
        assert_eq!(rows[0], heads.map(text));
        assert_eq!(rows[1][..2], [text("01580003300095028"), text("=1+1")]);
        assert_eq!(rows[1][2], Data::Float(7.0));
        let Data::DateTime(time) = &rows[1][3] else {
            panic!("{:?}", rows[1][3]);
        };
        let china =
            NaiveDate::from_ymd_opt(2025, 11, 30).and_then(|day| day.and_hms_opt(22, 3, 45));
        assert_eq!(time.as_datetime(), china);
    }

    #[actix_web::test]
    async fn a_text_that_is_too_long_ends_visibly_and_a_time_before_the_format_is_text() {
        let long = "字".repeat(40_000);
        let cells = vec![
            Cell::from(long),
            Cell::Empty,
            Cell::Empty,
            Cell::Time(DateTime::UNIX_EPOCH - chrono::TimeDelta::days(40_000)),
        ];
        let (_, rows) = read(Lang::En, vec![Ok(cells)]).await.unwrap();
        assert!(
            matches!(&rows[1][0], Data::String(s) if s.chars().count() == 32_001 && s.ends_with('…'))
        );
        assert!(matches!(&rows[1][3], Data::String(s) if s.starts_with("1860-")));
    }

    #[actix_web::test]
    async fn a_row_that_fails_leaves_no_half_table() {
        let rows = vec![Ok(vec![Cell::from("a")]), Err(StoreError::Aborted)];
        assert!(read(Lang::En, rows).await.is_err());
    }
}
