//! Told: what every host is told of a run, in whatever form it wants it.

use super::{kept, marker::Marker, post};
use crate::{
    azure::RegistryName,
    inputs::Inputs,
    plan::{Plan, Reviewed},
    problem::Problem,
    report::{Base, Body, Part, Report, Verdict},
};
use std::collections::HashSet;

/// Returns the report of a run that has no list to walk through.
pub fn without_list(inputs: &Inputs, problem: Option<Problem>) -> Report {
    Report {
        file: inputs.images_file.display().to_string(),
        shard: inputs.shard,
        base: Base::None,
        errors: Vec::new(),
        more_errors: 0,
        errors_elsewhere: 0,
        warnings: Vec::new(),
        parts: vec![Part::new(None, problem.map_or_else(|| Body::Planned(Plan::default()), Body::Stopped))],
        took: None,
        requests: inputs.way.ledger.read(),
    }
}

/// Returns the outputs of a step, by the names that the action has for them.
pub(super) fn outputs(report: &Report, inputs: &Inputs) -> [(&'static str, String); 7] {
    let totals = report.totals();
    let file =
        |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    [
        ("changed", totals.written().to_string()),
        ("imported", if report.is_applied() { totals.written().to_string() } else { "0".to_owned() }),
        ("failed", totals.bad().to_string()),
        ("shard", report.shard.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("clean", (report.verdict() == Verdict::Clean).to_string()),
        ("plan-file", file(&inputs.plan_file)),
        ("result-file", file(&inputs.result_file)),
    ]
}

/// A change that does not touch the files is no news to anybody.
pub(super) fn is_worth_telling(report: &Report) -> bool {
    let has_news = |part: &Part| match &part.body {
        Body::Planned(plan) | Body::Applied(plan, _) => {
            !plan.steps.is_empty() || !plan.removed.is_empty() || !part.upkeep.is_empty()
        }
        Body::Stopped(_) => true,
    };
    !report.errors.is_empty() || report.parts.iter().any(has_news)
}

/// Returns what the run is about in words that are the same in every run of it: the list, and the registries as they were
/// named.
pub(super) fn key(inputs: &Inputs) -> String {
    let words: Vec<_> = std::iter::once(inputs.images_file.display().to_string()).chain(registries(inputs)).collect();
    words.join(" ")
}

/// Returns the registries as they were named, which is the same in every run: one that nobody reached too.
pub fn registries(inputs: &Inputs) -> Vec<String> {
    let suffix = &inputs.cloud.registry_suffix;
    let named = inputs.registries.iter().map(|registry| match registry {
        RegistryName::LoginServer(registry) => registry.to_string(),
        RegistryName::Name(name) => format!("{name}{suffix}"),
        RegistryName::Id(id) => format!("{}{suffix}", id.rsplit('/').next().unwrap_or_default()),
    });
    named.collect()
}

/// Returns the hidden first line of a post, with what the reviewers are shown; and a warning where that is too much for
/// `room` bytes.
pub(super) fn first_line(
    marker: &Marker,
    run: u64,
    report: &Report,
    reviewed: Option<&Reviewed>,
    room: usize,
) -> (String, Option<String>) {
    let shown = report.shown();
    // A second run of the same push compares again.
    let recalled = reviewed.filter(|_| shown.is_none()).map(|reviewed| told_here(report, reviewed));
    let block = shown.or(recalled).map(|reviewed| kept::block(&reviewed, room));
    let warning = matches!(block, Some(None)).then(|| {
        "so many lines and removals do not fit into the comment: the merge will not be compared with this plan, and \
         what it would remove is left"
            .to_owned()
    });
    let mut line = format!("{marker} {}", post::stamp(run));
    if let Some(block) = block.flatten() {
        line.push(' ');
        line.push_str(&block);
    }
    (line, warning)
}

/// Returns what was reviewed of the lines that a report is about: what is another shard's stands in its own post.
fn told_here(report: &Report, reviewed: &Reviewed) -> Reviewed {
    let Some(shard) = report.shard else { return reviewed.clone() };
    let own: HashSet<_> = report.steps().map(|(step, _)| step.destination.name()).collect();
    // A run that could not begin tells of no line, and the next one asks again.
    let is_own = |destination: &str| own.is_empty() || own.contains(destination);
    let digests = reviewed.iter().filter(|(destination, _)| is_own(destination));
    let digests = digests.map(|(destination, digest)| (destination.to_owned(), digest));
    Reviewed::of(digests).with_removals(reviewed.removals().filter(|_| shard.is_first()))
}
