//! The page: what a reviewer reads in a comment, a check run or a summary.
//!
//! It leads with the answer, then what somebody must act on, then what changes; the rest is folded. What does not fit
//! is left out from the end of each table, with "and N more", so the answer is always there.

mod section;
mod timeline;
mod upkeep;

use super::{
    Base, Body, Part, Report, Verdict,
    escape::{code, cut, link, prose, visible},
    row::{Kind, Row, Weight, cut_to, name, seconds, size},
    sentence::{of_part, sentence},
};
use crate::{images::LineError, plan::platforms};
use section::Section;

pub use timeline::Diagram;

/// The most characters of foreign prose in a cell: answers of services can be pages long.
const LONGEST_CELL: usize = 600;
/// The most characters of a line of the list that are quoted.
const LONGEST_LINE: usize = 200;
/// The most digits of a commit that are shown.
const COMMIT: usize = 12;

/// What the place allows where a page is shown, and what the caller knows of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The first line, as it is: an HTML comment by which the page is found again.
    pub marker: Option<String>,
    /// How long the page may be: 65,536 for a comment on GitHub and 65,535 for a check run's summary (REST
    /// reference), 150,000 on Azure DevOps, 1,048,576 for a step summary. Counted in bytes, of which there are never
    /// fewer than characters, because some of these count the one and some the other.
    pub longest: usize,
    /// Where the log of the run is.
    pub run_url: Option<String>,
    /// The commit that the report is about.
    pub commit: Option<String>,
    /// Whether the page draws, and how a drawing is marked there.
    pub diagram: Diagram,
}

impl Limits {
    /// A comment on GitHub, of a run that nothing is known about.
    pub fn comment() -> Self {
        Self { marker: None, longest: 65_536, run_url: None, commit: None, diagram: Diagram::Never }
    }
}

/// Writes the page, never longer than the limit.
pub fn page(report: &Report, limits: Limits) -> String {
    let mut page = String::new();
    if let Some(marker) = &limits.marker {
        page.push_str(&marker.replace(['\r', '\n'], " "));
        page.push('\n');
    }
    let answer = answer(report);
    if is_quiet(report) {
        page.push_str(&answer);
        page.push('\n');
        page.extend(report.left().map(|left| format!("\n{left}\n")));
        return whole(page, limits.longest);
    }
    page.push_str("### ");
    page.push_str(&answer);
    page.push('\n');

    let foot = foot(report, &limits);
    let mut room = limits.longest.saturating_sub(page.len() + foot.len());
    // What is drawn says nothing new: it stands last and gets what room is left.
    let timelines = report.parts.iter().map(|part| timeline::section(part, limits.diagram));
    for section in sections(report).into_iter().chain(timelines) {
        let text = section.fitting(room);
        room -= text.len();
        page.push_str(&text);
    }
    if page.len() + foot.len() <= limits.longest {
        page.push_str(&foot);
    }
    whole(page, limits.longest)
}

/// Where even the answer does not fit, its beginning has to do.
fn whole(mut page: String, longest: usize) -> String {
    page.truncate(page.floor_char_boundary(longest));
    page
}

fn answer(report: &Report) -> String {
    let (head, text) = sentence(report);
    let totals = report.totals();
    let sign = match report.verdict() {
        Verdict::Failed => "❌ ",
        Verdict::Clean | Verdict::Pending if totals.unchecked + totals.unverified > 0 => "⚠️ ",
        Verdict::Clean => "✅ ",
        Verdict::Pending => "",
    };
    format!("{sign}acr-sync {head}: {}", prose(&cut_to(&text, LONGEST_CELL, report.stopped())))
}

/// Nothing to do and nothing to say: one line.
fn is_quiet(report: &Report) -> bool {
    let totals = report.totals();
    let has_news = report.rows().any(|row| row.kind() != Kind::Keep || !row.step.notes.is_empty());
    let has_upkeep = report.parts.iter().any(|part| !part.upkeep.is_empty());
    report.verdict() == Verdict::Clean && !has_news && !has_upkeep && totals.removed == 0
}

fn foot(report: &Report, limits: &Limits) -> String {
    let mut parts = vec![code(&report.file)];
    if let Some(registry) = report.target() {
        parts[0].push_str(&format!(" → {}", code(registry.as_str())));
    }
    if let Some(commit) = &limits.commit {
        parts.push(format!("commit {}", code(short(commit))));
    }
    match (&report.base, report.stopped()) {
        (_, Some(_)) => {}
        (Base::Commit { id, because }, None) => {
            parts.push(format!("compared with {} ({})", code(short(id)), prose(&cut(because, LONGEST_CELL))));
        }
        (Base::None, None) => parts.push("the whole list was compared with the registry".to_owned()),
    }
    parts.extend(report.left());
    parts.extend(limits.run_url.as_deref().and_then(link).map(|address| format!("[log of this run]({address})")));
    format!("\n{}\n", parts.join(" · "))
}

fn short(commit: &str) -> &str {
    &commit[..commit.floor_char_boundary(COMMIT)]
}

fn sections(report: &Report) -> Vec<Section> {
    match report.parts.as_slice() {
        [part] => part_sections(report, part, true),
        parts => {
            // What is wrong with the list is wrong for all of them, and told once.
            let errors = report.errors.iter().map(error_row).collect();
            let mut sections = vec![Section::table(ATTENTION, errors, report.more_errors)];
            for part in parts {
                let name = part.target.as_ref().map_or_else(|| "a registry".to_owned(), |it| code(it.as_str()));
                let told = prose(&cut(&of_part(part), LONGEST_CELL));
                sections.push(Section::whole(format!("\n#### {name}: {told}\n")));
                sections.extend(part_sections(report, part, false));
            }
            sections
        }
    }
}

fn part_sections(report: &Report, part: &Part, has_errors: bool) -> Vec<Section> {
    let is_done = matches!(part.body, Body::Applied(..));
    let rows = |weight: Weight| part.rows().filter(move |row| row.kind().weight() == weight);

    let (errors, more_errors) = if has_errors { (&report.errors[..], report.more_errors) } else { (&[][..], 0) };
    let errors = errors.iter().map(|error| (error.line, error_row(error)));
    let mut bad: Vec<_> = rows(Weight::Bad).map(|row| (row.step.line, bad_row(&row))).chain(errors).collect();
    bad.sort_by_key(|&(line, _)| line);
    let bad = bad.into_iter().map(|(_, row)| row).chain(upkeep::bad_rows(part)).collect();
    let changes = rows(Weight::Change).map(|row| change_row(&row, is_done)).collect();
    let changes_opening = if is_done { DONE } else { PLANNED };

    let notes = part.rows().flat_map(|row| {
        let line = row.step.line;
        row.step
            .notes
            .iter()
            .map(move |note| bullet(&format!("line {line}"), &prose(&cut(&note.to_string(), LONGEST_CELL))))
    });
    let removed = part.plan().into_iter().flat_map(|plan| &plan.removed);
    let removed = removed.map(|entry| {
        bullet(&code(&entry.destination.to_string()), &format!("came from {}", code(&name(&entry.source))))
    });
    let kept = rows(Weight::Quiet).map(|row| {
        bullet(
            &format!("line {}", row.step.line),
            &format!("{} → {}", code(&row.source()), code(&row.step.destination.to_string())),
        )
    });
    let digests = rows(Weight::Change).chain(rows(Weight::Bad)).filter_map(|row| pinned(&row));

    let mut sections = vec![Section::table(ATTENTION, bad, more_errors), Section::table(changes_opening, changes, 0)];
    sections.extend(upkeep::sections(part));
    sections.extend([
        Section::folded("Notes", notes.collect()),
        Section::folded(upkeep::removed_title(part), removed.collect()),
        Section::folded(if is_done { "Kept" } else { "There already" }, kept.collect()),
        Section::folded_lines("Full digests, as lines that pin the images", digests.collect()),
    ]);
    sections
}

const ATTENTION: &str = "\n| Line | Needs attention | What is wrong | What to do |\n| ---: | --- | --- | --- |\n";
const PLANNED: &str =
    "\n| Line | Image | Action | Digest | Platforms | Size |\n| ---: | --- | --- | --- | --- | ---: |\n";
const DONE: &str =
    "\n| Line | Image | Result | Digest | Platforms | Size | Time |\n| ---: | --- | --- | --- | --- | ---: | ---: |\n";

fn error_row(error: &LineError) -> String {
    let corrected = error.corrected.as_deref().map(|line| format!("Write {}", code(&cut(line, LONGEST_LINE))));
    let text = if error.text.is_empty() { String::new() } else { code(&cut(&error.text, LONGEST_LINE)) };
    let found = cut(&error.kind.to_string(), LONGEST_CELL);
    let what = format!("**cannot be read**: {}; {}", prose(&found), prose(&error.expected()));
    cells(&[&error.line.to_string(), &text, &what, &corrected.unwrap_or_default()])
}

fn bad_row(row: &Row<'_>) -> String {
    let what = cut_to(&row.reason(), LONGEST_CELL, row.problem().as_ref());
    let what = format!("**{}**: {}", row.word(), prose(&what));
    let hint = row.hint().map(|hint| prose(&cut(hint, LONGEST_CELL)));
    cells(&[&row.step.line.to_string(), &image(row), &what, &hint.unwrap_or_default()])
}

fn change_row(row: &Row<'_>, is_done: bool) -> String {
    let reason = cut_to(&row.reason(), LONGEST_CELL, row.problem().as_ref());
    let mut action = format!("**{}**: {}", row.word(), prose(&reason));
    for more in [row.detour().as_deref(), row.hint()].into_iter().flatten() {
        action.push_str("<br>");
        action.push_str(&prose(&cut(more, LONGEST_CELL)));
    }
    // What could not be checked has no digest but the one that the line itself names.
    let digest = row.step.digest.map(|digest| code(&digest.short())).unwrap_or_default();
    let facts = row.step.image.as_ref();
    let platforms =
        facts.map(|facts| cut(&platforms(&facts.platforms), LONGEST_LINE)).filter(|names| !names.is_empty());
    let platforms =
        platforms.map(|names| names.split(", ").map(code).collect::<Vec<_>>().join(" ")).unwrap_or_default();
    let size = facts.and_then(|facts| facts.size).map(size).unwrap_or_default();
    let line = row.step.line.to_string();
    let image = image(row);
    let time = row.took().map(seconds).unwrap_or_default();
    let shown = [line.as_str(), &image, &action, &digest, &platforms, &size, &time];
    cells(if is_done { &shown } else { &shown[..6] })
}

fn image(row: &Row<'_>) -> String {
    format!("{}<br>→ {}", code(&row.source()), code(&row.step.destination.to_string()))
}

fn cells(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn bullet(subject: &str, text: &str) -> String {
    format!("- {subject}: {text}\n")
}

fn pinned(row: &Row<'_>) -> Option<String> {
    let step = row.step;
    let source = step.source.pinned(step.source_digest()?);
    let line = visible(&format!("{source} => {}{}", step.destination, step.options));
    // The block around it ends at a line of backticks.
    (!line.contains('`')).then(|| line + "\n")
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, accepted, beside, failed, mixed};
    use super::*;
    use crate::{
        import::Outcome,
        problem::{Problem, Side},
        reference::Registry,
    };
    use proptest::prelude::*;

    fn comment() -> Limits {
        Limits {
            marker: Some("<!-- acr-sync contoso.azurecr.io images.txt -->".to_owned()),
            run_url: Some("https://github.com/contoso/images/actions/runs/1".to_owned()),
            commit: Some("89e6c98d92887913cadf06b2adb97f26cde4849b".to_owned()),
            ..Limits::comment()
        }
    }

    fn many(steps: usize) -> Sample {
        (0..steps).fold(Sample::new(), |sample, index| {
            let line = format!("quay.io/team/application-{index}:1 => team/application-{index}");
            match index % 4 {
                0 => sample.import(&line),
                1 => sample.moved(&line),
                2 => sample.locked(&line),
                _ => sample.keep(&line),
            }
        })
    }

    #[test]
    fn a_mixed_plan_reads_well() {
        insta::assert_snapshot!(page(&mixed().planned(), comment()));
    }

    #[test]
    fn a_result_is_in_the_past_tense() {
        let report = Sample::new()
            .import("quay.io/a/b:1 => mirror/b")
            .moved("quay.io/a/c:1 => mirror/c")
            .import("quay.io/a/d:1 => mirror/d")
            .ended(accepted())
            .import("quay.io/a/e:1 => mirror/e")
            .ended(failed())
            .import("quay.io/a/f:1 => mirror/f")
            .ended(Outcome::StillRunning)
            .keep("quay.io/a/g:1 => mirror/g");
        insta::assert_snapshot!(page(&report.applied(), comment()));
    }

    #[test]
    fn what_stands_beside_the_lines_reads_well() {
        insta::assert_snapshot!("beside_planned", page(&beside().planned(), comment()));
        insta::assert_snapshot!("beside_applied", page(&beside().applied(), comment()));
    }

    #[test]
    fn several_registries_have_a_section_each() {
        let mut report = Sample::new().import("a:1 => a").wrong("x -> y").planned();
        report.parts.push(Part { target: Registry::parse("staging.azurecr.io").ok(), ..report.parts[0].clone() });
        let problem = Problem::new(Side::Network, "`far.azurecr.us` cannot be reached");
        report.parts.push(Part::new(Registry::parse("far.azurecr.us").ok(), Body::Stopped(problem)));
        insta::assert_snapshot!(page(&report, comment()));
    }

    #[test]
    fn nothing_to_do_is_one_line() {
        let page = page(&Sample::new().keep("a:1 => a").unchanged(12).planned(), Limits { marker: None, ..comment() });
        assert_eq!(page, "✅ acr-sync plan: nothing to do; 1 to keep, 12 unchanged\n");
    }

    #[test]
    fn a_run_that_could_not_begin_says_why_and_where() {
        insta::assert_snapshot!(page(&Sample::new().stopped("there is no `images.txt`"), comment()));
    }

    #[test]
    fn what_does_not_fit_is_counted_and_the_folded_parts_go_first() {
        let report = many(2_000).planned();
        let page = page(&report, comment());
        assert!(page.contains("\nand ") && !page.contains("<details>"), "{page}");
        assert!(page.contains("500 to import, 500 to move, 500 blocked; 500 to keep"));
        assert!(page.contains("[log of this run]"));
        let summary = super::page(&report, Limits { longest: 1_048_576, ..comment() });
        assert!(summary.contains("application-1999") && !summary.contains("and 1 more"));
    }

    #[test]
    fn the_largest_list_fits_everywhere() {
        for report in [many(20_000).planned(), many(20_000).applied()] {
            for longest in [65_535, 65_536, 150_000, 1_048_576] {
                let page = page(&report, Limits { longest, ..comment() });
                assert!(page.len() <= longest && page.len() > longest - 1_000, "{}", page.len());
            }
        }
    }

    #[test]
    fn foreign_text_stays_text() {
        let problem = Problem::new(Side::Source, "<img src=x> @octocat | [l](https://x)\n# h").hint("`a` | <b>");
        let report = Sample::new().import("a:1 => a").ended(Outcome::Failed(problem)).wrong("x `|` y <b> @octocat");
        insta::assert_snapshot!(page(&report.applied(), comment()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_report_fits_any_limit(steps in 0_usize..60, wrong in 0_usize..20, longest in 0_usize..20_000, text in ".{0,2000}") {
            let sample = (0..wrong).fold(many(steps), |sample, _| sample.wrong("no arrow"));
            let problem = Problem::new(Side::Source, text.clone()).hint(text);
            let report = sample.import("a:1 => last").ended(Outcome::Failed(problem)).applied();
            let limits = Limits { longest, ..comment() };
            let page = page(&report, limits);
            prop_assert!(page.len() <= longest);
            prop_assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
            if longest > 400 {
                prop_assert!(page.contains("acr-sync applied: ") && page.contains("log of this run"));
            }
        }
    }
}
