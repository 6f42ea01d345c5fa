//! Tag: a name that may move.

use super::{Fault, ReferenceError};

/// Checks `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (OCI distribution specification, "Pulling manifests").
pub(crate) fn check(text: &str) -> Result<(), ReferenceError> {
    if text.is_empty() {
        return Err(ReferenceError::new(Fault::TagEmpty, 0..0));
    }
    let is_allowed =
        |at: usize, byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (at > 0 && matches!(byte, b'.' | b'-'));
    // Whatever is no ASCII is wrong from its first byte on.
    let wrong = text.bytes().enumerate().position(|(at, byte)| !is_allowed(at, byte));
    if let Some((at, c)) = wrong.and_then(|at| text[at..].chars().next().map(|c| (at, c))) {
        return Err(ReferenceError::new(Fault::TagCharacter, at..at + c.len_utf8()));
    }
    if text.len() > 128 {
        return Err(ReferenceError::new(Fault::TagTooLong, 128..text.len()));
    }
    Ok(())
}
