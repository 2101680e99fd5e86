//! Rate limit of login attempts per client, on this instance. Clients above the rate are slowed, not locked out.

mod clients;
mod window;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::config::Rate;
use crate::upstream::clients::{Client, ClientKey};
use clients::{Admission, Clients};
pub use window::Outcome;

/// How long an attempt of a client above its rate waits to begin.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Counts the attempts of clients, and makes those of a client above its rate wait for each other.
#[derive(Debug, Clone)]
pub struct LoginLimit(Arc<Clients>);

/// The reason why an attempt does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptError {
    /// The maximum number of attempts of this client are already waiting.
    TooMany { retry_after: Duration },
    /// The attempts before it took too long.
    TimedOut { retry_after: Duration },
}

impl LoginLimit {
    pub fn new(rate: Rate) -> Self {
        Self(Arc::new(Clients::new(rate)))
    }

    /// Returns the client, if an attempt of it would not be refused immediately.
    pub fn check(&self, key: ClientKey) -> Result<Client, AttemptError> {
        (self.0.check(key)).ok_or(AttemptError::TooMany {
            retry_after: MAX_WAIT,
        })
    }

    /// Begins an attempt. An attempt of a client above its rate waits until no other of that client is in progress.
    pub async fn begin(&self, key: ClientKey) -> Result<Attempt, AttemptError> {
        match Clients::enter(&self.0, key) {
            Admission::Begun(attempt) => Ok(attempt),
            Admission::TooMany => Err(AttemptError::TooMany {
                retry_after: MAX_WAIT,
            }),
            Admission::Wait(turn) => self.wait(key, turn).await,
        }
    }

    async fn wait(
        &self,
        key: ClientKey,
        turn: oneshot::Receiver<Attempt>,
    ) -> Result<Attempt, AttemptError> {
        let mine = async {
            let attempt = turn.await.ok()?;
            if let Some(left) = attempt.spacing {
                tokio::time::sleep(left).await;
            }
            Some(attempt)
        };
        if let Ok(Some(attempt)) = tokio::time::timeout(MAX_WAIT, mine).await {
            return Ok(attempt);
        }
        self.0.count(key, Outcome::Failed);
        Err(AttemptError::TimedOut {
            retry_after: MAX_WAIT,
        })
    }
}

/// An attempt in progress, until it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Attempt {
    clients: Arc<Clients>,
    client: Client,
    /// How long to wait before it begins, if the client is above its rate.
    spacing: Option<Duration>,
    /// What it counts as if its request is abandoned.
    if_abandoned: Outcome,
    /// Whether its end is to be recorded.
    is_noted: bool,
}

impl Attempt {
    /// Returns the client, for the queue of calls.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Counts the attempt as failed if its request is abandoned: otherwise a client could try codes without being
    /// counted, by closing each connection before the response.
    pub fn fail_if_abandoned(&mut self) {
        self.if_abandoned = Outcome::Failed;
    }

    /// Ends the attempt and counts its outcome.
    pub fn end(mut self, outcome: Outcome) {
        self.if_abandoned = Outcome::Uncounted;
        self.clients.count(self.client.key, outcome);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.is_noted {
            if self.if_abandoned != Outcome::Uncounted {
                self.clients.count(self.client.key, self.if_abandoned);
            }
            Clients::end(&self.clients, self.client.key);
        }
    }
}

#[cfg(test)]
mod tests;
