//! Logins and sessions.

use std::time::Duration;

use super::rate::Rate;
use super::reader::Reader;
use super::{setting, value};
use crate::domain::listed_admins::ListedAdmins;

/// Logins and sessions.
#[derive(Debug, Clone)]
pub struct LoginConfig {
    /// How long a session lives without being used; never longer than `session_max`.
    pub session_idle: Duration,
    pub session_max: Duration,
    pub state_ttl: Duration,
    /// Failed logins of one client address.
    pub rate: Rate,
    pub unknown_staff: UnknownStaff,
    /// Who is an administrator from the start.
    pub admins: ListedAdmins,
}

/// What a scan by somebody who is in the company, but not in the staff table, leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownStaff {
    /// An administrator decides.
    Review,
    /// The person is fetched and admitted.
    Provision,
}

impl UnknownStaff {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "review" => Ok(Self::Review),
            "provision" => Ok(Self::Provision),
            _ => Err(format!("{text:?} is neither review nor provision")),
        }
    }
}

impl LoginConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let session = session(reader);
        let state_ttl = reader.value(&setting::LOGIN_STATE_TTL, value::duration);
        let rate = reader.value(&setting::LOGIN_RATE, Rate::parse);
        let unknown_staff = reader.value(&setting::UNKNOWN_STAFF, UnknownStaff::parse);
        let admins = reader.optional(&setting::ADMINS, value::admins);
        let (session_idle, session_max) = session?;
        Some(Self {
            session_idle,
            session_max,
            state_ttl: state_ttl?,
            rate: rate?,
            unknown_staff: unknown_staff?,
            admins: admins.unwrap_or_default(),
        })
    }
}

/// The idle and the absolute life of a session; an idle life that nobody set yields to a shorter
/// absolute one.
fn session(reader: &mut Reader) -> Option<(Duration, Duration)> {
    let idle = reader.value(&setting::SESSION_IDLE, value::duration);
    let max = reader.value(&setting::SESSION_MAX, value::duration);
    let (idle, max) = (idle?, max?);
    if idle > max && reader.is_given(&setting::SESSION_IDLE) {
        let max = humantime::format_duration(max);
        let what = format!(
            "is longer than {}, which is {max}",
            setting::SESSION_MAX.name
        );
        reader.fault(&setting::SESSION_IDLE, what);
        return None;
    }
    Some((idle.min(max), max))
}
