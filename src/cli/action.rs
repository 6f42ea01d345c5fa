//! No command: a step of a workflow or a pipeline. The event says what is to be done.

use super::{BAD, GOOD, files, outlet, stop};
use crate::{
    app::{self, Occasion},
    credential::Mask,
    host::{AzureDevOps, GitHub, Host, Said, without_list},
    http,
    images::Colour,
    inputs::{Env, Inputs, Log, Mode},
    plan::Plan,
    problem::{Problem, Side},
    report::{
        Report, Verdict,
        log::{Entry, Level},
        progress::{self, Out},
    },
    stop::stopped,
};
use std::time::Duration;
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
    let form = Log::of(env);
    // What a log must not show is hidden before anything else is done or said.
    H::secrets(env).iter().for_each(|secret| outlet::order(&H::mask(secret), form));
    let result = match Inputs::read(env) {
        Ok(inputs) => walk(inputs, env, new).await,
        Err(problems) => Err(problems),
    };
    result.unwrap_or_else(|problems| {
        for problem in problems {
            tell::<H>(Said::Remark(Level::Error, problem.to_string()), "settings", form);
        }
        BAD
    })
}

async fn walk<H: Host>(
    mut inputs: Inputs,
    env: &Env,
    new: impl FnOnce(&Env, &Inputs) -> Result<H, Problem>,
) -> Result<u8, Vec<Problem>> {
    let form = inputs.log;
    // Tokens come up during the run: the host hears of each before it is used.
    inputs.identity.mask = Mask::new(move |secret| outlet::order(&H::mask(secret), form));
    let mut host = new(env, &inputs).map_err(|problem| vec![problem])?;
    let stop = stop::listen();
    let mut wish = stop.clone();
    let occasion = tokio::select! {
        biased;
        () = stopped(&mut wish) => Err(Problem::new(Side::Settings, "the run was stopped before it began")),
        // Hosts and their walks are large, and each is there for its own time only.
        occasion = Box::pin(http::during("event", None, host.occasion(&inputs))) => occasion,
    };
    let (report, mode) = match occasion {
        Ok(Some(mut occasion)) => match files::take_review(&inputs, &mut occasion) {
            Ok(()) => (planned_or_applied(&inputs, &occasion, progress::<H>, &stop).await, occasion.mode),
            Err(problem) => (without_list(&inputs, Some(problem)), occasion.mode),
        },
        Ok(None) => (without_list(&inputs, None), Mode::Plan),
        Err(problem) => (without_list(&inputs, Some(problem)), Mode::Plan),
    };
    outlet::report(&report, form, Colour::Plain);
    let written = files::write(&inputs, &report);
    let say = |said: Vec<Said>| said.into_iter().for_each(|said| tell::<H>(said, "host", form));
    if mode == Mode::Plan {
        say(inputs.missing.iter().map(|it| Said::Remark(Level::Warn, it.what.clone())).collect());
    }
    say(host.record(&report, &inputs));
    let given_up = async {
        stopped(&mut stop.clone()).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        said = host.publish(&report, &inputs) => say(said),
        () = given_up => {
            let what = "the run was stopped before its report was posted; the summary has it";
            say(vec![Said::Remark(Level::Error, what.to_owned())]);
        }
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
    out: fn(Log) -> Out,
    stop: &Receiver<bool>,
) -> Report {
    let watch = async |plan: &Plan, events| progress::watch(plan, events, out(inputs.log)).await;
    Box::pin(app::walk(inputs, occasion, watch, stop)).await
}

fn progress<H: Host>(form: Log) -> Out {
    match form {
        Log::Text => H::progress(outlet::stdout()),
        Log::Json => Out::Json(outlet::stdout()),
    }
}

/// Tells the log; as objects it has what concerns lines already, and is no place for a host's commands.
fn tell<H: Host>(said: Said, phase: &'static str, form: Log) {
    match (form, said) {
        (Log::Text, said) => outlet::print(&format!("{}\n", H::line(&said))),
        (Log::Json, Said::Remark(level, what)) => outlet::object(&Entry::new(level, phase, what)),
        (Log::Json, Said::Order(command)) => outlet::order(&command, form),
        (Log::Json, Said::Place(_)) => {}
    }
}
