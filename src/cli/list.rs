//! `plan` and `apply`: the list of a working copy, shown in the terminal.

use super::{BAD, GOOD, PENDING, files, outlet, stop};
use crate::{
    app,
    host::{self, Asked},
    inputs::{Env, Inputs, Mode},
    report::{Report, Verdict, progress},
};

pub(super) async fn run(inputs: &Inputs, asked: Asked, env: &Env) -> u8 {
    let mut occasion = match host::occasion(inputs, asked) {
        Ok(occasion) => occasion,
        Err(problem) => return outlet::run_problems(&[problem], inputs.log),
    };
    if let Err(problem) = files::take_review(inputs, &mut occasion) {
        return outlet::run_problems(&[problem], inputs.log);
    }
    let report = app::walk(
        inputs,
        &occasion,
        async |plan, events| progress::watch(plan, events, outlet::progress(inputs.log)).await,
        &stop::listen(),
    )
    .await;
    outlet::report(&report, inputs.log, outlet::colour(env));
    if let Err(problem) = files::write(inputs, &report) {
        return outlet::run_problems(&[problem], inputs.log);
    }
    code(&report, asked.mode)
}

fn code(report: &Report, mode: Mode) -> u8 {
    match (report.verdict(), mode) {
        (Verdict::Clean, _) => GOOD,
        (Verdict::Pending, Mode::Plan) => PENDING,
        (Verdict::Pending | Verdict::Failed, _) => BAD,
    }
}
