//! No command: a step of a workflow. The event says what is to be done.

use super::{BAD, GOOD, files, outlet, stop};
use crate::{
    app,
    credential::Mask,
    host::GitHub,
    images::Colour,
    inputs::{Env, Inputs, Mode},
    problem::{Problem, Side},
    report::{Verdict, escape, progress, terminal},
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
    let host = GitHub::new(env)?;
    print(&host.masks(inputs));
    let occasion = host.occasion(inputs)?;
    let report = app::walk(
        inputs,
        &occasion,
        async |plan, events| progress::watch(plan, events, outlet::log()).await,
        &stop::listen(),
    )
    .await;
    outlet::print(&terminal::text(&report, Colour::Plain));
    files::write(inputs, &report)?;
    print(&host.publish(&report, inputs).await);
    Ok(match (report.verdict(), occasion.mode) {
        // On a CI host changes that wait for their merge are success.
        (Verdict::Clean, _) | (Verdict::Pending, Mode::Plan) => GOOD,
        (Verdict::Pending, Mode::Apply) | (Verdict::Failed, _) => BAD,
    })
}

fn print(lines: &[String]) {
    for line in lines {
        outlet::print(&format!("{line}\n"));
    }
}
