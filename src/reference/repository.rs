//! Repository: the path inside a registry.

use super::{Fault, ReferenceError};

/// The most characters of host and repository together (OCI distribution specification, "Pulling manifests").
pub(crate) const LONGEST: usize = 255;

/// Checks `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/…)*` (OCI distribution specification, "Pulling manifests").
pub(crate) fn check(text: &str) -> Result<(), ReferenceError> {
    // Whatever is no ASCII is wrong from its first byte on.
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/');
    let wrong = text.bytes().position(|byte| !is_allowed(byte));
    if let Some((at, c)) = wrong.and_then(|at| text[at..].chars().next().map(|c| (at, c))) {
        let place = at..at + c.len_utf8();
        if c.is_ascii_uppercase() {
            let lower = text.to_ascii_lowercase();
            let error = ReferenceError::new(Fault::RepositoryUpperCase, place);
            return Err(if check(&lower).is_ok() { error.instead(&lower).replacing(0..text.len()) } else { error });
        }
        return Err(ReferenceError::new(Fault::RepositoryCharacter, place));
    }
    let mut start = 0;
    for part in text.as_bytes().split(|&byte| byte == b'/') {
        if !is_part(part) {
            return Err(ReferenceError::new(Fault::RepositoryPart, start..start + part.len()));
        }
        start += part.len() + 1;
    }
    Ok(())
}

fn is_part(part: &[u8]) -> bool {
    // Before the first word there is as little room for a separator as behind the last.
    let mut is_after_word = false;
    let mut start = 0;
    while start < part.len() {
        let is_word = is_word(part[start]);
        let length = part[start..].iter().take_while(|&&byte| self::is_word(byte) == is_word).count();
        let run = &part[start..start + length];
        if !is_word && !(is_after_word && is_separator(run)) {
            return false;
        }
        is_after_word = is_word;
        start += length;
    }
    is_after_word
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_separator(run: &[u8]) -> bool {
    matches!(run, b"." | b"_" | b"__") || run.iter().all(|&byte| byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_stand_alone_between_words() {
        for text in ["a", "a.b", "a_b", "a__b", "a---b", "a/b/c", "0"] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in ["", "/", "a/", "/a", ".a", "a.", "a..b", "a___b", "a.-b", "-", "a//b"] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
