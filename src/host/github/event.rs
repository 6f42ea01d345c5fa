//! Event: what happened, as far as the list is concerned. Payloads are read leniently: published schemas reject real ones.

use crate::{
    inputs::{Env, Mode},
    problem::{Problem, Side},
};
use serde::Deserialize;

/// What started the run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// What the run is about.
    pub subject: Subject,
    /// The pull request, where there is one.
    pub number: Option<u64>,
    /// The commit that checks are shown on: of a pull request its own head, for nobody sees the merge commit.
    pub checked: Option<String>,
    /// Whether the run may be for a stranger's commit in spite of its rights.
    pub is_privileged: bool,
    /// Whether the change is a fork's; one that is not known to be the repository's own counts as such.
    pub is_fork: bool,
    /// What the run is on and the default branch, where that is another.
    pub beside: Option<(String, String)>,
}

/// What the run is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A pull request, on its merge commit.
    PullRequest {
        /// The base as the payload has it; it may be that of long ago.
        stale_base: Option<String>,
    },
    /// A pull request of whoever it may be, in a run with the rights of the base branch.
    Foreign {
        /// The head, which is read as data and never checked out.
        head: String,
        /// The branch that it goes to.
        base: String,
    },
    /// A merge queue's group.
    MergeGroup {
        /// What the group is merged onto.
        base: Option<String>,
    },
    /// Commits on a branch.
    Push {
        /// The branch.
        branch: String,
        /// The tip before; none for a new branch.
        before: Option<String>,
    },
    /// A schedule or a button: the whole list.
    Whole,
    /// An event that nothing is known about.
    Unknown(String),
    /// Nothing is to be done, and why.
    Nothing(String),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    action: Option<String>,
    number: Option<u64>,
    before: Option<String>,
    after: Option<String>,
    deleted: Option<bool>,
    r#ref: Option<String>,
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
    workflow_run: Option<WorkflowRun>,
    repository: Option<Repository>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PullRequest {
    number: Option<u64>,
    head: Option<Tip>,
    base: Option<Tip>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tip {
    sha: Option<String>,
    r#ref: Option<String>,
    /// Null where the fork was deleted.
    repo: Option<Repository>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MergeGroup {
    head_sha: Option<String>,
    base_sha: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WorkflowRun {
    event: Option<String>,
    conclusion: Option<String>,
    head_sha: Option<String>,
    pull_requests: Option<Vec<PullRequest>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository {
    id: Option<u64>,
    default_branch: Option<String>,
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
        Ok(Self::of(env.get("GITHUB_EVENT_NAME").unwrap_or_default(), payload, env.get("GITHUB_REF")))
    }

    /// Returns what the event asks for: a review plans, everything behind it applies.
    pub(super) fn mode(&self) -> Mode {
        match self.subject {
            Subject::Push { .. } | Subject::Whole => Mode::Apply,
            Subject::PullRequest { .. }
            | Subject::Foreign { .. }
            | Subject::MergeGroup { .. }
            | Subject::Unknown(_)
            | Subject::Nothing(_) => Mode::Plan,
        }
    }

    /// Reads a payload that is at hand.
    #[cfg(any(test, fuzzing))]
    pub(super) fn of_bytes(name: &str, payload: &[u8], reference: Option<&str>) -> serde_json::Result<Self> {
        Ok(Self::of(name, serde_json::from_slice(payload)?, reference))
    }

    /// Returns every commit that the run is about to ask for.
    #[cfg(any(test, fuzzing))]
    pub(super) fn commits(&self) -> Vec<&str> {
        let of_subject = match &self.subject {
            Subject::PullRequest { stale_base: commit }
            | Subject::Push { before: commit, .. }
            | Subject::MergeGroup { base: commit } => commit.as_deref(),
            Subject::Foreign { head, .. } => Some(head.as_str()),
            Subject::Whole | Subject::Unknown(_) | Subject::Nothing(_) => None,
        };
        of_subject.into_iter().chain(self.checked.as_deref()).collect()
    }

    fn of(name: &str, payload: Payload, reference: Option<&str>) -> Self {
        let (is_fork, beside) = (is_fork(&payload), beside(&payload, reference));
        let pull = payload.pull_request.unwrap_or_default();
        let number = payload.number.or(pull.number);
        let head = pull.head.and_then(|tip| sha(tip.sha));
        let base = pull.base.unwrap_or_default();
        let event = |subject, number, checked, is_privileged| {
            let beside = beside.filter(|_| matches!(subject, Subject::Push { .. } | Subject::Whole));
            Self { subject, number, checked, is_privileged, is_fork, beside }
        };
        match name {
            "pull_request" | "pull_request_target" if payload.action.as_deref() == Some("closed") => {
                let why = "the pull request is closed: the push that merges it applies the list";
                event(Subject::Nothing(why.to_owned()), None, None, false)
            }
            "pull_request" => event(Subject::PullRequest { stale_base: sha(base.sha) }, number, head, false),
            "pull_request_target" => event(foreign(head.clone(), base.r#ref), number, head, true),
            "merge_group" => {
                let group = payload.merge_group.unwrap_or_default();
                event(Subject::MergeGroup { base: sha(group.base_sha) }, None, sha(group.head_sha), false)
            }
            "push" => {
                let reference = payload.r#ref.as_deref().or(reference).unwrap_or_default();
                let subject = push(reference, payload.deleted == Some(true), payload.before);
                event(subject, None, sha(payload.after), false)
            }
            "schedule" | "workflow_dispatch" => event(Subject::Whole, None, None, false),
            "workflow_run" => {
                let run = payload.workflow_run.unwrap_or_default();
                let number = run.pull_requests.iter().flatten().find_map(|pull| pull.number);
                let head = sha(run.head_sha.clone());
                let is_foreign = run.event.as_deref().is_some_and(|event| event.starts_with("pull_request"));
                let base = payload.repository.and_then(|repository| repository.default_branch);
                let subject = followed(run, is_foreign, head.clone(), base);
                event(subject, number, head.filter(|_| is_foreign), is_foreign)
            }
            other => event(Subject::Unknown(other.to_owned()), None, None, false),
        }
    }
}

/// The flag `fork` of a repository says something else: a fork's own pull requests are none of a fork's.
fn is_fork(payload: &Payload) -> bool {
    let id = |repository: &Option<Repository>| repository.as_ref().and_then(|repository| repository.id);
    let Some(pull) = &payload.pull_request else { return false };
    let head = pull.head.as_ref().and_then(|head| id(&head.repo));
    head.is_none() || head != id(&payload.repository)
}

fn beside(payload: &Payload, reference: Option<&str>) -> Option<(String, String)> {
    let default = payload.repository.as_ref()?.default_branch.as_deref()?;
    let on = payload.r#ref.as_deref().or(reference)?;
    let on = on.strip_prefix("refs/heads/").unwrap_or(on);
    (on != default).then(|| (on.to_owned(), default.to_owned()))
}

fn foreign(head: Option<String>, base: Option<String>) -> Subject {
    match (head, base) {
        (Some(head), Some(base)) => Subject::Foreign { head, base },
        _ => Subject::Nothing("the event names no head and base of a pull request".to_owned()),
    }
}

fn push(reference: &str, is_deleted: bool, before: Option<String>) -> Subject {
    match reference.strip_prefix("refs/heads/") {
        _ if is_deleted => Subject::Nothing(format!("`{reference}` was deleted")),
        Some(branch) => Subject::Push { branch: branch.to_owned(), before: sha(before) },
        None => Subject::Nothing(format!("`{reference}` is no branch: a list is applied from branches only")),
    }
}

/// A run behind another has rights that the first one may not have had.
fn followed(run: WorkflowRun, is_foreign: bool, head: Option<String>, base: Option<String>) -> Subject {
    match run.conclusion.as_deref() {
        Some("success") if is_foreign => foreign(head, base),
        Some("success") => Subject::Whole,
        conclusion => {
            let how = conclusion.unwrap_or("unfinished");
            Subject::Nothing(format!("the workflow run before this one ended as `{how}`"))
        }
    }
}

/// Returns what can be a commit's name; forty zeros stand for a commit that is not there.
fn sha(text: Option<String>) -> Option<String> {
    let is_sha = |text: &String| {
        matches!(text.len(), 40 | 64)
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.bytes().any(|byte| byte != b'0')
    };
    text.filter(is_sha)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a payload of `tests/fixtures/github`, named as its event.
    fn read(file: &str) -> Event {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/github").join(file);
        let name = file.rsplit('/').next().unwrap().split('.').next().unwrap();
        Event::of(name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(), None)
    }

    fn is_nothing(event: &Event) -> bool {
        matches!(event.subject, Subject::Nothing(_))
    }

    #[test]
    fn published_payloads_are_understood() {
        let plan = |file: &str, number: Option<u64>| {
            let event = read(file);
            assert_eq!((event.mode(), event.number), (Mode::Plan, number), "{file}: {event:?}");
            event
        };
        let opened = plan("pull_request.opened.json", Some(2));
        assert_eq!(opened.checked.as_deref(), Some("ec26c3e57ca3a959ca5aad62de7213c562f8c821"));
        plan("pull_request.synchronize.actions.json", Some(10));
        plan("derived/pull_request.opened.fork.json", Some(2));
        plan("derived/pull_request.opened.deleted-fork.json", Some(2));
        plan("derived/pull_request.opened.dependabot.json", Some(2));
        let group = plan("merge_group.checks_requested.json", None);
        assert!(matches!(group.subject, Subject::MergeGroup { base: Some(_) }), "{group:?}");
        for file in ["schedule.json", "workflow_dispatch.json", "push.new-branch.json", "derived/push.update.json"] {
            assert_eq!(read(file).mode(), Mode::Apply, "{file}");
        }
        for file in ["push.deleted.json", "push.tag-created.json", "pull_request.closed.merged.json"] {
            assert!(is_nothing(&read(file)), "{file}");
        }
    }

    #[test]
    fn a_change_is_a_forks_unless_it_is_known_to_be_the_repositorys_own() {
        for (file, is_fork) in [
            ("pull_request.opened.json", false),
            ("pull_request.synchronize.actions.json", false),
            ("derived/pull_request.opened.dependabot.json", false),
            ("derived/pull_request.opened.fork.json", true),
            ("derived/pull_request.opened.deleted-fork.json", true),
            ("derived/push.update.json", false),
        ] {
            assert_eq!(read(file).is_fork, is_fork, "{file}");
        }
        let review = r#"{"pull_request":{"head":{"repo":null}},"repository":{"id":1}}"#;
        assert!(Event::of("pull_request_review", serde_json::from_str(review).unwrap(), None).is_fork);
    }

    #[test]
    fn what_is_applied_beside_the_default_branch_is_known() {
        let beside = |name, payload: &str, reference| {
            Event::of(name, serde_json::from_str(payload).unwrap(), Some(reference)).beside
        };
        let repository = r#""repository":{"default_branch":"main"}"#;
        let other = Some(("x/y".to_owned(), "main".to_owned()));
        assert_eq!(beside("workflow_dispatch", &format!("{{{repository}}}"), "refs/heads/x/y"), other);
        assert_eq!(beside("push", &format!(r#"{{"ref":"refs/heads/x/y",{repository}}}"#), "refs/heads/x/y"), other);
        let tag = Some(("refs/tags/v1".to_owned(), "main".to_owned()));
        assert_eq!(beside("workflow_dispatch", &format!("{{{repository}}}"), "refs/tags/v1"), tag);
        assert_eq!(beside("schedule", &format!("{{{repository}}}"), "refs/heads/main"), None);
        assert_eq!(beside("pull_request", &format!("{{{repository}}}"), "refs/pull/7/merge"), None);
        for file in ["schedule.json", "workflow_dispatch.json", "push.new-branch.json"] {
            assert_eq!(read(file).beside, None, "{file}");
        }
    }

    #[test]
    fn a_new_branch_has_no_tip_before() {
        assert!(matches!(read("push.new-branch.json").subject, Subject::Push { before: None, .. }));
        assert!(matches!(read("derived/push.update.json").subject, Subject::Push { before: Some(_), .. }));
        assert!(matches!(read("derived/push.forced.json").subject, Subject::Push { before: Some(_), .. }));
    }

    #[test]
    fn a_strangers_commit_is_planned_as_data() {
        let text = r#"{"number":7,"action":"opened","pull_request":{"head":{"sha":"HEAD"},"base":{"ref":"main"}}}"#;
        let text = text.replace("HEAD", &"a".repeat(40));
        let event = Event::of("pull_request_target", serde_json::from_str(&text).unwrap(), None);
        assert!(matches!(&event.subject, Subject::Foreign { base, .. } if base == "main"));
        assert!(event.is_privileged && event.mode() == Mode::Plan);
        let fork = read("derived/workflow_run.completed.fork.json");
        assert!(fork.mode() == Mode::Plan && fork.number.is_none(), "{fork:?}");
    }

    #[test]
    fn what_is_not_known_is_only_planned() {
        for name in ["release", "repository_dispatch", ""] {
            assert_eq!(Event::of(name, Payload::default(), None).mode(), Mode::Plan);
        }
        let odd = r#"{"before":"../../user","after":"x","ref":"refs/heads/main"}"#;
        let event = Event::of("push", serde_json::from_str(odd).unwrap(), None);
        assert_eq!(event.subject, Subject::Push { branch: "main".to_owned(), before: None });
    }
}
