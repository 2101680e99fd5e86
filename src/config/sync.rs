//! The full sync.

use chrono_tz::Tz;

use super::reader::Reader;
use super::setting;
use super::share::Share;
use crate::domain::schedule::{Schedule, ScheduleError};

/// The full sync.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// When it runs by itself.
    pub schedule: Schedule,
    /// More leavers than this stop a sync, which then asks.
    pub max_leavers: Share,
}

impl SyncConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let zone = reader.value(&setting::TIME_ZONE, zone);
        // Where the zone is wrong, the expression is still looked at.
        let schedule = reader.value(&setting::SYNC_CRON, |text| {
            Schedule::parse(text, zone.unwrap_or(Tz::UTC)).map_err(|error| told(text, &error))
        });
        let max_leavers = reader.value(&setting::SYNC_MAX_LEAVERS, Share::parse);
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

/// A zone's name as the IANA database has it; POSIX lets a colon stand before it.
fn zone(text: &str) -> Result<Tz, String> {
    let name = text.strip_prefix(':').unwrap_or(text);
    name.parse()
        .map_err(|_| format!("{text:?} is not the name of a time zone"))
}
