//! Faulty responses, as a client must expect them from the real cloud.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happens to a call instead of, or before, its proper response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Fault {
    /// HTTP 200 with this `errcode`.
    ErrCode(i64),
    /// HTTP 200 with `errcode` 88 and this `sub_code`, a string.
    SubCode(String),
    /// This HTTP status with a short HTML body.
    Http(u16),
    /// HTTP 200 with an HTML page, as a banned IP address receives it.
    Html,
    /// HTTP 200 with `{"status":1111,…}`, the other form of the five-minute ban.
    Banned1111,
    /// The proper response, delayed; milliseconds in JSON.
    Delay(#[serde(with = "millis")] Duration),
    /// No response: the connection stays open and silent.
    Hang,
    /// The call takes effect, but its response never arrives.
    LoseAnswer,
    /// HTTP 200 with truncated JSON.
    TruncatedJson,
    /// The connection is closed without a response.
    CloseConnection,
    /// Success without a `result`.
    EmptyResult,
    /// Success with an empty list of departments or members, depending on the path.
    EmptyList,
    /// The first page, whichever page was requested, with `has_more` set.
    EndlessList,
    /// The proper response, but an empty page of people has no `list` either.
    OmitEmptyList,
    /// HTTP 200 with this body.
    Json(Value),
}

impl Fault {
    /// Creates [`Fault::SubCode`] from a literal.
    pub fn sub_code(code: &str) -> Self {
        Self::SubCode(code.to_owned())
    }
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(delay: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// A fault and its remaining count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Armed {
    pub fault: Fault,
    /// `None` until cleared.
    pub times: Option<u64>,
}

/// The armed faults, by path; `*` applies to every path that has none of its own.
#[derive(Debug, Default)]
pub struct Faults(BTreeMap<String, Armed>);

impl Faults {
    /// Arms a fault, replacing the path's earlier one.
    pub fn arm(&mut self, path: &str, fault: Fault, times: Option<u64>) {
        self.0.insert(path.to_owned(), Armed { fault, times });
    }

    /// Disarms everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the armed faults, by path.
    pub fn armed(&self) -> impl Iterator<Item = (&String, &Armed)> {
        self.0.iter()
    }

    /// Returns the fault for this call and decrements its count.
    pub(crate) fn strike(&mut self, path: &str) -> Option<Fault> {
        let key = if self.0.contains_key(path) { path } else { "*" };
        let armed = self.0.get_mut(key)?;
        let fault = armed.fault.clone();
        if let Some(times) = &mut armed.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(key);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_it_was_armed_for() {
        let mut faults = Faults::default();
        faults.arm("/gettoken", Fault::Html, Some(2));
        assert_eq!(faults.strike("/auth/scopes"), None);
        assert_eq!(faults.strike("/gettoken"), Some(Fault::Html));
        assert_eq!(faults.strike("/gettoken"), Some(Fault::Html));
        assert_eq!(faults.strike("/gettoken"), None);
    }

    #[test]
    fn a_path_of_its_own_goes_before_the_star() {
        let mut faults = Faults::default();
        faults.arm("*", Fault::Hang, None);
        faults.arm("/gettoken", Fault::Http(502), Some(1));
        assert_eq!(faults.strike("/gettoken"), Some(Fault::Http(502)));
        assert_eq!(faults.strike("/gettoken"), Some(Fault::Hang));
        faults.clear();
        assert_eq!(faults.strike("/gettoken"), None);
    }

    #[test]
    fn faults_read_from_json_as_the_control_interface_takes_them() {
        let read = |text: &str| serde_json::from_str::<Fault>(text).unwrap();
        assert_eq!(
            read(r#"{"kind":"err_code","value":-1}"#),
            Fault::ErrCode(-1)
        );
        assert_eq!(read(r#"{"kind":"hang"}"#), Fault::Hang);
        let delay = Fault::Delay(Duration::from_millis(250));
        assert_eq!(read(r#"{"kind":"delay","value":250}"#), delay);
        assert_eq!(read(&serde_json::to_string(&delay).unwrap()), delay);
    }
}
