//! Progress of a sync: a bar on a terminal, plain lines otherwise.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::service::directory_sync::Progress;
use crate::text::commands::sync as texts;

/// Shows progress on stderr.
pub struct Progressing {
    is_terminal: bool,
    last: Option<(&'static str, Instant)>,
}

/// No more often than people can read them.
const LINES_EVERY: Duration = Duration::from_secs(2);
const BAR_EVERY: Duration = Duration::from_millis(100);
/// Width of the bar in characters.
const WIDTH: usize = 30;

impl Progressing {
    pub fn on_stderr() -> Self {
        Self::new(io::stderr().is_terminal())
    }

    pub(super) fn new(is_terminal: bool) -> Self {
        Self {
            is_terminal,
            last: None,
        }
    }

    /// Shows the current progress, if it is due.
    pub fn show(&mut self, progress: Progress) {
        if let Some(text) = self.text(progress) {
            // A closed stderr is no reason to abort a sync.
            let _unshown = io::stderr().write_all(text.as_bytes());
        }
    }

    /// Ends the progress line, so that other output can follow.
    pub fn end(&mut self) {
        if self.last.take().is_some() && self.is_terminal {
            let _unshown = io::stderr().write_all(b"\n");
        }
    }

    /// Returns what to write now: at each new phase, at its end, and at intervals in between.
    pub(super) fn text(&mut self, progress: Progress) -> Option<String> {
        let (phase, line, done, total) = describe(progress);
        let pause = if self.is_terminal {
            BAR_EVERY
        } else {
            LINES_EVERY
        };
        let is_new = self.last.is_none_or(|(last, _)| last != phase);
        let is_over = self.is_terminal && done == total;
        if !is_new && !is_over && self.last.is_some_and(|(_, at)| at.elapsed() < pause) {
            return None;
        }
        let was_begun = self.last.is_some();
        self.last = Some((phase, Instant::now()));
        if !self.is_terminal {
            return Some(format!("{line}\n"));
        }
        let feed = if is_new && was_begun { "\n" } else { "" };
        Some(format!("{feed}\r{} {line}\x1b[K", bar(done, total)))
    }
}

fn bar(done: usize, total: usize) -> String {
    let full = (WIDTH * done)
        .checked_div(total)
        .unwrap_or(WIDTH)
        .min(WIDTH);
    format!("[{}{}]", "#".repeat(full), " ".repeat(WIDTH - full))
}

/// Returns the phase, a text for its progress, and its done and total counts.
fn describe(progress: Progress) -> (&'static str, String, usize, usize) {
    match progress {
        Progress::Reading {
            departments_read: done,
            departments_found: total,
            people,
        } => ("reading", texts::reading(done, total, people), done, total),
        Progress::Confirming { done, total } => ("asking", texts::asking(done, total), done, total),
        Progress::Applying { done, total } => ("writing", texts::writing(done, total), done, total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Progress = Progress::Reading {
        departments_read: 1,
        departments_found: 14,
        people: 70,
    };

    #[test]
    fn without_a_terminal_each_phase_is_told_in_a_line_of_its_own() {
        let mut progressing = Progressing::new(false);
        let mut text = |progress| progressing.text(progress);
        assert_eq!(
            text(READING).as_deref(),
            Some("reading: 1 of 14 departments, 70 people\n")
        );
        assert_eq!(text(READING), None, "not twice in a row");
        let writing = Progress::Applying { done: 0, total: 1 };
        assert_eq!(text(writing).as_deref(), Some("writing: 0 of 1\n"));
    }

    #[test]
    fn on_a_terminal_a_bar_grows_in_its_place() {
        let mut progressing = Progressing::new(true);
        let mut text = |done| progressing.text(Progress::Applying { done, total: 10 });
        let bar = |signs: usize, done: usize| {
            Some(format!(
                "\r[{:30}] writing: {done} of 10\x1b[K",
                "#".repeat(signs)
            ))
        };
        assert_eq!(text(5), bar(15, 5));
        assert_eq!(text(6), None, "not more often than eyes can follow");
        assert_eq!(text(10), bar(30, 10));
    }
}
