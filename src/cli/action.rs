//! No command: a step of a workflow or a pipeline. The event says what is to be done.

use super::{BAD, GOOD, files, outlet, stop};
use crate::{
    app::{self, Occasion},
    credential::Mask,
    host::{AzureDevOps, GitHub, Host, without_list},
    images::Colour,
    import,
    inputs::{Env, Inputs, Mode},
    plan::Plan,
    problem::{Problem, Side},
    report::{
        Report, Verdict,
        progress::{self, Out},
        terminal,
    },
};
use std::{io::Write, time::Duration};
use tokio::sync::watch::Receiver;

/// How long a run that is to stop still tries to post its report: hosts kill it after ten seconds or less.
const GRACE: Duration = Duration::from_secs(4);

pub(super) async fn run(env: &Env) -> u8 {
    if GitHub::is_here(env) {
        return step(env, GitHub::new).await;
    }
    if AzureDevOps::is_here(env) {
        return step(env, AzureDevOps::new).await;
    }
    outlet::problems(&[Problem::new(Side::Settings, "no command is given, and this is no job of a CI host")
        .hint("See `acr-sync --help`; `acr-sync demo` shows a whole run.")])
}

/// Runs on a host, from its masks to its report.
async fn step<H: Host>(env: &Env, new: impl FnOnce(&Env, &Inputs) -> Result<H, Problem>) -> u8 {
    // What a log must not show is hidden before anything else is done or said.
    print(H::secrets(env).iter().map(|secret| H::mask(secret)));
    let result = match Inputs::read(env) {
        Ok(inputs) => walk(inputs, env, new).await,
        Err(problems) => Err(problems),
    };
    result.unwrap_or_else(|problems| {
        print(problems.iter().map(|problem| H::error(&problem.to_string())));
        BAD
    })
}

async fn walk<H: Host>(
    mut inputs: Inputs,
    env: &Env,
    new: impl FnOnce(&Env, &Inputs) -> Result<H, Problem>,
) -> Result<u8, Vec<Problem>> {
    // Tokens come up during the run: the host hears of each before it is used.
    inputs.identity.mask = Mask::new(|secret| print([H::mask(secret)]));
    let mut host = new(env, &inputs).map_err(|problem| vec![problem])?;
    let stop = stop::listen();
    let mut stopped = stop.clone();
    let occasion = tokio::select! {
        biased;
        () = import::stopped(&mut stopped) => Err(Problem::new(Side::Settings, "the run was stopped before it began")),
        // Hosts and their walks are large, and each is there for its own time only.
        occasion = Box::pin(host.occasion(&inputs)) => occasion,
    };
    let (report, mode) = match occasion {
        Ok(Some(mut occasion)) => {
            files::take_review(&inputs, &mut occasion).map_err(|problem| vec![problem])?;
            (planned_or_applied(&inputs, &occasion, H::progress, &stop).await, occasion.mode)
        }
        Ok(None) => (without_list(&inputs, None), Mode::Plan),
        Err(problem) => (without_list(&inputs, Some(problem)), Mode::Plan),
    };
    outlet::print(&terminal::text(&report, Colour::Plain));
    let written = files::write(&inputs, &report);
    print(host.record(&report, &inputs));
    let given_up = async {
        import::stopped(&mut stop.clone()).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        lines = host.publish(&report, &inputs) => print(lines),
        () = given_up => print([H::error("the run was stopped before its report was posted; the summary has it")]),
    }
    written.map_err(|problem| vec![problem])?;
    Ok(match (report.verdict(), mode) {
        // On a CI host changes that wait for their merge are success.
        (Verdict::Clean, _) | (Verdict::Pending, Mode::Plan) => GOOD,
        (Verdict::Pending, Mode::Apply) | (Verdict::Failed, _) => BAD,
    })
}

/// Apart from the host, so that the program has it once.
async fn planned_or_applied(
    inputs: &Inputs,
    occasion: &Occasion,
    out: fn(Box<dyn Write + Send>) -> Out,
    stop: &Receiver<bool>,
) -> Report {
    let watch = async |plan: &Plan, events| progress::watch(plan, events, out(outlet::stdout())).await;
    Box::pin(app::walk(inputs, occasion, watch, stop)).await
}

fn print(lines: impl IntoIterator<Item = String>) {
    for line in lines {
        outlet::print(&format!("{line}\n"));
    }
}
