//! Tally: what the runs of a campaign came to, so that one in which nothing went wrong is seen for what it is.

use crate::{case::Case, play::Ran};
use acr_sync::{import::Outcome, import::Proof, report::Body};
use std::{collections::BTreeMap, fmt, time::Duration};

/// Counts of runs, steps and requests.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    runs: usize,
    requests: usize,
    disturbed: usize,
    took: Duration,
    outcomes: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// Counts an apply.
    pub(crate) fn count(&mut self, ran: &Ran) {
        for part in &ran.report.parts {
            if matches!(part.body, Body::Stopped(_)) {
                self.add("stopped before any step");
            }
            part.steps().filter_map(|(_, outcome)| outcome).for_each(|outcome| self.add(name(outcome)));
        }
    }

    /// Counts what was asked of the world of a case, by all of its runs.
    pub(crate) fn count_world(&mut self, case: &Case, runs: &[&Ran]) {
        let seen = case.world.requests();
        self.requests += seen.len();
        let is_disturbed = |status: Option<u16>| status.is_none_or(|status| status == 429 || status >= 500);
        self.disturbed += seen.iter().filter(|seen| is_disturbed(seen.status)).count();
        self.runs += runs.len();
        self.took += runs.iter().map(|ran| ran.took).sum::<Duration>();
    }

    /// Takes in the counts of another thread.
    pub(crate) fn extend(&mut self, other: Self) {
        self.runs += other.runs;
        self.requests += other.requests;
        self.disturbed += other.disturbed;
        self.took += other.took;
        for (name, count) in other.outcomes {
            *self.outcomes.entry(name).or_default() += count;
        }
    }

    fn add(&mut self, name: &'static str) {
        *self.outcomes.entry(name).or_default() += 1;
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Kept(Proof::Verified) => "kept",
        Outcome::Kept(Proof::Accepted(_)) => "kept unread",
        Outcome::Imported { proof: Proof::Verified, ended } if ended.instead.is_some() => "imported by a detour",
        Outcome::Imported { proof: Proof::Verified, .. } => "imported",
        Outcome::Imported { proof: Proof::Accepted(_), .. } => "accepted, not verified",
        Outcome::Blocked(_) => "blocked",
        Outcome::Failed(_) => "failed",
        Outcome::StillRunning => "still running",
        Outcome::CopyStopped => "copy stopped",
        Outcome::NotStarted => "not started",
        Outcome::Withheld => "withheld",
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} runs, {:.0} hours by their own clock; {} requests, {} of them answered by a failure or not at all",
            self.runs,
            self.took.as_secs_f64() / 3600.0,
            self.requests,
            self.disturbed,
        )?;
        let outcomes: Vec<_> = self.outcomes.iter().map(|(name, count)| format!("{name} {count}")).collect();
        write!(f, "steps of the applies: {}", outcomes.join(", "))
    }
}
