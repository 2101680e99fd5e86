//! Starting a simulator, and everything a test in the same process can do with it.
//! Long because it is the one list of what a test can do, each a few lines.

mod oauth2;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::{
    approval::{Approval, ApprovalState, Decision, NewApproval},
    code::Kind,
    config::SimConfig,
    crypto::{CallbackCrypto, Overrides, SignedCallback, random_text},
    directory::{Department, Directory, NewPerson, Outsider, Person, PersonChange},
    event::{EventRecord, EventState, FailedShape},
    fault::Fault,
    native::{Device, NativeAnswer, NativeClient},
    scope::Scope,
    server::{self, Running},
    shared::{Announce, Job, Shared},
    subscription::RegisteredCallback,
};

/// The simulator of the `DingTalk` cloud.
pub struct Sim;

impl Sim {
    /// Starts a simulator that is already listening; fails on an unusable key, state file or address.
    pub fn start(config: SimConfig) -> anyhow::Result<SimHandle> {
        let (tell, jobs) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(config, tell)?);
        let running = server::start(Arc::clone(&shared), jobs)?;
        let port = running.address.port();
        let url = match &shared.config.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", running.address),
        };
        Ok(SimHandle(Arc::new(Inner {
            shared,
            port,
            url,
            running: Mutex::new(Some(running)),
        })))
    }
}

/// A running simulator; it stops on [`SimHandle::stop`] or when the last handle is dropped.
#[derive(Clone)]
pub struct SimHandle(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    port: u16,
    url: String,
    running: Mutex<Option<Running>>,
}

impl Inner {
    fn take_running(&self) -> Option<Running> {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(running) = self.take_running() {
            // The command is sent here; the future only waits for its effect.
            drop(running.handle.stop(false));
        }
    }
}

/// URL, shutdown and configuration.
impl SimHandle {
    /// Returns the root URL of all APIs, without a trailing slash.
    pub fn url(&self) -> String {
        self.0.url.clone()
    }

    pub fn port(&self) -> u16 {
        self.0.port
    }

    pub fn config(&self) -> &SimConfig {
        &self.0.shared.config
    }

    /// Closes the port and every connection; returns when that is done.
    pub fn stop(&self) {
        if let Some(running) = self.0.take_running() {
            drop(running.handle.stop(false));
            let _ = running.thread.join();
        }
    }
}

/// Codes, as a browser would deliver them.
impl SimHandle {
    /// Returns the code of a QR login in which the owner of this unionid has scanned.
    pub fn sns_code(&self, unionid: &str) -> String {
        self.issue(Kind::Sns, unionid, false)
    }

    /// Returns the same, but expired.
    pub fn expired_sns_code(&self, unionid: &str) -> String {
        self.issue(Kind::Sns, unionid, true)
    }

    /// Returns the code that `requestAuthCode` returns inside `DingTalk`.
    pub fn in_app_code(&self, userid: &str) -> String {
        self.issue(Kind::InApp, userid, false)
    }

    /// Returns the same, but expired.
    pub fn expired_in_app_code(&self, userid: &str) -> String {
        self.issue(Kind::InApp, userid, true)
    }

    /// Returns the app of a person who is signed in to it, with a code ready for the page that requests it.
    pub fn native_client(&self, device: Device, userid: &str) -> NativeClient {
        let corp_id = &self.0.shared.config.corp_id;
        NativeClient::new(
            device,
            corp_id,
            NativeAnswer::Code(self.in_app_code(userid)),
        )
    }

    fn issue(&self, kind: Kind, subject: &str, already_old: bool) -> String {
        self.0
            .shared
            .world()
            .codes
            .issue(kind, subject, Instant::now(), already_old)
    }
}

/// People and departments; `…_quietly` does the same without an event.
impl SimHandle {
    pub fn hire(&self, new: NewPerson) -> anyhow::Result<Person> {
        self.0.shared.hire(new, Announce::Yes)
    }

    pub fn hire_quietly(&self, new: NewPerson) -> anyhow::Result<Person> {
        self.0.shared.hire(new, Announce::No)
    }

    pub fn change(&self, userid: &str, change: PersonChange) -> anyhow::Result<Person> {
        self.0.shared.change(userid, change, Announce::Yes)
    }

    pub fn change_quietly(&self, userid: &str, change: PersonChange) -> anyhow::Result<Person> {
        self.0.shared.change(userid, change, Announce::No)
    }

    /// Lists a person with a unionid that another employed person has too, without an event.
    pub fn share_unionid_quietly(&self, userid: &str, unionid: &str) -> anyhow::Result<()> {
        self.0.shared.share_unionid(userid, unionid)
    }

    pub fn dismiss(&self, userid: &str) -> anyhow::Result<()> {
        self.0.shared.dismiss(userid, Announce::Yes)
    }

    pub fn dismiss_quietly(&self, userid: &str) -> anyhow::Result<()> {
        self.0.shared.dismiss(userid, Announce::No)
    }

    /// Rehires a former employee, with the same unionid, under the old userid or a new one.
    pub fn rehire(&self, userid: &str, new_userid: Option<&str>) -> anyhow::Result<Person> {
        self.0.shared.rehire(userid, new_userid, Announce::Yes)
    }

    pub fn rehire_quietly(&self, userid: &str, new_userid: Option<&str>) -> anyhow::Result<Person> {
        self.0.shared.rehire(userid, new_userid, Announce::No)
    }

    /// Changes the title of this many people, spread over the company, without any event or log line; returns
    /// their userids.
    pub fn change_many_quietly(&self, count: usize) -> anyhow::Result<Vec<String>> {
        Ok(self.0.shared.change_bulk(count, 0, 0)?.changed)
    }

    /// Dismisses this many people in the same way; administrators stay.
    pub fn dismiss_many_quietly(&self, count: usize) -> anyhow::Result<Vec<String>> {
        Ok(self.0.shared.change_bulk(0, count, 0)?.dismissed)
    }

    /// Hires this many people in the same way.
    pub fn hire_many_quietly(&self, count: usize) -> anyhow::Result<Vec<String>> {
        Ok(self.0.shared.change_bulk(0, 0, count)?.hired)
    }

    /// Returns the person employed under this userid.
    pub fn person(&self, userid: &str) -> Option<Person> {
        self.0.shared.world().directory.person(userid).cloned()
    }

    /// Returns all current employees.
    pub fn people(&self) -> Vec<Person> {
        self.0.shared.world().directory.people().to_vec()
    }

    /// Returns a copy of the whole directory, including former employees and outsiders.
    pub fn directory(&self) -> Directory {
        self.0.shared.world().directory.clone()
    }

    /// Adds an account holder outside the company (nick, external contact).
    pub fn add_outsider(&self, outsider: Outsider) {
        self.0.shared.world().directory.add_outsider(outsider);
        self.0.shared.save();
    }

    pub fn create_department(&self, name: &str, parent_id: i64) -> anyhow::Result<Department> {
        self.0
            .shared
            .create_department(name, parent_id, Announce::Yes)
    }

    pub fn rename_department(&self, dept_id: i64, name: &str) -> anyhow::Result<Department> {
        self.0
            .shared
            .change_department(dept_id, Some(name), None, Announce::Yes)
    }

    pub fn move_department(&self, dept_id: i64, parent_id: i64) -> anyhow::Result<Department> {
        self.0
            .shared
            .change_department(dept_id, None, Some(parent_id), Announce::Yes)
    }

    /// Removes a department that has neither members nor child departments.
    pub fn remove_department(&self, dept_id: i64) -> anyhow::Result<()> {
        self.0.shared.remove_department(dept_id, Announce::Yes)
    }
}

/// Approvals, with the events that report them.
impl SimHandle {
    /// Starts an approval; returns the id of its instance.
    pub fn start_approval(&self, new: NewApproval) -> anyhow::Result<String> {
        let approval = self.0.shared.start_approval(new, Announce::Yes)?;
        Ok(approval.id)
    }

    /// Decides a running approval, which ends it.
    pub fn finish_approval(&self, id: &str, decision: Decision) -> anyhow::Result<()> {
        let state = ApprovalState::Completed(decision);
        self.0.shared.end_approval(id, state, Announce::Yes)?;
        Ok(())
    }

    /// Withdraws a running approval.
    pub fn terminate_approval(&self, id: &str) -> anyhow::Result<()> {
        let state = ApprovalState::Terminated;
        self.0.shared.end_approval(id, state, Announce::Yes)?;
        Ok(())
    }

    /// Returns all approvals, oldest first.
    pub fn approvals(&self) -> Vec<Approval> {
        self.0.shared.world().approvals.all().to_vec()
    }
}

/// Call counts and rates; refused calls count too.
impl SimHandle {
    /// Returns the calls of this path (`/gettoken`) since the start or the last reset.
    pub fn calls(&self, path: &str) -> u64 {
        self.0.shared.world().meter.calls(path)
    }

    /// Returns those of them that ask about this person.
    pub fn calls_about(&self, path: &str, userid: &str) -> u64 {
        self.0.shared.world().meter.calls_about(path, userid)
    }

    pub fn reset_calls(&self) {
        self.0.shared.world().meter.reset();
    }

    /// Returns how many calls of a path were refused because there were too many in a second.
    pub fn throttled(&self, path: &str) -> u64 {
        self.0.shared.world().meter.throttled(path)
    }

    /// Returns the most calls of this path that began within any one second.
    pub fn max_calls_in_any_second(&self, path: &str) -> usize {
        self.0.shared.world().meter.most_in_a_second(path)
    }

    /// Returns the most calls of all paths that were in flight at once.
    pub fn max_in_flight(&self) -> usize {
        self.0.shared.world().meter.most_in_flight()
    }
}

/// Faults and disturbances.
impl SimHandle {
    /// Applies this fault to every call of the path (`*`: of any path) until [`Self::clear_faults`].
    pub fn fault(&self, path: &str, fault: Fault) {
        self.0.shared.world().faults.arm(path, fault, None);
    }

    /// Applies this fault to the next `times` calls of the path.
    pub fn fault_times(&self, path: &str, fault: Fault, times: u64) {
        self.0.shared.world().faults.arm(path, fault, Some(times));
    }

    pub fn clear_faults(&self) {
        self.0.shared.world().faults.clear();
    }

    /// Sets the clock this many seconds ahead of the machine's, or behind; every response's `Date`, the check of
    /// signed times and the times in events use it.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.0.shared.set_clock_skew(seconds);
    }

    /// Invalidates the current access token (40014); the next `gettoken` returns a new one.
    pub fn revoke_token(&self) {
        self.0.shared.world().tokens.revoke();
    }

    /// While on, responses about this userid stay as they are now; for a person who has just left, as they were
    /// before; for one not hired yet, "not found".
    pub fn stale_answers(&self, userid: &str, on: bool) {
        self.0.shared.world().freeze(userid, on);
    }

    /// Sets what the app may read of the company.
    pub fn set_scope(&self, scope: Scope) {
        self.0.shared.world().scope = scope;
        self.0.shared.save();
    }
}

/// Events.
impl SimHandle {
    /// Sets the URL to which the console's subscription pushes from now on; `None` turns it off, and events that
    /// no registered callback wants are logged as dropped.
    pub fn set_callback_url(&self, url: Option<&str>) {
        self.0.shared.world().callback_url = url.map(str::to_owned);
    }

    /// Returns the callback that was registered by API; it receives its events in addition to the console's.
    pub fn registered_callback(&self) -> Option<RegisteredCallback> {
        self.0.shared.world().registered.clone()
    }

    /// Pushes this plain event with the usual retries; returns its id in the log.
    pub fn send_event(&self, event: Value) -> u64 {
        self.0.shared.publish(event, Announce::Yes)
    }

    /// Returns the push of this event as the simulator would send it, for a test to send.
    pub fn encrypt_event(&self, event: &Value) -> SignedCallback {
        self.0.shared.sign_now(event.to_string().as_bytes())
    }

    /// Returns a push of any bytes, with a test's overrides; fails on an unusable key.
    pub fn encrypt_with(
        &self,
        message: &[u8],
        other: &Overrides,
    ) -> anyhow::Result<SignedCallback> {
        let config = self.config();
        let crypto = CallbackCrypto::new(
            other.token.as_deref().unwrap_or(&config.callback_token),
            other.aes_key.as_deref().unwrap_or(&config.callback_aes_key),
            other
                .owner_key
                .as_deref()
                .unwrap_or(config.owner_key_value()),
        )?;
        let encrypt = match &other.random {
            Some(random) => crypto.encrypt_with(message, random),
            None => crypto.encrypt(message),
        };
        let timestamp = other
            .timestamp
            .clone()
            .unwrap_or_else(|| self.0.shared.now_ms().to_string());
        let nonce = other.nonce.clone().unwrap_or_else(|| random_text(8));
        Ok(crypto.wrap(encrypt, &timestamp, &nonce))
    }

    /// Checks that the body of a receiver's reply is the encrypted `success`.
    pub fn check_reply(&self, body: &str) -> anyhow::Result<()> {
        self.0.shared.crypto.check_reply(body)
    }

    /// Sends `check_url` once; the error is `DingTalk`'s complaint.
    pub async fn check_url(&self) -> Result<(), String> {
        let (report, outcome) = oneshot::channel();
        self.0.shared.enqueue(Job::CheckUrl(report));
        outcome
            .await
            .unwrap_or_else(|_| Err("the stand-in has stopped".into()))
    }

    /// Returns all events in the log, oldest first.
    pub fn events(&self) -> Vec<EventRecord> {
        self.0.shared.world().log.records().to_vec()
    }

    /// Returns the events on the failed list, without fetching it.
    pub fn failed_events(&self) -> Vec<EventRecord> {
        self.0.shared.world().log.failed().cloned().collect()
    }

    /// Returns the number of entries on the failed list, including those added manually.
    pub fn failed_count(&self) -> usize {
        self.0.shared.world().log.failed_count()
    }

    /// Adds an entry to the failed list, which is returned to its reader unchanged.
    pub fn add_failed(&self, entry: Value) {
        self.add_failed_many([entry]);
    }

    /// Adds many entries to the failed list at once.
    pub fn add_failed_many(&self, entries: impl IntoIterator<Item = Value>) {
        let mut world = self.0.shared.world();
        for entry in entries {
            world.log.add_failed(entry);
        }
        drop(world);
        self.0.shared.save();
    }

    /// Sets the shape of the failed list's entries from now on.
    pub fn set_failed_shape(&self, shape: FailedShape) {
        self.0.shared.world().failed_shape = shape;
    }

    /// Waits until no event is waiting or to be retried; returns `false` if that takes too long.
    pub async fn settled(&self, within: Duration) -> bool {
        let end = Instant::now() + within;
        while !self.0.shared.world().log.open().is_empty() {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Returns the number of events in this state.
    pub fn events_in(&self, state: EventState) -> usize {
        self.0
            .shared
            .world()
            .log
            .records()
            .iter()
            .filter(|r| r.state == state)
            .count()
    }
}
