//! Probe: a report with a foreign text in every place, for [`crate::fuzz`].

use super::{Base, Report, sample::Sample};
use crate::{
    import::Outcome,
    plan::{Action, Reason},
    problem::{Problem, Side},
    upkeep::Gravity,
};

/// Returns a result; its form is the same whatever the text.
pub(crate) fn report(text: &str) -> Report {
    let problem = |side| Problem::new(side, text).hint(text);
    // A line that can be read would be another form.
    let line = format!("x {}", text.replace(['\n', '\r', '>', '#', '\0'], " "));
    let nearest = vec![text.to_owned(), "1".to_owned()];
    let mut report = Sample::new()
        .import("a:1 => a")
        .ended(Outcome::Failed(problem(Side::Source)))
        .step("b:1 => b", Action::Unchecked(problem(Side::Network)))
        .step("c:1 => c", Action::Block(Reason::NoSource { nearest, mirror: None }))
        .import("d:1 => d")
        .finding(Gravity::Warning, text, problem(Side::Target))
        .finding(Gravity::Bad, text, problem(Side::Azure))
        .wrong(&line)
        .applied();
    report.file = text.to_owned();
    report.base = Base::Commit { id: text.to_owned(), because: text.to_owned() };
    report
}
