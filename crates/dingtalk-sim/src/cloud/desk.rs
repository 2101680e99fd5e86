//! Context of an API call: the world, the app's settings and the caller's parameters.

use std::time::Instant;

use super::{answer::Refusal, callback::Pending, params::Params};
use crate::{
    config::SimConfig,
    directory::{Person, is_userid},
    world::World,
};

pub(crate) struct Desk<'a> {
    pub(crate) config: &'a SimConfig,
    pub(crate) world: &'a mut World,
    pub(crate) params: &'a Params,
    pub(crate) now: Instant,
    /// The simulator's time in Unix milliseconds.
    pub(crate) clock_ms: i64,
    /// A callback that the event receiver must confirm before the response.
    pub(crate) pending: Option<Pending>,
}

impl Desk<'_> {
    /// Returns a parameter that the API requires.
    pub(crate) fn required(&self, name: &str, code: i64) -> Result<String, Refusal> {
        self.params.text(name).ok_or(Refusal::Code(code))
    }

    /// Checks that `language`, if given, is Chinese or English.
    pub(crate) fn check_language(&self, code: i64) -> Result<(), Refusal> {
        match self.params.text("language").as_deref() {
            None | Some("zh_CN" | "en_US") => Ok(()),
            Some(_) => Err(Refusal::Code(code)),
        }
    }

    /// Returns the id of an existing department, after checking its range; ignores the scope.
    pub(crate) fn existing_department(&self, dept_id: i64) -> Result<i64, Refusal> {
        if dept_id <= 0 {
            return Err(Refusal::Code(40009));
        }
        match self.world.directory.department(dept_id) {
            Some(_) => Ok(dept_id),
            None => Err(Refusal::Code(60003)),
        }
    }

    /// Returns the id of an existing department that the app may read.
    pub(crate) fn readable_department(&self, dept_id: i64) -> Result<i64, Refusal> {
        let dept_id = self.existing_department(dept_id)?;
        if self
            .world
            .scope
            .has_department(&self.world.directory, dept_id)
        {
            Ok(dept_id)
        } else {
            Err(Refusal::Code(50004))
        }
    }

    /// Returns an employed person whom the app may read.
    pub(crate) fn readable_person(&self, userid: &str) -> Result<&Person, Refusal> {
        if !is_userid(userid) {
            return Err(Refusal::Code(33012));
        }
        let person = self
            .world
            .visible_person(userid)
            .ok_or(Refusal::Code(60121))?;
        self.check_scope(person)
    }

    /// Returns the person, unless outside the app's contact scope.
    pub(crate) fn check_scope<'p>(&self, person: &'p Person) -> Result<&'p Person, Refusal> {
        if self.world.scope.has_person(&self.world.directory, person) {
            Ok(person)
        } else {
            Err(Refusal::Code(50002))
        }
    }
}
