//! What went wrong with one thing, who can mend it, and how: a value that a report shows.

mod ids;
mod remark;
mod wish;

use serde::{Deserialize, Serialize};
use std::fmt;

pub use ids::RequestIds;
pub use remark::{Grade, Remark};
pub use wish::Wish;

/// Where the fault lies, so that the reader knows whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The list of images: its author mends it.
    List,
    /// A setting of the run: the owner of the workflow mends it.
    Settings,
    /// The registry that an image comes from.
    Source,
    /// The registry that an image goes to.
    Target,
    /// Azure: sign-in, Resource Manager, the import service.
    Azure,
    /// The way to a service: names, connections, certificates, proxies.
    Network,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "the list",
            Self::Settings => "a setting",
            Self::Source => "the source",
            Self::Target => "the target registry",
            Self::Azure => "Azure",
            Self::Network => "the network",
        })
    }
}

/// A failure as a fact: one line carries it, the other lines go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Problem {
    /// Who can mend it.
    pub side: Side,
    /// What happened, a lower-case fragment. Holds foreign text: a renderer escapes it.
    pub what: String,
    /// What to do next, a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The request at Azure that failed. A reader of the text has them in it.
    #[serde(skip)]
    pub ids: RequestIds,
}

impl Problem {
    /// Names a failure and the side at fault.
    pub fn new(side: Side, what: impl Into<String>) -> Self {
        Self { side, what: what.into(), hint: None, ids: RequestIds::default() }
    }

    /// Names the request that failed.
    #[must_use]
    pub fn ids(mut self, ids: &RequestIds) -> Self {
        self.ids = ids.clone();
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.side, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, ". {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}
