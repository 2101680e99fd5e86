//! Administration of the company's apps. All changes except reordering are audited.

use super::actor::Actor;
use super::admins::{self, ActError};
use crate::context::Context;
use crate::domain::app::App;
use crate::domain::audit::AuditAction;
use crate::store::app;
use crate::store::audit::{self, Entry};

/// Adds an app after all others.
pub async fn create(ctx: &Context, by: &Actor<'_>, new: &App) -> Result<(), ActError> {
    admins::act(ctx, by.userid, async |tx| {
        app::insert(tx, new).await?;
        audit::append(tx, &saved(by, new, AuditAction::AppCreate)).await?;
        Ok(())
    })
    .await
}

/// Replaces an app's fields; returns false if it has been deleted meanwhile.
pub async fn update(ctx: &Context, by: &Actor<'_>, id: i64, new: &App) -> Result<bool, ActError> {
    admins::act(ctx, by.userid, async |tx| {
        if !app::update(tx, id, new).await? {
            return Ok(false);
        }
        audit::append(tx, &saved(by, new, AuditAction::AppUpdate)).await?;
        Ok(true)
    })
    .await
}

/// Shows or hides an app; returns its name, or `None` if nothing changed.
pub async fn set_shown(
    ctx: &Context,
    by: &Actor<'_>,
    id: i64,
    is_shown: bool,
) -> Result<Option<String>, ActError> {
    admins::act(ctx, by.userid, async |tx| {
        let Some(name) = app::set_shown(tx, id, is_shown).await? else {
            return Ok(None);
        };
        let status = if is_shown { "shown" } else { "hidden" };
        audit::append(tx, &entry(by, &name, AuditAction::AppUpdate, status)).await?;
        Ok(Some(name))
    })
    .await
}

/// Deletes an app; returns its name, or `None` if it no longer exists.
pub async fn delete(ctx: &Context, by: &Actor<'_>, id: i64) -> Result<Option<String>, ActError> {
    admins::act(ctx, by.userid, async |tx| {
        let Some(name) = app::delete(tx, id).await? else {
            return Ok(None);
        };
        audit::append(tx, &entry(by, &name, AuditAction::AppDelete, "deleted")).await?;
        Ok(Some(name))
    })
    .await
}

/// Moves an app one place up or down; returns its name, or `None` if it cannot go further or no longer exists.
pub async fn shift(
    ctx: &Context,
    by: &Actor<'_>,
    id: i64,
    is_up: bool,
) -> Result<Option<String>, ActError> {
    admins::act(ctx, by.userid, async |tx| {
        let mut ids = app::lock_order(tx).await?;
        let Some(at) = ids.iter().position(|other| *other == id) else {
            return Ok(None);
        };
        let to = if is_up {
            at.checked_sub(1)
        } else {
            Some(at + 1)
        };
        let Some(to) = to.filter(|to| *to < ids.len()) else {
            return Ok(None);
        };
        ids.swap(at, to);
        app::set_order(tx, &ids).await?;
        let name = app::name(tx, id).await?;
        Ok(name)
    })
    .await
}

/// Returns the audit entry of a saved app, with its present URL.
fn saved<'a>(by: &Actor<'a>, new: &'a App, action: AuditAction) -> Entry<'a> {
    let status = if new.is_shown { "shown" } else { "hidden" };
    Entry {
        reason: Some(new.address.as_str()),
        ..entry(by, &new.name, action, status)
    }
}

fn entry<'a>(
    by: &Actor<'a>,
    name: &'a str,
    action: AuditAction,
    status: &'static str,
) -> Entry<'a> {
    Entry {
        name: Some(name),
        ip: by.address,
        ..Entry::new(audit::Actor::Person(by.userid), action, status)
    }
}
