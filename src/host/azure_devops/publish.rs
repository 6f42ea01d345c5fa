//! Publish: the report goes to the log, the summary, the outputs, the pull request and its status.

use super::{
    AzureDevOps, agent,
    api::Api,
    base::iterations,
    history::build_id,
    thread::{self, Threads},
};
use crate::{
    host::{
        Said,
        post::{self, Absent, Attention, Ours},
        refusal::ApiError,
        told,
    },
    inputs::Inputs,
    report::{
        Report, Verdict, annotations, escape,
        markdown::{self, Diagram},
    },
};
use serde_json::{Value, json};

/// What a summary may have: no limit is known, and a page is read in a browser.
const LONGEST_SUMMARY: usize = 1_000_000;
/// The most bytes of a thread that the reviewed digests may take.
const MOST_KEPT: usize = 100_000;
/// The most characters of a status.
const LONGEST_STATUS: usize = 255;

impl AzureDevOps {
    /// Writes the log, the summary and the outputs.
    pub(super) fn recorded(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        let mut lines: Vec<_> = self.notes.iter().map(Said::info).collect();
        lines.extend(self.warnings.iter().map(Said::warning));
        lines.extend(agent::issues(&annotations::of(report)).into_iter().map(Said::Place));
        let summary = markdown::page(report, self.limits(LONGEST_SUMMARY, None, Diagram::Colons));
        lines.push(agent::summary(&self.env, &summary).map_or_else(Said::warning, Said::Order));
        lines.extend(
            told::outputs(report, inputs).map(|(name, value)| Said::Order(agent::output(&in_letters(name), &value))),
        );
        lines
    }

    /// Writes the thread and the status.
    pub(super) async fn published(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        let mut lines = Vec::new();
        let Some(number) = self.number else { return lines };
        let absent = if told::is_worth_telling(report) { Absent::Create } else { Absent::Leave };
        lines.extend(self.tell(number, report, absent).await.into_iter().map(Said::warning));
        if inputs.pr_status && !report.is_applied() {
            lines.extend(self.status(number, report).await.err().map(Said::warning));
        }
        lines
    }

    /// Writes the thread; returns what people should know of it.
    async fn tell(&self, number: u64, report: &Report, absent: Absent) -> Vec<String> {
        let what = if report.is_applied() { "the result was not posted" } else { "the plan was not posted" };
        let api = match &self.repository {
            Ok(api) => api,
            Err(why) => return vec![format!("{what}: {why}")],
        };
        let run = build_id(&self.env).unwrap_or_default();
        let (first, too_much) = told::first_line(&self.marker, run, report, self.reviewed.as_ref(), MOST_KEPT);
        let page = markdown::page(report, self.limits(thread::LONGEST, Some(first), Diagram::Never));
        let ours = Ours { marker: &self.marker, body: &page, run, attention: attention(report) };
        let posted = post::put(&Threads { api, number, key: &self.key }, &ours, absent).await;
        let mut warnings: Vec<_> = too_much.into_iter().collect();
        if let Err(error) = posted {
            warnings.push(error.told(what, &self.lacking(api, &error).await));
        }
        warnings
    }

    async fn status(&self, number: u64, report: &Report) -> Result<(), String> {
        let what = "the status was not posted";
        let api = self.repository.as_ref().map_err(|why| format!("{what}: {why}"))?;
        let post = async {
            // A policy may drop a status with the next push, and then wants to know which one this is about.
            let iteration = iterations(api, number).await?.last().map(|push| push.id);
            let state = match report.verdict() {
                Verdict::Clean | Verdict::Pending => "succeeded",
                Verdict::Failed => "failed",
            };
            let body = json!({
                "state": state, "description": escape::cut(&escape::visible(&report.headline()), LONGEST_STATUS),
                "context": {"genre": "acr-sync", "name": self.key}, "targetUrl": self.run_url(),
                "iterationId": iteration,
            });
            api.post::<Value>(&format!("/pullRequests/{number}/statuses"), &body).await.map(drop)
        };
        match post.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.told(what, &self.lacking(api, &error).await)),
        }
    }

    /// Names who lacks which permission, and where it is given.
    async fn lacking(&self, api: &Api, error: &ApiError) -> String {
        let who = match error {
            ApiError::NotAllowed(_) => api.identity().await.ok().map(|identity| identity.name.clone()),
            _ => None,
        };
        let who = who.filter(|name| !name.is_empty());
        let who = who.map_or_else(|| "the build's identity".to_owned(), |name| format!("the identity `{name}`"));
        let repository = self.env.get("BUILD_REPOSITORY_NAME").unwrap_or("the repository");
        format!(
            "{who} needs the permission *Contribute to pull requests*: Project settings, Repositories, `{repository}`, \
             Security"
        )
    }

    fn run_url(&self) -> Option<String> {
        let [collection, project, build] =
            ["SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECTID", "BUILD_BUILDID"].map(|name| self.env.get(name));
        Some(format!("{}/{}/_build/results?buildId={}", collection?.trim_end_matches('/'), project?, build?))
    }

    /// Returns the commit and the page of the run, for the report's reader.
    fn limits(&self, longest: usize, marker: Option<String>, diagram: Diagram) -> markdown::Limits {
        let commit = self.env.get("BUILD_SOURCEVERSION").map(str::to_owned);
        markdown::Limits { longest, run_url: self.run_url(), commit, marker, diagram }
    }
}

/// The author of the change has to act on a line that is blocked or cannot be read; what else fails is the job's matter.
fn attention(report: &Report) -> Attention {
    let totals = report.totals();
    let is_blocked = !report.is_applied() && totals.bad() > 0 && report.stopped().is_none();
    if is_blocked { Attention::Wanted } else { Attention::Free }
}

/// Returns `planFile` of `plan-file`: names of variables in a pipeline have letters and digits only.
fn in_letters(name: &str) -> String {
    let mut words = name.split('-');
    let mut letters = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        letters.push_str(&first.to_ascii_uppercase());
        letters.push_str(rest);
    }
    letters
}
