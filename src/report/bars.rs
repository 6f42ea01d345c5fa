//! Bars: progress on a terminal.

use super::progress::label;
use crate::plan::{Plan, Step};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// The most imports that have a line of their own on a terminal.
const MOST_BARS: usize = 8;
/// How often the bars turn.
const TURN: Duration = Duration::from_millis(120);

/// One bar for all steps and a line for each of the first few that run.
pub(super) struct Bars {
    pub(super) all: MultiProgress,
    overall: ProgressBar,
    lines: BTreeMap<usize, ProgressBar>,
    /// Those that run without a line, with the time at which they began.
    waiting: BTreeMap<usize, (Instant, String)>,
}

impl Bars {
    pub(super) fn new(all: MultiProgress, plan: &Plan) -> Self {
        let length = u64::try_from(plan.steps.len()).unwrap_or(u64::MAX);
        let overall = all.add(ProgressBar::new(length).with_style(style("{bar:30} {pos}/{len} lines  {elapsed}")));
        overall.enable_steady_tick(TURN);
        Self { all, overall, lines: BTreeMap::new(), waiting: BTreeMap::new() }
    }

    pub(super) fn started(&mut self, index: usize, step: &Step) {
        self.waiting.insert(index, (Instant::now(), label(step)));
        self.fill();
    }

    /// Gives a line to who waits for one, the earliest line of the list first.
    fn fill(&mut self) {
        while self.lines.len() < MOST_BARS {
            let Some((index, (start, label))) = self.waiting.pop_first() else { return };
            let line = ProgressBar::new_spinner().with_elapsed(start.elapsed());
            let line = self.all.add(line.with_style(style("{spinner} {elapsed:>4}  {msg}")));
            line.set_message(format!("importing  {label}"));
            line.enable_steady_tick(TURN);
            self.lines.insert(index, line);
        }
    }

    pub(super) fn arrived(&mut self, index: usize, step: &Step) {
        if let Some(line) = self.lines.get(&index) {
            line.set_message(format!("proving    {}", label(step)));
        }
    }

    pub(super) fn ended(&mut self, index: usize) {
        self.overall.inc(1);
        if let Some(line) = self.lines.remove(&index) {
            line.finish_and_clear();
            self.all.remove(&line);
        }
        self.waiting.remove(&index);
        self.fill();
    }

    pub(super) fn close(&mut self) {
        for line in self.lines.values() {
            line.finish_and_clear();
        }
        // The report follows and says more.
        self.overall.finish_and_clear();
    }
}

/// A template that cannot be read would only cost the looks.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::Sample;
    use indicatif::ProgressDrawTarget;

    #[test]
    fn at_most_eight_imports_have_a_line_of_their_own() {
        let sample = (0..20).fold(Sample::new(), |sample, index| sample.import(&format!("a:{index} => a")));
        let planned = sample.planned();
        let plan = planned.plan().unwrap();
        let mut bars = Bars::new(MultiProgress::with_draw_target(ProgressDrawTarget::hidden()), plan);
        for (index, step) in plan.steps.iter().enumerate() {
            bars.started(index, step);
        }
        assert_eq!((bars.lines.len(), bars.waiting.len()), (MOST_BARS, 12));
        bars.ended(3);
        assert_eq!((bars.lines.len(), bars.waiting.len()), (MOST_BARS, 11));
        for index in (0..plan.steps.len()).filter(|&index| index != 3) {
            bars.ended(index);
        }
        assert_eq!((bars.lines.len(), bars.overall.position()), (0, 20));
    }
}
