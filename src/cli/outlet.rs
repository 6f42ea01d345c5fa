//! Outlet: where the commands write, and whether it is a terminal. Nothing else prints.

use crate::{
    images::Colour,
    inputs::{Env, Log},
    problem::Problem,
    report::{
        Report, escape,
        log::{self, Entry},
        progress::Out,
        terminal,
    },
};
use std::{
    io::{self, IsTerminal, Write},
    time::SystemTime,
};

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
pub(super) fn progress(form: Log) -> Out {
    if form == Log::Json {
        Out::Json(stdout())
    } else if io::stderr().is_terminal() && io::stdout().is_terminal() {
        Out::Bars
    } else {
        Out::Plain(stdout())
    }
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

/// Writes a report: for people, or as objects.
pub(super) fn report(report: &Report, form: Log, colour: Colour) {
    match form {
        Log::Text => print(&terminal::text(report, colour)),
        Log::Json => log::entries(report).iter().for_each(object),
    }
}

/// Writes a line of a log of objects.
pub(super) fn object(entry: &Entry) {
    print(&entry.text(SystemTime::now()));
}

/// Writes every problem of a run where its log goes, and returns the exit code.
pub(super) fn run_problems(list: &[Problem], form: Log) -> u8 {
    match form {
        Log::Text => problems(list),
        Log::Json => {
            list.iter().for_each(|problem| object(&log::problem(problem)));
            super::BAD
        }
    }
}

/// Writes what a host carries out: to standard output, and where that is a log of objects, to the other stream, in which
/// hosts look for commands as well.
pub(super) fn order(command: &str, form: Log) {
    match form {
        Log::Text => print(&format!("{command}\n")),
        Log::Json => drop(writeln!(io::stderr(), "{command}")),
    }
}

/// Writes every problem to standard error and returns the exit code.
pub(super) fn problems(problems: &[Problem]) -> u8 {
    for problem in problems {
        error(&problem.to_string());
    }
    super::BAD
}
