//! Tables for spreadsheets: streamed row by row, and protected against formula injection.

use std::error::Error;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use csv::{Terminator, Writer, WriterBuilder};
use futures_util::stream::{Stream, StreamExt, once};

/// Maximum number of rows per chunk.
const CHUNK: usize = 500;

/// Makes spreadsheets read the file as UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Returns a table to be saved as `filename`: UTF-8 with a byte order mark, a header row, CRLF. A row that fails
/// aborts the connection, so that half a table is not mistaken for a complete one.
pub fn stream<E: Error + 'static>(
    filename: &str,
    header: &[&str],
    rows: impl Stream<Item = Result<Vec<String>, E>> + 'static,
) -> HttpResponse {
    let first = encode([header.iter().map(|name| (*name).to_owned()).collect()]).map(|line| {
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
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{filename}\""),
        ))
        .streaming(once(std::future::ready(first)).chain(rest))
}

fn encode(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut writer: Writer<Vec<u8>> = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(escape_formula))?;
    }
    Ok(writer.into_inner()?)
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
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect());
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
        let rows = futures_util::stream::iter([Ok::<_, std::io::Error>(vec![
            "=x".to_owned(),
            "employed".to_owned(),
        ])]);
        let response = stream("staff.csv", &["userid", "status"], rows);
        let disposition = response
            .headers()
            .get("content-disposition")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap();
        assert_eq!(disposition, "attachment; filename=\"staff.csv\"");
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "\u{feff}userid,status\r\n'=x,employed\r\n"
        );
    }

    #[actix_web::test]
    async fn a_row_that_fails_breaks_the_table_off() {
        let rows = futures_util::stream::iter([
            Ok(vec!["a".to_owned()]),
            Err(std::io::Error::other("gone")),
        ]);
        let response = stream("x.csv", &["userid"], rows);
        assert!(
            actix_web::body::to_bytes(response.into_body())
                .await
                .is_err()
        );
    }
}
