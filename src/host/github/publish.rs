//! Publish: the report goes to the log, the summary, the outputs, the pull request and the commit.
//!
//! What cannot be published is a warning that names the missing permission, and never a failure of the run.

use super::{
    GitHub,
    check_run::{self, Verdict},
    comment::{self, Comments},
    refusal::needs,
    runner,
    suggestion::{self, Place, Told},
};
use crate::{
    host::{
        Said,
        post::{self, Absent, Attention, Others, Ours},
        texts::{self, Texts},
        told,
    },
    inputs::Inputs,
    plan::Plan,
    report::{
        self, Report, annotations, escape,
        markdown::{self, Diagram},
    },
};

/// The most bytes of a comment that the reviewed digests may take.
const MOST_KEPT: usize = 44_000;

impl GitHub {
    /// Writes the log, the summary and the outputs.
    pub(super) fn recorded(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        let mut lines: Vec<_> = self.notes.iter().map(Said::info).collect();
        lines.extend(self.warnings.iter().map(Said::warning));
        lines.extend(annotations::log_commands(&annotations::of(report)).into_iter().map(Said::Place));
        let summary = markdown::page(report, self.limits(runner::LONGEST_SUMMARY, None, Diagram::Fenced));
        let files = [("GITHUB_STEP_SUMMARY", summary), ("GITHUB_OUTPUT", runner::outputs(report, inputs))];
        let appended = files.iter().map(|(variable, text)| runner::append(&self.env, variable, text));
        lines.extend(appended.filter_map(Result::err).map(Said::warning));
        lines
    }

    /// Writes the comment, the suggestions and the check run.
    pub(super) async fn published(&self, report: &Report, inputs: &Inputs) -> Vec<Said> {
        let mut lines = Vec::new();
        let news = told::is_worth_telling(report);
        if let Some(number) = self.number {
            let absent = if news { Absent::Create } else { Absent::Leave };
            lines.extend(self.tell(number, report, absent).await.into_iter().map(Said::warning));
        }
        // The lines are the same for every registry.
        let planned = report.plan().filter(|_| !report.is_applied());
        if let (true, Some(number), Some(plan)) = (inputs.suggest_pins, self.number, planned) {
            let told = self.suggest(number, plan, report, inputs).await;
            let told = told.unwrap_or_else(|why| Told { warnings: vec![why], ..Told::default() });
            lines.extend(told.notes.into_iter().map(Said::info));
            lines.extend(told.warnings.into_iter().map(Said::warning));
        }
        if let (true, true, Some(commit)) = (inputs.check_run, news, self.checked()) {
            let check = self.check(commit, report, &annotations::of(report)).await;
            lines.extend(check.err().map(Said::warning));
        }
        lines
    }

    /// Writes the comment; returns what people should know of it.
    async fn tell(&self, number: u64, report: &Report, absent: Absent) -> Vec<String> {
        let what = if report.is_applied() { "the result was not posted" } else { "the plan was not posted" };
        let api = match &self.api {
            Ok(api) => api,
            Err(why) => return vec![format!("{what}: {why}")],
        };
        let run = self.env.get("GITHUB_RUN_ID").and_then(|id| id.parse().ok()).unwrap_or_default();
        let (first, too_much) = told::first_line(&self.marker, run, report, self.reviewed.as_ref(), MOST_KEPT);
        let page = markdown::page(report, self.limits(comment::LONGEST, Some(first), Diagram::Fenced));
        let others = Others::after(report);
        let ours = Ours { marker: &self.marker, body: &page, run, attention: Attention::Free, others };
        let posted = post::put(&Comments { api, number }, &ours, absent).await;
        let failure = posted.err().map(|error| error.told(what, &needs("pull-requests: write")));
        too_much.into_iter().chain(failure).collect()
    }

    /// Offers to pin the lines of the plan that name no more than a tag.
    async fn suggest(&self, number: u64, plan: &Plan, report: &Report, inputs: &Inputs) -> Result<Told, String> {
        let steps = suggestion::open(plan);
        let file = &inputs.images_file;
        let (Some(commit), Some(path)) = (&self.event.checked, texts::in_repository(file)) else {
            return Ok(Told::default());
        };
        if steps.is_empty() {
            return Ok(Told::default());
        }
        let what = "no line was suggested to be pinned";
        let api = self.api.as_ref().map_err(|why| format!("{what}: {why}"))?;
        let head = Texts { workspace: &self.workspace, file, api: &self.api }.at(commit).await;
        let head = head.map_err(|problem| format!("{what}: {problem}"))?.unwrap_or_default();
        let pins = suggestion::pins(&head, &steps, report.target());
        let put = suggestion::put(api, Place { number, commit, path: &path }, &pins).await;
        put.map_err(|error| error.told(what, &needs("pull-requests: write")))
    }

    async fn check(
        &self,
        commit: &str,
        report: &Report,
        annotations: &[annotations::Annotation],
    ) -> Result<(), String> {
        let what = "the check run was not made";
        let api = self.api.as_ref().map_err(|why| format!("{what}: {why}"))?;
        let text = |name| self.env.get(name).unwrap_or_default();
        let summary = markdown::page(report, self.limits(check_run::LONGEST, None, Diagram::Never));
        let verdict = Verdict {
            name: &report.shard.map_or_else(|| "acr-sync".to_owned(), |shard| format!("acr-sync {shard}")),
            commit,
            conclusion: match report.verdict() {
                report::Verdict::Clean => "success",
                report::Verdict::Pending => "neutral",
                report::Verdict::Failed => "failure",
            },
            title: &escape::cut(&escape::visible(&report.headline()), 255),
            summary: &summary,
            key: &format!("{} {} {}", text("GITHUB_RUN_ID"), text("GITHUB_RUN_ATTEMPT"), self.marker),
            details: &self.run_url(),
        };
        let put = check_run::put(api, &verdict, annotations).await;
        put.map_err(|error| error.told(what, &needs("checks: write")))
    }

    /// Returns the commit that a check run is shown on.
    fn checked(&self) -> Option<&str> {
        self.event.checked.as_deref().or(self.env.get("GITHUB_SHA"))
    }

    fn run_url(&self) -> String {
        let text = |name| self.env.get(name).unwrap_or_default();
        let run = format!(
            "{}/{}/actions/runs/{}",
            text("GITHUB_SERVER_URL"),
            text("GITHUB_REPOSITORY"),
            text("GITHUB_RUN_ID")
        );
        match self.env.get("GITHUB_RUN_ATTEMPT") {
            Some(attempt) if attempt != "1" => format!("{run}/attempts/{attempt}"),
            _ => run,
        }
    }

    /// Returns the commit and the page of the run, for the report's reader.
    fn limits(&self, longest: usize, marker: Option<String>, diagram: Diagram) -> markdown::Limits {
        let commit = self.env.get("GITHUB_SHA").map(str::to_owned);
        markdown::Limits { longest, run_url: Some(self.run_url()), commit, marker, diagram }
    }
}
