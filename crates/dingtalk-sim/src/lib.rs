//! A strict simulator of the `DingTalk` cloud, for demos and for tests without the internet.
//!
//! It refuses what `DingTalk` refuses and responds in the documented shapes. Modules:
//!
//! * [`handle`] – [`Sim::start`] and [`SimHandle`], which a test in the same process works with
//! * [`config`] – one app, one scan-login app and one callback subscription
//! * [`subscription`] – that subscription, and the callback that an app registers by API
//! * [`directory`], [`company`] – the people and departments, and the fictitious company
//! * [`approval`] – requests that another person decides
//! * [`crypto`] – the callback's encryption, implemented independently of the product's
//! * [`event`] – events, in both spellings `DingTalk` uses, and the log of deliveries
//! * [`fault`] – faulty responses, for tests of a client's error handling
//! * [`native`] – the `DingTalk` app around a page, as its JSAPI expects it
//! * `cloud` – the HTTP APIs that `DingTalk` documents
//! * `console` – the web page and the JSON control API under `/sim/`

pub mod approval;
pub mod company;
pub mod config;
pub mod crypto;
pub mod directory;
pub mod event;
pub mod fault;
pub mod handle;
pub mod native;
pub mod scope;
pub mod subscription;

mod acts;
mod china;
mod cloud;
mod code;
mod console;
mod delivery;
mod grant;
mod lang;
mod meter;
mod server;
mod shared;
mod state_file;
mod token;
mod tour;
mod world;

pub use approval::{Approval, ApprovalState, Decision, FormValue, NewApproval};
pub use config::{FieldNames, OwnerKey, SimConfig};
pub use crypto::{CallbackCrypto, Overrides, SignedCallback};
pub use directory::{Bulk, Department, Directory, NewPerson, Outsider, Person, PersonChange};
pub use event::{EventRecord, EventState, FailedShape};
pub use fault::Fault;
pub use handle::{Sim, SimHandle};
pub use native::{Device, NativeAnswer, NativeClient};
pub use scope::Scope;
pub use subscription::{RegisteredCallback, Subscription};
