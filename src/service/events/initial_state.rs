//! The state in which an event enters the inbox.

use crate::domain::event::{Event, Kind};
use crate::store::event::InitialState;

/// Returns the initial state: only events that need a lookup wait. A leave event is applied by storing it.
pub(super) fn initial_state(event: &Event) -> InitialState {
    let waits = event.names_something() && event.kind != Kind::UserLeft;
    match event.problem {
        Some(problem) if event.is_foreign => InitialState::Ignored(problem),
        _ if waits => InitialState::Waiting,
        Some(problem) => InitialState::Failed(problem),
        None => InitialState::Applied,
    }
}
