//! Totals: how many steps and chores are of each kind, and the verdict that follows.

use super::{
    Body, Part, Report, Verdict,
    chore::{Chore, Fate},
    row::Kind,
};
use crate::{
    import::{Outcome, Proof},
    upkeep::Gravity,
};

/// How many steps are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// To import, or imported.
    pub import: usize,
    /// To move, or moved.
    pub moved: usize,
    /// To repair, or repaired.
    pub repair: usize,
    /// There already.
    pub keep: usize,
    /// Blocked.
    pub block: usize,
    /// Not checked (a plan only).
    pub unchecked: usize,
    /// Failed (a result only).
    pub failed: usize,
    /// Imported, but the registry could not be asked (a result only).
    pub unverified: usize,
    /// Not done because the run was stopped or the list has errors (a result only).
    pub undone: usize,
    /// Lines that are gone.
    pub removed: usize,
    /// Lines that mean what they meant.
    pub unchanged: usize,
    /// Lines that could not be read.
    pub unreadable: usize,
    /// Chores of the upkeep that are to be done, or are done.
    pub chores: usize,
    /// Chores that are blocked, failed or were not done.
    pub chores_bad: usize,
    /// Removals that no reviewed plan lists.
    pub waiting: usize,
    /// Findings that somebody should look at.
    pub findings: usize,
    /// Findings that the run does not end well with.
    pub findings_bad: usize,
    /// Registries for which the run could not begin.
    pub stopped: usize,
}

impl Totals {
    pub(super) fn of(report: &Report) -> Self {
        let mut totals = Self { unreadable: report.errors.len() + report.more_errors, ..Self::default() };
        for part in &report.parts {
            totals.add(part);
        }
        totals
    }

    pub(super) fn of_part(part: &Part) -> Self {
        let mut totals = Self::default();
        totals.add(part);
        totals
    }

    fn add(&mut self, part: &Part) {
        if let Some(plan) = part.plan() {
            self.removed += plan.removed.len();
            self.unchanged += plan.unchanged;
        }
        self.stopped += usize::from(matches!(part.body, Body::Stopped(_)));
        for row in part.rows() {
            *self.place(row.kind()) += 1;
            if let Some(Outcome::Imported { proof: Proof::Accepted(_), .. }) = row.outcome {
                self.unverified += 1;
            }
        }
        for chore in Chore::all(part) {
            match chore.fate() {
                Fate::Due | Fate::Done => self.chores += 1,
                Fate::Waiting => self.waiting += 1,
                Fate::Blocked | Fate::Failed | Fate::HeldBack | Fate::NotStarted | Fate::Withheld => {
                    self.chores_bad += 1;
                }
            }
        }
        for finding in &part.upkeep.findings {
            match finding.gravity {
                Gravity::Note => {}
                Gravity::Warning | Gravity::Unchecked => self.findings += 1,
                Gravity::Bad => self.findings_bad += 1,
            }
        }
    }

    /// Returns how many lines change the registry.
    pub fn written(&self) -> usize {
        self.import + self.moved + self.repair
    }

    /// Returns how many things did not or will not go well.
    pub fn bad(&self) -> usize {
        self.unreadable + self.block + self.failed + self.undone + self.chores_bad + self.findings_bad + self.stopped
    }

    pub(super) fn verdict(&self, is_applied: bool) -> Verdict {
        if self.bad() > 0 {
            Verdict::Failed
        } else if !is_applied && self.written() + self.unchecked + self.chores > 0 {
            Verdict::Pending
        } else {
            Verdict::Clean
        }
    }

    fn place(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Import => &mut self.import,
            Kind::Move => &mut self.moved,
            Kind::Repair => &mut self.repair,
            Kind::Keep => &mut self.keep,
            Kind::Block => &mut self.block,
            Kind::Unchecked => &mut self.unchecked,
            Kind::Failed => &mut self.failed,
            Kind::StillRunning | Kind::CopyStopped | Kind::NotStarted | Kind::Withheld => &mut self.undone,
        }
    }
}
