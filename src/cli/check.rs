//! `check`: the linter of a list.

use super::{BAD, GOOD, outlet};
use crate::{
    images::{self, show},
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
    for line in show(&file.display().to_string(), &parsed, outlet::colour(env)).lines() {
        // The log of a CI host may be where this is read.
        outlet::print(&format!("{}\n", escape::disarm(line)));
    }
    let errors = parsed.error_count();
    let counts = [(parsed.list.len(), "line"), (errors, "error"), (parsed.warning_count(), "warning")];
    let [lines, errors_shown, warnings] =
        counts.map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }));
    outlet::print(&format!("{lines} read, {errors_shown}, {warnings}\n"));
    if errors == 0 { GOOD } else { BAD }
}
