//! The sortable column headings of a list, each with its own URL.

use super::{Paging, query};
use crate::store::sort::Sort;

/// The order of a list, and how it can be changed.
#[derive(Debug, Clone)]
pub struct Sorting {
    /// The current order, whether requested or the list's default.
    current: Option<Sort>,
    /// The columns that are sorted in descending order when first chosen.
    descending: &'static [&'static str],
    others: String,
}

impl Sorting {
    /// Creates a sorting; `filters` is the query of the list without its order and page.
    pub fn new(
        current: Option<Sort>,
        descending: &'static [&'static str],
        filters: &str,
        paging: Paging,
    ) -> Self {
        Self {
            current,
            descending,
            others: paging.keep_size(filters),
        }
    }

    /// Returns the URL of the list sorted by a column, in reverse if it already is sorted by it.
    pub fn href(&self, column: &str) -> String {
        let is_descending = match self.current {
            Some(sort) if sort.column == column => !sort.is_descending,
            _ => self.descending.contains(&column),
        };
        let order = query(&[("sort", column), ("dir", dir(is_descending))]);
        if self.others.is_empty() {
            format!("?{order}")
        } else {
            format!("?{}&{order}", self.others)
        }
    }

    /// Returns how the rows are sorted by a column, as a value of `aria-sort`.
    pub fn state(&self, column: &str) -> &'static str {
        match self.current {
            Some(sort) if sort.column == column && sort.is_descending => "descending",
            Some(sort) if sort.column == column => "ascending",
            _ => "none",
        }
    }
}

fn dir(is_descending: bool) -> &'static str {
    if is_descending { "desc" } else { "asc" }
}

/// Returns the order in a list's query; empty for the list's default.
pub fn order(sort: Option<Sort>) -> [(&'static str, &'static str); 2] {
    match sort {
        Some(sort) => [("sort", sort.column), ("dir", dir(sort.is_descending))],
        None => [("sort", ""), ("dir", "")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(column: &'static str, is_descending: bool) -> Sort {
        Sort {
            column,
            is_descending,
        }
    }

    #[test]
    fn a_second_click_turns_the_order_round() {
        let paging = Paging::parse(Some("3"), Some("20"));
        let heads = |current| Sorting::new(current, &["at"], "q=x", paging);
        assert_eq!(
            heads(None).href("name"),
            "?q=x&per_page=20&sort=name&dir=asc"
        );
        assert_eq!(heads(None).href("at"), "?q=x&per_page=20&sort=at&dir=desc");
        let by_name = heads(Some(sorted("name", false)));
        assert_eq!(by_name.href("name"), "?q=x&per_page=20&sort=name&dir=desc");
        assert_eq!(
            (by_name.state("name"), by_name.state("at")),
            ("ascending", "none")
        );
        assert_eq!(heads(Some(sorted("at", true))).state("at"), "descending");
        assert_eq!(
            heads(Some(sorted("at", true))).href("at"),
            "?q=x&per_page=20&sort=at&dir=asc"
        );
    }
}
