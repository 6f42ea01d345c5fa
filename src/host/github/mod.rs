//! GitHub: the event that started the run, both versions of the list, and where the report goes.
//!
//! Texts come from the checkout where it has them, else through the API: a shallow checkout will do, and none as well.

mod api;
mod base;
mod check_run;
mod comment;
mod event;
mod history;
mod kept;
mod publish;
mod refusal;
mod runner;
mod suggestion;
mod texts;

use crate::{
    app::Occasion,
    azure::RegistryName,
    http::Http,
    inputs::{Env, Inputs, Mode},
    plan::{Plan, Reviewed},
    problem::{Problem, Side},
    report::{Base, Body, Report},
};
use api::Api;
use event::{Event, Subject};
use std::path::PathBuf;
use texts::Texts;

/// A run of a workflow.
#[derive(Debug)]
pub struct GitHub {
    env: Env,
    event: Event,
    workspace: PathBuf,
    /// Or why nobody can be asked.
    api: Result<Api, String>,
    /// By which our comment is known.
    marker: String,
    /// The pull request that is told.
    number: Option<u64>,
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
            marker: comment::marker(&inputs.images_file.display().to_string(), &registry(inputs)),
            number: event.number,
            reviewed: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            env: env.clone(),
            event,
        })
    }

    /// Reads both versions of the list; nothing where the event asks for nothing.
    ///
    /// # Errors
    /// A [`Problem`] for a list that cannot be read, or a base that a plan cannot do without.
    pub async fn occasion(&mut self, inputs: &Inputs) -> Result<Option<Occasion>, Problem> {
        if let Subject::Nothing(why) = &self.event.subject {
            self.notes.push(format!("nothing to do: {why}"));
            return Ok(None);
        }
        let mode = self.mode(inputs)?;
        let texts = Texts { workspace: &self.workspace, file: &inputs.images_file, api: &self.api };
        let head = match &self.event.subject {
            Subject::Foreign { head, .. } => texts.remote(head).await?,
            _ => texts.head(self.env.get("GITHUB_SHA")).await?,
        };
        let (base, base_name) = self.base(inputs, &texts).await?;
        let file = inputs.images_file.display().to_string();
        let head = match (head, &base) {
            (Some(head), _) => head,
            // Taken away with all its lines: that removes nothing from the registry.
            (None, Some(base)) if !base.is_empty() => Vec::new(),
            (None, _) => {
                return Err(Problem::new(Side::Settings, format!("there is no `{file}`"))
                    .hint("Check the input `images-file`; it begins at the root of the repository."));
            }
        };
        if mode == Mode::Apply && base.as_ref() != Some(&head) {
            self.recall(&base_name).await;
        }
        Ok(Some(Occasion { mode, file, head, base, base_name, reviewed: self.reviewed.clone() }))
    }

    /// Returns the report of a run that has no list to walk through.
    pub fn without_list(&self, inputs: &Inputs, problem: Option<Problem>) -> Report {
        Report {
            file: inputs.images_file.display().to_string(),
            target: None,
            base: Base::None,
            errors: Vec::new(),
            more_errors: 0,
            warnings: Vec::new(),
            body: problem.map_or_else(|| Body::Planned(Plan::default()), Body::Stopped),
            took: None,
        }
    }

    /// Hides the secrets of the run from its log, before anything is printed.
    pub fn masks(&self, inputs: &Inputs) -> Vec<String> {
        runner::masks(inputs, &self.env)
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
        if let (Subject::Unknown(name), None) = (&self.event.subject, inputs.mode) {
            let warning = format!("the event `{name}` is not known here: the list is planned and not applied");
            self.warnings.push(warning);
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
            Base::Commit { .. } | Base::None => None,
        };
        let mut told = |error: refusal::ApiError, what| self.warnings.push(error.told(what, "pull-requests: write"));
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
            pulls.retain(|pull| Some(*pull) != number);
            pulls.extend(number);
            let mut reviewed: Option<Reviewed> = None;
            for pull in pulls {
                let text = comment::text(api, pull, &self.marker).await?;
                if let Some(plan) = text.and_then(|text| kept::read(&text, &self.marker)) {
                    reviewed.get_or_insert_default().extend(plan);
                }
            }
            Ok(reviewed)
        };
        match found.await {
            Ok(reviewed) => self.reviewed = reviewed,
            Err(error) => told(error, "the reviewed plans were not read"),
        }
    }
}

/// Returns the registry as a workflow names it, the same in every run of that workflow.
fn registry(inputs: &Inputs) -> String {
    let suffix = &inputs.cloud.registry_suffix;
    match &inputs.registry {
        Some(RegistryName::LoginServer(registry)) => registry.to_string(),
        Some(RegistryName::Name(name)) => format!("{name}{suffix}"),
        Some(RegistryName::Id(id)) => format!("{}{suffix}", id.rsplit('/').next().unwrap_or_default()),
        None => String::new(),
    }
}
