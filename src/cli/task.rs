//! `run`: a standing task, out of its turn, followed to its end. Stopped, it calls the run off.

use super::{
    BAD, GOOD,
    build::{follow, say},
    outlet,
    sign_in::{flags, given, mask, sign_in, with},
    stop,
};
use crate::{
    inputs::{Env, Inputs},
    problem::{Problem, Side},
    tasks::{self, Order, Pace, Service, TaskRun, VERSION, Watch, Work},
};
use clap::{Arg, ArgMatches, Command};
use std::time::Duration;
use tokio::sync::watch;

/// Which task is run.
#[derive(Debug, Clone)]
pub struct Call {
    /// The task's name.
    pub task: String,
    /// The inputs that were given as flags.
    pub inputs: Vec<(String, String)>,
}

/// Returns the command `run` with what it takes.
pub(super) fn command() -> Command {
    let command = Command::new("run")
        .about("Runs a task that stands in the registry, and shows its log")
        .arg(Arg::new("task").value_name("TASK").required(true).value_parser(name).help("The task's name"))
        .after_help("Stopped (SIGINT, SIGTERM) it calls the run off.\n\nExit codes: 0 it succeeded, 1 it did not.");
    with(command, flags())
}

/// Reads the matches of `run`; nothing where clap let something through that it must not.
pub(super) fn read(matches: &ArgMatches) -> Option<Call> {
    Some(Call { task: matches.get_one::<String>("task")?.clone(), inputs: given(matches, flags()) })
}

/// It stands in a path from here on.
fn name(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_name { Ok(text.to_owned()) } else { Err("expected the name of a task".to_owned()) }
}

pub(super) async fn run(mut inputs: Inputs, call: &Call, env: &Env) -> u8 {
    inputs.identity.mask = mask(env);
    match ordered(&inputs, &call.task, &stop::listen()).await {
        Ok(()) => GOOD,
        Err(problem) => {
            outlet::problems(&[problem]);
            BAD
        }
    }
}

async fn ordered(inputs: &Inputs, name: &str, stop: &watch::Receiver<bool>) -> Result<(), Problem> {
    let (arm, target) = sign_in(inputs, "a task").await?;
    let service = Service { arm: &arm, registry: &target.id };
    let id = format!("{}/tasks/{name}", target.id);
    let task = arm.resource_by(&id, VERSION).await.map_err(|error| tasks::refused(&error))?;
    let task = task.ok_or_else(|| {
        Problem::new(Side::Settings, format!("the registry has no task `{name}`"))
            .hint("`az acr task list` shows those that it has; `tasks` in acr-sync.yaml makes them.")
    })?;
    let timeout = Duration::from_secs(task["properties"]["timeout"].as_u64().unwrap_or(3600)).min(tasks::LONGEST);
    let run = service.schedule(&Order::of(Work::Task(TaskRun { id }))).await?;
    say(&format!("run {} of {name} at {}", run.id, target.login_server));
    follow(&service, &run.id, &Watch { pace: Pace::of(timeout), stop, secrets: Vec::new() }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_named_and_nothing_else_can_be() {
        command().debug_assert();
        let matches = |line: &str| command().try_get_matches_from(line.split(' ')).ok();
        let call = matches("run purge-old --registry contoso").and_then(|matches| read(&matches)).unwrap();
        assert_eq!((call.task.as_str(), call.inputs[0].1.as_str()), ("purge-old", "contoso"));
        for wrong in ["run", "run a/../b", "run a?b", "run a b"] {
            assert!(matches(wrong).is_none(), "{wrong}");
        }
    }
}
