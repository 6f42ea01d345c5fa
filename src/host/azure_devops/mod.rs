//! Azure DevOps: the build that started the run, both versions of the list, and where the report goes.
//!
//! A pull request of Azure Repos is told in a thread; one of a repository elsewhere has the summary alone, for the
//! job's token opens nothing there.

mod agent;
mod api;
mod base;
mod event;
mod history;
#[cfg(any(test, fuzzing))]
pub(super) mod probe;
mod publish;
mod refusal;
mod thread;

use super::{
    Host, Said,
    evidence::{self, At},
    marker::Marker,
    post, secrets,
    texts::{self, Texts},
    told,
};
use crate::{
    app::Occasion,
    http::Http,
    inputs::{Env, Inputs, Mode, endpoint_secrets},
    plan::Reviewed,
    problem::{Problem, Side},
    report::{Base, Report, log::Level, progress::Out},
};
use api::Api;
use event::{Event, Provider, Subject};
use history::Build;
use std::{io::Write, path::PathBuf};
use thread::Threads;

/// What a build needs to see the others of its pipeline.
const BUILDS: &str = "the build's identity needs the permission *View builds*";
/// Pull requests whose plans are read before an apply: a request each.
const MOST_PULLS: usize = 10;

/// A job of a pipeline.
#[derive(Debug)]
pub struct AzureDevOps {
    env: Env,
    event: Event,
    workspace: PathBuf,
    /// The project's API, or why nobody can be asked.
    service: Result<Api, String>,
    /// The same, where the repository is the project's own.
    repository: Result<Api, String>,
    /// What the run is about, by which the threads of all its shards are known.
    key: String,
    marker: Marker,
    /// The pull request that is told.
    number: Option<u64>,
    /// The build that a push is compared with.
    last: Option<Build>,
    /// What reviewers were shown, on the way from the plan to the result.
    reviewed: Option<Reviewed>,
    /// What people should know of how the run came to its texts.
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl AzureDevOps {
    /// Returns whether this process is a step of a pipeline.
    pub fn is_here(env: &Env) -> bool {
        env.get("TF_BUILD").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Reads the agent's variables; asks nobody yet.
    ///
    /// # Errors
    /// A [`Problem`] when a certificate cannot be read.
    pub fn new(env: &Env, inputs: &Inputs) -> Result<Self, Problem> {
        let http = Http::new(&inputs.way).map_err(|error| Problem::new(Side::Settings, error.to_string()))?;
        let service = Api::new(env, &http);
        let repository = match Provider::of(env) {
            Provider::AzureRepos => service.clone(),
            Provider::Other => {
                Err("the repository is none of the project's, and the job's token opens no other".to_owned())
            }
        };
        let event = Event::read(env);
        let key = told::key(inputs);
        // With several checkouts the sources directory is the folder above them.
        let workspace = env.get("BUILD_REPOSITORY_LOCALPATH").or_else(|| env.get("BUILD_SOURCESDIRECTORY"));
        Ok(Self {
            workspace: workspace.unwrap_or(".").into(),
            service,
            repository,
            marker: Marker::new(&key, inputs.shard),
            key,
            number: event.number,
            last: None,
            reviewed: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            env: env.clone(),
            event,
        })
    }

    fn mode(&mut self, inputs: &Inputs) -> Result<Mode, Problem> {
        let is_pull_request = matches!(self.event.subject, Subject::PullRequest { .. });
        if is_pull_request && self.event.is_fork && inputs.mode == Some(Mode::Apply) {
            return Err(Problem::new(Side::Settings, "a fork's list is never applied before its merge")
                .hint("Leave the input `mode` away for pull requests."));
        }
        if let (Subject::Unknown(what), None) = (&self.event.subject, inputs.mode) {
            let warning = format!("a build for {what} is none that is reviewed: the list is planned and not applied");
            self.warnings.push(warning);
        }
        Ok(inputs.mode.unwrap_or(self.event.mode()))
    }

    /// Looks for the pull request that this push completed, and for the plans that reviewers saw: of earlier pull
    /// requests too, where no build has succeeded since.
    async fn recall(&mut self) {
        let (Subject::Push(branch), Ok(api)) = (&self.event.subject, &self.repository) else { return };
        let Some(commit) = self.env.get("BUILD_SOURCEVERSION") else { return };
        let mut commits = match &self.last {
            Some(last) => history::commits_since(api, &self.env, last).await.unwrap_or_else(|error| {
                let what = "the commits since the last successful build are not known";
                self.warnings.push(error.told(what, BUILDS));
                Vec::new()
            }),
            None => Vec::new(),
        };
        commits.retain(|known| known != commit);
        commits.push(commit.to_owned());
        let mut pulls = match history::merged_pulls(api, &commits, branch).await {
            Ok(pulls) => pulls,
            Err(error) => {
                return self.warnings.push(error.told("the completed pull request was not found", api::READ));
            }
        };
        self.number = pulls.iter().find(|(of, _)| of == commit).map(|(_, number)| *number);
        pulls.dedup_by_key(|(_, number)| *number);
        let latest = pulls.iter().skip(pulls.len().saturating_sub(MOST_PULLS));
        let threads = latest.map(|&(_, number)| Threads { api, number, key: &self.key });
        match post::reviewed(threads, &self.marker).await {
            Ok(recalled) => {
                self.reviewed = recalled.reviewed;
                self.notes.extend(recalled.notes);
            }
            Err(error) => self.warnings.push(error.told("the reviewed plans were not read", api::READ)),
        }
    }
}

impl Host for AzureDevOps {
    async fn occasion(&mut self, inputs: &Inputs) -> Result<Option<Occasion>, Problem> {
        if let Subject::Nothing(why) = &self.event.subject {
            self.notes.push(format!("nothing to do: {why}"));
            return Ok(None);
        }
        let mode = self.mode(inputs)?;
        let (workspace, repository) = (self.workspace.clone(), self.repository.clone());
        let texts = Texts { workspace: &workspace, file: &inputs.images_file, api: &repository };
        let commit = self.env.get("BUILD_SOURCEVERSION").map(str::to_owned);
        let (at, note) = At::of_run(&texts, commit.as_deref());
        self.notes.extend(note);
        let head = evidence::list(&texts, at).await?;
        let (base, base_name) = self.base(inputs, &texts).await?;
        let file = inputs.images_file.display().to_string();
        let head = texts::present(head, base.as_deref(), &file)?;
        let settings = evidence::settings(&texts, at).await?;
        let settings_base = match &base_name {
            // A file that is gone states nothing, so that nothing follows.
            Base::Commit { .. } if settings.is_none() => Some(Vec::new()),
            Base::Commit { id, .. } => Some(evidence::settings(&texts, At::Commit(id)).await?.unwrap_or_default()),
            // A base without a commit is a list that did not exist.
            Base::None => base.as_ref().map(|_| Vec::new()),
        };
        let settings = settings.unwrap_or_default();
        let before = match &base_name {
            Base::Commit { id, .. } => Some(At::Commit(id)),
            Base::None => base.as_ref().map(|_| At::Nowhere),
        };
        let mut evidence = evidence::certificates(&texts, at, before, &settings).await?;
        // Nothing is judged where nothing has changed.
        if base.as_ref() != Some(&head) || settings_base.as_ref() != Some(&settings) || evidence.has_new_certificates()
        {
            evidence::gather(&mut evidence, &texts, at, &settings).await?;
            if mode == Mode::Apply {
                self.recall().await;
            }
        }
        let reviewed = self.reviewed.clone();
        // The agent does not tell what the branch was before the push.
        let former = None;
        Ok(Some(Occasion { mode, file, head, base, former, base_name, reviewed, settings, settings_base, evidence }))
    }

    fn record(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        self.recorded(report, inputs)
    }

    async fn publish(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        self.published(report, inputs).await
    }

    /// The agent hides what it knows; the rest of it is a matter of order.
    fn secrets(env: &Env) -> Vec<String> {
        // A certificate has many lines, and a secret is hidden by lines.
        let endpoint = endpoint_secrets(env).into_iter().flat_map(str::lines).filter(|line| !line.starts_with("-----"));
        secrets(env).into_iter().chain(endpoint.map(str::to_owned)).collect()
    }

    fn mask(secret: &str) -> String {
        agent::mask(secret)
    }

    fn remark(level: Level, what: &str) -> String {
        agent::remark(level, what)
    }

    fn progress(log: Box<dyn Write + Send>) -> Out {
        Out::Agent(log)
    }
}
