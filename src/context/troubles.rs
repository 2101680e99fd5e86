//! Since when an interface of DingTalk's has brought nothing but trouble, as this process has seen it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Trouble that was this long ago has nothing to do with that of now.
const FORGOTTEN: Duration = Duration::from_mins(2);

/// The spells of trouble that are not over yet, by interface.
#[derive(Debug, Default)]
pub struct Troubles(Mutex<HashMap<&'static str, Spell>>);

#[derive(Debug, Clone, Copy)]
struct Spell {
    since: Instant,
    latest: Instant,
}

impl Troubles {
    /// Notes a call that brought no answer; gives how long the spell has lasted.
    pub fn note(&self, api: &'static str) -> Duration {
        self.note_at(api, Instant::now())
    }

    /// Notes that the interface has answered.
    pub fn end(&self, api: &'static str) {
        self.lock().remove(api);
    }

    fn note_at(&self, api: &'static str, now: Instant) -> Duration {
        let new = Spell {
            since: now,
            latest: now,
        };
        let mut spells = self.lock();
        let spell = spells.entry(api).or_insert(new);
        if now.duration_since(spell.latest) > FORGOTTEN {
            *spell = new;
        }
        spell.latest = now;
        now.duration_since(spell.since)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Spell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spell_lasts_until_an_answer_or_a_long_silence() {
        let (troubles, start) = (Troubles::default(), Instant::now());
        let note = |api, seconds| {
            let at = start + Duration::from_secs(seconds);
            troubles.note_at(api, at).as_secs()
        };
        assert_eq!(
            (note("a", 0), note("a", 100), note("a", 200)),
            (0, 100, 200)
        );
        assert_eq!(note("b", 200), 0);
        troubles.end("a");
        assert_eq!((note("a", 201), note("b", 202)), (0, 2));
        assert_eq!((note("b", 323), note("b", 330)), (0, 7));
    }
}
