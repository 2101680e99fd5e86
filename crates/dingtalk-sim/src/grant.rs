//! Grants of the newer login page: a code valid for five minutes, then a personal token.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{code::LIFE, crypto::random_text};

/// Lifetime of a person's token.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_hours(2);

/// Who granted what, and to which app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) unionid: String,
    /// The app that may redeem the code.
    pub(crate) client_id: String,
    /// The company that the person chose, if the app asked for it.
    pub(crate) corp_id: Option<String>,
}

/// All codes and tokens that are still valid.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, (Grant, Instant)>,
    tokens: HashMap<String, (Grant, Instant)>,
}

impl Grants {
    /// Issues a code; `already_old` makes it expired.
    pub(crate) fn issue_code(&mut self, grant: Grant, now: Instant, already_old: bool) -> String {
        self.codes.retain(|_, (_, end)| now < *end);
        let (code, end) = (random_text(32), if already_old { now } else { now + LIFE });
        self.codes.insert(code.clone(), (grant, end));
        code
    }

    /// Exchanges a code for a token and deletes the code; `None` for a code that is unknown, used, expired or
    /// another app's.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        client_id: &str,
        now: Instant,
    ) -> Option<(String, Grant)> {
        let (grant, end) = self.codes.get(code)?;
        if grant.client_id != client_id || now >= *end {
            return None;
        }
        let (grant, _) = self.codes.remove(code)?;
        self.tokens.retain(|_, (_, end)| now < *end);
        let token = random_text(40);
        self.tokens
            .insert(token.clone(), (grant.clone(), now + TOKEN_LIFE));
        Some((token, grant))
    }

    /// Returns the owner of a token.
    pub(crate) fn owner(&self, token: &str, now: Instant) -> Option<&str> {
        let (grant, end) = self.tokens.get(token)?;
        (now < *end).then_some(grant.unionid.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            unionid: "u1".into(),
            client_id: "app".into(),
            corp_id: None,
        }
    }

    #[test]
    fn a_code_is_good_once_for_its_app_and_for_five_minutes() {
        let (mut grants, now) = (Grants::default(), Instant::now());
        let code = grants.issue_code(grant(), now, false);
        assert_eq!(grants.redeem(&code, "other", now), None);
        assert_eq!(grants.redeem(&code, "app", now + LIFE), None);
        let (token, granted) = grants.redeem(&code, "app", now).unwrap();
        assert_eq!(granted, grant());
        assert_eq!(grants.redeem(&code, "app", now), None);
        assert_eq!(grants.owner(&token, now), Some("u1"));
        assert_eq!(grants.owner(&token, now + TOKEN_LIFE), None);
        assert_eq!(grants.owner(&code, now), None);
        let old = grants.issue_code(grant(), now, true);
        assert_eq!(grants.redeem(&old, "app", now), None);
    }
}
