//! The page's static files, built into the binary.

use actix_web::{HttpResponse, web};

pub(super) async fn serve(file: web::Path<String>) -> HttpResponse {
    let (kind, body) = match file.as_str() {
        "sim.css" => (
            "text/css;charset=UTF-8",
            include_str!("../../assets/sim.css"),
        ),
        "filter.js" => (
            "text/javascript;charset=UTF-8",
            include_str!("../../assets/filter.js"),
        ),
        "scanned.js" => (
            "text/javascript;charset=UTF-8",
            include_str!("../../assets/scanned.js"),
        ),
        "oauth2.js" => (
            "text/javascript;charset=UTF-8",
            include_str!("../../assets/oauth2.js"),
        ),
        _ => return HttpResponse::NotFound().finish(),
    };
    HttpResponse::Ok().content_type(kind).body(body)
}
