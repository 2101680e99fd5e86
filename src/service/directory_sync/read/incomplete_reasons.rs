//! Why a crawl is incomplete.

use std::fmt;

/// The first reason, and the number of further ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncompleteReasons {
    first: Option<String>,
    more: u32,
}

impl IncompleteReasons {
    pub fn add(&mut self, problem: String) {
        if self.first.is_none() {
            self.first = Some(problem);
        } else {
            self.more += 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl fmt::Display for IncompleteReasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.first.as_deref().unwrap_or_default())?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}
