//! Error: what is wrong with `acr-sync.yaml`, and where.

use std::fmt;

/// The first thing that is wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// Line and column, both from 1; none where the file as a whole is at fault.
    pub place: Option<(usize, usize)>,
    /// What is wrong, a fragment. Holds foreign text: a renderer escapes it.
    pub what: String,
}

impl SettingsError {
    pub(super) fn whole(what: String) -> Self {
        Self { place: None, what }
    }

    /// Takes the place out of the library's sentence, where it would stand twice.
    pub(super) fn read(error: &serde_yaml::Error) -> Self {
        let place = error.location().map(|location| (location.line(), location.column()));
        let text = error.to_string();
        let what = match place {
            Some((line, column)) => text.replace(&format!(" at line {line} column {column}"), ""),
            None => text,
        };
        Self { place, what }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for SettingsError {}
