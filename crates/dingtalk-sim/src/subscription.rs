//! Event subscriptions: the console's, and the callback registered by API.

use serde::{Deserialize, Serialize};

use crate::crypto::{CallbackCrypto, SignedCallback};

/// Which of the two subscriptions a push belongs to; if both exist, each receives its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subscription {
    /// Made in the developer console: every event, with the app's own token and key.
    #[default]
    Console,
    /// Made by `register_call_back`: the registered tags only, with the owner key `CorpId`.
    Registered,
}

/// The callback passed to `register_call_back`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredCallback {
    pub call_back_tag: Vec<String>,
    pub token: String,
    /// 43 letters and digits.
    pub aes_key: String,
    pub url: String,
}

impl RegisteredCallback {
    /// Whether events of this type are pushed.
    pub fn wants(&self, event_type: &str) -> bool {
        self.call_back_tag.iter().any(|tag| tag == event_type)
    }

    /// Returns the destination of its pushes; fails on an unusable key.
    pub(crate) fn destination(&self, corp_id: &str) -> anyhow::Result<Destination> {
        Ok(Destination {
            url: self.url.clone(),
            crypto: CallbackCrypto::new(&self.token, &self.aes_key, corp_id)?,
            subscription: Subscription::Registered,
        })
    }
}

/// A URL and the encryption of its pushes.
#[derive(Clone)]
pub(crate) struct Destination {
    pub(crate) url: String,
    pub(crate) crypto: CallbackCrypto,
    pub(crate) subscription: Subscription,
}

impl Destination {
    /// Returns the URL of one push; a registered callback gets no `msg_signature`.
    pub(crate) fn address_of(&self, push: &SignedCallback) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("signature", &push.signature);
        if self.subscription == Subscription::Console {
            query.append_pair("msg_signature", &push.signature);
        }
        query.append_pair("timestamp", &push.timestamp);
        query.append_pair("nonce", &push.nonce);
        let joint = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.url, query.finish())
    }
}

/// Event types that may be registered.
const TAGS: &[&str] = &[
    "user_add_org",
    "user_modify_org",
    "user_leave_org",
    "user_active_org",
    "org_admin_add",
    "org_admin_remove",
    "org_dept_create",
    "org_dept_modify",
    "org_dept_remove",
    "org_remove",
    "org_change",
    "label_user_change",
    "label_conf_add",
    "label_conf_modify",
    "label_conf_del",
    "chat_add_member",
    "chat_remove_member",
    "chat_quit",
    "chat_update_owner",
    "chat_update_title",
    "chat_disband",
    "check_in",
    "bpms_task_change",
    "bpms_instance_change",
    "hrm_user_record_change",
];

/// Whether this event type may be registered.
pub(crate) fn is_tag(text: &str) -> bool {
    TAGS.contains(&text)
}
