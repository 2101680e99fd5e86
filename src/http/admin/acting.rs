//! Who decides or acts, for the audit trail.

use actix_web::HttpRequest;

use crate::context::Context;
use crate::http::extract::RoleHolder;
use crate::http::extract::client_address::client_address;
use crate::service::review::Actor;

/// Returns the IP address of the actor's browser, for the audit trail.
pub fn address_of(ctx: &Context, request: &HttpRequest) -> Option<String> {
    client_address(request, &ctx.config.server.trusted_proxies).map(|address| address.to_string())
}

/// Returns the person who decides or acts.
pub fn actor<'a>(holder: &'a RoleHolder, address: Option<&'a str>) -> Actor<'a> {
    Actor {
        userid: &holder.user.userid,
        address,
    }
}
