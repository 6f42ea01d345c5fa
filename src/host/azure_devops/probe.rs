//! Probe: the readers and writers of this host that meet foreign text, for [`crate::fuzz`].

use super::{agent, event::Event};
use crate::{
    inputs::{Env, Mode},
    report::{annotations::Annotation, log::Level},
};

/// Reads the agent's variables, one a line.
pub(crate) fn event(text: &str) {
    let mut env = Env::default();
    let names = [
        "BUILD_REASON",
        "BUILD_SOURCEBRANCH",
        "SYSTEM_PULLREQUEST_PULLREQUESTID",
        "SYSTEM_PULLREQUEST_ISFORK",
        "BUILD_REPOSITORY_PROVIDER",
    ];
    for (name, value) in names.iter().zip(text.split('\n')) {
        env.set_variable(name, value);
    }
    let event = Event::read(&env);
    let is_review = env.get("BUILD_SOURCEBRANCH").is_some_and(|branch| branch.starts_with("refs/pull/"));
    assert!(!is_review || event.mode() == Mode::Plan, "{event:?}");
}

/// Writes a text in every command that is sent to the agent.
pub(crate) fn commands(text: &str, annotations: &[Annotation]) -> Vec<String> {
    let mut commands = vec![
        agent::remark(Level::Warn, text),
        agent::remark(Level::Error, text),
        agent::output("plan-file", text),
        agent::mask(text),
    ];
    commands.extend(agent::issues(annotations));
    commands
}
