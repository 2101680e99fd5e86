//! Changes to people.

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use super::{Directory, Membership, NewPerson, Outsider, Person, PersonChange, ROOT};

const UNIONID_LENGTH: usize = 28;

impl Directory {
    /// Hires a person; `now`, in Unix milliseconds, becomes the hiring date.
    pub fn hire(&mut self, new: NewPerson, now: i64) -> anyhow::Result<Person> {
        ensure!(!new.name.trim().is_empty(), "a person needs a name");
        let userid = new.userid.unwrap_or_else(|| self.draw_userid());
        ensure!(is_userid(&userid), "not a userid: {userid:?}");
        ensure!(
            self.person(&userid).is_none(),
            "{userid} is employed already"
        );
        let unionid = new.unionid.unwrap_or_else(|| made_up_unionid(&userid));
        self.check_unionid(&unionid, &userid)?;
        let departments = if new.departments.is_empty() {
            vec![ROOT]
        } else {
            new.departments
        };
        let memberships = self.places(&departments, &[], None)?;
        let person = Person {
            nick: new.nick.unwrap_or_else(|| new.name.clone()),
            name: new.name,
            title: new.title,
            mobile: new.mobile,
            email: new.email,
            job_number: new.job_number,
            access_limited: new.access_limited,
            memberships,
            userid,
            unionid,
            ..Person::blank(now)
        };
        self.former.retain(|p| p.unionid != person.unionid);
        self.people.push(person.clone());
        Ok(person)
    }

    /// Changes an employed person; returns the record before and after.
    pub fn change(
        &mut self,
        userid: &str,
        change: PersonChange,
        now: i64,
    ) -> anyhow::Result<(Person, Person)> {
        let before = self
            .person(userid)
            .with_context(|| format!("nobody is {userid}"))?
            .clone();
        let mut after = before.clone();
        if let Some(unionid) = change.unionid {
            self.check_unionid(&unionid, userid)?;
            after.unionid = unionid;
        }
        if change.departments.is_some() || change.leads.is_some() {
            let wanted = change
                .departments
                .unwrap_or_else(|| before.department_ids());
            after.memberships =
                self.places(&wanted, &before.memberships, change.leads.as_deref())?;
        }
        for (slot, value) in [
            (&mut after.name, change.name),
            (&mut after.nick, change.nick),
            (&mut after.title, change.title),
            (&mut after.mobile, change.mobile),
            (&mut after.email, change.email),
            (&mut after.job_number, change.job_number),
            (&mut after.avatar, change.avatar),
        ] {
            if let Some(value) = value {
                *slot = value;
            }
        }
        after.active = change.active.unwrap_or(before.active);
        ensure!(!after.name.trim().is_empty(), "a person needs a name");
        after.modified_at = now;
        self.people.replace(userid, after.clone());
        Ok((before, after))
    }

    /// Sets an employed person's unionid to one that another employed person may have too, as the directory shows
    /// while a person is moved from one userid to another.
    pub fn share_unionid(&mut self, userid: &str, unionid: &str, now: i64) -> anyhow::Result<()> {
        let mut person = self
            .person(userid)
            .with_context(|| format!("nobody is {userid}"))?
            .clone();
        unionid.clone_into(&mut person.unionid);
        person.modified_at = now;
        self.people.replace(userid, person);
        Ok(())
    }

    /// Ends employment: the person disappears from every response but can still scan.
    pub fn dismiss(&mut self, userid: &str) -> anyhow::Result<Person> {
        let person = self.people.remove(userid);
        let person = person.with_context(|| format!("nobody is {userid}"))?;
        self.former.push(person.clone());
        Ok(person)
    }

    /// Rehires a former employee, under the old userid or a new one; the account stays the same.
    pub fn rehire(
        &mut self,
        userid: &str,
        new_userid: Option<&str>,
        now: i64,
    ) -> anyhow::Result<Person> {
        let mut person = self
            .former_person(userid)
            .with_context(|| format!("{userid} has not left"))?
            .clone();
        new_userid.unwrap_or(userid).clone_into(&mut person.userid);
        ensure!(
            is_userid(&person.userid),
            "not a userid: {:?}",
            person.userid
        );
        ensure!(
            self.person(&person.userid).is_none(),
            "{} is employed already",
            person.userid
        );
        self.check_unionid(&person.unionid, "")?;
        person.hired_date = now;
        person.modified_at = now;
        // A department may have been removed meanwhile.
        person
            .memberships
            .retain(|place| self.department(place.dept_id).is_some());
        if person.memberships.is_empty() {
            person.memberships = self.places(&[ROOT], &[], None)?;
        }
        self.former.retain(|p| p.unionid != person.unionid);
        self.people.push(person.clone());
        Ok(person)
    }

    /// Adds an account holder outside the company.
    pub fn add_outsider(&mut self, outsider: Outsider) {
        self.outsiders.retain(|o| o.unionid != outsider.unionid);
        self.outsiders.push(outsider);
    }

    pub(crate) fn insert_person(&mut self, person: Person) {
        self.people.push(person);
    }

    fn draw_userid(&mut self) -> String {
        format!("0158{:016}", 20_261_100_000_000 + self.draw_number())
    }

    fn check_unionid(&self, unionid: &str, own_userid: &str) -> anyhow::Result<()> {
        ensure!(!unionid.is_empty(), "a person needs a unionid");
        ensure!(
            self.person_by_unionid(unionid)
                .is_none_or(|person| person.userid == own_userid),
            "the unionid belongs to another employed person"
        );
        Ok(())
    }

    /// Returns memberships in the given departments; existing ones keep their order.
    fn places(
        &mut self,
        wanted: &[i64],
        kept: &[Membership],
        leads: Option<&[i64]>,
    ) -> anyhow::Result<Vec<Membership>> {
        ensure!(!wanted.is_empty(), "a person needs a department");
        let mut places: Vec<Membership> = Vec::with_capacity(wanted.len());
        for &dept_id in wanted {
            ensure!(
                self.department(dept_id).is_some(),
                "no department {dept_id}"
            );
            if places.iter().any(|place| place.dept_id == dept_id) {
                continue;
            }
            let old = kept.iter().find(|place| place.dept_id == dept_id);
            let order = match old {
                Some(place) => place.order,
                None => 176_000_000_000_000_000 + self.draw_number() * 512,
            };
            let leader = match leads {
                Some(leads) => leads.contains(&dept_id),
                None => old.is_some_and(|place| place.leader),
            };
            places.push(Membership {
                dept_id,
                order,
                leader,
            });
        }
        Ok(places)
    }
}

impl Person {
    /// Returns an empty record with only the date.
    pub(crate) fn blank(now: i64) -> Self {
        Self {
            userid: String::new(),
            unionid: String::new(),
            name: String::new(),
            nick: String::new(),
            title: String::new(),
            mobile: String::new(),
            email: String::new(),
            org_email: String::new(),
            avatar: String::new(),
            job_number: String::new(),
            work_place: String::new(),
            manager_userid: String::new(),
            hired_date: now,
            modified_at: now,
            memberships: Vec::new(),
            active: true,
            admin: false,
            boss: false,
            senior: false,
            access_limited: false,
        }
    }
}

/// Whether `DingTalk` would accept this text as a userid: 1 to 64 letters, digits, `_-@.`.
pub(crate) fn is_userid(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-@.".contains(&b))
}

/// Returns a unionid that is the same in every run: mixed case, with the ending that `DingTalk`'s have.
pub(crate) fn made_up_unionid(userid: &str) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(format!("unionid of {userid}"));
    let mut unionid: String = digest
        .iter()
        .take(UNIONID_LENGTH - 2)
        .filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()))
        .map(|byte| char::from(*byte))
        .collect();
    unionid.push_str("iE");
    unionid
}
