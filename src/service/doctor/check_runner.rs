//! Asks DingTalk one thing after the other, each within its own time and all within theirs.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::access::Access;
use super::{Check, Status};
use crate::dingtalk::ApiError;
use crate::domain::net::address_in;
use crate::service::remediation::{self, Remediation};
use crate::service::upstream::UpstreamError;

/// How long one question may take. The client gives up after 5 s; what is busy is asked again, and
/// throttling is waited for, by steps of 7 s in all.
const QUESTION_TIME: Duration = Duration::from_secs(9);

const ADDRESS: &str = "caller_address";
const NOT_LISTED: &str = "DingTalk takes no calls from this machine's address (caller_address)";

const WAIT: &str = "run doctor again; where it stays so, look for the network in between";

/// The questions that have been put, and what came of them.
pub struct CheckRunner<'a> {
    road: Result<Access<'a>, String>,
    end: Instant,
    /// Why DingTalk is not asked any more.
    over: Option<String>,
    /// Why there is no token.
    without_token: Option<String>,
    address: Address,
    checks: Vec<Check>,
}

/// What DingTalk thinks of the address that we call from, and where among the checks that is told.
#[derive(Default)]
struct Address {
    place: usize,
    has_passed: bool,
    refused: Option<Check>,
}

impl<'a> CheckRunner<'a> {
    pub fn new(road: Result<Access<'a>, String>, end: Instant) -> Self {
        let over = road.as_ref().err().cloned();
        Self {
            road,
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

    /// All checks since the last time.
    pub fn take(&mut self) -> Vec<Check> {
        std::mem::take(&mut self.checks)
    }

    /// Has everything that wants a token be skipped.
    pub fn go_without_token(&mut self, why: &str) {
        self.without_token.get_or_insert_with(|| why.to_owned());
    }

    /// Notes that a check was not made for want of something to ask about; where nothing could be asked
    /// anyway, that is the reason.
    pub fn skip(&mut self, name: &'static str, why: &str) {
        let silent = self.without_token.as_deref().or(self.over.as_deref());
        let check = Check::skipped(name, silent.unwrap_or(why));
        self.note(check);
    }

    /// Whether DingTalk is not asked any more.
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Has everything else be skipped.
    pub fn give_up(&mut self, why: &str) {
        self.over.get_or_insert_with(|| why.to_owned());
    }

    /// Asks what wants no token. None where there is no answer; why is noted under `name`.
    pub async fn call<T>(
        &mut self,
        name: &'static str,
        question: impl AsyncFnOnce(&Access<'a>) -> Result<T, UpstreamError>,
    ) -> Option<Result<T, ApiError>> {
        let asked = self.put(name, question).await;
        asked.map_err(|check| self.note(check)).ok()
    }

    /// Asks what wants a token. None where there is no answer; why is noted under `name`.
    pub async fn call_with_token<T>(
        &mut self,
        name: &'static str,
        question: impl AsyncFnOnce(&Access<'a>) -> Result<T, UpstreamError>,
    ) -> Option<Result<T, ApiError>> {
        let asked = self.check_with_token(name, question).await;
        asked.map_err(|check| self.note(check)).ok()
    }

    /// Asks what wants a token; the check to be noted where there is no answer.
    pub async fn check_with_token<T>(
        &mut self,
        name: &'static str,
        question: impl AsyncFnOnce(&Access<'a>) -> Result<T, UpstreamError>,
    ) -> Result<Result<T, ApiError>, Check> {
        if let Some(why) = &self.without_token {
            return Err(Check::skipped(name, why.clone()));
        }
        let asked = self.put(name, question).await?;
        self.judge_address(name, asked)
    }

    /// Has the check of our address stand here.
    pub fn begin_address(&mut self) {
        self.address.place = self.checks.len();
    }

    /// Notes what the calls since have shown of our address.
    pub fn end_address(&mut self) {
        let check = match self.address.refused.take() {
            Some(refused) => refused,
            None if self.address.has_passed => Check::ok(
                ADDRESS,
                "DingTalk takes calls from the address of this machine",
            ),
            None => {
                let silent = self.without_token.as_deref().or(self.over.as_deref());
                Check::skipped(ADDRESS, silent.unwrap_or("no call has shown it"))
            }
        };
        let place = self.address.place.min(self.checks.len());
        self.checks.insert(place, check);
    }

    /// Takes out what speaks of our address, which all calls with a token have in common.
    fn judge_address<T>(
        &mut self,
        name: &'static str,
        asked: Result<T, ApiError>,
    ) -> Result<Result<T, ApiError>, Check> {
        match asked {
            Err(error) if is_of_address(&error) => {
                self.address.refused = Some(refused(ADDRESS, &error));
                self.go_without_token(NOT_LISTED);
                Err(Check::skipped(name, NOT_LISTED))
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
            self.give_up("DingTalk has taken too long over the questions before");
        }
        if let Some(why) = &self.over {
            return Err(Check::skipped(name, why.clone()));
        }
        let road = match &self.road {
            Ok(road) => road,
            Err(why) => return Err(Check::skipped(name, why.clone())),
        };
        match timeout(left.min(QUESTION_TIME), question(road)).await {
            Ok(Ok(answer)) => Ok(Ok(answer)),
            Ok(Err(error)) => self.sort(name, error),
            Err(_) => Err(Check::failure(
                name,
                "DingTalk did not answer in time",
                WAIT,
            )),
        }
    }

    /// Tells DingTalk's refusals, which each check judges by itself, from the lack of an answer.
    fn sort<T>(
        &mut self,
        name: &'static str,
        error: UpstreamError,
    ) -> Result<Result<T, ApiError>, Check> {
        let error = match error {
            UpstreamError::Store(_) => {
                self.give_up("Postgres does not answer, which keeps the budget of calls");
                return Err(Check::skipped(
                    name,
                    "Postgres does not answer, which keeps the budget of calls",
                ));
            }
            UpstreamError::Paused { .. } | UpstreamError::Api(ApiError::Banned { .. }) => {
                self.give_up("DingTalk has banned our address");
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
            ApiError::Busy { .. } | ApiError::Throttled { .. } => Check::warning(
                name,
                error.to_string(),
                "run doctor again in a minute; look for other programs that use the same app",
            ),
            ApiError::BadRecord { .. } => Check::warning(
                name,
                error.to_string(),
                "DingTalk does answer; complete this record in its directory",
            ),
            _ => Check::failure(name, error.to_string(), WAIT),
        })
    }
}

/// What is to be said of DingTalk's ban.
pub fn banned(name: &'static str) -> Check {
    Check::failure(
        name,
        "DingTalk has banned our address for five minutes, for too many calls",
        "find what else calls DingTalk from this address, and wait five minutes",
    )
}

/// A failure for a refusal of DingTalk's, with what to do about its code.
pub fn refused(name: &'static str, error: &ApiError) -> Check {
    let mut action = remedy_for(error).en;
    if is_of_address(error)
        && let ApiError::Refused { message, .. } | ApiError::Denied { message, .. } = error
        && let Some(address) = address_in(message)
    {
        action = format!("{action} DingTalk names the address: {address}");
    }
    Check::failure(name, error.to_string(), action)
}

/// Whether DingTalk refuses the address that the call came from.
fn is_of_address(error: &ApiError) -> bool {
    match error {
        ApiError::Denied { code, .. } => code.to_ascii_lowercase().contains("ipnotinwhitelist"),
        other => other.code() == Some(60020),
    }
}

/// The same as a warning where nobody can tell what the code says of us.
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
    remediation::of_named(error.api(), code, permissions)
}
