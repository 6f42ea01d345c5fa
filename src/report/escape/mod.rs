//! Foreign text, made harmless for the place it lands in.
//!
//! Foreign is everything that others wrote: lines of the list, answers of registries, tags, branch names. Types such
//! as references exclude most of what is harmful; these functions do not rely on that.

mod page;

use crate::images::is_ignorable;
use std::fmt::Write as _;

pub use page::{code, html, link, prose};

/// Writes a text on one line so that all of it is seen: control characters, line ends, spaces of other kinds and
/// what is invisible or turns the reading direction stand there by their number.
///
/// All other functions begin with it. The order matters: the agent of Azure Pipelines looks past invisible
/// characters when it searches for its commands, so nothing may be taken out behind the search for them.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push(' '),
            _ if is_seen(c) => shown.push(c),
            _ => number(c, &mut shown),
        }
    }
    shown
}

/// Writes a text into a line of a log or a terminal.
///
/// The runner of GitHub reads `::name::` at the start of a line and `##[name]` anywhere as commands
/// (`ActionCommand.cs`), the agent of Azure Pipelines `##vso[…]` anywhere (`Command.cs`). A space breaks each of them,
/// and every `##`, so that texts which are written one behind the other form none either.
pub fn log_line(text: &str) -> String {
    let mut line = disarm(&visible(text));
    if line.ends_with('#') || line.trim_start() == ":" {
        line.push(' ');
    }
    line
}

/// Writes a line of a log as it is read: without the colours that tools put into it, and harmless for the host's log.
pub fn legible(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        // A control sequence ends with its first letter (ECMA-48, 5.4).
        let end = behind.find(|c: char| ('\u{40}'..='\u{7e}').contains(&c));
        rest = end.map_or("", |end| &behind[end + 1..]);
    }
    plain.push_str(rest);
    log_line(plain.trim_end_matches('\r'))
}

/// Breaks the commands of CI hosts in one line that may hold colours of our own.
pub fn disarm(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let start = line.len() - line.trim_start().len();
    let mut before = '\0';
    for (at, c) in line.char_indices() {
        let is_marker = (c == '#' && before == '#') || (c == ':' && before == ':' && at == start + 1);
        if is_marker {
            safe.push(' ');
        }
        safe.push(c);
        before = c;
    }
    safe
}

/// Writes the data of a GitHub workflow command (`@actions/core`, command.ts). Line ends remain line ends.
pub fn command_data(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(log_line).collect();
    lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Writes the value of a property of a GitHub workflow command.
pub fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Writes the GitHub workflow command that hides a secret; its characters stay as they are, or it would hide others.
pub fn mask(secret: &str) -> String {
    format!("::add-mask::{}", secret.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// Writes the data of a logging command of Azure Pipelines (`CommandStringConvertor.cs`). Line ends remain line ends.
pub fn agent_data(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(log_line).collect();
    lines.join("\n").replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Writes the value of a property of a logging command of Azure Pipelines.
pub fn agent_property(text: &str) -> String {
    agent_data(text).replace(']', "%5D").replace(';', "%3B")
}

/// Returns at most so many characters, with a sign that there are more.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest.saturating_sub(1)).chain(['…']).collect(),
    }
}

fn number(c: char, shown: &mut String) {
    // Writing to a text does not fail.
    write!(shown, "\\u{{{:x}}}", u32::from(c)).unwrap_or_default();
}

/// All but controls, spaces that are no space, and what Unicode lets a page ignore.
fn is_seen(c: char) -> bool {
    let is_space = c.is_whitespace() && c != ' ';
    !(c.is_control() || is_space || is_ignorable(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How the runner of GitHub finds a command in a line.
    fn github_reads(line: &str) -> bool {
        let is_name = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic());
        let lower = line.to_lowercase();
        let at_start = lower.trim_start().strip_prefix("::").is_some_and(|rest| rest.contains("::") && is_name(rest));
        at_start || lower.split("##[").skip(1).any(|rest| is_name(rest) || rest.starts_with('\\'))
    }

    /// How the agent of Azure Pipelines does: by a search that passes over what is invisible.
    fn azure_reads(line: &str) -> bool {
        let line: String = line.chars().filter(|&c| is_seen(c)).collect::<String>().to_lowercase();
        line.contains("##vso[") || line.contains("##[")
    }

    /// Takes code spans out as CommonMark finds them; what is left is read as markup.
    fn outside_code(text: &str) -> String {
        let mut rest = text;
        let mut left = String::new();
        while let Some(at) = rest.find('`') {
            left.push_str(&rest[..at]);
            let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
            let behind = &rest[at + run..];
            let mut place = 0;
            let end = loop {
                let Some(next) = behind[place..].find('`') else { break None };
                let start = place + next;
                let length = behind[start..].len() - behind[start..].trim_start_matches('`').len();
                if length == run {
                    break Some(start);
                }
                place = start + length;
            };
            match end {
                Some(end) => rest = &behind[end + run..],
                None => {
                    left.push_str(&rest[at..at + run]);
                    rest = behind;
                }
            }
            left.push(' ');
        }
        left + rest
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("##["),
            Just("##"),
            Just("#"),
            Just("["),
            Just("vso["),
            Just("VSO["),
            Just("::"),
            Just(":"),
            Just("error"),
            Just("set-output name=a"),
            Just("]"),
            Just("\r"),
            Just("\n"),
            Just("\u{1b}[2J"),
            Just("\u{202e}"),
            Just("\u{200b}"),
            Just("\u{feff}"),
            Just(" "),
            Just("\t"),
            Just("\u{a0}"),
            Just("\u{2028}"),
            Just("`"),
            Just("``"),
            Just("|"),
            Just("\\"),
            Just("@user"),
            Just("a@b.com"),
            Just("https://x.y/"),
            Just("www.x.y"),
            Just("![i](u)"),
            Just("[l](u)"),
            Just("<b>"),
            Just("<!--"),
            Just("&lt;"),
            Just("#12"),
            Just("GH-1"),
            Just("deadbeef"),
            Just("*"),
            Just("_"),
            Just("~~"),
            Just("$"),
        ];
        prop_oneof![
            prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
            prop::collection::vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect()),
        ]
    }

    proptest! {
        #[test]
        fn a_log_line_is_never_a_command(text in hostile(), next in hostile()) {
            let line = log_line(&text) + &log_line(&next);
            prop_assert!(!github_reads(&log_line(&text)) && !azure_reads(&log_line(&text)), "{line}");
            prop_assert!(line.chars().all(is_seen), "{line:?}");
            prop_assert!(!github_reads(&line) && !azure_reads(&line), "{line}");
            // Our own text stands between foreign texts, whatever it is.
            let line = format!("import {}[x] {}", log_line(&text), log_line(&next));
            prop_assert!(!github_reads(&line) && !azure_reads(&line), "{line}");
        }

        #[test]
        fn a_cell_is_never_markup(text in hostile(), next in hostile()) {
            for cell in [prose(&text), code(&text), format!("{} {}", prose(&text), code(&next))] {
                prop_assert!(!cell.contains(['|', '\n', '\r']), "{cell:?}");
                let left = outside_code(&cell).to_lowercase();
                prop_assert!(!left.contains(['`', '<', '>', '[', ']', '@', '#', '&', '*', '_', '~', '\\', '$']), "{cell:?}: {left:?}");
                prop_assert!(!left.contains("://") && !left.contains("www."), "{cell:?}: {left:?}");
            }
        }

        #[test]
        fn a_command_stays_one_line_and_one_command(text in hostile()) {
            for part in [command_data(&text), command_property(&text)] {
                prop_assert!(!part.contains(['\r', '\n']), "{part:?}");
            }
            let property = command_property(&text);
            prop_assert!(!property.contains([':', ',']), "{property:?}");
            let (data, property) = (agent_data(&text), agent_property(&text));
            prop_assert!(!data.contains(['\r', '\n']) && !property.contains(['\n', ']', ';']), "{data:?} {property:?}");
            // As the agent reads it back, in its order.
            let back = property.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
            let lines: Vec<_> = text.lines().map(log_line).collect();
            prop_assert_eq!(back.replace("%AZP25", "%"), lines.join("\n"));
        }

        #[test]
        fn html_holds_no_tag(text in hostile()) {
            prop_assert!(!html(&text).contains(['<', '>', '"', '\'', '\n']));
        }
    }

    #[test]
    fn commands_are_broken_by_a_space() {
        assert_eq!(log_line(" ::error::x"), " : :error::x");
        assert_eq!(log_line("a ##[error]b ##vso[task.x]c"), "a # #[error]b # #vso[task.x]c");
        assert_eq!(log_line("a::b # c"), "a::b # c");
        assert_eq!(log_line("#") + &log_line("#[error]b"), "# #[error]b");
        assert_eq!(log_line(" :") + &log_line(":error::b"), " : :error::b");
        assert_eq!(log_line("a\u{1b}[2J\r\nb"), "a\\u{1b}[2J\\u{d}\\u{a}b");
    }

    #[test]
    fn prose_reads_as_it_was_meant() {
        for (text, page) in [
            ("the tag is locked and holds 2d8b1a1f5e6e", "the tag is locked and holds `2d8b1a1f5e6e`"),
            ("no `images.txt` (or no right), 1.5 s.", "no `images.txt` (or no right), 1.5 s."),
            ("ask @octocat or https://example.com/a.", "ask `@octocat` or `https://example.com/a`."),
            ("a `half literal", "a `` `half `` literal"),
            (":smile: at the end:", "`:smile`: at the end:"),
            ("größer als erlaubt", "größer als erlaubt"),
        ] {
            assert_eq!(prose(text), page);
        }
    }

    #[test]
    fn a_code_span_holds_its_backticks() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b"), "`a\\u{7c}b`");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((cut("größe", 5), cut("größe", 3)), ("größe".to_owned(), "gr…".to_owned()));
    }

    #[test]
    fn only_an_address_is_a_link() {
        assert!(link("https://github.com/o/r/actions/runs/1").is_some());
        for address in ["javascript:alert(1)", "https://x/)[y](z", "https://x/ y", ""] {
            assert_eq!(link(address), None);
        }
    }

    #[test]
    fn a_line_of_a_log_is_without_colours_and_no_command() {
        assert_eq!(legible("\u{1b}[1;32mok\u{1b}[0m done\u{1b}["), "ok done");
        assert_eq!(legible("#\u{1b}[0m#vso[task.complete]"), "# #vso[task.complete]");
        assert_eq!(legible("::set-output name=a::b"), ": :set-output name=a::b");
        assert_eq!(legible("50%\r100%"), "50%\\u{d}100%");
    }
}
