//! The person in whose name an action is carried out.

use crate::domain::ids::UserId;

/// The person who decides or acts.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    pub userid: &'a UserId,
    /// The browser's IP address; `None` if a job carries the decision out.
    pub address: Option<&'a str>,
}
