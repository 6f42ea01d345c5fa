//! Probe: the readers and writers of this host that meet foreign text, for [`crate::fuzz`].

use super::{event::Event, runner};
use crate::{
    inputs::{Env, Inputs},
    report::{Report, log::Level},
};

/// Reads a payload as that of every event.
pub(crate) fn event(payload: &[u8]) {
    let names =
        ["pull_request", "pull_request_target", "merge_group", "push", "workflow_dispatch", "workflow_run", "release"];
    for name in names {
        let Ok(event) = Event::of_bytes(name, payload, Some("refs/heads/main")) else { continue };
        let commits = event.commits();
        let is_commit = |id: &&str| matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(commits.iter().all(is_commit), "{event:?}");
        // A stranger's commit is never applied.
        let may_apply = matches!(name, "push" | "workflow_dispatch" | "workflow_run");
        assert!(may_apply || event.mode() == crate::inputs::Mode::Plan, "{event:?}");
    }
}

/// Writes a text in every command that is sent to the runner.
pub(crate) fn commands(text: &str) -> [String; 3] {
    [Level::Info, Level::Warn, Level::Error].map(|level| runner::remark(level, text))
}

/// Writes the outputs of a step with a foreign path among them.
pub(crate) fn outputs(report: &Report, path: &str) -> String {
    let mut env = Env::default();
    for (name, value) in [("registry", "contosoacr"), ("plan-file", path), ("result-file", path)] {
        env.set_input(name, value);
    }
    Inputs::read(&env).map(|inputs| runner::outputs(report, &inputs)).unwrap_or_default()
}
