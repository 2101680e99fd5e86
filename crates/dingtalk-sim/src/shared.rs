//! State shared by the HTTP server, the delivery of events and the handle.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::{
    config::SimConfig,
    crypto::{CallbackCrypto, SignedCallback, random_text},
    event::{EventState, Teller, type_of},
    state_file,
    subscription::{Destination, Subscription},
    world::World,
};

/// A job for the delivery task.
pub(crate) enum Job {
    /// Push the event with this id, with its retries.
    Deliver(u64),
    /// Push `check_url` once and report.
    CheckUrl(oneshot::Sender<Result<(), String>>),
    /// Push `check_url` once to a callback that is about to be registered, and report.
    Verify(Box<Destination>, oneshot::Sender<Result<(), String>>),
}

/// One running simulator.
pub(crate) struct Shared {
    pub(crate) config: SimConfig,
    pub(crate) crypto: CallbackCrypto,
    world: Mutex<World>,
    /// Seconds by which the clock is ahead of the machine's.
    clock_skew: AtomicI64,
    jobs: mpsc::UnboundedSender<Job>,
}

/// Whether an action is announced by its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Announce {
    Yes,
    /// The events are logged as dropped and never sent.
    No,
}

impl Shared {
    pub(crate) fn new(config: SimConfig, jobs: mpsc::UnboundedSender<Job>) -> anyhow::Result<Self> {
        let crypto = CallbackCrypto::new(
            &config.callback_token,
            &config.callback_aes_key,
            config.owner_key_value(),
        )?;
        let mut world = state_file::load(&config)?;
        world.callback_url.clone_from(&config.callback_url);
        world.failed_shape = config.failed_shape;
        // Events that an earlier run left undelivered are sent first.
        for id in world.log.open() {
            let _ = jobs.send(Job::Deliver(id));
        }
        let skew = config.clock_skew;
        Ok(Self {
            config,
            crypto,
            world: Mutex::new(world),
            clock_skew: AtomicI64::new(skew),
            jobs,
        })
    }

    /// Locks and returns the state; a panic elsewhere does not make it unreadable.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the simulator's own time in Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        let skew = self.clock_skew.load(Ordering::Relaxed);
        now_ms().saturating_add(skew.saturating_mul(1000))
    }

    pub(crate) fn set_clock_skew(&self, seconds: i64) {
        self.clock_skew.store(seconds, Ordering::Relaxed);
    }

    /// Sends a job to the delivery task; does nothing after that has ended.
    pub(crate) fn enqueue(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    /// Logs an event once for each subscription that wants it, or once as dropped, and queues its delivery;
    /// returns its first id.
    pub(crate) fn publish(&self, event: Value, announce: Announce) -> u64 {
        let mut world = self.world();
        let now = self.now_ms();
        let told = match announce {
            Announce::Yes => world.told_of(type_of(&event)),
            Announce::No => Vec::new(),
        };
        let mut first = None;
        for subscription in &told {
            let state = EventState::Waiting;
            let id = world.log.add(event.clone(), state, *subscription, now);
            self.enqueue(Job::Deliver(id));
            first.get_or_insert(id);
        }
        first.unwrap_or_else(|| {
            let (state, nobody) = (EventState::Dropped, Subscription::Console);
            world.log.add(event, state, nobody, now)
        })
    }

    /// Returns the current destination of a subscription's pushes; the error is for the log.
    pub(crate) fn destination(&self, of: Subscription) -> Result<Destination, String> {
        let world = self.world();
        match of {
            Subscription::Console => Ok(Destination {
                url: world
                    .callback_url
                    .clone()
                    .ok_or("no callback address is set")?,
                crypto: self.crypto.clone(),
                subscription: of,
            }),
            Subscription::Registered => world
                .registered
                .as_ref()
                .ok_or("the callback is not registered any more")?
                .destination(&self.config.corp_id)
                .map_err(|error| error.to_string()),
        }
    }

    /// Writes the state file, if one is configured.
    pub(crate) fn save(&self) {
        if let Some(path) = &self.config.state_file
            && let Err(error) = state_file::save(path, &self.world())
        {
            tracing::error!(%error, "the state could not be written");
        }
    }

    /// Returns the envelope of this company's events; `operator` is the company's first administrator.
    pub(crate) fn teller<'a>(&'a self, operator: Option<&'a str>) -> Teller<'a> {
        Teller {
            corp_id: &self.config.corp_id,
            fields: self.config.fields,
            operator,
        }
    }

    /// Returns a push of the message with the current time and a fresh nonce.
    pub(crate) fn sign_now(&self, message: &[u8]) -> SignedCallback {
        sign_at(&self.crypto, message, self.now_ms())
    }

    /// Counts a call; dropping the guard ends it.
    pub(crate) fn begin_call(&self, path: &str) -> CallGuard<'_> {
        let mut world = self.world();
        world.meter.begin(path, Instant::now());
        let is_step_done = world.tour.note_call(path);
        drop(world);
        if is_step_done {
            self.save();
        }
        CallGuard(self)
    }
}

/// Returns a push of the message with this time in Unix milliseconds and a fresh nonce.
pub(crate) fn sign_at(crypto: &CallbackCrypto, message: &[u8], now: i64) -> SignedCallback {
    crypto.sign(message, &now.to_string(), &random_text(8))
}

/// A call in flight.
pub(crate) struct CallGuard<'a>(&'a Shared);

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        self.0.world().meter.end();
    }
}

/// Returns the machine's time in Unix milliseconds.
#[allow(
    clippy::disallowed_methods,
    reason = "the stand-in has no clock but this"
)]
fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
