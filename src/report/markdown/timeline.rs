//! Timeline: when which import ran, as a Gantt chart of Mermaid.
//!
//! Mermaid reads `:`, `,`, `;`, `#`, `%%`, braces and line ends as its own, and so do the fences around it. What others
//! wrote keeps letters, digits and the few other characters of names, and never begins a line.

use super::Section;
use crate::{
    import::{Outcome, Span},
    plan::Step,
    report::{Part, escape::cut},
};
use std::time::{Duration, SystemTime};

/// The most imports that are drawn: more are a picture that nobody can read.
const MOST: usize = 50;
/// The most characters of a name.
const LONGEST: usize = 60;

/// How a page marks a diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diagram {
    /// It shows none.
    Never,
    /// A block of code in the language `mermaid` (GitHub).
    Fenced,
    /// A block between colons (Azure DevOps).
    Colons,
}

/// Draws the longest imports of a registry, in the order of their beginnings.
pub(super) fn section(part: &Part, diagram: Diagram) -> Section {
    let ran = part.steps().zip(&part.spans);
    let mut bars: Vec<_> = ran.filter_map(|((step, outcome), span)| Some(((*span)?, step, outcome))).collect();
    let all = bars.len();
    bars.sort_by_key(|(span, ..)| std::cmp::Reverse(span.took));
    bars.truncate(MOST);
    bars.sort_by_key(|(span, step, _)| (span.began, step.line));
    let fence = match diagram {
        Diagram::Fenced => "```",
        Diagram::Colons => ":::",
        Diagram::Never => return Section::whole(String::new()),
    };
    if bars.is_empty() {
        return Section::whole(String::new());
    }
    let which = if all > MOST { format!("the longest {MOST} of {all}") } else { all.to_string() };
    let space = if diagram == Diagram::Colons { " " } else { "" };
    let bars: String = bars.iter().map(|(span, step, outcome)| bar(*span, step, *outcome)).collect();
    Section::whole(format!(
        "\n<details><summary>Timeline of the imports: {which}</summary>\n\n{fence}{space}mermaid\ngantt\n    \
         dateFormat x\n    axisFormat %H:%M:%S\n    todayMarker off\n{bars}{fence}\n\n</details>\n"
    ))
}

fn bar(span: Span, step: &Step, outcome: Option<&Outcome>) -> String {
    let state = match outcome {
        Some(outcome) if outcome.is_good() => "done, ",
        Some(Outcome::StillRunning) => "active, ",
        Some(_) | None => "crit, ",
    };
    let began = span.began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    // Nothing at all would not be drawn.
    let took = span.took.max(Duration::from_millis(1)).as_millis();
    format!("    line {} {} :{state}{began}, {took}ms\n", step.line, plain(&step.destination.to_string()))
}

fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    cut(text, LONGEST).chars().map(|c| if is_plain(c) { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{Sample, failed};
    use super::*;
    use crate::report::markdown::{Limits, page};
    use proptest::prelude::*;

    fn timed(sample: Sample) -> crate::report::Report {
        let mut report = sample.applied();
        for part in &mut report.parts {
            let began = SystemTime::UNIX_EPOCH + Duration::from_millis(1_785_000_000_000);
            let span = |index: usize| {
                let index = u64::try_from(index).unwrap();
                Some(Span { began: began + Duration::from_secs(index), took: Duration::from_millis(2_000 + index) })
            };
            part.spans = (0..part.steps().count()).map(span).collect();
        }
        report
    }

    fn shown(report: &crate::report::Report, diagram: Diagram) -> String {
        page(report, Limits { diagram, ..Limits::comment() })
    }

    fn many(count: usize) -> Sample {
        (0..count).fold(Sample::new(), |sample, index| sample.import(&format!("a:{index} => a")))
    }

    #[test]
    fn a_result_has_a_bar_for_each_import() {
        let report = timed(Sample::new().import("a:1 => mirror/a").import("b:1 => b").ended(failed()));
        let text = shown(&report, Diagram::Fenced);
        insta::assert_snapshot!(&text[text.find("\n<details><summary>Timeline").unwrap()..], @r"

        <details><summary>Timeline of the imports: 2</summary>

        ```mermaid
        gantt
            dateFormat x
            axisFormat %H:%M:%S
            todayMarker off
            line 1 mirror/a 1 :done, 1785000000000, 2000ms
            line 2 b 1 :crit, 1785000001000, 2001ms
        ```

        </details>

        `images.txt` → `contoso.azurecr.io` · compared with `3f786850e387` (first parent of the merge commit)
        ");
        assert!(shown(&report, Diagram::Colons).contains("\n::: mermaid\ngantt\n"));
        assert!(!shown(&report, Diagram::Never).contains("gantt"));
    }

    #[test]
    fn of_many_the_longest_are_drawn() {
        let text = shown(&timed(many(80)), Diagram::Fenced);
        assert!(text.contains("Timeline of the imports: the longest 50 of 80<"), "{text}");
        let drawn: Vec<_> = text.lines().filter(|line| line.starts_with("    line ")).collect();
        assert_eq!((drawn.len(), drawn[0].split(' ').nth(5)), (50, Some("31")), "{drawn:#?}");
    }

    #[test]
    fn it_takes_only_the_room_that_is_left() {
        let report = timed(many(3_000));
        let text = page(&report, Limits { diagram: Diagram::Fenced, longest: 65_536, ..Limits::comment() });
        assert!(text.len() <= 65_536 && !text.contains("gantt"), "{}", text.len());
    }

    proptest! {
        /// What Mermaid's own grammar of Gantt charts takes for a name: no `:`, `#`, `;` nor line end (`gantt.jison`).
        #[test]
        fn no_name_is_read_as_anything_else(name in ".{0,200}|(.{0,4}(```|:::|%%|click|section|;|#58;|\n|:|,|<|\\{).{0,4}){1,6}") {
            let text = plain(&name);
            prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || " ._/-".contains(c)), "{}", text);
            prop_assert!(text.len() <= LONGEST);
        }
    }
}
