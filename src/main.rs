//! The front door: the environment in, the exit code out.

use acr_sync::{cli, inputs::Env};
use std::process::ExitCode;

/// For the static program alone; see `Cargo.toml`.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let command = match cli::read(std::env::args_os()) {
        Ok(command) => command,
        Err(message) => return message.print(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli::run(command, Env::process())),
        Err(error) => cli::refuse(&format!("the program cannot start its workers: {error}")),
    }
}
