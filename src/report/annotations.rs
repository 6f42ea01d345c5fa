//! Annotations: what is to be said of single lines of the list, for check runs and for the log.

use super::{
    Body, Part, Report,
    chore::{Chore, Fate},
    escape::{command_data, command_property, cut},
    row::{Kind, Row},
};
use crate::{
    images::{LineError, LineNumber},
    import::{Outcome, Proof},
    plan::Note,
    upkeep::Gravity,
};
use std::{collections::HashSet, ops::Range};

/// The most annotations of one level that a step can have is ten (`ExecutionContext.cs` of GitHub's runner and of Azure
/// Pipelines' agent): nine and the rest.
const MOST: usize = 9;
/// The most characters of a title (REST reference, check runs).
const LONGEST_TITLE: usize = 255;
/// The most characters of a message that the runner keeps (`ExecutionContext.cs`).
const LONGEST_MESSAGE: usize = 4_096;

/// How grave it is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The run does not end well.
    Failure,
    /// Somebody should look.
    Warning,
    /// Something is different from what it was.
    Notice,
}

/// Something to be said of a line of the list. The texts are foreign: who sends them escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// How grave it is.
    pub level: Level,
    /// The list's name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The first character of the offending part, from 1; none where the whole line is meant.
    pub column: Option<u32>,
    /// The last one.
    pub end_column: Option<u32>,
    /// What it is about, at most 255 characters.
    pub title: String,
    /// What is to be said, at most 4,096 characters.
    pub message: String,
}

/// Returns everything that is to be said of lines, the gravest first, then in the order of the file.
pub fn of(report: &Report) -> Vec<Annotation> {
    let mut all: Vec<Annotation> = report.errors.iter().map(|error| of_error(report, error)).collect();
    let mut warned = HashSet::new();
    for warning in report.warnings_here() {
        warned.insert(warning.line);
        let place = columns(&warning.text, warning.column, &warning.place);
        let message = warning.kind.expected();
        all.push(annotation(report, Level::Warning, warning.line, Some(place), &warning.kind.to_string(), message));
    }
    for row in report.rows() {
        all.extend(of_row(report, &row));
        let said =
            row.step.notes.iter().filter(|note| !(**note == Note::ImpliedLatest && warned.contains(&row.step.line)));
        all.extend(said.map(|note| {
            let level = if note.is_good() { Level::Notice } else { Level::Warning };
            annotation(report, level, row.step.line, None, row.step.destination.name(), &note.to_string())
        }));
    }
    for part in &report.parts {
        if let Body::Stopped(problem) = &part.body {
            let title = "The run could not begin";
            all.push(annotation(report, Level::Failure, LineNumber::FIRST, None, title, &problem.to_string()));
        }
        all.extend(of_upkeep(part));
    }
    // Stable: what was said first of a line remains first.
    all.sort_by_key(|annotation| (annotation.level, annotation.line));
    all
}

/// Writes workflow commands of GitHub, at most nine of a level and one that counts the rest.
pub fn log_commands(annotations: &[Annotation]) -> Vec<String> {
    let mut commands = Vec::new();
    for level in [Level::Failure, Level::Warning, Level::Notice] {
        let (shown, more) = at_most(annotations, level);
        commands.extend(shown.into_iter().map(command));
        commands.extend(more.map(|more| format!("::{} title=acr-sync::and {more} more, see the summary", word(level))));
    }
    commands
}

/// Returns the first nine of a level, and how many more there are where there are more.
pub fn at_most(annotations: &[Annotation], level: Level) -> (Vec<&Annotation>, Option<usize>) {
    let mut of_level: Vec<_> = annotations.iter().filter(|annotation| annotation.level == level).collect();
    let more = of_level.len().checked_sub(MOST).filter(|&more| more > 0);
    of_level.truncate(MOST);
    (of_level, more)
}

fn command(annotation: &Annotation) -> String {
    let mut properties =
        vec![format!("file={}", command_property(&annotation.file)), format!("line={}", annotation.line)];
    properties.extend(annotation.column.map(|column| format!("col={column}")));
    properties.extend(annotation.end_column.map(|column| format!("endColumn={column}")));
    properties.push(format!("title={}", command_property(&annotation.title)));
    format!("::{} {}::{}", word(annotation.level), properties.join(","), command_data(&annotation.message))
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Failure => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    }
}

fn of_error(report: &Report, error: &LineError) -> Annotation {
    let place = (!error.text.is_empty()).then(|| columns(&error.text, error.column, &error.place));
    let mut message = error.expected().into_owned();
    if let Some(corrected) = &error.corrected {
        message.push_str("\nwrite: ");
        message.push_str(corrected);
    }
    annotation(report, Level::Failure, error.line, place, &error.kind.to_string(), &message)
}

/// An import is what the line asks for; said is only what goes beyond it.
fn of_row(report: &Report, row: &Row<'_>) -> Option<Annotation> {
    let is_unproved = matches!(row.outcome, Some(Outcome::Imported { proof: Proof::Accepted(_), .. }));
    let level = match row.kind() {
        // With the errors of the list everything is withheld: those are what is to be said.
        Kind::Keep | Kind::Withheld => return None,
        Kind::Import | Kind::Move | Kind::Repair if is_unproved => Level::Warning,
        Kind::Import => return None,
        Kind::Move | Kind::Repair => Level::Notice,
        Kind::Unchecked => Level::Warning,
        Kind::Block | Kind::Failed | Kind::StillRunning | Kind::CopyStopped | Kind::NotStarted => Level::Failure,
    };
    let title = format!("{}: {}", row.word(), row.step.destination);
    let message = match row.hint() {
        Some(hint) => format!("{}\n{hint}", row.reason()),
        None => row.reason(),
    };
    Some(annotation(report, level, row.step.line, None, &title, &message))
}

/// What is wrong with the upkeep is said of the file that asks for it.
fn of_upkeep(part: &Part) -> Vec<Annotation> {
    let said = |level, title: &str, message: &str| Annotation {
        level,
        file: SETTINGS.to_owned(),
        line: 1,
        column: None,
        end_column: None,
        title: cut(title, LONGEST_TITLE),
        message: cut(message, LONGEST_MESSAGE),
    };
    // Where lines are at fault, these are told.
    let is_told = |fate: Fate| fate.is_bad() && !matches!(fate, Fate::Withheld | Fate::HeldBack);
    let chores = Chore::all(part).filter(|chore| is_told(chore.fate()));
    let chores = chores.map(|chore| {
        let message = match chore.hint() {
            Some(hint) => format!("{}\n{hint}", chore.reason()),
            None => chore.reason(),
        };
        said(Level::Failure, &format!("{}: {}", chore.word(), chore.chore.subject), &message)
    });
    let findings = part.upkeep.findings.iter().filter_map(|finding| {
        let level = match finding.gravity {
            Gravity::Note => return None,
            Gravity::Warning | Gravity::Unchecked => Level::Warning,
            Gravity::Bad => Level::Failure,
        };
        Some(said(level, &format!("{}: {}", finding.section, finding.subject), &finding.problem.to_string()))
    });
    chores.chain(findings).collect()
}

/// The file that the upkeep is stated in.
const SETTINGS: &str = "acr-sync.yaml";

fn annotation(
    report: &Report,
    level: Level,
    line: LineNumber,
    place: Option<(u32, u32)>,
    title: &str,
    message: &str,
) -> Annotation {
    Annotation {
        level,
        file: report.file.clone(),
        line: line.get(),
        column: place.map(|(first, _)| first),
        end_column: place.map(|(_, last)| last),
        title: cut(title, LONGEST_TITLE),
        message: cut(message, LONGEST_MESSAGE),
    }
}

/// Returns the first and the last column of a place; nothing between two characters is the one behind.
pub(super) fn columns(text: &str, column: u32, place: &Range<usize>) -> (u32, u32) {
    let length = text.get(place.clone()).map_or(1, |part| part.chars().count());
    (column, column.saturating_add(u32::try_from(length.max(1) - 1).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, accepted, beside, failed, mixed};
    use super::*;

    #[test]
    fn the_gravest_comes_first_and_then_the_line() {
        let all = of(&mixed().planned());
        let order: Vec<_> = all.iter().map(|annotation| (annotation.level, annotation.line)).collect();
        assert!(order.is_sorted());
        insta::assert_snapshot!(log_commands(&all).join("\n"));
    }

    #[test]
    fn what_is_wrong_beside_the_lines_is_said_of_the_file_that_asks_for_it() {
        let all = of(&beside().applied());
        let told: Vec<_> =
            all.iter().map(|it| format!("{:?} {}:{} {}", it.level, it.file, it.line, it.title)).collect();
        let expected = [
            "Failure acr-sync.yaml:1 failed: app/web:ci-2",
            "Failure acr-sync.yaml:1 blocked: app/web:ci-4",
            "Failure acr-sync.yaml:1 removed: prod",
            "Warning acr-sync.yaml:1 removed: con|toso <b> @me",
            "Warning acr-sync.yaml:1 removed: prod",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_result_names_what_failed_and_what_is_not_proved() {
        let sample =
            Sample::new().import("a:1 => a").ended(failed()).import("b:1 => b").ended(accepted()).import("c:1 => c");
        insta::assert_snapshot!(log_commands(&of(&sample.applied())).join("\n"));
    }

    #[test]
    fn an_implied_latest_is_said_once() {
        let sample = Sample::new().import("busybox => busybox").note(Note::ImpliedLatest);
        assert_eq!(of(&sample.planned()).len(), 1);
    }

    #[test]
    fn more_than_nine_of_a_level_are_counted() {
        let report = (0..30).fold(Sample::new(), |sample, index| sample.wrong("!").moved(&format!("a:1 => a{index}")));
        let commands = log_commands(&of(&report.planned()));
        assert_eq!(commands.len(), 20);
        assert_eq!(commands[9], "::error title=acr-sync::and 21 more, see the summary");
        assert_eq!(commands[19], "::notice title=acr-sync::and 21 more, see the summary");
    }

    #[test]
    fn a_place_is_counted_in_characters() {
        let report = Sample::new().wrong("größe:1 -> b").planned();
        let annotation = &of(&report)[0];
        assert_eq!((annotation.column, annotation.end_column), (Some(9), Some(10)));
    }
}
