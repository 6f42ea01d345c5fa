//! The `=>` between source and destination, and what people write instead.

use super::{
    error::LineErrorKind,
    line::{Broken, Fix, namesake},
    options,
};
use memchr::memchr2;
use std::ops::Range;

const ARROW: &str = "=>";
/// The most characters of a sign that are repeated in a message.
const LONGEST_SIGN: usize = 8;
/// Arrows that editors and keyboards make of `=>` and `->`.
const OTHER_ARROWS: [char; 10] = ['→', '⇒', '⟶', '⟹', '➔', '➜', '➝', '➞', '➡', '↦'];

/// Returns where the only arrow of an entry stands.
///
/// Neither `=` nor `>` is part of any name, so every run of them was meant to be an arrow.
pub(super) fn find(content: &str) -> Result<Range<usize>, Broken> {
    let mut found: Option<Range<usize>> = None;
    let mut from = 0;
    while let Some(run) = next_run(content, from) {
        from = run.end;
        let signs = &content[run.clone()];
        if signs != ARROW && !signs.contains(ARROW) {
            continue;
        }
        if found.is_some() {
            return Err(Broken::new(LineErrorKind::SecondArrow, run));
        }
        found = Some(run);
    }
    match found {
        Some(run) if run.len() == ARROW.len() => Ok(run),
        Some(run) => Err(other_arrow(content, run)),
        None => Err(missing(content)),
    }
}

fn next_run(content: &str, from: usize) -> Option<Range<usize>> {
    let is_part = |byte: &u8| matches!(byte, b'=' | b'>');
    let bytes = content.as_bytes();
    let start = from + memchr2(b'=', b'>', &bytes[from..])?;
    let length = bytes[start..].iter().take_while(|byte| is_part(byte)).count();
    Some(start..start + length)
}

/// Explains an entry without `=>`, by whatever separates two names in it.
fn missing(content: &str) -> Broken {
    if let Some(sign) = sign(content) {
        return other_arrow(content, sign);
    }
    if let Some(start) = content.find([' ', '\t']) {
        let end = content.len() - content[start..].trim_start_matches([' ', '\t']).len();
        let broken = Broken::new(LineErrorKind::NoArrow, start..end);
        // Two words are source and destination; what more of them mean is not guessed.
        let is_pair = !content[end..].contains([' ', '\t']);
        return if is_pair { broken.fixed(between(content, start..end)) } else { broken };
    }
    let broken = Broken::new(LineErrorKind::NoArrow, 0..content.len());
    match namesake(content) {
        Some(name) => broken.fixed(Fix { place: content.len()..content.len(), text: format!(" {ARROW} {name}") }),
        None => broken,
    }
}

/// Finds `->`, `-->`, `>`, `→` or, where there is no such sign, `=`.
fn sign(content: &str) -> Option<Range<usize>> {
    if let Some((at, arrow)) = content.char_indices().find(|(_, c)| *c == '>' || OTHER_ARROWS.contains(c)) {
        let stem = content[..at].trim_end_matches(['-', '=']).len();
        return Some(stem..at + arrow.len_utf8());
    }
    let mut from = 0;
    while let Some(run) = next_run(content, from) {
        from = run.end;
        if !options::is_named_before(content, run.start) {
            return Some(run);
        }
    }
    None
}

fn other_arrow(content: &str, sign: Range<usize>) -> Broken {
    let kind = LineErrorKind::OtherArrow(content[sign.clone()].chars().take(LONGEST_SIGN).collect());
    let fix = between(content, sign.clone());
    Broken::new(kind, sign).fixed(fix)
}

/// Proposes the arrow, with a space on both sides, in the place of a sign and the spaces around it.
fn between(content: &str, sign: Range<usize>) -> Fix {
    let start = content[..sign.start].trim_end_matches([' ', '\t']).len();
    let end = content.len() - content[sign.end..].trim_start_matches([' ', '\t']).len();
    let before = if start > 0 { " " } else { "" };
    let after = if end < content.len() { " " } else { "" };
    Fix { place: start..end, text: format!("{before}{ARROW}{after}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_and_place(content: &str) -> (LineErrorKind, Range<usize>) {
        let broken = find(content).unwrap_err();
        (broken.kind, broken.place)
    }

    #[test]
    fn one_arrow_is_found_with_or_without_spaces() {
        assert_eq!(find("a => b"), Ok(2..4));
        assert_eq!(find("a=>b"), Ok(1..3));
        assert_eq!(find("=>"), Ok(0..2));
    }

    #[test]
    fn the_second_of_two_arrows_is_the_wrong_one() {
        assert_eq!(kind_and_place("a => b => c"), (LineErrorKind::SecondArrow, 7..9));
    }

    #[test]
    fn what_stands_in_the_place_of_the_arrow_is_named() {
        for (content, sign, place) in [
            ("a -> b", "->", 2..4),
            ("a --> b", "-->", 2..5),
            ("a ==> b", "==>", 2..5),
            ("a =>> b", "=>>", 2..5),
            ("a =>=> b", "=>=>", 2..6),
            ("a → b", "→", 2..5),
            ("a = b", "=", 2..3),
            ("a=b", "=", 1..2),
            ("a > b", ">", 2..3),
        ] {
            assert_eq!(kind_and_place(content), (LineErrorKind::OtherArrow(sign.into()), place), "{content}");
        }
    }

    #[test]
    fn without_any_sign_the_space_is_the_place() {
        assert_eq!(kind_and_place("nginx \t mirror/nginx"), (LineErrorKind::NoArrow, 5..8));
        assert_eq!(kind_and_place("nginx"), (LineErrorKind::NoArrow, 0..5));
    }
}
