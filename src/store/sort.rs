//! The order of a list, as somebody has asked for it.

/// A column by which a list is sorted; what is equal there stays in the list's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: &'static str,
    pub is_descending: bool,
}

impl Sort {
    /// The column's name, for a statement; None where the list has its own order.
    pub(super) fn column(sort: Option<Self>) -> Option<&'static str> {
        sort.map(|sort| sort.column)
    }

    /// Whether the greatest comes first.
    pub(super) fn is_descending(sort: Option<Self>) -> bool {
        sort.is_some_and(|sort| sort.is_descending)
    }
}
