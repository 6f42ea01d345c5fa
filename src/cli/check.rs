//! `check`: the linter of a list.

use super::{BAD, GOOD, outlet};
use crate::{
    images::{self, Parsed, show},
    inputs::Env,
    report::escape,
};
use std::path::Path;

pub(super) fn run(file: &Path, env: &Env) -> u8 {
    let text = match images::read_file(file) {
        Ok(text) => text,
        Err(error) => return outlet::error(&format!("{error}; {}", error.hint())),
    };
    let parsed = images::parse(&text, None);
    print(file, &parsed, env);
    if parsed.error_count() == 0 { GOOD } else { BAD }
}

/// Shows every error and warning, and how many there are.
pub(super) fn print(file: &Path, parsed: &Parsed, env: &Env) {
    for line in show(&file.display().to_string(), parsed, outlet::colour(env)).lines() {
        // The log of a CI host may be where this is read.
        outlet::print(&format!("{}\n", escape::disarm(line)));
    }
    let counts = [(parsed.list.len(), "line"), (parsed.error_count(), "error"), (parsed.warning_count(), "warning")];
    let [lines, errors_shown, warnings] =
        counts.map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }));
    outlet::print(&format!("{lines} read, {errors_shown}, {warnings}\n"));
}
