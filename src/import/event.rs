//! Event: what is seen while a plan is applied.

/// What happens while a plan is applied, by the index of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The import was sent to Azure.
    Started(usize),
    /// The registry serves the image; it is being proved.
    Arrived(usize),
    /// The step has ended.
    Ended(usize),
    /// Something beside the steps says this, such as a build that goes on. Foreign text, one line.
    Said(String),
}
