//! Wish: something that is to be done beside the lines, as a plan shows it.

use super::Problem;

/// Something to be done; what it is, its room says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish<W> {
    /// What it is about, as people call it. Can hold foreign text.
    pub subject: String,
    /// What is to be done.
    pub work: W,
    /// What differs, or what it is made of, a fragment. Can hold foreign text.
    pub reason: String,
    /// Why it cannot be done.
    pub block: Option<Problem>,
}
