//! Full sync settings.

use chrono_tz::Tz;

use super::percentage::Percentage;
use super::reader::Reader;
use super::setting;
use crate::domain::schedule::{Schedule, ScheduleError};

/// Full sync settings.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// When it runs automatically.
    pub schedule: Schedule,
    /// The leaver threshold: more leavers than this stop a sync pending approval.
    pub max_leavers: Percentage,
}

impl SyncConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let zone = reader.value(&setting::TIME_ZONE, zone);
        // Even if the zone is wrong, the expression is still checked.
        let schedule = reader.value(&setting::SYNC_CRON, |text| {
            Schedule::parse(text, zone.unwrap_or(Tz::UTC)).map_err(|error| told(text, &error))
        });
        let max_leavers = reader.value(&setting::SYNC_MAX_LEAVERS, Percentage::parse);
        zone?;
        Some(Self {
            schedule: schedule?,
            max_leavers: max_leavers?,
        })
    }
}

fn told(text: &str, error: &ScheduleError) -> String {
    format!("{text:?} {error}")
}

/// Parses a time zone: an IANA name, also with a leading colon, or the path of its file or of a link to that; or
/// whole hours from UTC in POSIX form, such as `CST-8`, because `TZ` is a setting of the whole system, not ours.
fn zone(text: &str) -> Result<Tz, String> {
    const DATABASE: &str = "/usr/share/zoneinfo/";
    let path = text.strip_prefix(':').unwrap_or(text);
    let linked = (path == "/etc/localtime").then(|| std::fs::read_link(path).ok());
    let linked = linked
        .flatten()
        .and_then(|file| file.into_os_string().into_string().ok());
    let path = linked.as_deref().unwrap_or(path);
    let name = path.split_once(DATABASE).map_or(path, |(_, name)| name);
    name.parse()
        .ok()
        .or_else(|| hours_from_utc(name))
        .ok_or_else(|| format!("{text:?} is not the name of a time zone"))
}

/// Both POSIX and the names below `Etc/` count hours westwards.
fn hours_from_utc(text: &str) -> Option<Tz> {
    let hours = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?.1,
        None => text.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
    };
    if text.len() - hours.len() < 3 || hours.is_empty() {
        return None;
    }
    format!("Etc/GMT{hours}")
        .parse()
        .or_else(|_| format!("Etc/GMT+{hours}").parse())
        .ok()
}
