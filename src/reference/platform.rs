//! Platform: what an image runs on.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An operating system and an architecture, as an index names them (OCI image specification, "Image Index").
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `windows`, …; `unknown` for attestations.
    #[serde(default)]
    pub os: String,
    /// `amd64`, `arm64`, …; `unknown` for attestations.
    #[serde(default)]
    pub architecture: String,
    /// `v7`, `v8`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Returns whether this marks an attestation and no image: BuildKit writes `unknown/unknown` for those.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}
