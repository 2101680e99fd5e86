//! HEAD: the response to GET without its body, which the server omits automatically.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;

/// Answers HEAD as GET wherever a GET changes nothing: the URLs of the login begin or end one.
pub async fn head_as_get(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.path();
    let is_login = path == "/login" || path.starts_with("/login/");
    if request.method() == Method::HEAD && !is_login {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}
