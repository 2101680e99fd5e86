//! The cases before and after one, in the list view from which it was opened.

use super::ListView;
use super::list::view_filter;
use crate::domain::case::CaseState;
use crate::domain::rights::Scope;
use crate::store::unmatched::{self, CaseFilter};
use crate::store::{Conn, StoreError};
use crate::text::lang::Lang;

/// The neighbours of a case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    pub previous: Option<i64>,
    pub next: Option<i64>,
}

impl Steps {
    fn of(ids: &[i64], id: i64) -> Self {
        let Some(place) = ids.iter().position(|found| *found == id) else {
            return Self {
                previous: None,
                next: ids.first().copied(),
            };
        };
        let at = |place: usize| ids.get(place).copied();
        Self {
            previous: place.checked_sub(1).and_then(at),
            next: at(place + 1),
        }
    }
}

/// Returns the neighbours of a case in a view.
pub(super) async fn steps(
    conn: &mut Conn,
    view: &ListView,
    scope: &Scope,
    id: i64,
) -> Result<Steps, StoreError> {
    let (filter, sort) = view_filter(view, Lang::Zh, scope);
    let ids = unmatched::ids(conn, &filter, sort).await?;
    Ok(Steps::of(&ids, id))
}

/// Returns the waiting case that follows a case in a view, to be decided next.
pub(super) async fn next_waiting(
    conn: &mut Conn,
    view: &ListView,
    scope: &Scope,
    id: i64,
) -> Result<Option<i64>, StoreError> {
    let (filter, sort) = view_filter(view, Lang::Zh, scope);
    let waiting = CaseFilter {
        state: Some(CaseState::Waiting),
        ..filter
    };
    let ids = unmatched::ids(conn, &waiting, sort).await?;
    Ok(Steps::of(&ids, id).next.filter(|next| *next != id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_lies_between_its_neighbours() {
        let steps = |id| {
            let steps = Steps::of(&[7, 3, 9], id);
            (steps.previous, steps.next)
        };
        assert_eq!(steps(7), (None, Some(3)));
        assert_eq!(steps(3), (Some(7), Some(9)));
        assert_eq!(steps(9), (Some(3), None));
        // A case that the view does not hold leads into it.
        assert_eq!(steps(5), (None, Some(7)));
        assert_eq!(Steps::of(&[], 5), Steps::default());
    }
}
