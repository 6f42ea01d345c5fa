//! Runner: the files and log commands by which a step talks to it (GitHub Actions: workflow commands).

use crate::{
    inputs::{Env, INPUTS, Inputs},
    report::{Report, Verdict, escape},
};
use std::{fmt::Write as _, fs::OpenOptions, io::Write as _};

/// One byte over 1 MiB and the runner uploads nothing; some room is left.
pub(super) const LONGEST_SUMMARY: usize = 1_000_000;

/// Appends to a file that the runner made for this step.
///
/// # Errors
/// The warning to print; a step outside of a runner has no such file.
pub(super) fn append(env: &Env, variable: &str, text: &str) -> Result<(), String> {
    let Some(path) = env.get(variable) else {
        return Err(warning(&format!("{variable} is not set: nothing was written to it")));
    };
    let write = || OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes());
    write().map_err(|error| warning(&format!("{variable} cannot be written: {error}")))
}

/// Writes the outputs, each with a delimiter of its own that no value can hold.
pub(super) fn outputs(report: &Report, inputs: &Inputs) -> String {
    let totals = report.totals();
    let file =
        |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let mut text = String::new();
    for (name, value) in [
        ("changed", totals.written().to_string()),
        ("imported", if report.is_applied() { totals.written().to_string() } else { "0".to_owned() }),
        ("failed", (totals.failed + totals.block + totals.undone + totals.unreadable).to_string()),
        ("clean", (report.verdict() == Verdict::Clean).to_string()),
        ("plan-file", file(&inputs.plan_file)),
        ("result-file", file(&inputs.result_file)),
    ] {
        let delimiter = format!("acr_sync_{}", uuid::Uuid::new_v4());
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name}<<{delimiter}\n{value}\n{delimiter}");
    }
    text
}

/// Returns a warning as a log command.
pub(super) fn warning(what: &str) -> String {
    format!("::warning::{}", escape::command_data(what))
}

/// Returns a remark as a log command.
pub(super) fn notice(what: &str) -> String {
    format!("::notice::{}", escape::command_data(what))
}

/// Returns the commands that hide what is secret; short values would hide half of the log.
pub(super) fn masks(_inputs: &Inputs, env: &Env) -> Vec<String> {
    let secrets = INPUTS.iter().filter(|input| input.is_secret);
    let values = secrets
        .flat_map(|input| env.input(input.name).into_iter().chain(input.variable.and_then(|name| env.get(name))));
    // A line of `credentials` holds its secret last.
    let words = values.flat_map(str::lines).filter_map(|line| line.split_whitespace().last());
    words.filter(|word| word.len() >= 6 && !word.starts_with('$')).map(escape::mask).collect()
}
