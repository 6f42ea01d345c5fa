//! The upkeep in a terminal: findings first, then what waits, what is done, and what is bad.

use super::{DIM, GREEN, RED, YELLOW, paint};
use crate::{
    images::Colour,
    report::{
        Part,
        chore::{Chore, Fate},
        escape::log_line,
        row::{blame, size},
    },
    upkeep::{Finding, Gravity},
};

/// Removals of the same kind that are shown one by one; the page and the machine form have all.
const MOST: usize = 200;

pub(super) fn text(part: &Part, colour: Colour) -> String {
    let mut page = String::new();
    let mut write = |word: &str, tint: &str, subject: &str, details: &[String]| {
        page.push_str(&format!("{}  {}\n", paint(colour, tint, word), log_line(subject)));
        for detail in details {
            page.push_str(&format!("    {}\n", paint(colour, DIM, &log_line(detail))));
        }
    };
    let mut findings: Vec<&Finding> = part.upkeep.findings.iter().collect();
    findings.sort_by_key(|finding| finding.gravity);
    for finding in findings {
        let (word, tint) = match finding.gravity {
            Gravity::Note => ("found", DIM),
            Gravity::Warning => ("warning", YELLOW),
            Gravity::Unchecked => ("not checked", YELLOW),
            Gravity::Bad => ("wrong", RED),
        };
        let mut details = vec![format!("{}: {}", finding.section, blame(&finding.problem))];
        details.extend(finding.problem.hint.clone());
        write(word, tint, &finding.subject, &details);
    }
    for fates in [&[Fate::Waiting][..], &[Fate::Due, Fate::Done], &BAD] {
        let chores: Vec<_> = Chore::all(part).filter(|chore| fates.contains(&chore.fate())).collect();
        for chore in chores.iter().take(MOST) {
            let size = chore.chore.bytes.map(|bytes| format!("; {}", size(bytes))).unwrap_or_default();
            let mut details = vec![format!("{}: {}{size}", chore.chore.section, chore.reason())];
            details.extend(chore.hint().map(str::to_owned));
            write(chore.word(), tint(chore.fate()), &chore.chore.subject, &details);
        }
        if chores.len() > MOST {
            page_more(&mut write, chores.len() - MOST);
        }
    }
    page
}

fn page_more(write: &mut impl FnMut(&str, &str, &str, &[String]), more: usize) {
    write("and", DIM, &format!("{more} more; `--plan-file` has them"), &[]);
}

const BAD: [Fate; 5] = [Fate::Blocked, Fate::Failed, Fate::HeldBack, Fate::NotStarted, Fate::Withheld];

fn tint(fate: Fate) -> &'static str {
    match fate {
        Fate::Done => GREEN,
        Fate::Due | Fate::Waiting => YELLOW,
        Fate::Blocked | Fate::Failed | Fate::HeldBack | Fate::NotStarted | Fate::Withheld => RED,
    }
}
