//! Keeps the company and its events across runs, in one JSON file.

use std::{fs, io, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{
    approval::Approvals, company, config::SimConfig, directory::Directory, event::EventLog,
    scope::Scope, subscription::RegisteredCallback, tour::Tour, world::World,
};

#[derive(Deserialize)]
struct Kept {
    directory: Directory,
    scope: Scope,
    log: EventLog,
    #[serde(default)]
    registered: Option<RegisteredCallback>,
    #[serde(default)]
    approvals: Approvals,
    #[serde(default)]
    tour: Tour,
}

#[derive(Serialize)]
struct Keep<'a> {
    directory: &'a Directory,
    scope: &'a Scope,
    log: &'a EventLog,
    registered: Option<&'a RegisteredCallback>,
    approvals: &'a Approvals,
    tour: &'a Tour,
}

/// Returns the world from the state file, or a new one if there is no file; a file that cannot be read is an
/// error, never overwritten.
pub(crate) fn load(config: &SimConfig) -> anyhow::Result<World> {
    if let Some(path) = &config.state_file {
        match fs::read(path) {
            Ok(bytes) => {
                let kept: Kept = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is not a state file", path.display()))?;
                let mut world = World::new(kept.directory, kept.scope, kept.log);
                world.registered = kept.registered;
                world.approvals = kept.approvals;
                world.tour = kept.tour;
                return Ok(world);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    let directory = match &config.directory {
        Some(directory) => directory.clone(),
        None => company::demo()?,
    };
    Ok(World::new(directory, Scope::all(), EventLog::default()))
}

/// Writes a temporary file and renames it, so that a kill leaves the old state or the new one.
pub(crate) fn save(path: &Path, world: &World) -> anyhow::Result<()> {
    let keep = Keep {
        directory: &world.directory,
        scope: &world.scope,
        log: &world.log,
        registered: world.registered.as_ref(),
        approvals: &world.approvals,
        tour: &world.tour,
    };
    let beside = path.with_extension("tmp");
    fs::write(&beside, serde_json::to_vec_pretty(&keep)?)?;
    fs::rename(&beside, path)?;
    Ok(())
}
