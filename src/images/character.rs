//! Characters that a reader of the file does not see, or sees as something else.

use std::fmt::Write as _;

/// Returns whether a text has nothing but visible characters of ASCII and spaces, as nearly every line.
///
/// Looks at eight bytes at once: a compiler that is asked for a small program does not see to that.
pub(super) fn is_plain(text: &str) -> bool {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    // The high bit of a byte stays where it is below a space, and where it is a delete; or it was there before.
    let is_plain_word = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let delete = word ^ (EACH * 0x7f);
        let below = word.wrapping_sub(EACH * 0x20) & !word;
        ((word | below | (delete.wrapping_sub(EACH) & !delete)) & HIGH) == 0
    };
    words.iter().all(is_plain_word) && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Returns whether a character steers a terminal or ends a line. A tab is only a space here.
pub(super) fn is_control(c: char) -> bool {
    c.is_control() && c != '\t'
}

/// Returns whether a character is invisible or changes the order in which others are shown.
///
/// The spaces, joiners, marks and direction controls of Unicode that editors and web pages leave behind in copied
/// text, or that make one name look like another.
pub(super) fn is_invisible(c: char) -> bool {
    is_space(c) || is_ignorable(c)
}

/// Returns whether Unicode lets a page, or a search, pass over a character (DerivedCoreProperties,
/// `Default_Ignorable_Code_Point`), the signs of direction among them.
pub(crate) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns what was probably meant: a space for a space of another kind, nothing for the rest.
pub(super) fn meant(c: char) -> &'static str {
    if is_space(c) { " " } else { "" }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && c != ' '
}

/// Writes a text so that it shows on one line what is in it: control and invisible characters by their number.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // A snippet's columns are counted in characters.
            '\t' => escaped.push(' '),
            _ if is_control(c) || is_invisible(c) => {
                // Writing to a text does not fail.
                write!(escaped, "\\u{{{:x}}}", u32::from(c)).unwrap_or_default();
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Returns a text without the spaces and tabs at its end. By bytes: every line is trimmed some times.
pub(super) fn trimmed_end(text: &str) -> &str {
    &text[..text.bytes().rposition(|byte| !is_space_byte(byte)).map_or(0, |at| at + 1)]
}

/// Returns a text without the spaces and tabs at its start.
pub(super) fn trimmed_start(text: &str) -> &str {
    &text[text.bytes().position(|byte| !is_space_byte(byte)).unwrap_or(text.len())..]
}

fn is_space_byte(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_is_told_for_every_character_at_every_place() {
        for c in (0..=0x7f).map(char::from).chain(['é', '\u{80}', '\u{200b}', '→']) {
            for place in 0..17 {
                let text = format!("{}{c}{}", "a".repeat(place), "~".repeat(16 - place));
                assert_eq!(is_plain(&text), matches!(c, ' '..='~'), "{c:?} at {place}");
            }
        }
        assert!(is_plain(""));
    }

    #[test]
    fn what_cannot_be_seen_is_written_by_its_number() {
        assert_eq!(escape("a\u{1b}[2Jb\u{202e}c\u{a0}d\te\r"), "a\\u{1b}[2Jb\\u{202e}c\\u{a0}d e\\u{d}");
    }

    #[test]
    fn letters_of_any_script_are_left_alone() {
        assert_eq!(escape("größe 画像 # образ"), "größe 画像 # образ");
    }
}
