//! Sign-in, for commands that are about one registry.

use super::outlet;
use crate::{
    azure::{self, Arm, Target},
    credential::{self, Mask},
    host::{AzureDevOps, GitHub, Host},
    http::Http,
    inputs::{Env, INPUTS, Input, Inputs},
    problem::{Problem, Side},
};
use clap::{Arg, ArgMatches, Command};

/// The inputs that say which registry is meant and who signs in, for commands that take no others.
pub(super) fn flags() -> impl Iterator<Item = &'static Input> {
    INPUTS.iter().filter(|it| matches!(it.name, "registry" | "tenant-id" | "client-id" | "subscription-id" | "cloud"))
}

/// Offers inputs as flags of a command.
pub(super) fn with(command: Command, inputs: impl Iterator<Item = &'static Input>) -> Command {
    inputs.fold(command, |command, input| {
        let default = if input.default.is_empty() { String::new() } else { format!(" [default: {}]", input.default) };
        let variable = input.variable.map(|variable| format!(" [env: {variable}]")).unwrap_or_default();
        let help = format!("{}{default}{variable}", input.about);
        command.arg(Arg::new(input.name).long(input.name).value_name("VALUE").help(help))
    })
}

/// Returns the inputs that were given as flags.
pub(super) fn given(matches: &ArgMatches, inputs: impl Iterator<Item = &'static Input>) -> Vec<(String, String)> {
    inputs.filter_map(|input| Some((input.name.to_owned(), matches.get_one::<String>(input.name)?.clone()))).collect()
}

/// Signs in and finds the one registry that is named; `what` is what only one registry can have.
pub(super) async fn sign_in(inputs: &Inputs, what: &str) -> Result<(Arm, Target), Problem> {
    let setting = |what: String| Problem::new(Side::Settings, what);
    let name = match inputs.registries.as_slice() {
        [name] => name,
        [] => return Err(setting("no registry is given".to_owned()).hint("`--registry NAME`")),
        _ => return Err(setting(format!("{what} is of one registry")).hint("Name the one: `--registry NAME`.")),
    };
    let http = Http::new(&inputs.way).map_err(|error| setting(error.to_string()))?;
    let credential = credential::azure(&inputs.identity, &http, &inputs.cloud)
        .await
        .map_err(|why| setting(why).hint("Complete the settings for signing in."))?;
    let arm = Arm::new(http, credential, inputs.cloud.clone());
    let target = azure::find(&arm, name, inputs.subscription.as_deref()).await?;
    Ok((arm, target))
}

/// Returns who hides secrets: in a job everything that is printed is kept, so its host hears of them first, and at once of
/// those that the run was given.
pub(super) fn mask(env: &Env) -> Mask {
    if GitHub::is_here(env) {
        hiding::<GitHub>(env)
    } else if AzureDevOps::is_here(env) {
        hiding::<AzureDevOps>(env)
    } else {
        Mask::default()
    }
}

fn hiding<H: Host>(env: &Env) -> Mask {
    let mask = Mask::new(|secret| outlet::print(&format!("{}\n", H::mask(secret))));
    H::secrets(env).iter().for_each(|secret| mask.hide(secret));
    mask
}
