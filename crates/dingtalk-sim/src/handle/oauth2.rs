//! Codes of the newer login page, as a browser would deliver them.

use std::time::Instant;

use super::SimHandle;
use crate::grant::Grant;

impl SimHandle {
    /// Returns the code of a login in which the owner of this unionid has agreed, for the login app.
    pub fn oauth2_code(&self, unionid: &str) -> String {
        self.grant(&self.config().login_app_id, unionid, None, false)
    }

    /// Returns the same, but expired.
    pub fn expired_oauth2_code(&self, unionid: &str) -> String {
        self.grant(&self.config().login_app_id, unionid, None, true)
    }

    /// Returns the code of a login for this app, in which the person has chosen this company.
    pub fn oauth2_code_for(&self, client_id: &str, unionid: &str, corp_id: &str) -> String {
        self.grant(client_id, unionid, Some(corp_id), false)
    }

    fn grant(
        &self,
        client_id: &str,
        unionid: &str,
        corp_id: Option<&str>,
        already_old: bool,
    ) -> String {
        let grant = Grant {
            unionid: unionid.to_owned(),
            client_id: client_id.to_owned(),
            corp_id: Some(corp_id.unwrap_or(&self.config().corp_id).to_owned()),
        };
        let mut world = self.0.shared.world();
        world.grants.issue_code(grant, Instant::now(), already_old)
    }
}
