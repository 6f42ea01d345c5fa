//! The command line: which command is meant, and what it prints.
//!
//! The action is the same program with no subcommand.

mod action;
mod arguments;
mod build;
mod check;
#[cfg(feature = "emulator")]
mod demo;
mod doctor;
mod files;
mod kit;
mod list;
mod outlet;
mod scan;
mod sign_in;
mod stop;
mod task;

use crate::{
    host::Asked,
    inputs::{Env, Inputs, Log},
    problem::Problem,
};
use std::process::ExitCode;

pub use arguments::{Command, Message, read};
pub use build::Order as BuildOrder;
pub use kit::Order;
pub use scan::{Options as ScanOptions, Writing};
pub use task::Call as TaskCall;

/// Everything is as it should be.
const GOOD: u8 = 0;
/// Something is wrong: a line, a step, a setting.
const BAD: u8 = 1;
/// `plan` found changes that wait to be merged; on CI hosts that is success.
const PENDING: u8 = 2;
/// `scan` found images that no line brings in.
const MISSING: u8 = 2;

/// Runs a command to its exit code.
pub async fn run(command: Command, env: Env) -> ExitCode {
    let code = match command {
        Command::Check { file } => check::run(&file, &env),
        Command::Scan(options) => scan::run(&options, &env),
        Command::List { mode, scope, inputs } => match settings(env.clone(), &inputs) {
            Ok(settings) => list::run(&settings, Asked { mode, scope }, &env).await,
            Err(problems) => outlet::run_problems(&problems, form(env, &inputs)),
        },
        Command::Kit(order) => match settings(env.clone(), &order.inputs) {
            Ok(settings) => kit::run(settings, &order, &env).await,
            Err(problems) => outlet::problems(&problems),
        },
        Command::Build(order) => match settings(env.clone(), &order.inputs) {
            Ok(settings) => build::run(settings, &order, &env).await,
            Err(problems) => outlet::problems(&problems),
        },
        Command::Run(call) => match settings(env.clone(), &call.inputs) {
            Ok(settings) => task::run(settings, &call, &env).await,
            Err(problems) => outlet::problems(&problems),
        },
        Command::Doctor { clusters, file, inputs } => match settings(env.clone(), &inputs) {
            Ok(settings) => doctor::run(&settings, &clusters, file.as_deref(), &env).await,
            Err(problems) => outlet::problems(&problems),
        },
        Command::Action => action::run(&env).await,
        #[cfg(feature = "emulator")]
        Command::Demo(extent) => demo::run(extent, &env).await,
        #[cfg(feature = "emulator")]
        Command::Emulator(options) => match crate::emulator::serve(options, std::io::stdout()).await {
            Ok(()) => GOOD,
            Err(error) => outlet::error(&format!("{error:#}")),
        },
    };
    ExitCode::from(code)
}

/// Says why the program cannot even begin.
pub fn refuse(why: &str) -> ExitCode {
    ExitCode::from(outlet::error(why))
}

fn form(mut env: Env, given: &[(String, String)]) -> Log {
    for (name, value) in given {
        env.set_input(name, value);
    }
    Log::of(&env)
}

fn settings(mut env: Env, given: &[(String, String)]) -> Result<Inputs, Vec<Problem>> {
    for (name, value) in given {
        env.set_input(name, value);
    }
    Ok(Inputs::read(&env)?.whole()?.with_docker(&env))
}
