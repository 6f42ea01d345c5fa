//! Check run: a verdict of our own on the commit, with as many annotations as there are lines.

use super::api::{Api, encoded};
use crate::{
    host::{patience::Again, refusal::ApiError},
    report::{
        annotations::{Annotation, Level},
        escape,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most characters of a summary (REST reference, check runs).
pub(super) const LONGEST: usize = 65_535;
/// The most annotations of a request (the same).
const AT_ONCE: usize = 50;
/// The most annotations that are sent: a request each fifty, and eighty such requests a minute.
const MOST: usize = 2_000;

/// What a check run says.
pub(super) struct Verdict<'a> {
    /// Its name in the list of checks.
    pub name: &'a str,
    /// The commit that it is shown on.
    pub commit: &'a str,
    /// `success`, `neutral` or `failure`.
    pub conclusion: &'static str,
    /// The answer in one line.
    pub title: &'a str,
    /// The page.
    pub summary: &'a str,
    /// By which this one is told from those of other runs.
    pub key: &'a str,
    /// The page of the run.
    pub details: &'a str,
}

#[derive(Debug, Deserialize)]
struct CheckRun {
    id: u64,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    output: Output,
}

#[derive(Debug, Default, Deserialize)]
struct Output {
    #[serde(default)]
    annotations_count: usize,
}

#[derive(Debug, Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

#[derive(Debug, Serialize)]
struct Remark<'a> {
    path: &'a str,
    start_line: u32,
    end_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
    annotation_level: &'static str,
    title: String,
    message: String,
}

/// Makes the check run and sends the annotations, fifty at a time; later ones are added to those before.
pub(super) async fn put(api: &Api, verdict: &Verdict<'_>, annotations: &[Annotation]) -> Result<(), ApiError> {
    let annotations = &annotations[..annotations.len().min(MOST)];
    let mut parts = annotations.chunks(AT_ONCE);
    let first = parts.next().unwrap_or_default();
    let id = create(api, verdict, first).await?;
    let mut sent = first.len();
    for part in parts {
        add(api, id, verdict, part, sent).await?;
        sent += part.len();
    }
    Ok(())
}

async fn create(api: &Api, verdict: &Verdict<'_>, part: &[Annotation]) -> Result<u64, ApiError> {
    let body = json!({
        "name": verdict.name, "head_sha": verdict.commit, "status": "completed", "conclusion": verdict.conclusion,
        "external_id": verdict.key, "details_url": verdict.details, "output": output(verdict, part),
    });
    match api.post::<CheckRun>("/check-runs", &body).await {
        Ok(made) => Ok(made.id),
        Err(error @ ApiError::Unclear(_)) => {
            // Made or not made: the key tells.
            let name = encoded(verdict.name).replace('/', "%2F");
            let path = format!("/commits/{}/check-runs?check_name={name}&per_page=100", encoded(verdict.commit));
            let found: CheckRuns = api.get(&path).await?;
            let own = found.check_runs.into_iter().find(|run| run.external_id.as_deref() == Some(verdict.key));
            match own {
                Some(run) => Ok(run.id),
                None => api.post::<CheckRun>("/check-runs", &body).await.map(|run| run.id).map_err(|_| error),
            }
        }
        Err(error) => Err(error),
    }
}

/// A second time would add the same annotations again: their number tells whether the first went well.
async fn add(api: &Api, id: u64, verdict: &Verdict<'_>, part: &[Annotation], before: usize) -> Result<(), ApiError> {
    let path = format!("/check-runs/{id}");
    let body = json!({ "output": output(verdict, part) });
    match api.patch::<CheckRun>(&path, &body, Again::No).await {
        Err(ApiError::Unclear(_)) => {
            let now: CheckRun = api.get(&path).await?;
            if now.output.annotations_count > before {
                return Ok(());
            }
            api.patch::<CheckRun>(&path, &body, Again::No).await.map(drop)
        }
        result => result.map(drop),
    }
}

fn output(verdict: &Verdict<'_>, part: &[Annotation]) -> Value {
    let remarks: Vec<_> = part.iter().map(remark).collect();
    json!({ "title": verdict.title, "summary": verdict.summary, "annotations": remarks })
}

fn remark(annotation: &Annotation) -> Remark<'_> {
    let message: Vec<_> = annotation.message.lines().map(escape::visible).collect();
    Remark {
        path: annotation.file.strip_prefix("./").unwrap_or(&annotation.file),
        start_line: annotation.line,
        end_line: annotation.line,
        start_column: annotation.column,
        end_column: annotation.end_column,
        annotation_level: match annotation.level {
            Level::Failure => "failure",
            Level::Warning => "warning",
            Level::Notice => "notice",
        },
        title: escape::cut(&escape::visible(&annotation.title), 255),
        message: message.join("\n"),
    }
}
