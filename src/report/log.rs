//! Log: the same as objects of JSON, one a line, for whoever collects logs.
//!
//! A log of a CI host is read for commands all the time: what others wrote is made harmless as for any log.

use super::{
    Body, Part, Report, Verdict,
    chore::{Chore, Fate},
    escape::log_line,
    requests::timestamp,
    row::{Kind, Row, Weight},
    terminal::verdict_line,
};
use crate::{problem::Problem, upkeep::Gravity};
use serde::Serialize;
use std::time::SystemTime;

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Info,
    /// Somebody should look.
    Warn,
    /// The run does not end well.
    Error,
}

/// A line of the log, before it is written. Its texts are foreign.
#[derive(Debug, Clone)]
pub struct Entry {
    /// How grave it is.
    pub level: Level,
    /// The part of the run: `settings`, `list`, `plan`, `apply`, `upkeep`, `host`, `verdict`.
    pub phase: &'static str,
    /// What is to be said.
    pub message: String,
    /// The registry that it is about.
    pub registry: Option<String>,
    /// The line of the list, from 1.
    pub line: Option<u32>,
    /// `repository:tag` in the registry; of the upkeep, what it is about.
    pub destination: Option<String>,
}

impl Entry {
    /// Says something of the run as a whole.
    pub fn new(level: Level, phase: &'static str, message: impl Into<String>) -> Self {
        Self { level, phase, message: message.into(), registry: None, line: None, destination: None }
    }

    /// Writes the line, with its end.
    pub fn text(&self, now: SystemTime) -> String {
        #[derive(Serialize)]
        struct Object<'a> {
            timestamp: &'a str,
            level: Level,
            phase: &'a str,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            registry: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            line: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            destination: Option<String>,
        }
        let object = Object {
            timestamp: &timestamp(now),
            level: self.level,
            phase: self.phase,
            message: &log_line(&self.message),
            registry: self.registry.as_deref().map(log_line),
            line: self.line,
            destination: self.destination.as_deref().map(log_line),
        };
        // All keys are texts, so writing cannot fail.
        serde_json::to_string(&object).unwrap_or_default() + "\n"
    }
}

/// Returns a problem of the run as a whole.
pub fn problem(problem: &Problem) -> Entry {
    Entry::new(Level::Error, "settings", problem.to_string())
}

/// Returns what a report tells, the verdict last.
pub fn entries(report: &Report) -> Vec<Entry> {
    let errors = report.errors.iter().map(|error| {
        let mut message = format!("{}; {}", error.kind, error.expected());
        if let Some(corrected) = &error.corrected {
            message.push_str(&format!("; write: {corrected}"));
        }
        Entry { line: Some(error.line.get()), ..Entry::new(Level::Error, "list", message) }
    });
    let warnings = report.warnings_here().map(|warning| {
        let message = format!("{}; {}", warning.kind, warning.kind.expected());
        Entry { line: Some(warning.line.get()), ..Entry::new(Level::Warn, "list", message) }
    });
    let mut entries: Vec<_> = errors.chain(warnings).collect();
    for part in &report.parts {
        let registry = part.target.as_ref().map(ToString::to_string);
        let told = rows(part).chain(chores(part)).chain(findings(part));
        entries.extend(told.map(|entry| Entry { registry: registry.clone(), ..entry }));
    }
    entries.extend(report.left().map(|left| Entry::new(Level::Info, "list", left)));
    let level = match report.verdict() {
        Verdict::Clean | Verdict::Pending => Level::Info,
        Verdict::Failed => Level::Error,
    };
    entries.push(Entry::new(level, "verdict", verdict_line(report)));
    entries
}

fn rows(part: &Part) -> impl Iterator<Item = Entry> {
    let stopped = match &part.body {
        Body::Stopped(why) => Some(problem(why)),
        Body::Planned(_) | Body::Applied(..) => None,
    };
    let phase = if matches!(part.body, Body::Applied(..)) { "apply" } else { "plan" };
    stopped.into_iter().chain(part.rows().flat_map(move |row| of_row(&row, phase)))
}

fn of_row(row: &Row<'_>, phase: &'static str) -> Vec<Entry> {
    let level = match (row.kind(), row.kind().weight()) {
        (Kind::Unchecked, _) => Level::Warn,
        (_, Weight::Quiet | Weight::Change) => Level::Info,
        (_, Weight::Bad) => Level::Error,
    };
    let said = |level, message| Entry {
        line: Some(row.step.line.get()),
        destination: Some(row.step.destination.to_string()),
        ..Entry::new(level, phase, message)
    };
    let main = said(level, with_hint(format!("{} {}: {}", row.word(), row.source(), row.reason()), row.hint()));
    let more = row.detour().into_iter().map(|detour| said(Level::Info, detour));
    let notes = row.step.notes.iter().map(|note| {
        // An alert on warnings must not ring for what went well.
        said(if note.is_good() { Level::Info } else { Level::Warn }, note.to_string())
    });
    std::iter::once(main).chain(more).chain(notes).collect()
}

fn chores(part: &Part) -> impl Iterator<Item = Entry> {
    Chore::all(part).map(|chore| {
        let level = match chore.fate() {
            Fate::Due | Fate::Done => Level::Info,
            Fate::Waiting => Level::Warn,
            Fate::Blocked | Fate::Failed | Fate::HeldBack | Fate::NotStarted | Fate::Withheld => Level::Error,
        };
        let what = format!("{}: {}: {}", chore.chore.section, chore.word(), chore.reason());
        let subject = Some(chore.chore.subject.clone());
        Entry { destination: subject, ..Entry::new(level, "upkeep", with_hint(what, chore.hint())) }
    })
}

fn findings(part: &Part) -> impl Iterator<Item = Entry> {
    part.upkeep.findings.iter().map(|finding| {
        let level = match finding.gravity {
            Gravity::Note => Level::Info,
            Gravity::Warning | Gravity::Unchecked => Level::Warn,
            Gravity::Bad => Level::Error,
        };
        let what = format!("{}: {}", finding.section, finding.problem);
        Entry { destination: Some(finding.subject.clone()), ..Entry::new(level, "upkeep", what) }
    })
}

fn with_hint(what: String, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{what}. {hint}"),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        annotations,
        sample::{Sample, beside, failed, mixed},
    };
    use super::*;
    use crate::plan::Note;
    use serde_json::Value;

    fn written(report: &Report) -> String {
        entries(report).iter().map(|entry| entry.text(SystemTime::UNIX_EPOCH)).collect()
    }

    #[test]
    fn every_line_is_an_object_and_the_last_is_the_verdict() {
        for report in [mixed().planned(), mixed().applied(), beside().applied(), mixed().stopped("no right")] {
            let text = written(&report);
            let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            for object in &objects {
                for field in ["timestamp", "level", "phase", "message"] {
                    assert!(object[field].is_string(), "{object}");
                }
            }
            let last = objects.last().unwrap();
            assert_eq!(last["message"], verdict_line(&report));
            assert_eq!(last["phase"], "verdict");
        }
    }

    #[test]
    fn a_plan_and_a_result_read_well() {
        let report = Sample::new().import("nginx:1.27 => mirror/nginx").wrong("a -> b").keep("c:1 => c").planned();
        insta::assert_snapshot!("plan", written(&report));
        let report = Sample::new().import("a:1 => a").import("b:1 => b").ended(failed()).applied();
        insta::assert_snapshot!("result", written(&report));
    }

    #[test]
    fn what_went_well_is_no_warning_neither_here_nor_on_the_line() {
        for (note, level) in [
            (Note::Signed("k.pub".to_owned()), "info"),
            (Note::Unsigned("no signature".to_owned()), "warn"),
            (Note::NoReport(Vec::new()), "warn"),
        ] {
            let said = note.to_string();
            let report = Sample::new().import("nginx:1.27 => mirror/nginx").note(note).planned();
            let line = written(&report).lines().find(|line| line.contains(&said)).map(str::to_owned).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(line["level"], level, "{line}");
            let annotation = annotations::of(&report).into_iter().find(|it| it.message == said).unwrap();
            assert_eq!(annotation.level == annotations::Level::Warning, level == "warn", "{annotation:?}");
        }
    }

    #[test]
    fn no_host_reads_a_command_in_it() {
        let hostile = "##vso[task.setvariable variable=a]b\n::error::c ##[group]d";
        let entry = Entry { destination: Some(hostile.to_owned()), ..Entry::new(Level::Info, "plan", hostile) };
        let text = entry.text(SystemTime::UNIX_EPOCH);
        assert!(text.starts_with('{') && text.lines().count() == 1 && !text.contains("##"), "{text}");
    }
}
