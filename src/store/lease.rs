//! How long claimed work is kept for whoever claimed it. The SQL functions `lease_end` and `is_free` take and
//! judge every lease.

use std::time::Duration;

/// How long a lease lasts without being renewed, as `lease_end` says it too.
pub const LEASE: Duration = Duration::from_secs(8);
/// How often a lease is renewed while the work goes on.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
