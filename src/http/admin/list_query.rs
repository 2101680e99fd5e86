//! The query of a list: a search text, filters, a page. Every view of a list has its own URL.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
use url::form_urlencoded;

use crate::http::error::AppError;
use crate::http::view::Paging;
use crate::store::sort::Sort;
use crate::text::admin_lists::ListTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

/// Longer search texts are truncated.
const MAX_TEXT: usize = 100;

/// The query string of a list; the last of several values of one name counts.
#[derive(Debug)]
pub struct ListQuery {
    lang: Lang,
    values: HashMap<String, String>,
}

impl ListQuery {
    pub(super) fn parse(lang: Lang, query: &str) -> Self {
        // Postgres rejects NUL, and no legitimate search text contains control characters.
        let clean = |value: &str| {
            value
                .trim()
                .chars()
                .filter(|c| !c.is_control())
                .take(MAX_TEXT)
                .collect::<String>()
        };
        let values = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), clean(&value)));
        Self {
            lang,
            values: values.collect(),
        }
    }

    /// Returns a value as received; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Returns the search text; empty for all.
    pub fn q(&self) -> &str {
        self.text("q")
    }

    pub fn paging(&self) -> Paging {
        let value = |name| self.values.get(name).map(String::as_str);
        Paging::parse(value("page"), value("per_page"))
    }

    /// Returns the selected choice of a filter, or `None` for all. An unknown choice is an error.
    pub fn choice(
        &self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, AppError> {
        self.value(name, choices, |choice| choice)
    }

    /// Like [`Self::choice`], for the values of a closed set.
    pub fn value<T: Copy>(
        &self,
        name: &str,
        values: &[T],
        text: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, AppError> {
        let requested = self.text(name);
        if requested.is_empty() || requested == ALL {
            return Ok(None);
        }
        let found = values.iter().find(|value| text(**value) == requested);
        found
            .copied()
            .map(Some)
            .ok_or_else(|| self.refusal(ListTexts::of(self.lang).unknown_value, name))
    }

    /// Returns the requested order by one of these columns, or `None` for the list's default.
    pub fn sort(&self, columns: &[&'static str]) -> Result<Option<Sort>, AppError> {
        let refused = |name| self.refusal(ListTexts::of(self.lang).unknown_value, name);
        let is_descending = match self.text("dir") {
            "" | "asc" => false,
            "desc" => true,
            _ => return Err(refused("dir")),
        };
        let requested = self.text("sort");
        let column = columns.iter().copied().find(|column| *column == requested);
        match column {
            Some(column) => Ok(Some(Sort {
                column,
                is_descending,
            })),
            None if requested.is_empty() => Ok(None),
            None => Err(refused("sort")),
        }
    }

    /// Parses a day such as `2026-11-22`, or returns `None` without one.
    pub fn date(&self, name: &str) -> Result<Option<NaiveDate>, AppError> {
        match self.text(name) {
            "" => Ok(None),
            value => match value.parse::<NaiveDate>() {
                // Days outside these years cannot be on this trail, and Postgres does not support all of them.
                Ok(date) if is_of_our_time(date) => Ok(Some(date)),
                _ => Err(self.refusal(ListTexts::of(self.lang).bad_date, name)),
            },
        }
    }

    fn refusal(&self, sentence: &str, name: &str) -> AppError {
        AppError::BadRequest(interpolate(
            sentence,
            &[("name", &name), ("value", &self.text(name))],
        ))
    }
}

/// The choice of a filter that hides nothing.
pub const ALL: &str = "all";
/// The choice of a filter by type for all types without words of their own.
pub const OTHER: &str = "other";

/// Returns the choices of a filter by type.
pub fn type_choices(known: &[&'static str]) -> Vec<&'static str> {
    [known, &[OTHER]].concat()
}

/// Returns the types that a choice includes, and those that it excludes; both are empty for all.
pub fn types_of(
    choice: Option<&'static str>,
    known: &[&'static str],
) -> (Vec<&'static str>, Vec<&'static str>) {
    match choice {
        None => (Vec::new(), Vec::new()),
        Some(OTHER) => (Vec::new(), known.to_vec()),
        Some(choice) => (vec![choice], Vec::new()),
    }
}

fn is_of_our_time(date: NaiveDate) -> bool {
    use chrono::Datelike as _;
    (2000..3000).contains(&date.year())
}

/// Returns the first moment of a day in China, whose days the list filters use wherever the reader is.
pub fn day_begin(date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let in_china =
        FixedOffset::east_opt(8 * 3600).and_then(|zone| midnight.and_local_timezone(zone).single());
    in_china.map_or_else(|| midnight.and_utc(), |moment| moment.to_utc())
}

impl FromRequest for ListQuery {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::parse(
            Lang::of(request.headers()),
            request.query_string(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
        match result {
            Err(AppError::BadRequest(sentence)) => sentence,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_known_choice_is_taken_and_another_is_named() {
        let query = ListQuery::parse(Lang::En, "state=failed&cause=&kind=nonsense&type=all");
        assert_eq!(
            query.choice("state", &["waiting", "failed"]).unwrap(),
            Some("failed")
        );
        for name in ["cause", "type", "missing"] {
            assert_eq!(query.choice(name, &["x"]).unwrap(), None);
        }
        assert_eq!(
            refused(query.choice("kind", &["x"])),
            "The filter kind has no choice called “nonsense”."
        );
    }

    #[test]
    fn a_search_text_holds_nothing_that_postgres_refuses() {
        assert_eq!(
            ListQuery::parse(Lang::Zh, "q=+%E5%BC%A0%00%E4%B8%89%0A").q(),
            "张三"
        );
        assert_eq!(ListQuery::parse(Lang::Zh, "q=%ff%fe&q=last").q(), "last");
        assert_eq!(
            ListQuery::parse(Lang::Zh, &format!("q={}", "x".repeat(500)))
                .q()
                .len(),
            MAX_TEXT
        );
    }

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let query = ListQuery::parse(Lang::En, "from=2026-11-22&to=22.11.2026&far=+99999-01-01");
        let day = query.date("from").unwrap().unwrap();
        assert_eq!(day_begin(day).to_rfc3339(), "2026-11-21T16:00:00+00:00");
        assert!(refused(query.date("to")).contains("22.11.2026"));
        refused(query.date("far"));
        assert_eq!(query.date("none").unwrap(), None);
    }
}
