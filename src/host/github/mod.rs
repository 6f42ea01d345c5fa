//! GitHub: the event that started the run, and where its report goes.
//!
//! Reads the base from local git objects; the API as a second way, sign-in by OIDC and check runs are to come.

mod comment;
mod event;
mod runner;

use super::git;
use crate::{
    app::Occasion,
    http::Http,
    images,
    inputs::{Env, Inputs, Scope},
    problem::{Problem, Side},
    report::{Base, Body, Report, annotations, markdown},
};
use event::{Event, Subject};
use std::path::{Path, PathBuf};

/// A run of a workflow.
#[derive(Debug)]
pub struct GitHub {
    env: Env,
    event: Event,
    workspace: PathBuf,
}

impl GitHub {
    /// Returns whether this process is a step of a workflow.
    pub fn is_here(env: &Env) -> bool {
        env.get("GITHUB_ACTIONS") == Some("true")
    }

    /// Reads the event.
    ///
    /// # Errors
    /// A [`Problem`] when the event's file cannot be read.
    pub fn new(env: &Env) -> Result<Self, Problem> {
        let workspace = env.get("GITHUB_WORKSPACE").unwrap_or(".").into();
        Ok(Self { env: env.clone(), event: Event::read(env)?, workspace })
    }

    /// Reads both versions of the list.
    ///
    /// # Errors
    /// A [`Problem`] for a list that cannot be read, or a base that a plan cannot do without.
    pub fn occasion(&self, inputs: &Inputs) -> Result<Occasion, Problem> {
        let path = self.workspace.join(&inputs.images_file);
        let head = images::read_file(&path).map_err(|error| {
            Problem::new(Side::Settings, error.to_string())
                .hint("Check the input `images-file`, and that `actions/checkout` ran before.")
        })?;
        let mode = inputs.mode.unwrap_or(self.event.mode());
        let (base, base_name) = match inputs.scope {
            Some(Scope::All) => (None, Base::None),
            Some(Scope::Changed) | None => self.base(inputs)?,
        };
        Ok(Occasion { mode, file: inputs.images_file.display().to_string(), head, base, base_name, reviewed: None })
    }

    fn base(&self, inputs: &Inputs) -> Result<(Option<Vec<u8>>, Base), Problem> {
        let commit = |id: String, because: &str| Base::Commit { id, because: because.to_owned() };
        if let Some(revision) = &inputs.base {
            let text = self.at(revision, &inputs.images_file)?;
            return Ok((Some(text), commit(revision.clone(), "named by the input `base`")));
        }
        match &self.event.subject {
            Subject::PullRequest(_) => {
                // What the host will merge onto; the payload's own base may be stale.
                let parent = git::first_parent(&self.workspace, "HEAD").map_err(|error| shallow(&error))?;
                let Some(parent) = parent else { return Ok((Some(Vec::new()), Base::None)) };
                let text = self.at(&parent, &inputs.images_file)?;
                Ok((Some(text), commit(parent, "first parent of the merge commit")))
            }
            // A base that is not here any more (shallow clone, forced push) narrows nothing: the whole list is meant.
            Subject::Push { before: Some(before) } => Ok(match self.at(before, &inputs.images_file) {
                Ok(text) => (Some(text), commit(before.clone(), "the branch before this push")),
                Err(_) => (None, Base::None),
            }),
            Subject::Push { before: None } | Subject::Other => Ok((None, Base::None)),
        }
    }

    fn at(&self, revision: &str, file: &Path) -> Result<Vec<u8>, Problem> {
        let text =
            git::text_at(&self.workspace, revision, &self.workspace.join(file)).map_err(|error| shallow(&error))?;
        Ok(text.unwrap_or_default())
    }

    /// Returns the commit and the page of the run, for the report's reader.
    fn limits(&self, longest: usize) -> markdown::Limits {
        let text = |name| self.env.get(name).unwrap_or_default();
        let run_url = format!(
            "{}/{}/actions/runs/{}",
            text("GITHUB_SERVER_URL"),
            text("GITHUB_REPOSITORY"),
            text("GITHUB_RUN_ID")
        );
        markdown::Limits {
            longest,
            run_url: Some(run_url),
            commit: self.env.get("GITHUB_SHA").map(str::to_owned),
            marker: None,
        }
    }

    /// Hides the secrets of the run from its log, before anything is printed.
    pub fn masks(&self, inputs: &Inputs) -> Vec<String> {
        runner::masks(inputs, &self.env)
    }

    /// Publishes a report: log commands, job summary, outputs and the pull request's comment.
    ///
    /// Returns the lines to print. What cannot be published is a warning among them, and never a failure of the run.
    pub async fn publish(&self, report: &Report, inputs: &Inputs) -> Vec<String> {
        let mut lines = annotations::log_commands(&annotations::of(report));
        let summary = markdown::page(report, self.limits(runner::LONGEST_SUMMARY));
        lines.extend(runner::append(&self.env, "GITHUB_STEP_SUMMARY", &summary).err());
        lines.extend(runner::append(&self.env, "GITHUB_OUTPUT", &runner::outputs(report, inputs)).err());
        if let (Subject::PullRequest(number), true) = (&self.event.subject, is_worth_telling(report)) {
            lines.extend(self.comment(*number, report, inputs).await.err().map(|why| runner::warning(&why)));
        }
        lines
    }

    async fn comment(&self, number: u64, report: &Report, inputs: &Inputs) -> Result<(), String> {
        let Some(token) = self.env.input("github-token").or_else(|| self.env.get("GITHUB_TOKEN")) else {
            return Err("the plan was not posted: the input `github-token` is empty".to_owned());
        };
        let http = Http::new(&inputs.way).map_err(|error| error.to_string())?;
        let api = self.env.get("GITHUB_API_URL").unwrap_or("https://api.github.com");
        let repository = self.env.get("GITHUB_REPOSITORY").unwrap_or_default();
        let marker = comment::marker(&report.file, report.target.as_ref());
        let mut limits = self.limits(comment::LONGEST);
        limits.marker = Some(marker.clone());
        let page = markdown::page(report, limits);
        comment::Comments::new(http.client().clone(), api, token, repository)?.put(number, &marker, &page).await
    }
}

/// A pull request that does not touch the list gets no comment.
fn is_worth_telling(report: &Report) -> bool {
    match &report.body {
        Body::Planned(plan) | Body::Applied(plan, _) => {
            !plan.steps.is_empty() || !plan.removed.is_empty() || !report.errors.is_empty()
        }
        Body::Stopped(_) => true,
    }
}

fn shallow(error: &git::GitError) -> Problem {
    Problem::new(Side::Settings, format!("the base of the list cannot be read: {error}"))
        .hint("Give `actions/checkout` the setting `fetch-depth: 2` for pull requests, and 0 for pushes.")
}
