//! The upkeep on the page: what will be done beside the lines, what waits for a review, and what was found out.

use super::{LONGEST_CELL, Section, bullet, cells};
use crate::{
    report::{
        Part,
        chore::{Chore, Fate},
        escape::{code, cut, prose},
        row::{blame, cut_to, size},
    },
    upkeep::{self, Finding, Gravity},
};

const CHORES: &str = "\n| Section | What | Action | Size |\n| --- | --- | --- | ---: |\n";
const FINDINGS: &str = "\n| Section | What | Finding | What to do |\n| --- | --- | --- | --- |\n";

/// Returns what somebody must act on, as rows of the table of the lines.
pub(super) fn bad_rows(part: &Part) -> Vec<String> {
    let chores = Chore::all(part).filter(|chore| chore.fate().is_bad()).map(|chore| {
        let what = format!("**{}**: {}", chore.word(), prose(&cut_to(&chore.reason(), LONGEST_CELL, chore.problem())));
        row(&chore.chore.section.to_string(), &chore.chore.subject, &what, chore.hint())
    });
    let findings = part.upkeep.findings.iter().filter(|finding| finding.gravity == Gravity::Bad).map(finding_row);
    chores.chain(findings).collect()
}

pub(super) fn sections(part: &Part) -> [Section; 4] {
    let chores = |fates: &'static [Fate]| Chore::all(part).filter(|chore| fates.contains(&chore.fate()));
    let due = chores(&[Fate::Due, Fate::Done]).map(|chore| {
        let action = format!("**{}**: {}", chore.word(), prose(&cut(&chore.reason(), LONGEST_CELL)));
        let bytes = chore.chore.bytes.map(size).unwrap_or_default();
        let subject = code(&cut(&chore.chore.subject, LONGEST_CELL));
        cells(&[&code(&chore.chore.section.to_string()), &subject, &action, &bytes])
    });
    let waiting = chores(&[Fate::Waiting]).map(|chore| {
        bullet(&code(&cut(&chore.chore.subject, LONGEST_CELL)), &prose(&cut(&chore.reason(), LONGEST_CELL)))
    });
    let findings = |gravities: &'static [Gravity]| {
        part.upkeep.findings.iter().filter(|finding| gravities.contains(&finding.gravity))
    };
    let look = findings(&[Gravity::Warning, Gravity::Unchecked]).map(finding_row);
    let notes = findings(&[Gravity::Note]).map(|finding| {
        bullet(&code(&cut(&finding.subject, LONGEST_CELL)), &prose(&cut(&finding.problem.what, LONGEST_CELL)))
    });
    [
        Section::table(CHORES, due.collect(), 0),
        Section::table(FINDINGS, look.collect(), 0),
        Section::folded("Would be removed, and no reviewed plan lists it", waiting.collect()),
        Section::folded("Looked at", notes.collect()),
    ]
}

/// Where tags go with their lines, they are among the upkeep.
pub(super) fn removed_title(part: &Part) -> &'static str {
    match part.upkeep.chores.iter().any(|chore| chore.section == upkeep::Section::Removed) {
        true => "Removed from the list",
        false => "Removed from the list (the images stay in the registry)",
    }
}

fn finding_row(finding: &Finding) -> String {
    let word = match finding.gravity {
        Gravity::Note => "found",
        Gravity::Warning => "**warning**",
        Gravity::Unchecked => "**not checked**",
        Gravity::Bad => "**wrong**",
    };
    let what = format!("{word}: {}", prose(&cut_to(&blame(&finding.problem), LONGEST_CELL, Some(&finding.problem))));
    row(&finding.section.to_string(), &finding.subject, &what, finding.problem.hint.as_deref())
}

fn row(section: &str, subject: &str, what: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| prose(&cut(hint, LONGEST_CELL))).unwrap_or_default();
    cells(&[&code(section), &code(&cut(subject, LONGEST_CELL)), what, &hint])
}
