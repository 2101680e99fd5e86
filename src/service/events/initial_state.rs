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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::upstream::event::of_callback;

    #[test]
    fn events_arrive_in_the_state_that_fits_them() {
        let arrives = |message: Value| initial_state(&of_callback(&message));
        assert_eq!(
            arrives(json!({"EventType": "user_add_org", "UserId": ["a"]})),
            InitialState::Waiting
        );
        assert_eq!(
            arrives(json!({"EventType": "user_add_org", "UserId": ["a", null]})),
            InitialState::Waiting
        );
        assert_eq!(
            arrives(json!({"EventType": "user_leave_org", "UserId": ["a"]})),
            InitialState::Applied
        );
        assert_eq!(
            arrives(json!({"EventType": "org_admin_add", "UserId": ["a"]})),
            InitialState::Applied
        );
        assert_eq!(
            arrives(json!({"EventType": "org_dept_modify", "DeptId": [-7]})),
            InitialState::Applied
        );
        assert_eq!(
            arrives(json!({"EventType": "never_heard_of"})),
            InitialState::Applied
        );
        assert!(matches!(
            arrives(json!({"EventType": "user_add_org", "UserId": [null]})),
            InitialState::Failed(_)
        ));
        assert!(matches!(
            arrives(json!({"EventType": "user_leave_org", "UserId": ["a", null]})),
            InitialState::Failed(_)
        ));
    }
}
