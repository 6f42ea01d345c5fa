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
    /// Reads `os/architecture` or `os/architecture/variant`.
    ///
    /// # Errors
    /// What is wrong with it, a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split('/').collect();
        let is_name =
            |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        let of = |os: &str, architecture: &str, variant: Option<&str>| Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        };
        match parts[..] {
            _ if !parts.iter().all(is_name) => Err(format!("`{text}` is no platform, such as `linux/amd64`")),
            [os, architecture] => Ok(of(os, architecture, None)),
            [os, architecture, variant] => Ok(of(os, architecture, Some(variant))),
            _ => Err(format!("`{text}` is no platform, such as `linux/amd64`")),
        }
    }

    /// Returns whether an image for the other platform is one for this: without a variant, every variant is.
    pub fn admits(&self, other: &Self) -> bool {
        // The only 64-bit variant in use is the default (containerd, "platforms").
        let variant = |of: &Self| of.variant.clone().or_else(|| (of.architecture == "arm64").then(|| "v8".to_owned()));
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || variant(self) == variant(other))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_without_variant_admits_every_variant() {
        for (wanted, there, expected) in [
            ("linux/arm", "linux/arm/v7", true),
            ("linux/arm/v7", "linux/arm/v6", false),
            ("linux/arm/v7", "linux/arm", false),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/amd64", "windows/amd64", false),
        ] {
            let platform = |text| Platform::parse(text).unwrap();
            assert_eq!(platform(wanted).admits(&platform(there)), expected, "{wanted} {there}");
        }
    }

    #[test]
    fn a_platform_reads_as_it_is_shown() {
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
            assert_eq!(Platform::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux/amd 64"] {
            assert!(Platform::parse(text).is_err(), "{text}");
        }
    }
}
