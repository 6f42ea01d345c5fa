//! Repository: the path inside a registry.

use super::{Fault, ReferenceError};

/// The most characters of host and repository together (OCI distribution specification, "Pulling manifests").
pub(crate) const LONGEST: usize = 255;

/// Returns whether a repository is this path or below it, at whole parts; every one is below the empty path.
pub(crate) fn is_below(repository: &str, path: &str) -> bool {
    path.is_empty() || repository.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/…)*` (OCI distribution specification, "Pulling manifests").
pub(crate) fn check(text: &str) -> Result<(), ReferenceError> {
    if is_path(text.as_bytes()) { Ok(()) } else { Err(fault(text)) }
}

/// Where in a part of the path a byte is read.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    Word,
    Dot,
    Underscore,
    TwoUnderscores,
    Dashes,
}

/// Reads every byte once: a list of 100,000 lines has millions of them.
fn is_path(path: &[u8]) -> bool {
    let mut place = Place::Start;
    for byte in path {
        place = match (byte, place) {
            (b'a'..=b'z' | b'0'..=b'9', _) => Place::Word,
            (b'/', Place::Word) => Place::Start,
            (b'.', Place::Word) => Place::Dot,
            (b'_', Place::Word) => Place::Underscore,
            (b'_', Place::Underscore) => Place::TwoUnderscores,
            (b'-', Place::Word | Place::Dashes) => Place::Dashes,
            _ => return false,
        };
    }
    place == Place::Word
}

/// Explains a path that is none.
fn fault(path: &str) -> ReferenceError {
    let wrong = path.char_indices().find(|(_, c)| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '/'));
    if let Some((at, c)) = wrong {
        let place = at..at + c.len_utf8();
        if !c.is_ascii_uppercase() {
            return ReferenceError::new(Fault::RepositoryCharacter, place);
        }
        let error = ReferenceError::new(Fault::RepositoryUpperCase, place);
        let lower = path.to_ascii_lowercase();
        return if is_path(lower.as_bytes()) { error.instead(&lower).replacing(0..path.len()) } else { error };
    }
    let mut start = 0;
    for part in path.split('/') {
        if !is_path(part.as_bytes()) {
            return ReferenceError::new(Fault::RepositoryPart, start..start + part.len());
        }
        start += part.len() + 1;
    }
    ReferenceError::new(Fault::RepositoryPart, 0..path.len())
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
