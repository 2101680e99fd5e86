//! Administrator actions, each with the events that report it.

mod approval;

use crate::{
    directory::{Bulk, Department, NewPerson, Person, PersonChange},
    event::Subject,
    shared::{Announce, Shared},
};

impl Shared {
    /// Hires a person: `user_add_org`, then `user_modify_org`, as the real cloud does.
    pub(crate) fn hire(&self, new: NewPerson, announce: Announce) -> anyhow::Result<Person> {
        let person = {
            let mut world = self.world();
            let person = world.directory.hire(new, self.now_ms())?;
            world.tour.note_hiring(&person.userid, announce);
            person
        };
        self.tell_user("user_add_org", &person.userid, announce);
        self.tell_user("user_modify_org", &person.userid, announce);
        self.save();
        Ok(person)
    }

    /// Rehires a former employee, under the old userid or a new one.
    pub(crate) fn rehire(
        &self,
        userid: &str,
        new_userid: Option<&str>,
        announce: Announce,
    ) -> anyhow::Result<Person> {
        let person = {
            let mut world = self.world();
            let person = world.directory.rehire(userid, new_userid, self.now_ms())?;
            world.tour.note_hiring(&person.userid, announce);
            person
        };
        self.tell_user("user_add_org", &person.userid, announce);
        self.tell_user("user_modify_org", &person.userid, announce);
        self.save();
        Ok(person)
    }

    /// Changes a person: `user_modify_org`.
    pub(crate) fn change(
        &self,
        userid: &str,
        change: PersonChange,
        announce: Announce,
    ) -> anyhow::Result<Person> {
        let (before, after) = {
            let mut world = self.world();
            let changed = world.directory.change(userid, change, self.now_ms())?;
            world.tour.note_change(announce);
            changed
        };
        let operator = self.operator();
        let event = self
            .teller(operator.as_deref())
            .tell_change(&before, &after, self.now_ms());
        self.publish(event, announce);
        self.save();
        Ok(after)
    }

    pub(crate) fn share_unionid(&self, userid: &str, unionid: &str) -> anyhow::Result<()> {
        let now = self.now_ms();
        self.world().directory.share_unionid(userid, unionid, now)?;
        self.save();
        Ok(())
    }

    /// Dismisses a person: `user_leave_org`.
    pub(crate) fn dismiss(&self, userid: &str, announce: Announce) -> anyhow::Result<()> {
        {
            let mut world = self.world();
            world.directory.dismiss(userid)?;
            world.tour.note_dismissal(userid, announce);
        }
        self.tell_user("user_leave_org", userid, announce);
        self.save();
        Ok(())
    }

    pub(crate) fn create_department(
        &self,
        name: &str,
        parent_id: i64,
        announce: Announce,
    ) -> anyhow::Result<Department> {
        let department = self.world().directory.create_department(name, parent_id)?;
        self.tell_department("org_dept_create", department.dept_id, announce);
        Ok(department)
    }

    /// Renames or moves a department, or both: one `org_dept_modify`.
    pub(crate) fn change_department(
        &self,
        dept_id: i64,
        name: Option<&str>,
        parent_id: Option<i64>,
        announce: Announce,
    ) -> anyhow::Result<Department> {
        let department = self
            .world()
            .directory
            .change_department(dept_id, name, parent_id)?;
        self.tell_department("org_dept_modify", dept_id, announce);
        Ok(department)
    }

    /// Changes, dismisses and hires the given numbers of people, without any event.
    pub(crate) fn change_bulk(
        &self,
        change: usize,
        dismiss: usize,
        hire: usize,
    ) -> anyhow::Result<Bulk> {
        let mut world = self.world();
        let directory = &mut world.directory;
        let bulk = Bulk {
            changed: directory.change_many(change, self.now_ms())?,
            dismissed: directory.dismiss_many(dismiss)?,
            hired: directory.hire_many(hire, self.now_ms())?,
        };
        drop(world);
        self.save();
        Ok(bulk)
    }

    pub(crate) fn remove_department(&self, dept_id: i64, announce: Announce) -> anyhow::Result<()> {
        self.world().directory.remove_department(dept_id)?;
        self.tell_department("org_dept_remove", dept_id, announce);
        Ok(())
    }

    fn tell_user(&self, event_type: &str, userid: &str, announce: Announce) {
        let operator = self.operator();
        let users = [userid];
        let teller = self.teller(operator.as_deref());
        self.publish(
            teller.tell(event_type, Subject::Users(&users), self.now_ms()),
            announce,
        );
    }

    fn tell_department(&self, event_type: &str, dept_id: i64, announce: Announce) {
        let subject = [dept_id];
        let event =
            self.teller(None)
                .tell(event_type, Subject::Departments(&subject), self.now_ms());
        self.publish(event, announce);
        self.save();
    }

    /// Returns the administrator named as the operator.
    fn operator(&self) -> Option<String> {
        let world = self.world();
        world
            .directory
            .people()
            .iter()
            .find(|p| p.admin)
            .map(|p| p.userid.clone())
    }
}
