//! Page: foreign text in Markdown and in the HTML that stands in it.

use super::{number, visible};

/// Writes a text as a code span of Markdown, for a line or a cell of a table. Nothing in it is a link or a mention.
///
/// A `|` stands there by its number: how a table reads one in a code span differs between GitHub and Azure DevOps.
pub fn code(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 2);
    let (mut run, mut longest_run) = (0, 0);
    for c in visible(text).chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest_run = longest_run.max(run);
        if c == '|' { number(c, &mut shown) } else { shown.push(c) }
    }
    // A span ends at the first run of as many backticks as it began with (CommonMark 0.31, 6.1).
    let fence = "`".repeat(longest_run + 1);
    let needs_space = shown.is_empty() || shown.starts_with('`') || shown.ends_with('`');
    let space = if needs_space { " " } else { "" };
    format!("{fence}{space}{shown}{space}{fence}")
}

/// Writes prose into Markdown, for a cell of a table or a line that begins with words of our own.
///
/// What stands in backticks, and each word that could be read as a link, a mention, an issue, a commit, a tag of HTML
/// or any other markup, becomes a code span: GitHub links nothing there, while it looks through backslashes and
/// entities when it searches for `@names`.
pub fn prose(text: &str) -> String {
    let text = visible(text);
    let mut page = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('`') {
        let Some((literal, next)) = behind.split_once('`') else { break };
        words(before, &mut page);
        push_code(literal, &mut page);
        rest = next;
    }
    words(rest, &mut page);
    page
}

/// Writes a text into HTML, between tags or in a quoted attribute. In a page that GitHub renders, `@names` remain
/// mentions there: use [`code`] for what others wrote.
pub fn html(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            _ => page.push(c),
        }
    }
    page
}

/// Writes the address of a link in Markdown, or nothing when it is no address of a web page.
pub fn link(address: &str) -> Option<String> {
    let is_address = address.starts_with("https://") || address.starts_with("http://");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c);
    (is_address && address.chars().all(is_plain)).then(|| address.to_owned())
}

fn words(text: &str, page: &mut String) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            page.push(' ');
        }
        // A colon in front could begin the name of an emoji.
        let bare =
            word.trim_end_matches(['.', ',', ';', ':', '(', ')', '"', '\'', '?']).trim_start_matches(['(', '"', '\'']);
        match word.find(bare) {
            Some(at) if !is_plain(bare) => {
                page.push_str(&word[..at]);
                push_code(bare, page);
                page.push_str(&word[at + bare.len()..]);
            }
            _ => page.push_str(word),
        }
    }
}

/// Two spans without anything between them would be read as one, or as none.
fn push_code(text: &str, page: &mut String) {
    if page.ends_with('`') {
        page.push(' ');
    }
    page.push_str(&code(text));
}

/// Returns whether a word is nothing but a word or a number, in whatever rendering.
fn is_plain(word: &str) -> bool {
    let is_harmless = |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '\'' | '-' | '%' | '…');
    word.chars().all(is_harmless) && !has_commit(word) && !has_address_or_ticket(word)
}

/// Seven digits of the base 16 and more may be a commit, behind a point too.
fn has_commit(word: &str) -> bool {
    let mut parts = word.split(|c: char| !c.is_ascii_alphanumeric());
    parts.any(|part| part.len() >= 7 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Names such as `www.example.com` become links, and `ABC-1` does where a repository says so.
fn has_address_or_ticket(word: &str) -> bool {
    word.as_bytes().windows(2).any(|pair| match pair {
        [b'.', next] => !next.is_ascii_digit(),
        [b'-', next] => next.is_ascii_digit(),
        _ => false,
    })
}
