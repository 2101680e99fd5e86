//! The order of a list, as the user has requested it.

/// A column by which a list is sorted; equal values stay in the list's default order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: &'static str,
    pub is_descending: bool,
}

impl Sort {
    /// Returns the column's name, for a statement; `None` for the default order.
    pub(super) fn column(sort: Option<Self>) -> Option<&'static str> {
        sort.map(|sort| sort.column)
    }

    /// Returns whether the greatest value comes first.
    pub(super) fn is_descending(sort: Option<Self>) -> bool {
        sort.is_some_and(|sort| sort.is_descending)
    }
}
