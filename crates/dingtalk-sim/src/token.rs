//! The app's access token: one value, returned again and renewed while it is valid.

use std::time::{Duration, Instant};

use crate::crypto::{hex, random16};

/// Validity of a token that a caller presents.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Valid,
    Expired,
    Unknown,
}

/// The app's one token slot.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    present: Option<(String, Instant)>,
}

impl Tokens {
    /// Returns the valid token with a renewed lifetime, or a new one.
    pub(crate) fn issue(&mut self, now: Instant, life: Duration) -> String {
        let value = match self.present.take() {
            Some((value, end)) if now < end => value,
            _ => hex(&random16()),
        };
        self.present = Some((value.clone(), now + life));
        value
    }

    /// Invalidates the current token, as when the secret was reset.
    pub(crate) fn revoke(&mut self) {
        self.present = None;
    }

    pub(crate) fn standing(&self, shown: &str, now: Instant) -> Standing {
        match &self.present {
            Some((value, end)) if value == shown && now < *end => Standing::Valid,
            Some((value, _)) if value == shown => Standing::Expired,
            _ => Standing::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_hours(2);

    #[test]
    fn a_repeated_call_gives_the_same_token_and_renews_it() {
        let (mut tokens, start) = (Tokens::default(), Instant::now());
        let first = tokens.issue(start, LIFE);
        assert_eq!(tokens.issue(start + LIFE / 2, LIFE), first);
        assert_eq!(tokens.standing(&first, start + LIFE), Standing::Valid);
        assert_eq!(tokens.standing(&first, start + LIFE * 2), Standing::Expired);
        assert_ne!(tokens.issue(start + LIFE * 2, LIFE), first);
        assert_eq!(tokens.standing(&first, start + LIFE * 2), Standing::Unknown);
    }

    #[test]
    fn a_revoked_token_is_unknown() {
        let (mut tokens, start) = (Tokens::default(), Instant::now());
        let first = tokens.issue(start, LIFE);
        tokens.revoke();
        assert_eq!(tokens.standing(&first, start), Standing::Unknown);
        assert_ne!(tokens.issue(start, LIFE), first);
    }
}
