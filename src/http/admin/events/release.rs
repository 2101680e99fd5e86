//! Releasing parked events.

use actix_session::Session;
use actix_web::{HttpResponse, web};

use crate::context::Context;
use crate::http::admin::BackForm;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::events::{self, ReleasedBy};
use crate::store::audit;
use crate::text::admin_events::EventTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

/// Releases one parked event into the inbox.
pub async fn release(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    id: web::Path<String>,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let t = EventTexts::of(lang);
    let toast = match carry_out(&admin, &ctx, Some(id)).await? {
        0 => Toast::new(Tone::Warn, interpolate(t.not_held, &[("id", &id)])),
        _ => Toast::ok(interpolate(t.released, &[("id", &id)])),
    };
    flash::set(&session, &toast);
    Ok(form.0.see_other(&format!("/admin/events/{id}")))
}

/// Releases all parked events into the inbox.
pub async fn release_held(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let t = EventTexts::of(lang);
    let toast = match carry_out(&admin, &ctx, None).await? {
        0 => Toast::new(Tone::Neutral, t.none_held),
        1 => Toast::ok(t.released_one),
        n => Toast::ok(interpolate(t.released_all, &[("n", &n)])),
    };
    flash::set(&session, &toast);
    Ok(form.0.see_other("/admin/events"))
}

async fn carry_out(admin: &Admin, ctx: &Context, id: Option<i64>) -> Result<usize, AppError> {
    let releaser = ReleasedBy {
        actor: audit::Actor::Person(&admin.user.userid),
        address: admin.address.as_deref(),
    };
    Ok(events::release(ctx, id, Some(releaser)).await?)
}
