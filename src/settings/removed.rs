//! The section `removed`.

use serde::Deserialize;

/// What becomes of the tag of a line that is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Removed {
    /// It stays in the registry.
    #[default]
    Keep,
    /// It is taken away; what it stood for stays until a clean-up finds it without a tag.
    Untag,
}
