//! Remark: something that people should know of a thing, beside what is done.

use super::Problem;

/// Something that people should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is about. Can hold foreign text.
    pub subject: String,
    /// How grave it is.
    pub grade: Grade,
    /// What was found, and how it is mended.
    pub problem: Problem,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be, or good to know.
    Good,
    /// Somebody should look.
    Doubtful,
    /// It could not be asked, or what was told cannot be judged.
    Unchecked,
    /// It does not work, or must not be so: the run does not end well.
    Bad,
}
