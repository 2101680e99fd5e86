//! Which of DingTalk's login pages is used.

use super::reader::Reader;
use super::{setting, value};

/// Which of DingTalk's login pages is used; this decides which API redeems the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFlow {
    /// The scan page of `connect/qrconnect`, with `sns/getuserinfo_bycode`.
    QrConnect,
    /// The page at `oauth2/auth`, with `v1.0/oauth2/userAccessToken`.
    OAuth2 {
        /// Whether only dedicated accounts of the company may sign in.
        is_exclusive: bool,
    },
}

impl LoginFlow {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let is_oauth2 = reader.value(
            &setting::LOGIN_FLOW,
            value::either(("qrconnect", false), ("oauth2", true)),
        );
        let is_exclusive = reader.value(
            &setting::LOGIN_EXCLUSIVE,
            value::either(("on", true), ("off", false)),
        );
        match (is_oauth2?, is_exclusive?) {
            (true, is_exclusive) => Some(Self::OAuth2 { is_exclusive }),
            (false, false) => Some(Self::QrConnect),
            (false, true) => {
                let what = format!(
                    "is on, but only the login page of {}=oauth2 knows dedicated accounts",
                    setting::LOGIN_FLOW.name
                );
                reader.error(&setting::LOGIN_EXCLUSIVE, what);
                None
            }
        }
    }
}
