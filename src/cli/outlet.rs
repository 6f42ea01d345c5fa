//! Outlet: where the commands write, and whether it is a terminal. Nothing else prints.

use crate::{
    images::Colour,
    inputs::Env,
    problem::Problem,
    report::{escape, progress::Out},
};
use std::io::{self, IsTerminal, Write};

/// Whether standard output shows colours: a terminal does, unless told otherwise (`NO_COLOR`, `TERM=dumb`).
pub(super) fn colour(env: &Env) -> Colour {
    let is_unwanted = env.get("NO_COLOR").is_some() || env.get("TERM") == Some("dumb");
    if io::stdout().is_terminal() && !is_unwanted { Colour::Coloured } else { Colour::Plain }
}

/// Writes a text to standard output. A reader that has gone away (`| head`) is no error of ours.
pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Returns where progress is shown: bars on a terminal, else lines.
pub(super) fn progress() -> Out {
    if io::stderr().is_terminal() && io::stdout().is_terminal() { Out::Bars } else { log() }
}

/// Returns the log as a place for progress.
pub(super) fn log() -> Out {
    Out::Plain(stdout())
}

/// Returns standard output for somebody who writes for longer.
pub(super) fn stdout() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}

/// Writes an error to standard error and returns the exit code.
pub(super) fn error(what: &str) -> u8 {
    drop(writeln!(io::stderr(), "error: {}", escape::log_line(what)));
    super::BAD
}

/// Writes every problem to standard error and returns the exit code.
pub(super) fn problems(problems: &[Problem]) -> u8 {
    for problem in problems {
        error(&problem.to_string());
    }
    super::BAD
}
