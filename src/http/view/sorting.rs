//! The heads of columns that sort a list, each with an address of its own.

use super::{Paging, query};
use crate::store::sort::Sort;

/// The order of a list, and how it can be changed.
#[derive(Debug, Clone)]
pub struct Sorting {
    /// What the rows are sorted by, be it asked for or the list's own order.
    current: Option<Sort>,
    /// The columns that show the greatest first when they are chosen.
    descending: &'static [&'static str],
    others: String,
}

impl Sorting {
    /// `filters` is the query of the list without its order and page.
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

    /// The address of the list sorted by a column: the other way round where it is already.
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

    /// How the rows are sorted by a column, as `aria-sort` has it.
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

/// The part of a list's query that says its order; empty for the list's own.
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
