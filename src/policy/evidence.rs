//! Evidence: what rules and certificates of the settings lean on besides the plan, gathered before anything is judged.

use crate::scanner::{Scan, Unreadable};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// What was brought to a run besides its list and settings.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What scanners found.
    pub scans: Vec<Scan>,
    /// Reports that say nothing.
    pub unreadable: Vec<Unreadable>,
    /// Files of the repository that the rules name, such as keys, by their names there.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The files with authorities' certificates that the settings name, by their names there.
    pub certificates: BTreeMap<String, Vec<u8>>,
    /// What they are compared with; none where all is meant.
    pub certificates_before: Option<BTreeMap<String, Vec<u8>>>,
    /// When the run is.
    pub now: OffsetDateTime,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            scans: Vec::new(),
            unreadable: Vec::new(),
            files: BTreeMap::new(),
            certificates: BTreeMap::new(),
            certificates_before: None,
            now: OffsetDateTime::now_utc(),
        }
    }
}

impl Evidence {
    /// Returns whether the certificates are others than they were.
    pub fn has_new_certificates(&self) -> bool {
        self.certificates_before.as_ref().is_some_and(|before| *before != self.certificates)
    }
}
