//! The schedule of the full sync: a cron expression in a time zone.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The times that a cron expression names, in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
}

/// Why a cron expression is invalid.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ScheduleError {
    #[error("must have five fields: minute, hour, day of the month, month, day of the week")]
    NotFiveFields,
    #[error("is not a cron expression: {0}")]
    Malformed(String),
    #[error("names no day that there is")]
    Never,
}

impl Schedule {
    /// Parses five cron fields, with names of months and weekdays, and with croner's `L`, `W`, `#` and `+`.
    pub fn parse(expression: &str, zone: Tz) -> Result<Self, ScheduleError> {
        if expression.split_whitespace().count() != 5 {
            return Err(ScheduleError::NotFiveFields);
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(expression)
            .map_err(|error| ScheduleError::Malformed(error.to_string()))?;
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        cron.find_next_occurrence(&start, true)
            .map_err(|_| ScheduleError::Never)?;
        Ok(Self { cron, zone })
    }

    /// Returns the first scheduled time after this one. A time in the hour that the clocks skip comes right after
    /// it; one in the hour that they repeat comes once.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = after.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(next.with_timezone(&Utc))
    }

    /// Returns the last scheduled time that is not after this one.
    pub fn latest(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let now = now.with_timezone(&self.zone);
        let latest = self.cron.find_previous_occurrence(&now, true).ok()?;
        Some(latest.with_timezone(&Utc))
    }

    /// Returns the scheduled time that is due: the latest one, unless it has been claimed. Of several that were
    /// missed only the last is made up for.
    pub fn due(&self, claimed: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.latest(now).filter(|latest| *latest > claimed)
    }

    /// Returns the time zone, such as `Asia/Shanghai`.
    pub fn zone(&self) -> Tz {
        self.zone
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.cron, self.zone)
    }
}

#[cfg(test)]
mod tests;
