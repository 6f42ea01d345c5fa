//! The same for people in a terminal or in front of a log: a line for each step, the answer last.
//!
//! What was read last stays on the screen, so the order is the page's turned round: what is kept first, then what
//! changes, then what is bad, then the answer.

mod upkeep;

use super::{
    Base, Part, Report, Verdict,
    escape::{disarm, log_line},
    row::{Kind, Row, Weight, name, seconds, size},
    sentence::{of_part, sentence},
};
use crate::{
    images::{Colour, LineNumber, Parsed, show},
    plan::{Note, platforms},
};

/// Sources are aligned as long as they are not longer than this.
const WIDEST_SOURCE: usize = 60;
/// The most digits of a commit that are shown.
const COMMIT: usize = 12;

/// The colours of ECMA-48, 8.3.117.
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const DIM: &str = "2";

/// Writes the report for a terminal. The last line is the [`verdict_line`].
pub fn text(report: &Report, colour: Colour) -> String {
    let mut page = String::new();
    page.push_str(&head(report));
    let columns = Columns::of(report, colour);
    for part in &report.parts {
        if report.parts.len() > 1 {
            let name = part.target.as_ref().map_or_else(|| "a registry".to_owned(), ToString::to_string);
            page.push_str(&format!("{name}: {}\n", log_line(&of_part(part))));
        }
        for weight in [Weight::Quiet, Weight::Change, Weight::Bad] {
            for row in part.rows().filter(|row| row.kind().weight() == weight) {
                columns.write(&row, &mut page);
            }
            // A removed line is no step; what becomes of its tag is among the upkeep.
            if weight == Weight::Quiet {
                columns.write_removed(part, &mut page);
            }
        }
        page.push_str(&upkeep::text(part, colour));
        page.push('\n');
    }
    page.push_str(&findings(report, colour));
    page.extend(report.left().map(|left| left + "\n"));
    page.push_str(&paint(colour, verdict_colour(report), &verdict_line(report)));
    page.push('\n');
    page
}

/// Returns the answer in one line, without a line end.
pub fn verdict_line(report: &Report) -> String {
    let (head, text) = sentence(report);
    format!("{head}: {}", log_line(&text))
}

fn verdict_colour(report: &Report) -> &'static str {
    match report.verdict() {
        Verdict::Clean => GREEN,
        Verdict::Pending => YELLOW,
        Verdict::Failed => RED,
    }
}

fn head(report: &Report) -> String {
    let mut head = log_line(&report.file);
    if let Some(registry) = report.target() {
        head.push_str(&format!(" => {registry}"));
    }
    match (&report.base, report.stopped()) {
        (_, Some(_)) => {}
        (Base::Commit { id, because }, None) => {
            let short = &id[..id.floor_char_boundary(COMMIT)];
            head.push_str(&format!(", compared with {} ({})", log_line(short), log_line(because)));
        }
        (Base::None, None) => head.push_str(", the whole list"),
    }
    head + "\n\n"
}

/// Errors and warnings as a compiler shows them.
fn findings(report: &Report, colour: Colour) -> String {
    let parsed = Parsed {
        errors: report.errors.clone(),
        warnings: report.warnings_here().cloned().collect(),
        more_errors: report.more_errors,
        ..Parsed::default()
    };
    // Its lines are quoted from the list; they may hold colours, so only commands are broken.
    show(&report.file, &parsed, colour).lines().map(|line| disarm(line) + "\n").collect()
}

/// How wide the columns are, and how they look.
struct Columns {
    colour: Colour,
    /// The list's own warning shows this, with the place.
    is_latest_said: bool,
    word: usize,
    line: usize,
    source: usize,
}

impl Columns {
    fn of(report: &Report, colour: Colour) -> Self {
        let is_removed = report.plans().any(|plan| !plan.removed.is_empty());
        let longest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
        let word = longest(&mut report.rows().map(|row| row.word().len()));
        let lines = report.rows().map(|row| row.step.line).max();
        let source = longest(&mut report.rows().map(|row| row.source().len()).filter(|&width| width <= WIDEST_SOURCE));
        Self {
            colour,
            is_latest_said: !report.warnings.is_empty(),
            word: word.max(if is_removed { REMOVED.len() } else { 0 }),
            line: lines.map_or(0, |line| line.to_string().len()),
            source,
        }
    }

    fn write(&self, row: &Row<'_>, page: &mut String) {
        let names = [row.source(), row.step.destination.to_string()];
        self.write_line(row.word(), tint(row.kind()), Some(row.step.line), &names, page);
        for detail in self.details(row) {
            page.push_str(&" ".repeat(self.word + self.line + 4));
            page.push_str(&paint(self.colour, DIM, &log_line(&detail)));
            page.push('\n');
        }
    }

    fn write_removed(&self, part: &Part, page: &mut String) {
        for entry in part.plan().into_iter().flat_map(|plan| &plan.removed) {
            // The number of its line counts in the base, where nobody looks it up.
            self.write_line(REMOVED, DIM, None, &[name(&entry.source), entry.destination.to_string()], page);
        }
    }

    fn write_line(&self, word: &str, tint: &str, line: Option<LineNumber>, names: &[String; 2], page: &mut String) {
        let word = paint(self.colour, tint, &format!("{word:width$}", width = self.word));
        let line = line.map(|line| line.to_string()).unwrap_or_default();
        let [source, destination] = names.each_ref().map(|name| log_line(name));
        let rest =
            format!("{line:>digits$}  {source:width$} => {destination}", digits = self.line, width = self.source);
        let rest = if tint == DIM { paint(self.colour, DIM, &rest) } else { rest };
        page.push_str(&format!("{word}  {rest}\n"));
    }

    /// Returns what stands below a step, a line for each.
    fn details(&self, row: &Row<'_>) -> Vec<String> {
        let mut details = Vec::new();
        if row.kind() != Kind::Keep {
            details.push(facts(row).join("; "));
            details.extend(row.hint().map(str::to_owned));
        }
        let notes = row.step.notes.iter().filter(|note| !(self.is_latest_said && **note == Note::ImpliedLatest));
        details.extend(notes.map(|note| format!("note: {note}")));
        details
    }
}

const REMOVED: &str = "removed";

fn facts(row: &Row<'_>) -> Vec<String> {
    let mut facts = vec![row.reason()];
    facts.extend(row.detour());
    if row.kind().weight() == Weight::Change {
        facts.extend(row.step.digest.map(|digest| format!("sha256:{}", digest.short())));
        let image = row.step.image.as_ref();
        facts.extend(image.map(|image| platforms(&image.platforms)).filter(|names| !names.is_empty()));
        facts.extend(image.and_then(|image| image.size).map(size));
        facts.extend(row.took().map(seconds));
    }
    facts
}

fn tint(kind: Kind) -> &'static str {
    match kind {
        Kind::Import => GREEN,
        Kind::Move | Kind::Repair | Kind::Unchecked => YELLOW,
        Kind::Keep => DIM,
        Kind::Block | Kind::Failed | Kind::StillRunning | Kind::CopyStopped | Kind::NotStarted | Kind::Withheld => RED,
    }
}

fn paint(colour: Colour, tint: &str, text: &str) -> String {
    match colour {
        Colour::Plain => text.to_owned(),
        Colour::Coloured => format!("\u{1b}[{tint}m{text}\u{1b}[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, accepted, beside, failed, mixed};
    use super::*;
    use crate::{
        import::Outcome,
        problem::{Problem, Side},
    };

    #[test]
    fn a_mixed_plan_reads_well() {
        insta::assert_snapshot!(text(&mixed().planned(), Colour::Plain));
    }

    #[test]
    fn what_stands_beside_the_lines_reads_well() {
        insta::assert_snapshot!("beside_planned", text(&beside().planned(), Colour::Plain));
        insta::assert_snapshot!("beside_applied", text(&beside().applied(), Colour::Plain));
    }

    #[test]
    fn a_result_reads_well() {
        let report = Sample::new()
            .import("quay.io/a/b:1 => mirror/b")
            .moved("quay.io/a/longer-name:1 => mirror/c")
            .ended(accepted())
            .import("quay.io/a/e:1 => mirror/e")
            .ended(failed());
        insta::assert_snapshot!(text(&report.applied(), Colour::Plain));
    }

    #[test]
    fn nothing_to_do_is_short() {
        let page = text(&Sample::new().unchanged(12).planned(), Colour::Plain);
        assert_eq!(page.lines().last(), Some("plan: nothing to do; 12 unchanged"));
    }

    #[test]
    fn the_last_line_is_the_verdict() {
        for report in [mixed().planned(), mixed().applied(), mixed().stopped("no right")] {
            assert_eq!(text(&report, Colour::Plain).lines().last(), Some(verdict_line(&report).as_str()));
        }
    }

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        let report = mixed().planned();
        assert!(!text(&report, Colour::Plain).contains('\u{1b}'));
        let coloured = text(&report, Colour::Coloured);
        assert!(coloured.contains("\u{1b}[32mimport"), "{coloured}");
        assert!(coloured.contains("\u{1b}[31mblocked"), "{coloured}");
    }

    #[test]
    fn no_line_is_a_command_of_a_ci_host() {
        let problem = Problem::new(Side::Source, "\r\n::error::x\n##[error]y ##vso[task.x]z\u{1b}[2J").hint("::x::");
        let sample =
            Sample::new().import("a:1 => a").ended(Outcome::Failed(problem)).wrong("::error::a ##[b] ##vso[c]");
        for line in text(&sample.applied(), Colour::Plain).lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##") && !line.contains('\u{1b}'), "{line}");
        }
    }

    #[test]
    fn twenty_thousand_steps_are_written_at_once() {
        let report =
            (0..20_000).fold(Sample::new(), |sample, index| sample.import(&format!("a:1 => a{index}"))).planned();
        assert_eq!(text(&report, Colour::Plain).lines().count(), 2 + 2 * 20_000 + 2);
    }
}
