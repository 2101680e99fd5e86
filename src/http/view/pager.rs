//! The pages of a list, each with its own URL.

use std::collections::BTreeSet;

use url::form_urlencoded;

use crate::text::interpolate;
use crate::text::layout::CommonTexts;

const DEFAULT_PER_PAGE: i64 = 50;
const MAX_PER_PAGE: i64 = 200;
/// Far beyond any list, and small enough that no product of it overflows.
const MAX_PAGE: i64 = 1_000_000;

/// The requested page of a list, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// From 1.
    pub page: i64,
    /// 1 to 200, by default 50.
    pub per_page: i64,
}

impl Paging {
    /// Parses `page` and `per_page` of a query; a value that is missing or not a number becomes the default.
    pub fn parse(page: Option<&str>, per_page: Option<&str>) -> Self {
        let number = |text: Option<&str>| text.and_then(|t| t.trim().parse::<i64>().ok());
        Self {
            page: number(page).unwrap_or(1).clamp(1, MAX_PAGE),
            per_page: number(per_page)
                .unwrap_or(DEFAULT_PER_PAGE)
                .clamp(1, MAX_PER_PAGE),
        }
    }

    /// Returns the query of a list with its page size, unless that is the default.
    pub(super) fn keep_size(self, filters: &str) -> String {
        if self.per_page == DEFAULT_PER_PAGE {
            return filters.to_owned();
        }
        let joint = if filters.is_empty() { "" } else { "&" };
        format!("{filters}{joint}per_page={}", self.per_page)
    }

    /// Returns the part of the results that belongs to this page.
    pub fn cut<T>(self, found: &[T]) -> &[T] {
        let from = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let rest = found.get(from..).unwrap_or_default();
        let size = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        rest.get(..size).unwrap_or(rest)
    }

    /// Returns how many rows come before this page.
    pub fn offset(self) -> i64 {
        (self.page - 1) * self.per_page
    }
}

/// One page of a list, with the links to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pager {
    pub page: i64,
    pub per_page: i64,
    /// Rows on all pages together.
    pub total: i64,
    /// Whether there are more rows than the pages cover.
    is_more: bool,
    query_without_page: String,
}

/// One entry of a row of page numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageLink {
    Page {
        number: i64,
        href: String,
        is_current: bool,
    },
    Gap,
}

impl Pager {
    /// Creates a pager; `filters` is the query of the list without `page` and `per_page`, as [`query`] builds it.
    pub fn new(paging: Paging, total: i64, filters: &str) -> Self {
        Self {
            page: paging.page,
            per_page: paging.per_page,
            total: total.max(0),
            is_more: false,
            query_without_page: paging.keep_size(filters),
        }
    }

    /// Creates the pager of a list that is limited to `most` rows; shows if there are more.
    pub fn up_to(most: usize, paging: Paging, total: usize, filters: &str) -> Self {
        let shown = i64::try_from(total.min(most)).unwrap_or(i64::MAX);
        Self {
            is_more: total > most,
            ..Self::new(paging, shown, filters)
        }
    }

    /// Returns the query of the last page, if a page beyond it was requested and there are rows at all.
    pub fn redirect_to_last(&self) -> Option<String> {
        (self.total > 0 && self.page > self.last()).then(|| self.href(self.last()))
    }

    /// Returns the number of the last page, at least 1.
    pub fn last(&self) -> i64 {
        (self.total + self.per_page - 1)
            .div_euclid(self.per_page)
            .max(1)
    }

    /// Returns the URL of the previous page; beyond the end, that of the last page.
    pub fn previous(&self) -> Option<String> {
        (self.page > 1).then(|| self.href((self.page - 1).min(self.last())))
    }

    pub fn next(&self) -> Option<String> {
        (self.page < self.last()).then(|| self.href(self.page + 1))
    }

    /// Returns the first page, the last one and those around the current one, with gaps between.
    pub fn links(&self) -> Vec<PageLink> {
        let last = self.last();
        let shown = BTreeSet::from([1, self.page - 1, self.page, self.page + 1, last]);
        let mut links = Vec::new();
        let mut before = 0;
        for number in shown.into_iter().filter(|n| (1..=last).contains(n)) {
            if number > before + 1 {
                links.push(PageLink::Gap);
            }
            links.push(PageLink::Page {
                number,
                href: self.href(number),
                is_current: number == self.page,
            });
            before = number;
        }
        links
    }

    /// Returns e.g. `第 51–100 条，共 207 条`.
    pub fn range(&self, t: &CommonTexts) -> String {
        let from = ((self.page - 1) * self.per_page + 1).min(self.total);
        let to = (self.page * self.per_page).min(self.total);
        interpolate(
            if self.is_more { t.range_more } else { t.range },
            &[("from", &from), ("to", &to), ("total", &self.total)],
        )
    }

    fn href(&self, page: i64) -> String {
        match (self.query_without_page.is_empty(), page) {
            // A lone `?` clears the query, which an empty URL would keep.
            (true, 1) => "?".to_owned(),
            (false, 1) => format!("?{}", self.query_without_page),
            (true, _) => format!("?page={page}"),
            (false, _) => format!("?{}&page={page}", self.query_without_page),
        }
    }
}

/// Returns the encoded query of a list, without empty values.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut writer = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        writer.append_pair(name, value);
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lang::Lang;

    fn pager(page: &str, per_page: Option<&str>, total: i64, filters: &str) -> Pager {
        Pager::new(Paging::parse(Some(page), per_page), total, filters)
    }

    fn numbers(pager: &Pager) -> String {
        let text = |link: &PageLink| match link {
            PageLink::Page {
                number,
                is_current: true,
                ..
            } => format!("[{number}]"),
            PageLink::Page { number, .. } => number.to_string(),
            PageLink::Gap => "…".to_owned(),
        };
        pager.links().iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_requested_page_is_kept_within_bounds() {
        let paging = |page, per_page| Paging::parse(page, per_page);
        assert_eq!(
            paging(None, None),
            Paging {
                page: 1,
                per_page: 50
            }
        );
        assert_eq!(
            paging(Some("-3"), Some("0")),
            Paging {
                page: 1,
                per_page: 1
            }
        );
        assert_eq!(
            paging(Some("x"), Some("9999999")),
            Paging {
                page: 1,
                per_page: 200
            }
        );
        assert_eq!(paging(Some("3"), Some("20")).offset(), 40);
        assert!(paging(Some("9223372036854775807"), Some("200")).offset() > 0);
    }

    #[test]
    fn neighbours_and_ends_are_linked() {
        assert_eq!(numbers(&pager("5", None, 500, "")), "1 … 4 [5] 6 … 10");
        assert_eq!(numbers(&pager("1", None, 100, "")), "[1] 2");
        assert_eq!(numbers(&pager("1", None, 0, "")), "[1]");
        assert_eq!(numbers(&pager("3", None, 250, "")), "1 2 [3] 4 5");
    }

    #[test]
    fn addresses_keep_the_filters_and_the_size() {
        let middle = pager(
            "2",
            Some("20"),
            60,
            &query(&[("q", "张 三&"), ("reason", ""), ("state", "all")]),
        );
        assert_eq!(
            middle.previous().unwrap(),
            "?q=%E5%BC%A0+%E4%B8%89%26&state=all&per_page=20"
        );
        assert_eq!(
            middle.next().unwrap(),
            "?q=%E5%BC%A0+%E4%B8%89%26&state=all&per_page=20&page=3"
        );
        assert_eq!(pager("2", None, 60, "").previous().unwrap(), "?");
        assert_eq!(pager("2", None, 60, "").next(), None);
    }

    #[test]
    fn beyond_the_end_leads_back_to_the_last_page() {
        let beyond = pager("99", None, 60, "");
        assert_eq!(beyond.previous().unwrap(), "?page=2");
        assert_eq!(beyond.next(), None);
        assert_eq!(numbers(&beyond), "1 2");
    }

    #[test]
    fn a_list_that_is_too_long_says_so_and_ends() {
        let long = Pager::up_to(100, Paging::parse(Some("2"), None), 101, "");
        assert_eq!((long.last(), long.next()), (2, None));
        assert_eq!(
            long.range(CommonTexts::of(Lang::En)),
            "51–100 of more than 100"
        );
        let short = Pager::up_to(100, Paging::parse(Some("2"), None), 100, "");
        assert_eq!(short.range(CommonTexts::of(Lang::En)), "51–100 of 100");
    }

    #[test]
    fn what_was_found_is_cut_into_pages() {
        let found: Vec<i64> = (0..7).collect();
        let page = |page: &str| Paging::parse(Some(page), Some("3"));
        assert_eq!(page("1").cut(&found), [0, 1, 2]);
        assert_eq!(page("3").cut(&found), [6]);
        assert_eq!(page("4").cut(&found), [0_i64; 0]);
        assert_eq!(page("1000000").cut(&found), [0_i64; 0]);
    }

    #[test]
    fn the_range_counts_rows_from_one() {
        assert_eq!(
            pager("2", None, 60, "").range(CommonTexts::of(Lang::Zh)),
            "第 51–60 条，共 60 条"
        );
        assert_eq!(
            pager("1", None, 1, "").range(CommonTexts::of(Lang::En)),
            "1–1 of 1"
        );
    }
}
