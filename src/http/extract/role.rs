//! People with a role. Each page and action takes the type that the table of rights demands.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::current_user::CurrentUser;
use crate::context::Context;
use crate::domain::return_path::ReturnPath;
use crate::domain::rights::{Action, ContactView, Rights, Scope};
use crate::http::alert_banner::alert_banner;
use crate::http::client_address::client_address;
use crate::http::error::AppError;
use crate::http::layout::Layout;
use crate::service::actor::Actor;
use crate::service::alerts;
use crate::service::review::waiting_count;
use crate::text::lang::Lang;

/// Where a login leads whose session was too old for a form: the form was not carried out, and its page is unknown.
const OVERVIEW: &str = "/admin";

/// A signed-in person with a role, whose login is recent enough for the administration.
#[derive(Debug, Clone)]
pub struct RoleHolder {
    pub user: CurrentUser,
    pub rights: Rights,
    /// The IP address of the person's browser, for the audit trail.
    pub address: Option<String>,
}

impl RoleHolder {
    /// Returns which people the person may see and decide on.
    pub fn scope(&self) -> Scope {
        self.rights.scope()
    }

    /// Returns whether the person reads contact data in full.
    pub fn contacts(&self) -> ContactView {
        self.rights.contacts()
    }

    /// Returns the person as the one who decides or acts.
    pub fn actor(&self) -> Actor<'_> {
        Actor {
            userid: &self.user.userid,
            address: self.address.as_deref(),
        }
    }

    pub fn may(&self, action: Action) -> bool {
        self.rights.may(action)
    }

    /// Returns the layout of an administration page, with the number of waiting cases within the scope, and with the
    /// alerts for those who may see their subject.
    pub async fn layout(&self, ctx: &Context, request: &HttpRequest) -> Result<Layout, AppError> {
        let waiting = waiting_count(ctx, &self.scope()).await?;
        let layout = self.user.layout(request).with_waiting(waiting);
        if !self.may(Action::SeeOperations) {
            return Ok(layout);
        }
        let alerts = alerts::current(ctx).await?;
        let lang = Lang::of(request.headers());
        let can_dismiss = self.may(Action::Administer);
        let alerts = alerts
            .iter()
            .map(|alert| alert_banner(lang, alert, can_dismiss))
            .collect();
        Ok(layout.with_alerts(alerts))
    }

    /// Returns the person of a request: 303 to the login without a session or with one that is too old, 403 without
    /// the right.
    async fn read(
        user: impl Future<Output = Result<CurrentUser, AppError>>,
        request: HttpRequest,
        action: Action,
    ) -> Result<Self, AppError> {
        let user = user.await?;
        let Some(rights) = user.rights.clone().filter(|rights| rights.may(action)) else {
            return Err(AppError::NotAdmin);
        };
        if !user.is_recent {
            let form = || ReturnPath::parse(Some(OVERVIEW));
            let back = CurrentUser::return_path(&request).unwrap_or_else(form);
            return Err(AppError::SignIn(back));
        }
        let address = request.app_data::<web::Data<Context>>().and_then(|ctx| {
            let address = client_address(&request, &ctx.config.server.trusted_proxies)?;
            Some(address.to_string())
        });
        Ok(Self {
            user,
            rights,
            address,
        })
    }
}

macro_rules! role {
    ($(#[$doc:meta])* $name:ident, $action:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(RoleHolder);

        impl Deref for $name {
            type Target = RoleHolder;

            fn deref(&self) -> &RoleHolder {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = AppError;
            type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

            fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let user = CurrentUser::from_request(request, payload);
                let holder = RoleHolder::read(user, request.clone(), Action::$action);
                Box::pin(async move { holder.await.map(Self) })
            }
        }
    };
}

role! {
    /// An administrator.
    Admin, Administer
}
role! {
    /// Somebody who decides about people within the scope: an administrator or a reviewer.
    Reviewer, Decide
}
role! {
    /// Somebody who sees what Dinggate does: an administrator or an auditor, who reads contact data masked.
    Auditor, SeeOperations
}
role! {
    /// Somebody who sees people within the scope: anybody with a role.
    Viewer, SeePeople
}
