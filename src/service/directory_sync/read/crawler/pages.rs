//! Reads the pages of a department's members, and detects endless lists.

use chrono::{DateTime, Utc};

use super::{Crawler, Request};
use crate::domain::bounds::MAX_PAGES;
use crate::domain::ids::DeptId;
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode};
use crate::service::directory_sync::plan::DesiredPerson;
use crate::upstream::UserPage;

/// Maximum number of consecutive pages that name nobody new but announce another page.
const MAX_IDLE_PAGES: u32 = 100;

impl Crawler {
    /// Processes a page; returns the people in it.
    pub(super) fn on_page(
        &mut self,
        dept_id: DeptId,
        cursor: i64,
        page: UserPage,
        asked_at: DateTime<Utc>,
    ) -> Vec<DesiredPerson> {
        self.has_response = true;
        if !page.people.is_empty() {
            self.non_empty.insert(dept_id);
        }
        let unreadable = self.unreadable.len();
        let mut people = Vec::new();
        for listed in page.people {
            match listed {
                Ok(listed) => people.push(DesiredPerson::listed(listed, dept_id, asked_at)),
                Err(bad) => self.skip(bad.userid, bad.field),
            }
        }
        if self.unreadable.len() > unreadable {
            self.idle.remove(&dept_id);
        }
        match page.next_cursor {
            None => self.departments_read += 1,
            Some(next) if next <= cursor => self.problems.add(SyncProblem::of_department(
                SyncProblemCode::PagesRepeated,
                dept_id,
            )),
            Some(_) if self.count_page(dept_id) > MAX_PAGES => self.add_endless(dept_id),
            // The next page goes first: the less time between two pages, the fewer changes.
            Some(cursor) => self.queue.push_front(Request::Page { dept_id, cursor }),
        }
        people
    }

    /// Records how many people a response was the first to name in its department. A list that continues but names
    /// nobody new is endless.
    pub fn note_named(&mut self, ask: &Request, new: usize) {
        let Request::Page { dept_id, .. } = ask else {
            return;
        };
        if new > 0 {
            self.idle.remove(dept_id);
            return;
        }
        let idle = self.idle.entry(*dept_id).or_default();
        *idle += 1;
        if *idle < MAX_IDLE_PAGES {
            return;
        }
        let queued = self.queue.len();
        self.queue
            .retain(|ask| !matches!(ask, Request::Page { dept_id: id, .. } if id == dept_id));
        if self.queue.len() < queued {
            self.add_endless(*dept_id);
        }
    }

    /// Counts a page that announces another one.
    fn count_page(&mut self, dept_id: DeptId) -> u32 {
        let pages = self.pages.entry(dept_id).or_default();
        *pages += 1;
        *pages
    }

    fn add_endless(&mut self, dept_id: DeptId) {
        let code = SyncProblemCode::PagesEndless;
        self.problems.add(SyncProblem::of_department(code, dept_id));
    }
}
