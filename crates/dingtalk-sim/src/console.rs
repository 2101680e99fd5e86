//! The simulator's own web page, and the same functions as JSON under `/sim/api/`.

mod acts;
mod api;
mod approvals;
mod assets;
mod form;
mod language;
mod pages;
mod view;

use actix_web::{HttpResponse, web};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(pages::people))
        .route("/favicon.ico", web::get().to(HttpResponse::NoContent))
        .service(
            web::scope("/sim")
                .route("/people/{userid}", web::get().to(pages::person))
                .route("/departments", web::get().to(pages::departments))
                .route("/approvals", web::get().to(approvals::page))
                .route("/events", web::get().to(pages::events))
                .route("/faults", web::get().to(pages::faults))
                .route("/lang/{code}", web::get().to(language::choose))
                .route("/assets/{file}", web::get().to(assets::serve))
                .route("/ui/{act}", web::post().to(acts::act))
                .service(web::scope("/api").configure(api::routes)),
        );
}
