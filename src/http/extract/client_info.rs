//! The client of a request, as handlers take it.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest, web};

use crate::context::Context;
use crate::http::client_address::client_address;
use crate::http::request_id::RequestId;
use crate::service::sessions::ClientInfo;

impl FromRequest for ClientInfo {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let ctx = request.app_data::<web::Data<Context>>();
        let address =
            ctx.and_then(|ctx| client_address(request, &ctx.config.server.trusted_proxies));
        let user_agent = request.headers().get(USER_AGENT);
        ready(Ok(Self {
            request_id: RequestId::of(request).as_str().to_owned(),
            address: address.map_or_else(String::new, |address| address.to_string()),
            user_agent: user_agent.map_or_else(String::new, |value| {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            }),
        }))
    }
}
