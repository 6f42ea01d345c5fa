//! Event: what happened, as far as the list is concerned. Payloads are read leniently: published schemas reject real ones.

use crate::{
    inputs::{Env, Mode},
    problem::{Problem, Side},
};
use serde::Deserialize;

/// What started the run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The pull request or push.
    pub subject: Subject,
}

/// What the run is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A pull request, by its number.
    PullRequest(u64),
    /// Commits on a branch.
    Push {
        /// The tip before; none for a new branch.
        before: Option<String>,
    },
    /// A schedule, a button, anything else: the whole list.
    Other,
}

#[derive(Default, Deserialize)]
struct Payload {
    number: Option<u64>,
    before: Option<String>,
}

impl Event {
    pub(super) fn read(env: &Env) -> Result<Self, Problem> {
        let payload = match env.get("GITHUB_EVENT_PATH") {
            None => Payload::default(),
            Some(path) => {
                let unreadable =
                    |why: String| Problem::new(Side::Settings, format!("the event `{path}` cannot be read: {why}"));
                let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
                serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?
            }
        };
        Ok(Self { subject: subject(env.get("GITHUB_EVENT_NAME").unwrap_or_default(), payload) })
    }

    /// Returns what the event asks for: a review plans, everything behind it applies.
    pub(super) fn mode(&self) -> Mode {
        match self.subject {
            Subject::PullRequest(_) => Mode::Plan,
            Subject::Push { .. } | Subject::Other => Mode::Apply,
        }
    }
}

fn subject(name: &str, payload: Payload) -> Subject {
    match (name, payload.number) {
        ("pull_request", Some(number)) => Subject::PullRequest(number),
        ("push", _) => {
            // Forty zeros stand for a branch that was not there.
            let before = payload.before.filter(|before| before.bytes().any(|byte| byte != b'0'));
            Subject::Push { before }
        }
        _ => Subject::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, payload: &str) -> Event {
        Event { subject: subject(name, serde_json::from_str(payload).unwrap()) }
    }

    #[test]
    fn a_pull_request_plans_and_a_push_applies() {
        let event = read("pull_request", r#"{"number":7,"action":"opened"}"#);
        assert_eq!((event.mode(), event.subject), (Mode::Plan, Subject::PullRequest(7)));
        let event = read("push", r#"{"before":"0f00000000000000000000000000000000000000"}"#);
        assert_eq!(event.mode(), Mode::Apply);
    }

    #[test]
    fn a_new_branch_has_no_base() {
        let event = read("push", &format!(r#"{{"before":"{}"}}"#, "0".repeat(40)));
        assert_eq!(event.subject, Subject::Push { before: None });
    }
}
