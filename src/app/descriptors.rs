//! File descriptors: raises the limit to what the configured connections need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::http::connections::RESERVE;

/// Per client connection: its own descriptor, and a duplicate through which it can be closed.
const PER_CONNECTION: u64 = 2;
/// For Postgres, DingTalk, the log, and connections that are accepted but not yet registered.
const OTHERS: u64 = 200;
/// Lower bound of the connections allowed; a service with fewer would be useless.
const FEWEST: u64 = 16;

/// Raises this process's limit on open files as far as `wanted` client connections need; returns how many
/// connections it allows.
pub fn allow_connections(wanted: usize) -> usize {
    let needed = needed_for(u64::try_from(wanted).unwrap_or(u64::MAX));
    let limit = getrlimit(Resource::Nofile);
    // `None` means "unlimited".
    let Some(current) = limit.current else {
        return wanted;
    };
    if current >= needed {
        return wanted;
    }
    let raised = limit.maximum.map_or(needed, |hard| needed.min(hard));
    let new = Rlimit {
        current: Some(raised),
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, new) {
        Ok(()) => {
            tracing::info!(from = current, to = raised, "open file limit raised");
            raised
        }
        Err(error) => {
            tracing::warn!(%error, limit = current, "open file limit not raised");
            current
        }
    };
    let allowed = usize::try_from(allowed_by(current)).unwrap_or(wanted);
    if allowed < wanted {
        tracing::warn!(
            wanted,
            allowed,
            open_files = current,
            "connection limit lowered: raise the limit on open files (LimitNOFILE, ulimit -n)"
        );
    }
    allowed.min(wanted)
}

fn needed_for(connections: u64) -> u64 {
    let reserve = u64::try_from(RESERVE).unwrap_or_default();
    connections
        .saturating_add(reserve)
        .saturating_mul(PER_CONNECTION)
        .saturating_add(OTHERS)
}

fn allowed_by(open_files: u64) -> u64 {
    let reserve = u64::try_from(RESERVE).unwrap_or_default();
    let pairs = open_files.saturating_sub(OTHERS) / PER_CONNECTION;
    pairs.saturating_sub(reserve).max(FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_limit_allows_needs_no_more_than_the_limit() {
        for limit in [400, 1024, 4096, 20_000] {
            assert!(needed_for(allowed_by(limit)) <= limit, "{limit}");
        }
        assert_eq!(needed_for(2000), 4328);
        assert_eq!(allowed_by(20), FEWEST, "few are better than none");
    }
}
