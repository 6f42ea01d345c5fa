//! No command: a step of a workflow. The event says what is to be done.

use super::{BAD, GOOD, files, outlet, stop};
use crate::{
    app::{self, Occasion},
    credential::Mask,
    host::GitHub,
    images::Colour,
    inputs::{Env, Inputs, Mode},
    problem::{Problem, Side},
    report::{Report, Verdict, escape, progress, terminal},
};

pub(super) async fn run(inputs: &Inputs, env: &Env) -> u8 {
    if !GitHub::is_here(env) {
        return outlet::problems(&[Problem::new(
            Side::Settings,
            "no command is given, and this is no GitHub workflow",
        )
        .hint("See `acr-sync --help`; `acr-sync demo` shows a whole run.")]);
    }
    let mut inputs = inputs.clone();
    // Tokens come up during the run: the runner hears of each before it is used.
    inputs.identity.mask = Mask::new(|secret| print(&[escape::mask(secret)]));
    match step(&inputs, env).await {
        Ok(code) => code,
        Err(problem) => outlet::problems(&[problem]),
    }
}

async fn step(inputs: &Inputs, env: &Env) -> Result<u8, Problem> {
    let mut host = GitHub::new(env, inputs)?;
    print(&host.masks(inputs));
    let (report, mode) = match host.occasion(inputs).await {
        Ok(Some(occasion)) => (walk(inputs, &occasion).await, occasion.mode),
        Ok(None) => (host.without_list(inputs, None), Mode::Plan),
        Err(problem) => (host.without_list(inputs, Some(problem)), Mode::Plan),
    };
    outlet::print(&terminal::text(&report, Colour::Plain));
    files::write(inputs, &report)?;
    print(&host.publish(&report, inputs).await);
    Ok(match (report.verdict(), mode) {
        // On a CI host changes that wait for their merge are success.
        (Verdict::Clean, _) | (Verdict::Pending, Mode::Plan) => GOOD,
        (Verdict::Pending, Mode::Apply) | (Verdict::Failed, _) => BAD,
    })
}

async fn walk(inputs: &Inputs, occasion: &Occasion) -> Report {
    app::walk(
        inputs,
        occasion,
        async |plan, events| progress::watch(plan, events, outlet::log()).await,
        &stop::listen(),
    )
    .await
}

fn print(lines: &[String]) {
    for line in lines {
        outlet::print(&format!("{line}\n"));
    }
}
