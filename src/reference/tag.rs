//! Tag: a name that may move.

use super::{Fault, ReferenceError};

/// Checks `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (OCI distribution specification, "Pulling manifests").
pub(crate) fn check(text: &str) -> Result<(), ReferenceError> {
    if text.is_empty() {
        return Err(ReferenceError::new(Fault::TagEmpty, 0..0));
    }
    let is_allowed =
        |(at, c): (usize, char)| c.is_ascii_alphanumeric() || c == '_' || (at > 0 && matches!(c, '.' | '-'));
    if let Some((at, c)) = text.char_indices().find(|&place| !is_allowed(place)) {
        return Err(ReferenceError::new(Fault::TagCharacter, at..at + c.len_utf8()));
    }
    if text.len() > 128 {
        return Err(ReferenceError::new(Fault::TagTooLong, 128..text.len()));
    }
    Ok(())
}
