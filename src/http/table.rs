//! Tables for spreadsheets: CSV, streamed row by row, and XLSX.

mod csv;
mod xlsx;

use actix_web::HttpResponse;
use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::stream::Stream;

use crate::domain::closed_set::closed_set;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::store::StoreError;
use crate::text::export::ExportTexts;
use crate::text::lang::Lang;

closed_set! {
    /// The format of a table: the extension of its path and of its file.
    pub enum TableFormat {
        Xlsx = "xlsx",
        Csv = "csv",
    }
}

impl TableFormat {
    /// Returns the path of the page that an export belongs to; other paths are returned unchanged.
    pub fn strip(path: &str) -> &str {
        let mut formats = Self::ALL.into_iter().map(Self::as_str);
        formats
            .find_map(|format| path.strip_suffix(format)?.strip_suffix('.'))
            .unwrap_or(path)
    }

    /// Returns its name on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Xlsx => "XLSX",
            Self::Csv => "CSV",
        }
    }
}

/// A value of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Stays text in a spreadsheet, even if all its characters are digits.
    Text(String),
    Number(i64),
    Time(DateTime<Utc>),
    Empty,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(at: DateTime<Utc>) -> Self {
        Self::Time(at)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// Returns a number that identifies something, as text.
pub fn id_cell(id: i64) -> Cell {
    Cell::Text(id.to_string())
}

/// A table without its rows.
#[derive(Debug, Clone, Copy)]
pub struct TableHead {
    pub list: ExportedList,
    pub columns: &'static [ExportColumn],
}

impl TableHead {
    /// Returns the table as a file to be saved, named after the day.
    pub fn respond(
        self,
        format: TableFormat,
        lang: Lang,
        day: NaiveDate,
        rows: impl Stream<Item = Result<Vec<Cell>, StoreError>> + 'static,
    ) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.insert_header(self.disposition(format, lang, day));
        match format {
            TableFormat::Csv => csv::stream(response, self.columns, rows),
            TableFormat::Xlsx => xlsx::stream(response, self, lang, rows),
        }
    }

    /// The name has the list and the day; browsers that read no other names get it in ASCII.
    fn disposition(self, format: TableFormat, lang: Lang, day: NaiveDate) -> ContentDisposition {
        let extension = format.as_str();
        let named = |list: &str| format!("{list}-{day}.{extension}");
        let words = ExportTexts::of(lang).list_words(self.list);
        ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![
                DispositionParam::Filename(named(self.list.as_str())),
                DispositionParam::FilenameExt(ExtendedValue {
                    charset: Charset::Ext("UTF-8".to_owned()),
                    language_tag: None,
                    value: named(words).into_bytes(),
                }),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_chinese_name_and_one_that_every_browser_reads() {
        let head = TableHead {
            list: ExportedList::Review,
            columns: &[],
        };
        let day = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        let name = head
            .disposition(TableFormat::Xlsx, Lang::Zh, day)
            .to_string();
        assert!(
            name.starts_with(&format!("attachment; filename=\"unmatched-{day}.xlsx\"")),
            "{name}"
        );
        let chinese = "filename*=UTF-8''%E7%99%BB%E5%BD%95%E5%AE%A1%E6%A0%B8%2D";
        assert!(name.contains(chinese), "{name}");
    }

    #[test]
    fn the_page_of_an_export_has_its_path_without_the_format() {
        for (path, page) in [
            ("/admin/staff.csv", "/admin/staff"),
            ("/admin/staff.xlsx", "/admin/staff"),
            ("/admin/staff/a.csv.b", "/admin/staff/a.csv.b"),
            ("/admin/staffcsv", "/admin/staffcsv"),
        ] {
            assert_eq!(TableFormat::strip(path), page);
        }
    }
}
