//! GitHub: the event that started the run, both versions of the list, and where the report goes.
//!
//! Texts come from the checkout where it has them, else through the API: a shallow checkout will do, and none as well.

mod api;
mod base;
mod check_run;
mod comment;
mod event;
mod history;
#[cfg(any(test, fuzzing))]
pub(super) mod probe;
mod publish;
mod refusal;
mod runner;
mod suggestion;

use super::{
    Host, Said,
    evidence::{self, At},
    marker::Marker,
    post,
    refusal::ApiError,
    texts::{self, Texts},
    told,
};
use crate::{
    app::Occasion,
    http::Http,
    inputs::{Env, Inputs, Mode},
    plan::Reviewed,
    problem::{Problem, Side},
    report::{Base, Report, escape, log::Level, progress::Out},
};
use api::Api;
use comment::Comments;
use event::{Event, Subject};
use refusal::needs;
use std::{io::Write, path::PathBuf};

/// A run of a workflow.
#[derive(Debug)]
pub struct GitHub {
    env: Env,
    event: Event,
    workspace: PathBuf,
    /// Or why nobody can be asked.
    api: Result<Api, String>,
    /// By which our comment is known.
    marker: Marker,
    /// The pull request that is told.
    number: Option<u64>,
    /// Where no run has succeeded: the commit of the first one.
    first: Option<String>,
    /// Where nobody knows what was applied last: the list before this push.
    former: Option<Vec<u8>>,
    /// What its reviewers were shown, on the way from the plan to the result.
    reviewed: Option<Reviewed>,
    /// What people should know of how the run came to its texts.
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl GitHub {
    /// Returns whether this process is a step of a workflow.
    pub fn is_here(env: &Env) -> bool {
        env.get("GITHUB_ACTIONS") == Some("true")
    }

    /// Reads the event; asks nobody yet.
    ///
    /// # Errors
    /// A [`Problem`] when the event's file or a certificate cannot be read.
    pub fn new(env: &Env, inputs: &Inputs) -> Result<Self, Problem> {
        let http = Http::new(&inputs.way).map_err(|error| Problem::new(Side::Settings, error.to_string()))?;
        let event = Event::read(env)?;
        Ok(Self {
            workspace: env.get("GITHUB_WORKSPACE").unwrap_or(".").into(),
            api: Api::new(env, &http),
            marker: Marker::new(&told::key(inputs), inputs.shard),
            number: event.number,
            first: None,
            former: None,
            reviewed: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            env: env.clone(),
            event,
        })
    }

    fn mode(&mut self, inputs: &Inputs) -> Result<Mode, Problem> {
        if self.event.is_privileged {
            if inputs.mode == Some(Mode::Apply) {
                return Err(Problem::new(Side::Settings, "a pull request's list is never applied before its merge")
                    .hint("Leave the input `mode` away for `pull_request_target` and `workflow_run`."));
            }
            let warning = "this run has the rights of the base branch for a commit of whoever opened the pull request: \
                           only the list is read of it, as data. `pull_request` has less to lose.";
            self.warnings.push(warning.to_owned());
        }
        if self.event.is_fork && inputs.mode == Some(Mode::Apply) {
            return Err(Problem::new(Side::Settings, "a fork's list is never applied before its merge")
                .hint("Leave the input `mode` away for pull requests."));
        }
        if let (Subject::Unknown(name), None) = (&self.event.subject, inputs.mode) {
            let warning = format!("the event `{name}` is not known here: the list is planned and not applied");
            self.warnings.push(warning);
        }
        // Who says `apply` for it means it.
        if let (Some((on, default)), None) = (&self.event.beside, inputs.mode) {
            self.warnings.push(format!(
                "the list of `{on}` is applied, which is not the default branch (`{default}`): name the branches that are, \
                 as in `branches: [{default}]`, and try others with `mode: plan`"
            ));
        }
        Ok(inputs.mode.unwrap_or(self.event.mode()))
    }

    /// Looks for the pull request that this push merged, and for the plans that reviewers saw: of earlier pull
    /// requests too, where no run has succeeded since.
    async fn recall(&mut self, base: &Base) {
        let (Subject::Push { branch, before }, Ok(api)) = (&self.event.subject, &self.api) else { return };
        let Some(commit) = self.env.get("GITHUB_SHA") else { return };
        let from = match base {
            Base::Commit { id, .. } if Some(id) != before.as_ref() => Some(id),
            Base::Commit { .. } => None,
            Base::None => self.first.as_ref(),
        };
        let mut told = |error: ApiError, what| self.warnings.push(error.told(what, &needs("pull-requests: write")));
        match history::merged_pull(api, commit, branch).await {
            Ok(number) => self.number = number,
            Err(error) => return told(error, "the merged pull request was not found"),
        }
        let number = self.number;
        let found = async {
            let mut pulls = match from {
                Some(from) => history::merged_pulls(api, from, commit, branch).await?,
                None => Vec::new(),
            };
            if let Some(first) = &self.first {
                // What lies between begins behind it.
                pulls.splice(0..0, history::merged_pull(api, first, branch).await?);
            }
            pulls.retain(|pull| Some(*pull) != number);
            pulls.extend(number);
            post::reviewed(pulls.into_iter().map(|number| Comments { api, number }), &self.marker).await
        };
        match found.await {
            Ok(recalled) => {
                self.reviewed = recalled.reviewed;
                self.notes.extend(recalled.notes);
            }
            Err(error) => told(error, "the reviewed plans were not read"),
        }
    }
}

impl Host for GitHub {
    async fn occasion(&mut self, inputs: &Inputs) -> Result<Option<Occasion>, Problem> {
        if let Subject::Nothing(why) = &self.event.subject {
            self.notes.push(format!("nothing to do: {why}"));
            return Ok(None);
        }
        let mode = self.mode(inputs)?;
        let (workspace, api) = (self.workspace.clone(), self.api.clone());
        let texts = Texts { workspace: &workspace, file: &inputs.images_file, api: &api };
        let commit = self.env.get("GITHUB_SHA").map(str::to_owned);
        let at = match (&self.event.subject, commit.as_deref()) {
            // Whoever opened a pull request from outside does not choose the policy it is judged by, whatever is checked
            // out: it comes from the branch, at the commit that the workflow itself was read at.
            (Subject::Foreign { .. }, Some(branch)) => At::Host(branch),
            (Subject::Foreign { .. }, None) => At::Nowhere,
            (_, commit) => {
                let (at, note) = At::of_run(&texts, commit);
                self.notes.extend(note);
                at
            }
        };
        let head = match &self.event.subject {
            Subject::Foreign { head, .. } => texts.remote(head).await?,
            _ => evidence::list(&texts, at).await?,
        };
        let (base, base_name) = self.base(inputs, &texts).await?;
        let file = inputs.images_file.display().to_string();
        let head = texts::present(head, base.as_deref(), &file)?;
        let settings = evidence::settings(&texts, at).await?;
        let settings_base = match (&self.event.subject, &base_name) {
            // A stranger changes nothing of it; and a file that is gone states nothing, so that nothing follows.
            (Subject::Foreign { .. }, Base::Commit { .. }) => Some(settings.clone().unwrap_or_default()),
            (_, Base::Commit { .. }) if settings.is_none() => Some(Vec::new()),
            (_, Base::Commit { id, .. }) => Some(evidence::settings(&texts, At::Commit(id)).await?.unwrap_or_default()),
            // A base without a commit is a list that did not exist.
            (_, Base::None) => base.as_ref().map(|_| Vec::new()),
        };
        let settings = settings.unwrap_or_default();
        let before = match (&self.event.subject, &base_name) {
            (Subject::Foreign { .. }, Base::Commit { .. }) => Some(at),
            (_, Base::Commit { id, .. }) => Some(At::Commit(id)),
            (_, Base::None) => base.as_ref().map(|_| At::Nowhere),
        };
        let mut evidence = evidence::certificates(&texts, at, before, &settings).await?;
        // Nothing is judged where nothing has changed.
        if base.as_ref() != Some(&head) || settings_base.as_ref() != Some(&settings) || evidence.has_new_certificates()
        {
            evidence::gather(&mut evidence, &texts, at, &settings).await?;
            if mode == Mode::Apply {
                self.recall(&base_name).await;
            }
        }
        let (former, reviewed) = (self.former.take(), self.reviewed.clone());
        Ok(Some(Occasion { mode, file, head, base, former, base_name, reviewed, settings, settings_base, evidence }))
    }

    fn record(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        self.recorded(report, inputs)
    }

    async fn publish(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        self.published(report, inputs).await
    }

    fn mask(secret: &str) -> String {
        escape::mask(secret)
    }

    fn remark(level: Level, what: &str) -> String {
        runner::remark(level, what)
    }

    fn progress(log: Box<dyn Write + Send>) -> Out {
        Out::Plain(log)
    }
}
