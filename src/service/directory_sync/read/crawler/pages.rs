//! The pages of a department's people: to their end, if they have one.

use chrono::{DateTime, Utc};

use super::{Crawler, Request};
use crate::dingtalk::contact::UserPage;
use crate::domain::bounds::MAX_PAGES;
use crate::domain::ids::DeptId;
use crate::service::directory_sync::plan::DesiredPerson;

/// So many pages in a row that name nobody new and promise another are one promise too many.
const MAX_IDLE_PAGES: u32 = 100;

impl Crawler {
    /// Takes in a page; gives the people whom it describes.
    pub(super) fn hear_page(
        &mut self,
        dept_id: DeptId,
        cursor: i64,
        page: UserPage,
        asked_at: DateTime<Utc>,
    ) -> Vec<DesiredPerson> {
        self.has_heard = true;
        if !page.people.is_empty() {
            self.peopled.insert(dept_id);
        }
        let spared = self.spared.len();
        let mut people = Vec::new();
        for listed in page.people {
            match listed {
                Ok(listed) => people.push(DesiredPerson::listed(listed, dept_id, asked_at)),
                Err(bad) => self.skip(bad.userid, bad.lack),
            }
        }
        if self.spared.len() > spared {
            self.idle.remove(&dept_id);
        }
        match page.next_cursor {
            None => self.departments_read += 1,
            Some(next) if next <= cursor => self.problems.add(format!(
                "department {dept_id}: the pages of its people do not advance"
            )),
            Some(_) if self.count_page(dept_id) > MAX_PAGES => self.add_endless(dept_id),
            // The next page soon: the fewer changes lie between two pages, the better.
            Some(cursor) => self.queue.push_front(Request::Page { dept_id, cursor }),
        }
        people
    }

    /// Takes in how many people an answer was the first to name in its department. A list that goes on
    /// and names nobody new has no end.
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
        let asked = self.queue.len();
        self.queue
            .retain(|ask| !matches!(ask, Request::Page { dept_id: id, .. } if id == dept_id));
        if self.queue.len() < asked {
            self.add_endless(*dept_id);
        }
    }

    /// Counts a page that promises another one.
    fn count_page(&mut self, dept_id: DeptId) -> u32 {
        let pages = self.pages.entry(dept_id).or_default();
        *pages += 1;
        *pages
    }

    fn add_endless(&mut self, dept_id: DeptId) {
        self.problems.add(format!(
            "department {dept_id}: the pages of its people do not end"
        ));
    }
}
