//! Releasing parked events.

use actix_web::HttpResponse;

use crate::http::admin::button::ButtonPress;
use crate::http::error::AppError;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::events::{self, ReleasedBy};
use crate::store::audit;
use crate::text::admin_events::EventTexts;
use crate::text::interpolate;

/// Releases one parked event into the inbox.
pub async fn release(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let id = press.id()?;
    let t = EventTexts::of(press.lang);
    let toast = match carry_out(&press, Some(id)).await? {
        0 => Toast::new(Tone::Warn, interpolate(t.not_parked, &[("id", &id)])),
        _ => Toast::ok(interpolate(t.released, &[("id", &id)])),
    };
    Ok(press.redirect_back(&toast, &format!("/admin/events/{id}")))
}

/// Releases all parked events into the inbox.
pub async fn release_parked(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let t = EventTexts::of(press.lang);
    let toast = match carry_out(&press, None).await? {
        0 => Toast::new(Tone::Neutral, t.none_parked),
        1 => Toast::ok(t.released_one),
        n => Toast::ok(interpolate(t.released_all, &[("n", &n)])),
    };
    Ok(press.redirect_back(&toast, "/admin/events"))
}

async fn carry_out(press: &ButtonPress, id: Option<i64>) -> Result<usize, AppError> {
    let releaser = ReleasedBy {
        actor: audit::Actor::Person(&press.admin.user.userid),
        address: press.admin.address.as_deref(),
    };
    Ok(events::release(&press.ctx, id, Some(releaser)).await?)
}
