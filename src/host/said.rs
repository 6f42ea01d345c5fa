//! Said: what a job's log is told, before it is known in which form.

use crate::report::log::Level;

/// Something for the log of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A remark for people. Its text is foreign.
    Remark(Level, String),
    /// A command that shows a remark at a line of the list.
    Place(String),
    /// A command that the host carries out: an output, a summary.
    Order(String),
}

impl Said {
    pub(super) fn info(what: impl Into<String>) -> Self {
        Self::Remark(Level::Info, what.into())
    }

    pub(super) fn warning(what: impl Into<String>) -> Self {
        Self::Remark(Level::Warn, what.into())
    }
}
