//! Event: what started the build, as far as the list is concerned.
//!
//! The agent's variables are those of docs, "Use predefined variables"; what differs between Azure Repos and GitHub is
//! said there and in MicrosoftDocs/azure-devops-docs#7970.

use crate::inputs::{Env, Mode};

/// What started the build.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// What the build is about.
    pub subject: Subject,
    /// The pull request that can be told, which one of GitHub cannot.
    pub number: Option<u64>,
    /// Whether the change comes from a fork.
    pub is_fork: bool,
}

/// What the build is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A pull request, on its trial merge.
    PullRequest {
        /// Its head, which is the second parent of that merge.
        head: Option<String>,
    },
    /// Commits on a branch, whose full name this is.
    Push(String),
    /// A schedule, a person, or another pipeline: the whole list.
    Whole,
    /// A reason that nothing is known about, or a merge that nobody has reviewed.
    Unknown(String),
    /// Nothing is to be done, and why.
    Nothing(String),
}

/// Where the repository of the build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// Azure Repos, which the job's token opens.
    AzureRepos,
    /// Somewhere else: GitHub, Bitbucket.
    Other,
}

impl Provider {
    pub(super) fn of(env: &Env) -> Self {
        match env.get("BUILD_REPOSITORY_PROVIDER") {
            Some("TfsGit") | None => Self::AzureRepos,
            Some(_) => Self::Other,
        }
    }
}

impl Event {
    pub(super) fn read(env: &Env) -> Self {
        let is_pull_request = env.get("BUILD_REASON") == Some("PullRequest");
        let number = env.get("SYSTEM_PULLREQUEST_PULLREQUESTID").and_then(|id| id.parse().ok());
        Self {
            subject: subject(env),
            number: number.filter(|_| is_pull_request && Provider::of(env) == Provider::AzureRepos),
            is_fork: env.get("SYSTEM_PULLREQUEST_ISFORK").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        }
    }

    /// Returns what the event asks for: a review plans, everything behind it applies.
    pub(super) fn mode(&self) -> Mode {
        match self.subject {
            Subject::Push(_) | Subject::Whole => Mode::Apply,
            Subject::PullRequest { .. } | Subject::Unknown(_) | Subject::Nothing(_) => Mode::Plan,
        }
    }
}

fn subject(env: &Env) -> Subject {
    let reason = env.get("BUILD_REASON").unwrap_or_default();
    let branch = env.get("BUILD_SOURCEBRANCH").unwrap_or_default();
    match reason {
        "PullRequest" => Subject::PullRequest { head: env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID").map(str::to_owned) },
        // Whoever starts a build by hand may name a merge that is still under review.
        _ if branch.starts_with("refs/pull/") => Subject::Unknown(format!("`{reason}` on `{branch}`")),
        "IndividualCI" | "BatchedCI" if branch.starts_with("refs/heads/") => Subject::Push(branch.to_owned()),
        "IndividualCI" | "BatchedCI" => {
            Subject::Nothing(format!("`{branch}` is no branch: a list is applied from branches only"))
        }
        "Schedule" | "Manual" | "BuildCompletion" | "ResourceTrigger" => Subject::Whole,
        "" => Subject::Unknown("no reason that the agent names".to_owned()),
        other => Subject::Unknown(format!("`{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_mode() {
        for (reason, branch, mode) in [
            ("PullRequest", "refs/pull/7/merge", Mode::Plan),
            ("IndividualCI", "refs/heads/main", Mode::Apply),
            ("BatchedCI", "refs/heads/user/x/y", Mode::Apply),
            ("IndividualCI", "refs/tags/v1", Mode::Plan),
            ("Schedule", "refs/heads/main", Mode::Apply),
            ("Manual", "refs/heads/main", Mode::Apply),
            ("Manual", "refs/pull/7/merge", Mode::Plan),
            ("ResourceTrigger", "refs/heads/main", Mode::Apply),
            ("ValidateShelveset", "refs/heads/main", Mode::Plan),
            ("", "", Mode::Plan),
        ] {
            let event = Event::read(&Env::of([("BUILD_REASON", reason), ("BUILD_SOURCEBRANCH", branch)]));
            assert_eq!(event.mode(), mode, "{reason} {branch}: {event:?}");
        }
    }

    #[test]
    fn only_a_pull_request_of_azure_repos_can_be_told() {
        let number = |provider| {
            let variables = [
                ("BUILD_REASON", "PullRequest"),
                ("SYSTEM_PULLREQUEST_PULLREQUESTID", "7"),
                ("SYSTEM_PULLREQUEST_ISFORK", "True"),
                ("BUILD_REPOSITORY_PROVIDER", provider),
            ];
            let event = Event::read(&Env::of(variables));
            assert!(event.is_fork);
            event.number
        };
        assert_eq!((number("TfsGit"), number("GitHub")), (Some(7), None));
    }
}
