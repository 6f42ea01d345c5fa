//! Page: what reviewers read, judged by a reader of GitHub's Markdown.

use super::text;
use crate::report::{
    escape,
    markdown::{self, Limits},
    probe,
};
use comrak::{Arena, Options, nodes::NodeValue, parse_document};

const RUN: &str = "https://github.com/contoso/images/actions/runs/1";

/// A foreign text in every place of a page, and in each form that Markdown has of it alone.
pub fn markdown(data: &[u8]) {
    let text = text(data);
    let limits = || Limits { run_url: Some(RUN.to_owned()), commit: Some(text.clone()), ..Limits::comment() };
    let page = markdown::page(&probe::report(&text), limits());
    let ordinary = markdown::page(&probe::report("ordinary"), limits());
    let (page_form, ordinary_form) = (form(&page), form(&ordinary));
    assert_eq!(page_form, ordinary_form, "the text has changed the page:\n{page}");
    rows_are_whole(&page);

    for cell in [escape::prose(&text), escape::code(&text), format!("{} {}", escape::prose(&text), escape::code(&text))]
    {
        let page =
            |cell: &str| format!("| a | b |\n| --- | --- |\n| x {cell} y | z |\n\n- x: {cell}\n\n### x {cell}\n");
        let (page, ordinary) = (page(&cell), page("ordinary"));
        assert_eq!(form(&page), form(&ordinary), "{page}");
        rows_are_whole(&page);
    }
    let html = escape::html(&text);
    assert!(!html.contains(['<', '>', '"', '\'', '\n', '\r']), "{html:?}");
    if let Some(address) = escape::link(&text) {
        let page = format!("see [this]({address}) here\n");
        let forms = form_of_links(&page, &[&address]);
        assert_eq!(forms, ["Document", "Paragraph"], "{page}");
    }
}

/// The blocks of a page; it panics where anything stands in one that must not.
fn form(page: &str) -> Vec<String> {
    form_of_links(page, &[RUN])
}

fn form_of_links(page: &str, links: &[&str]) -> Vec<String> {
    let arena = Arena::new();
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.table = true;
    extension.autolink = true;
    extension.strikethrough = true;
    extension.tasklist = true;
    extension.footnotes = true;
    extension.alerts = true;
    extension.math_dollars = true;
    extension.math_code = true;
    let mut form = Vec::new();
    for node in parse_document(&arena, page, &options).descendants() {
        let data = node.data();
        match &data.value {
            NodeValue::Text(text) => must_be_plain(text, page),
            NodeValue::Link(link) => assert!(links.contains(&link.url.as_str()), "{} is a link:\n{page}", link.url),
            NodeValue::HtmlInline(html) => assert_eq!(html, "<br>", "\n{page}"),
            NodeValue::HtmlBlock(block) => block.literal.lines().for_each(|line| {
                let is_ours = matches!(line, "" | "<details>" | "</details>" | "</summary>")
                    || (line.contains("<summary>") && line.matches('<').count() <= 3);
                assert!(is_ours, "{line}:\n{page}");
                form.push(line.replace(|c: char| c.is_ascii_digit(), ""));
            }),
            NodeValue::Code(_) | NodeValue::SoftBreak => {}
            // Of ours are the words of actions alone, and always in the first cells of a row.
            NodeValue::Strong => form.push("Strong".to_owned()),
            block if block.block() => {
                let name = format!("{block:?}");
                form.push(name.split(['(', ' ']).next().unwrap_or_default().to_owned());
            }
            inline => panic!("{inline:?}:\n{page}"),
        }
    }
    form
}

/// GitHub finds names, tickets and commits in every text that is no code.
fn must_be_plain(text: &str, page: &str) {
    let words = text.split(|c: char| c.is_whitespace() || "().,;:\"'".contains(c));
    for word in words {
        let is_commit = (7..=40).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit());
        // `GH-` alone, as before a code span, is none.
        let is_ticket = word.strip_prefix("GH-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            || word.contains('#');
        assert!(!word.contains('@') && !is_ticket && !is_commit, "{word:?} in {text:?}:\n{page}");
    }
}

/// A row with more cells than the head loses them, one with fewer has got others' places.
fn rows_are_whole(page: &str) {
    let mut borders = None;
    for line in page.lines() {
        let count = line.matches('|').count();
        if !line.starts_with('|') {
            borders = None;
            continue;
        }
        assert_eq!(*borders.get_or_insert(count), count, "{line}:\n{page}");
    }
}
