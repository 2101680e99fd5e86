//! CSV, protected against formula injection.

use std::error::Error;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use csv::{Terminator, Writer, WriterBuilder};
use futures_util::stream::{Stream, StreamExt, once};

use super::Cell;
use crate::domain::export::ExportColumn;
use crate::text::time::china_rfc3339;

/// Maximum number of rows per chunk.
const CHUNK: usize = 500;

/// Makes spreadsheets read the file as UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Returns the table: UTF-8 with a byte order mark, a header row, CRLF. Times are in China time with their offset. A row
/// that fails aborts the connection, so that half a table is not mistaken for a complete one.
pub fn stream<E: Error + 'static>(
    mut response: HttpResponseBuilder,
    columns: &[ExportColumn],
    rows: impl Stream<Item = Result<Vec<Cell>, E>> + 'static,
) -> HttpResponse {
    let header = columns.iter().map(|column| column.as_str().into());
    let first = encode([header.collect()]).map(|line| {
        let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
        bytes.extend_from_slice(&line);
        Bytes::from(bytes)
    });
    let rest = rows.ready_chunks(CHUNK).map(|rows| {
        let rows = rows
            .into_iter()
            .collect::<Result<Vec<_>, E>>()
            .inspect_err(|error| {
                tracing::error!(%error, "export aborted");
            })?;
        encode(rows).map(Bytes::from)
    });
    response
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .streaming(once(std::future::ready(first)).chain(rest))
}

fn encode(rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut writer: Writer<Vec<u8>> = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(field))?;
    }
    Ok(writer.into_inner()?)
}

fn field(cell: Cell) -> String {
    match cell {
        Cell::Text(text) => escape_formula(text),
        Cell::Number(number) => number.to_string(),
        Cell::Time(at) => china_rfc3339(at),
        Cell::Empty => String::new(),
    }
}

/// Returns a cell that a spreadsheet treats as text, even if it was crafted as a formula.
fn escape_formula(cell: String) -> String {
    if is_formula(&cell) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// Returns whether a spreadsheet might evaluate a cell: by its first character, or by the first one after blanks,
/// which some spreadsheets strip.
fn is_formula(cell: &str) -> bool {
    let is_trigger = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let visible = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    cell.starts_with(['\t', '\r', '\n']) || visible.starts_with(is_trigger)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rows: &[&[&str]]) -> String {
        let rows = rows
            .iter()
            .map(|row| row.iter().map(|cell| Cell::from(*cell)).collect());
        String::from_utf8(encode(rows).unwrap()).unwrap()
    }

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_defused() {
        for evil in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\rx",
            "\nx",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            " =1",
            "\u{feff}=1",
        ] {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(std::io::Cursor::new(text(&[&[evil, "b"]])));
            let record = reader.records().next().unwrap().unwrap();
            assert_eq!(&record[0], format!("'{evil}"), "{evil:?}");
        }
    }

    #[test]
    fn other_cells_stay_as_they_are() {
        assert_eq!(
            text(&[&["张三", "0158", "a-b", "x=y", ""]]),
            "张三,0158,a-b,x=y,\r\n"
        );
    }

    #[test]
    fn commas_quotes_and_line_breaks_stay_inside_their_cell() {
        assert_eq!(
            text(&[&["a,b", "c\"d", "e\nf"], &["1", "2", "3"]]),
            "\"a,b\",\"c\"\"d\",\"e\nf\"\r\n1,2,3\r\n"
        );
    }

    #[actix_web::test]
    async fn a_table_begins_with_a_byte_order_mark_and_its_header() {
        let at = chrono::DateTime::from_timestamp(1_764_511_425, 0);
        let cells = vec![Cell::from("=x"), "employed".into(), (-1).into(), at.into()];
        let rows = futures_util::stream::iter([Ok::<_, std::io::Error>(cells)]);
        let columns = [
            ExportColumn::Userid,
            ExportColumn::Status,
            ExportColumn::Attempts,
            ExportColumn::At,
        ];
        let response = stream(HttpResponse::Ok(), &columns, rows);
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "\u{feff}userid,status,attempts,at\r\n'=x,employed,-1,2025-11-30T22:03:45+08:00\r\n"
        );
    }

    #[actix_web::test]
    async fn a_row_that_fails_breaks_the_table_off() {
        let rows = futures_util::stream::iter([
            Ok(vec![Cell::from("a")]),
            Err(std::io::Error::other("gone")),
        ]);
        let response = stream(HttpResponse::Ok(), &[ExportColumn::Userid], rows);
        assert!(
            actix_web::body::to_bytes(response.into_body())
                .await
                .is_err()
        );
    }
}
