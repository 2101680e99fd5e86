//! `dinggate callback failed`: events that DingTalk could not deliver.

use std::pin::pin;

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use super::print;
use crate::cli::{actor, serve};
use crate::context::Context;
use crate::service::events::{self, FetchReport, ReleasedBy};
use crate::store::audit;
use crate::store::event_parked::ParkedRow;
use crate::text::commands::callback as texts;

/// If there are more ids, only their count is printed.
const MAX_IDS: usize = 5;

/// Fetches failed callbacks, parks and prints them, and with `replay` releases all parked events.
pub async fn run(ctx: &Context, replay: bool) -> anyhow::Result<()> {
    let before = events::parked(ctx).await?;
    let (stop, by) = (CancellationToken::new(), actor::name());
    let reading = {
        let signal = serve::stop_signal()?;
        let mut reading = pin!(events::fetch_failed_callbacks(ctx, &by, &stop));
        tokio::select! {
            reading = &mut reading => reading?,
            // DingTalk has already deleted the page that it is returning: it must be stored before stopping.
            () = signal => {
                stop.cancel();
                reading.await?
            }
        }
    };
    print(&report(&reading, &before))?;
    if replay {
        let releaser = ReleasedBy {
            actor: audit::Actor::Command(&by),
            address: None,
        };
        let count = events::release(ctx, None, Some(releaser)).await?;
        print(&texts::released(count))?;
    }
    verdict(&reading)
}

fn report(reading: &FetchReport, before: &[ParkedRow]) -> String {
    let known = reading.given - reading.stored.len().min(reading.given);
    texts::fetched(
        reading.given,
        known,
        table(&reading.stored),
        before.len(),
        table(before),
    )
}

/// Returns the error of an incomplete fetch.
fn verdict(reading: &FetchReport) -> anyhow::Result<()> {
    match &reading.failure {
        None if reading.has_lost => bail!(texts::previous_reader_lost()),
        None => Ok(()),
        Some(failure) if failure.is_none_registered() => {
            bail!(texts::none_registered(failure.to_string()))
        }
        Some(failure) if reading.has_lost => bail!("{failure}: {}", texts::ANSWER_LOST),
        Some(failure) => bail!(texts::list_unfinished(failure.to_string())),
    }
}

fn table(rows: &[ParkedRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let cells: Vec<[String; 5]> =
        std::iter::once(["ID", "STATE", "TYPE", "TIME", "ABOUT"].map(str::to_owned))
            .chain(rows.iter().map(cells))
            .collect();
    let width = |column: usize| {
        let lengths = cells.iter().filter_map(|row| row.get(column));
        lengths.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |row: &[String; 5]| {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    cells.iter().map(line).collect()
}

fn cells(row: &ParkedRow) -> [String; 5] {
    let ids: Vec<String> = row
        .userids
        .iter()
        .cloned()
        .chain(row.dept_ids.iter().map(ToString::to_string))
        .collect();
    let shown: Vec<&str> = ids.iter().take(MAX_IDS).map(String::as_str).collect();
    let more = match ids.len().saturating_sub(MAX_IDS) {
        0 => String::new(),
        more => texts::more(more),
    };
    let time = row.event_time.map_or_else(
        || "-".to_owned(),
        |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    );
    [
        row.id.to_string(),
        row.state.as_str().to_owned(),
        row.event_type.clone(),
        time,
        format!("{}{more}", shown.join(",")),
    ]
    // Ids come from outside: they must not control the terminal.
    .map(|cell| cell.replace(char::is_control, " "))
}
