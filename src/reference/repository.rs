//! Repository: the path inside a registry.

use super::{Fault, ReferenceError};

/// The most characters of host and repository together (OCI distribution specification, "Pulling manifests").
pub(crate) const LONGEST: usize = 255;

/// Checks `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/…)*` (OCI distribution specification, "Pulling manifests").
pub(crate) fn check(text: &str) -> Result<(), ReferenceError> {
    let wrong = text.char_indices().find(|(_, c)| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '/'));
    if let Some((at, c)) = wrong {
        let place = at..at + c.len_utf8();
        if c.is_ascii_uppercase() {
            let lower = text.to_ascii_lowercase();
            let error = ReferenceError::new(Fault::RepositoryUpperCase, place);
            return Err(if check(&lower).is_ok() { error.instead(&lower).replacing(0..text.len()) } else { error });
        }
        return Err(ReferenceError::new(Fault::RepositoryCharacter, place));
    }
    let mut start = 0;
    for part in text.split('/') {
        if !is_part(part) {
            return Err(ReferenceError::new(Fault::RepositoryPart, start..start + part.len()));
        }
        start += part.len() + 1;
    }
    Ok(())
}

fn is_part(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && part
            .split(is_word)
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-'))
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
