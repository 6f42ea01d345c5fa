//! The peak memory of one program. Linux counts the memory of whoever starts a program as that program's, and a bench holds
//! the stand-in; so the program is started by a process that holds nothing, which is this bench started once more.

use nix::sys::resource::{UsageWho, getrusage};
use std::{
    env, fs,
    path::Path,
    process::{Command, ExitCode},
};

/// Names the file in which a process that holds nothing leaves the figure, in bytes.
const FILE: &str = "ACR_SYNC_BENCH_PEAK";

/// Returns a command that runs `program` and leaves its peak memory in `file`.
pub(crate) fn command(program: &Path, file: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.arg(program).env_clear().env(FILE, file);
    command
}

/// What `file` says, in MB.
pub(crate) fn read(file: &Path) -> f64 {
    fs::read_to_string(file).unwrap().parse::<f64>().unwrap() / 1e6
}

/// To be asked first: is this the process that holds nothing, it runs the program it was told, and ends as that has.
pub(crate) fn stand_between() -> Option<ExitCode> {
    let (_, file) = env::vars_os().find(|(name, _)| name == FILE)?;
    let mut arguments = env::args_os().skip(1);
    let status = Command::new(arguments.next().unwrap()).args(arguments).env_remove(FILE).status().unwrap();
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() * 1024;
    fs::write(file, peak.to_string()).unwrap();
    Some(ExitCode::from(u8::try_from(status.code().unwrap()).unwrap()))
}
