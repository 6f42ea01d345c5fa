//! The peak memory of one program. Linux counts the memory of whoever starts a program as that program's, and a bench holds
//! the stand-in; so the program is started by a small one, GNU `time`.

use std::{fs, path::Path, process::Command};

/// Returns a command that runs `program` and leaves its peak memory in `file`.
pub(crate) fn command(program: &Path, file: &Path) -> Command {
    let mut command = Command::new("/usr/bin/time");
    command.args(["--quiet", "--format", "%M", "--output"]).arg(file).arg(program).env_clear();
    command
}

/// What `file` says, in MB.
pub(crate) fn read(file: &Path) -> f64 {
    fs::read_to_string(file).unwrap().trim().parse::<f64>().unwrap() * 1024.0 / 1e6
}
