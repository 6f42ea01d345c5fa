//! Evidence: what the rules lean on besides the plan, gathered before anything is judged.

use crate::scanner::{Scan, Unreadable};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// What was brought to a run for its policy.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What scanners found.
    pub scans: Vec<Scan>,
    /// Reports that say nothing.
    pub unreadable: Vec<Unreadable>,
    /// Files of the repository that the rules name, such as keys, by their names there.
    pub files: BTreeMap<String, Vec<u8>>,
    /// When the run is.
    pub now: OffsetDateTime,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { scans: Vec::new(), unreadable: Vec::new(), files: BTreeMap::new(), now: OffsetDateTime::now_utc() }
    }
}
