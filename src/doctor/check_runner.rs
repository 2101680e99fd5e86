//! Calls DingTalk for one check after the other, each within its own timeout and all within the total one.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::access::Access;
use super::{Check, Status};
use crate::domain::net::address_in;
use crate::text::commands::doctor::dingtalk as texts;
use crate::text::lang::Lang;
use crate::text::remediation::remediation;
use crate::upstream::{ApiError, Remediation, UpstreamError};

/// Timeout of one check. The client times out after 5 s; busy responses are retried, and throttling is waited for
/// with delays of 7 s in total.
const QUESTION_TIME: Duration = Duration::from_secs(9);

const ADDRESS: &str = "caller_address";

/// The calls made so far, and their results.
pub struct CheckRunner<'a> {
    access: Result<Access<'a>, String>,
    end: Instant,
    /// Why DingTalk is no longer called.
    over: Option<String>,
    /// Why there is no token.
    without_token: Option<String>,
    address: Address,
    checks: Vec<Check>,
}

/// Whether DingTalk accepts our IP address, and where this check is inserted among the others.
#[derive(Default)]
struct Address {
    place: usize,
    has_passed: bool,
    refused: Option<Check>,
}

impl<'a> CheckRunner<'a> {
    pub fn new(access: Result<Access<'a>, String>, end: Instant) -> Self {
        let over = access.as_ref().err().cloned();
        Self {
            access,
            end,
            over,
            without_token: None,
            address: Address::default(),
            checks: Vec::new(),
        }
    }

    pub fn note(&mut self, check: Check) {
        self.checks.push(check);
    }

    pub fn notes(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.checks.extend(checks);
    }

    /// Removes and returns the checks since the last call.
    pub fn take(&mut self) -> Vec<Check> {
        std::mem::take(&mut self.checks)
    }

    /// Skips every later check that needs a token.
    pub fn go_without_token(&mut self, why: &str) {
        self.without_token.get_or_insert_with(|| why.to_owned());
    }

    /// Records that a check was skipped for lack of something to look up; if no call was possible anyway, that is
    /// given as the reason.
    pub fn skip(&mut self, name: &'static str, why: &str) {
        let silent = self.without_token.as_deref().or(self.over.as_deref());
        let check = Check::skipped(name, silent.unwrap_or(why));
        self.note(check);
    }

    /// Returns whether DingTalk is no longer called.
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Skips every later check.
    pub fn give_up(&mut self, why: &str) {
        self.over.get_or_insert_with(|| why.to_owned());
    }

    /// Makes a call that needs no token. Returns `None` without a response; records the reason under `name`.
    pub async fn call<T>(
        &mut self,
        name: &'static str,
        question: impl AsyncFnOnce(&Access<'a>) -> Result<T, UpstreamError>,
    ) -> Option<Result<T, ApiError>> {
        let response = self.put(name, question).await;
        response.map_err(|check| self.note(check)).ok()
    }

    /// Makes a call that needs a token. Returns `None` without a response; records the reason under `name`.
    pub async fn call_with_token<T>(
        &mut self,
        name: &'static str,
        question: impl AsyncFnOnce(&Access<'a>) -> Result<T, UpstreamError>,
    ) -> Option<Result<T, ApiError>> {
        let response = self.check_with_token(name, question).await;
        response.map_err(|check| self.note(check)).ok()
    }

    /// Makes a call that needs a token; without a response, returns the check to be recorded.
    pub async fn check_with_token<T>(
        &mut self,
        name: &'static str,
        question: impl AsyncFnOnce(&Access<'a>) -> Result<T, UpstreamError>,
    ) -> Result<Result<T, ApiError>, Check> {
        if let Some(why) = &self.without_token {
            return Err(Check::skipped(name, why.clone()));
        }
        let response = self.put(name, question).await?;
        self.judge_address(name, response)
    }

    /// Marks the position of the check of our IP address.
    pub fn begin_address(&mut self) {
        self.address.place = self.checks.len();
    }

    /// Records what the calls since have shown about our IP address.
    pub fn end_address(&mut self) {
        let check = match self.address.refused.take() {
            Some(refused) => refused,
            None if self.address.has_passed => Check::ok(ADDRESS, texts::ADDRESS_ACCEPTED),
            None => {
                let silent = self.without_token.as_deref().or(self.over.as_deref());
                Check::skipped(ADDRESS, silent.unwrap_or(texts::ADDRESS_UNKNOWN))
            }
        };
        let place = self.address.place.min(self.checks.len());
        self.checks.insert(place, check);
    }

    /// Filters out rejections of our IP address, which all calls with a token have in common.
    fn judge_address<T>(
        &mut self,
        name: &'static str,
        response: Result<T, ApiError>,
    ) -> Result<Result<T, ApiError>, Check> {
        match response {
            Err(error) if is_of_address(&error) => {
                self.address.refused = Some(refused(ADDRESS, &error));
                self.go_without_token(texts::NOT_LISTED);
                Err(Check::skipped(name, texts::NOT_LISTED))
            }
            other => {
                self.address.has_passed |= other.is_ok();
                Ok(other)
            }
        }
    }

    async fn put<T>(
        &mut self,
        name: &'static str,
        question: impl AsyncFnOnce(&Access<'a>) -> Result<T, UpstreamError>,
    ) -> Result<Result<T, ApiError>, Check> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(500) {
            self.give_up(texts::NO_TIME_LEFT);
        }
        if let Some(why) = &self.over {
            return Err(Check::skipped(name, why.clone()));
        }
        let access = match &self.access {
            Ok(access) => access,
            Err(why) => return Err(Check::skipped(name, why.clone())),
        };
        match timeout(left.min(QUESTION_TIME), question(access)).await {
            Ok(Ok(answer)) => Ok(Ok(answer)),
            Ok(Err(error)) => self.sort(name, error),
            Err(_) => Err(Check::failure(name, texts::TIMED_OUT, texts::TRY_AGAIN)),
        }
    }

    /// Separates DingTalk's rejections, which each check interprets itself, from missing responses.
    fn sort<T>(
        &mut self,
        name: &'static str,
        error: UpstreamError,
    ) -> Result<Result<T, ApiError>, Check> {
        let error = match error {
            UpstreamError::Store(_) => {
                self.give_up(texts::NO_BUDGET);
                return Err(Check::skipped(name, texts::NO_BUDGET));
            }
            UpstreamError::Paused { .. } | UpstreamError::Api(ApiError::Banned { .. }) => {
                self.give_up(texts::BANNED);
                return Err(banned(name));
            }
            UpstreamError::Api(error) => error,
        };
        Err(match error {
            ApiError::Refused { .. }
            | ApiError::TokenRejected { .. }
            | ApiError::Denied { .. }
            | ApiError::Withheld { .. } => {
                return Ok(Err(error));
            }
            ApiError::Busy { .. } | ApiError::Throttled { .. } => {
                Check::warning(name, error.to_string(), texts::TRY_LATER)
            }
            ApiError::BadRecord { .. } => {
                Check::warning(name, error.to_string(), texts::COMPLETE_RECORD)
            }
            _ => Check::failure(name, error.to_string(), texts::TRY_AGAIN),
        })
    }
}

/// Returns the check for DingTalk's ban.
pub fn banned(name: &'static str) -> Check {
    Check::failure(name, texts::BANNED_FOR_CALLS, texts::WAIT_FOR_BAN)
}

/// Returns a failed check for a rejection by DingTalk, with the remediation for its code.
pub fn refused(name: &'static str, error: &ApiError) -> Check {
    let mut action = remediation(Lang::En, &remedy_for(error));
    if is_of_address(error)
        && let ApiError::Refused { message, .. } | ApiError::Denied { message, .. } = error
        && let Some(address) = address_in(message)
    {
        action = texts::names_address(action, address);
    }
    Check::failure(name, error.to_string(), action)
}

/// Returns whether DingTalk rejects the caller's IP address.
fn is_of_address(error: &ApiError) -> bool {
    match error {
        ApiError::Denied { code, .. } => code.to_ascii_lowercase().contains("ipnotinwhitelist"),
        other => other.code() == Some(60020),
    }
}

/// Returns the check for a rejection, as a warning if the meaning of its code is unknown.
pub fn unexpected_rejection(name: &'static str, error: &ApiError) -> Check {
    let mut check = refused(name, error);
    if !remedy_for(error).is_known() {
        check.status = Status::Warning;
    }
    check
}

fn remedy_for(error: &ApiError) -> Remediation {
    let named = error.named_code().unwrap_or_default();
    let (code, permissions) = named.split_once(' ').unwrap_or((&named, ""));
    Remediation::of_named(error.api(), code, permissions)
}
