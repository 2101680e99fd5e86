//! The counts against the rates of one client.

use std::time::{Duration, Instant};

use crate::config::Rate;

/// Started logins and refused people may be this many times as many as failures.
const STARTS_PER_FAILURE: u32 = 10;

/// The counts of one client, in a window that begins with the first of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub since: Instant,
    failed: u32,
    started: u32,
}

/// How an attempt is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A bad state or code, or a wait in the queue that ended in a refusal: anybody can cause these at will.
    Failed,
    /// A person with a valid code was refused, or a login was started.
    Started,
    /// One of the started logins has succeeded.
    SignedIn,
    /// An outcome that the client cannot help.
    Uncounted,
}

impl Window {
    pub fn new(now: Instant) -> Self {
        Self {
            since: now,
            failed: 0,
            started: 0,
        }
    }

    pub fn is_over(&self, now: Instant, rate: Rate) -> bool {
        now.saturating_duration_since(self.since) >= rate.per
    }

    /// Counts an outcome; counts of an earlier window are discarded.
    pub fn count(&mut self, outcome: Outcome, now: Instant, rate: Rate) {
        if self.is_over(now, rate) {
            *self = Self::new(now);
        }
        match outcome {
            Outcome::Failed => self.failed = self.failed.saturating_add(1),
            Outcome::Started => self.started = self.started.saturating_add(1),
            Outcome::SignedIn => self.started = self.started.saturating_sub(1),
            Outcome::Uncounted => {}
        }
    }

    /// Returns the order in which clients are evicted, the smallest first.
    pub fn rank(&self, now: Instant, rate: Rate, times: u32) -> (bool, bool, Instant) {
        (self.is_above(now, rate, times), self.failed > 0, self.since)
    }

    /// Returns whether this multiple of the rate is used up.
    pub fn is_above(&self, now: Instant, rate: Rate, times: u32) -> bool {
        let most = rate.count.saturating_mul(times);
        !self.is_over(now, rate)
            && (self.failed >= most || self.started >= most.saturating_mul(STARTS_PER_FAILURE))
    }
}

/// The minimum time between two attempts of a client above its rate.
pub(super) const SLOWED_SPACING: Duration = Duration::from_millis(200);
