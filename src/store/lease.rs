//! Leases on claimed work. The SQL functions `lease_end` and `is_free` set and check every lease.

use std::time::Duration;

/// How long a lease lasts without renewal; `lease_end` uses the same value.
pub const LEASE: Duration = Duration::from_secs(8);
/// How often a lease is renewed while the work continues.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
