//! Sentence: the answer and its counts in one line, the same in every form.

use super::{
    Body, Part, Report, Totals,
    chore::{Chore, Fate},
    row::seconds,
};
use std::time::Duration;

const VERIFIED: &str = "verified";

/// Returns what happened, the counts of what deserves a look, and behind a semicolon those of what does not.
pub(super) fn sentence(report: &Report) -> (&'static str, String) {
    if let Some(problem) = report.stopped() {
        return ("stopped", problem_text(report, &problem.to_string()));
    }
    let parts: Vec<_> = report.parts.iter().collect();
    told(&report.totals(), &parts, report.is_applied(), report.took)
}

/// Returns the same of one registry among several.
pub(super) fn of_part(part: &Part) -> String {
    match &part.body {
        Body::Stopped(problem) => format!("stopped: {problem}"),
        Body::Planned(_) | Body::Applied(..) => {
            let is_applied = matches!(part.body, Body::Applied(..));
            told(&Totals::of_part(part), &[part], is_applied, None).1
        }
    }
}

fn told(totals: &Totals, parts: &[&Part], is_applied: bool, took: Option<Duration>) -> (&'static str, String) {
    let (head, nothing) = if is_applied { ("applied", "nothing was to be done") } else { ("plan", "nothing to do") };
    let mut news = if is_applied { applied(totals) } else { planned(totals) };
    let is_proved = news.last().is_some_and(|last| last.ends_with(VERIFIED));
    news.extend(chores(parts));
    news.extend(count(&[
        (totals.chores_bad, if is_applied { "of the upkeep not done" } else { "of the upkeep blocked" }),
        (totals.findings_bad, "found wrong"),
        (totals.stopped, if totals.stopped == 1 { "registry out of reach" } else { "registries out of reach" }),
    ]));
    let mut text = if news.is_empty() { nothing.to_owned() } else { news.join(", ") };
    let mut rest = rest(totals, is_applied);
    match took.map(seconds).filter(|_| is_applied) {
        Some(took) if is_proved && text.ends_with(VERIFIED) => text.push_str(&format!(" in {took}")),
        Some(took) => rest.push(format!("took {took}")),
        None => {}
    }
    if !rest.is_empty() {
        text.push_str("; ");
        text.push_str(&rest.join(", "));
    }
    (head, text)
}

fn problem_text(report: &Report, problem: &str) -> String {
    match report.errors.len() + report.more_errors {
        0 => problem.to_owned(),
        errors => format!("{problem}; {}", unreadable(errors)),
    }
}

/// Returns how many chores of each kind are to be done, or are done, in the order in which they are.
fn chores(parts: &[&Part]) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for chore in parts.iter().flat_map(|part| Chore::all(part)) {
        match chore.fate() {
            Fate::Due | Fate::Done => {}
            Fate::Waiting | Fate::Blocked | Fate::Failed | Fate::HeldBack | Fate::NotStarted | Fate::Withheld => {
                continue;
            }
        }
        match counts.iter_mut().find(|(word, _)| *word == chore.word()) {
            Some((_, count)) => *count += 1,
            None => counts.push((chore.word(), 1)),
        }
    }
    let is_done = parts.iter().any(|part| !part.done.is_empty());
    counts.iter().map(|(word, count)| format!("{count}{} {word}", if is_done { "" } else { " to" })).collect()
}

fn planned(totals: &Totals) -> Vec<String> {
    let counted = [
        (totals.import, "to import"),
        (totals.moved, "to move"),
        (totals.repair, "to repair"),
        (totals.block, "blocked"),
        (totals.unchecked, "not checked"),
    ];
    let mut parts = count(&counted);
    parts.extend((totals.unreadable > 0).then(|| unreadable(totals.unreadable)));
    parts
}

fn applied(totals: &Totals) -> Vec<String> {
    let mut parts = count(&[(totals.import, "imported"), (totals.moved, "moved"), (totals.repair, "repaired")]);
    let done = totals.written();
    match (totals.unverified, parts.last_mut()) {
        (0, Some(_)) => parts.push(if done == 1 { VERIFIED.to_owned() } else { format!("all {VERIFIED}") }),
        (unverified, Some(last)) if unverified == done => last.push_str(" (accepted by Azure, not verified)"),
        (unverified, Some(last)) => last.push_str(&format!(" ({unverified} accepted by Azure, not verified)")),
        (_, None) => {}
    }
    parts.extend(count(&[(totals.failed, "failed"), (totals.block, "blocked"), (totals.undone, "not done")]));
    parts.extend((totals.unreadable > 0).then(|| unreadable(totals.unreadable)));
    parts
}

fn rest(totals: &Totals, is_applied: bool) -> Vec<String> {
    let kept = if is_applied { "kept" } else { "to keep" };
    count(&[
        (totals.keep, kept),
        (totals.unchanged, "unchanged"),
        (totals.removed, "removed from the list"),
        (totals.waiting, "to remove and not reviewed"),
        (totals.findings, "to look at"),
    ])
}

fn count(counted: &[(usize, &str)]) -> Vec<String> {
    counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}

fn unreadable(count: usize) -> String {
    if count == 1 { "1 line cannot be read".to_owned() } else { format!("{count} lines cannot be read") }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, accepted, failed};
    use super::*;
    use std::time::Duration;

    fn line(report: &Report) -> String {
        let (head, text) = sentence(report);
        format!("{head}: {text}")
    }

    #[test]
    fn a_plan_counts_what_would_be_done_before_what_stays() {
        let sample = Sample::new().import("a:1 => a").moved("b:1 => b").locked("c:1 => c").keep("d:1 => d");
        assert_eq!(
            line(&sample.unchanged(12).planned()),
            "plan: 1 to import, 1 to move, 1 blocked; 1 to keep, 12 unchanged"
        );
        assert_eq!(line(&Sample::new().unchanged(12).planned()), "plan: nothing to do; 12 unchanged");
        assert_eq!(line(&Sample::new().wrong("!").planned()), "plan: 1 line cannot be read");
    }

    #[test]
    fn a_result_says_what_is_proved() {
        let two = || Sample::new().import("a:1 => a").moved("b:1 => b");
        let mut report = two().applied();
        report.took = Some(Duration::from_millis(4_200));
        assert_eq!(line(&report), "applied: 1 imported, 1 moved, all verified in 4.2 s");
        let some = two().ended(accepted()).applied();
        assert_eq!(line(&some), "applied: 1 imported, 1 moved (1 accepted by Azure, not verified)");
        let none = Sample::new().import("a:1 => a").ended(accepted()).import("b:1 => b").ended(failed()).applied();
        assert_eq!(line(&none), "applied: 1 imported (accepted by Azure, not verified), 1 failed");
        let mut report = Sample::new().keep("a:1 => a").applied();
        report.took = Some(Duration::from_secs(1));
        assert_eq!(line(&report), "applied: nothing was to be done; 1 kept, took 1.0 s");
    }

    #[test]
    fn a_run_that_could_not_begin_says_why() {
        let report = Sample::new().wrong("!").stopped("there is no `images.txt`");
        assert_eq!(line(&report), "stopped: a setting: there is no `images.txt`; 1 line cannot be read");
    }
}
