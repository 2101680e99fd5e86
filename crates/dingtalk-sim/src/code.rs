//! One-time codes: valid for five minutes, once, and only for the API they were issued for.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::crypto::random_text;

/// Lifetime of a code.
pub(crate) const LIFE: Duration = Duration::from_mins(5);
/// Codes older than this are deleted: from "expired" they become "unknown".
const MEMORY: Duration = Duration::from_hours(1);

/// What a code can be redeemed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From a QR login; redeemed by `/sns/getuserinfo_bycode`. Its subject is a unionid.
    Sns,
    /// From `requestAuthCode` inside `DingTalk`. Its subject is a userid.
    InApp,
    /// From the embedded QR page; redeemed by `/connect/oauth2/sns_authorize`. Its subject is a unionid.
    LoginTmp,
}

/// Why a code is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadCode {
    /// Never issued, already used, or of another kind.
    Unknown,
    Expired,
}

#[derive(Debug)]
struct Issued {
    kind: Kind,
    subject: String,
    age_from: Instant,
    already_old: bool,
}

/// All codes not yet used or deleted.
#[derive(Debug, Default)]
pub(crate) struct Codes(HashMap<String, Issued>);

impl Codes {
    /// Issues a code for the subject; `already_old` makes it expired.
    pub(crate) fn issue(
        &mut self,
        kind: Kind,
        subject: &str,
        now: Instant,
        already_old: bool,
    ) -> String {
        self.0
            .retain(|_, issued| now.duration_since(issued.age_from) < MEMORY);
        let code = random_text(32);
        let issued = Issued {
            kind,
            subject: subject.to_owned(),
            age_from: now,
            already_old,
        };
        self.0.insert(code.clone(), issued);
        code
    }

    /// Returns the subject of a code, and deletes the code.
    pub(crate) fn redeem(
        &mut self,
        kind: Kind,
        code: &str,
        now: Instant,
    ) -> Result<String, BadCode> {
        let issued = self.0.get(code).ok_or(BadCode::Unknown)?;
        if issued.kind != kind {
            return Err(BadCode::Unknown);
        }
        if issued.already_old || now.duration_since(issued.age_from) >= LIFE {
            return Err(BadCode::Expired);
        }
        let issued = self.0.remove(code).ok_or(BadCode::Unknown)?;
        Ok(issued.subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.issue(Kind::Sns, "u1", now, false);
        assert_eq!(codes.redeem(Kind::Sns, &code, now), Ok("u1".to_owned()));
        assert_eq!(codes.redeem(Kind::Sns, &code, now), Err(BadCode::Unknown));
        assert_eq!(
            codes.redeem(Kind::Sns, "never-issued", now),
            Err(BadCode::Unknown)
        );
    }

    #[test]
    fn a_code_is_good_for_five_minutes() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.issue(Kind::InApp, "zhangsan01", now, false);
        assert_eq!(
            codes.redeem(Kind::InApp, &code, now + LIFE),
            Err(BadCode::Expired)
        );
        let end = now + Duration::from_millis(299_999);
        assert_eq!(
            codes.redeem(Kind::InApp, &code, end),
            Ok("zhangsan01".to_owned())
        );
        let old = codes.issue(Kind::InApp, "zhangsan01", now, true);
        assert_eq!(codes.redeem(Kind::InApp, &old, now), Err(BadCode::Expired));
    }

    #[test]
    fn a_code_of_another_kind_is_unknown_and_stays_good_for_its_own() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.issue(Kind::Sns, "u1", now, false);
        assert_eq!(codes.redeem(Kind::InApp, &code, now), Err(BadCode::Unknown));
        assert_eq!(codes.redeem(Kind::Sns, &code, now), Ok("u1".to_owned()));
    }
}
