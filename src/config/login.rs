//! Login and session settings.

use std::time::Duration;

use super::rate::Rate;
use super::reader::Reader;
use super::{setting, value};
use crate::domain::listed_admins::ListedAdmins;

/// Login and session settings.
#[derive(Debug, Clone)]
pub struct LoginConfig {
    /// Idle timeout of a session; never longer than `session_max`.
    pub session_idle: Duration,
    pub session_max: Duration,
    pub state_ttl: Duration,
    /// Maximum age of the login with which the administration pages open.
    pub admin_max_age: Duration,
    /// Failed logins per client IP address.
    pub rate: Rate,
    pub unknown_staff: UnknownStaff,
    /// The contact for people who are refused.
    pub contact: Option<String>,
    /// The initial administrators.
    pub admins: ListedAdmins,
}

/// How to handle a scan by someone who is in the company but not in the staff table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownStaff {
    /// An administrator decides.
    Review,
    /// The person is fetched and admitted.
    Provision,
}

impl LoginConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let session = session(reader);
        let state_ttl = reader.value(&setting::LOGIN_STATE_TTL, value::duration);
        let admin_max_age = reader.value(&setting::ADMIN_MAX_AGE, value::duration);
        let rate = reader.value(&setting::LOGIN_RATE, Rate::parse);
        let unknown_staff = reader.value(
            &setting::UNKNOWN_STAFF,
            value::either(
                ("review", UnknownStaff::Review),
                ("provision", UnknownStaff::Provision),
            ),
        );
        let contact = reader.optional(&setting::CONTACT, contact);
        let admins = reader.optional(&setting::ADMINS, value::admins);
        let (session_idle, session_max) = session?;
        Some(Self {
            session_idle,
            session_max,
            state_ttl: state_ttl?,
            admin_max_age: admin_max_age?,
            rate: rate?,
            unknown_staff: unknown_staff?,
            contact,
            admins: admins.unwrap_or_default(),
        })
    }
}

/// Maximum length of the contact, in characters: a line or two on a phone.
const MAX_CONTACT: usize = 200;

fn contact(text: &str) -> Result<String, String> {
    let contact = text.trim();
    if contact.chars().count() > MAX_CONTACT || contact.chars().any(char::is_control) {
        return Err(format!(
            "must be a text of at most {MAX_CONTACT} characters on one line"
        ));
    }
    Ok(contact.to_owned())
}

/// Returns the idle timeout and the maximum lifetime of a session; an idle timeout left at its default is
/// shortened to the maximum lifetime.
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
        reader.error(&setting::SESSION_IDLE, what);
        return None;
    }
    Some((idle.min(max), max))
}
