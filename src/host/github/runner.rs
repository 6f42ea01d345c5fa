//! Runner: the files and log commands by which a step talks to it (GitHub Actions: workflow commands).

use crate::{
    host::told,
    inputs::{Env, Inputs},
    report::{Report, escape, log::Level},
};
use std::{fmt::Write as _, fs::OpenOptions, io::Write as _};

/// One byte over 1 MiB and the runner uploads nothing; some room is left.
pub(super) const LONGEST_SUMMARY: usize = 1_000_000;

/// Appends to a file that the runner made for this step.
///
/// # Errors
/// What was not written; a step outside of a runner has no such file.
pub(super) fn append(env: &Env, variable: &str, text: &str) -> Result<(), String> {
    let Some(path) = env.get(variable) else {
        return Err(format!("{variable} is not set: nothing was written to it"));
    };
    let write = || OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes());
    write().map_err(|error| format!("{variable} cannot be written: {error}"))
}

/// Writes the outputs, each with a delimiter of its own that no value can hold.
pub(super) fn outputs(report: &Report, inputs: &Inputs) -> String {
    let mut text = String::new();
    for (name, value) in told::outputs(report, inputs) {
        let delimiter = format!("acr_sync_{}", uuid::Uuid::new_v4());
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name}<<{delimiter}\n{value}\n{delimiter}");
    }
    text
}

/// Returns a remark as a log command.
pub(super) fn remark(level: Level, what: &str) -> String {
    let word = match level {
        Level::Info => "notice",
        Level::Warn => "warning",
        Level::Error => "error",
    };
    format!("::{word}::{}", escape::command_data(what))
}
