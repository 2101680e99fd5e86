//! The full sync.

use super::reader::Reader;
use super::setting;
use super::share::Share;

/// The full sync.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// More leavers than this stop a sync, which then asks.
    pub max_leavers: Share,
}

impl SyncConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let max_leavers = reader.value(&setting::SYNC_MAX_LEAVERS, Share::parse);
        Some(Self {
            max_leavers: max_leavers?,
        })
    }
}
