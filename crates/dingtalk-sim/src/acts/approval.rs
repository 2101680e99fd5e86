//! Approval actions, each with the events that report it.

use crate::{
    approval::{Approval, ApprovalState, NewApproval},
    shared::{Announce, Shared},
};

impl Shared {
    /// Starts an approval: the instance's start event, then its task's.
    pub(crate) fn start_approval(
        &self,
        new: NewApproval,
        announce: Announce,
    ) -> anyhow::Result<Approval> {
        let approval = {
            let mut world = self.world();
            let world = &mut *world;
            world
                .approvals
                .start(new, &world.directory, self.now_ms())?
        };
        let teller = self.teller(None);
        self.publish(teller.tell_instance(&approval, self.now_ms()), announce);
        self.publish(teller.tell_task(&approval, self.now_ms()), announce);
        self.save();
        Ok(approval)
    }

    /// Ends an approval by a decision or by withdrawal: its task's end event, then the instance's.
    pub(crate) fn end_approval(
        &self,
        id: &str,
        state: ApprovalState,
        announce: Announce,
    ) -> anyhow::Result<Approval> {
        let approval = self.world().approvals.end(id, state, self.now_ms())?;
        let teller = self.teller(None);
        self.publish(teller.tell_task(&approval, self.now_ms()), announce);
        self.publish(teller.tell_instance(&approval, self.now_ms()), announce);
        self.save();
        Ok(approval)
    }
}
