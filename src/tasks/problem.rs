//! Problem: what a refusal of the service means, and what to do.

use crate::{
    azure::ArmError,
    problem::{Problem, Side},
};

/// Returns a refusal for a report. The role is that of the article "Azure Container Registry roles directory reference".
pub fn refused(error: &ArmError) -> Problem {
    let ArmError::Refused(refusal) = error else { return error.problem() };
    let problem = Problem::new(Side::Azure, refusal.to_string());
    match (refusal.status, refusal.code.as_str()) {
        // Subscriptions that run on free credit (section 11.4).
        (_, "TasksOperationsNotAllowed") => {
            problem.hint("Azure has paused ACR Tasks for this subscription; a request to its support lifts that.")
        }
        (403, _) => problem.hint("Grant this identity *Container Registry Tasks Contributor* on the registry."),
        (404, _) => problem.hint("Check that the registry's region has ACR Tasks, and the agent pool's name."),
        _ => problem,
    }
}

/// Returns why a run was not ordered, or that nobody knows whether it was.
pub(super) fn unordered(error: &ArmError) -> Problem {
    let problem = refused(error);
    if !error.is_unclear() {
        return problem;
    }
    Problem::new(problem.side, format!("whether the run was taken is not known: {}", problem.what))
        .hint("`az acr task list-runs` shows whether it is there; run again if it is not.")
}
