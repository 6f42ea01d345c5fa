//! Tasks: the runs of a registry, what they do, and the storage that their sources and logs are in (section 11).
//!
//! What a run does is the part of a build that copies files onto a base, and the commands that fill a trust store;
//! everything else fails with a clear log. The doors onto it are Resource Manager's and the storage's.

mod blob;
mod build;
mod context;
mod copy;
mod dockerfile;
mod image;
mod run;
mod shell;
pub(super) mod standing;
mod steps;

use super::{AzureRegistry, World, repository::timestamp, state::Azure};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

pub(super) use blob::{answer, is_here, signature};
pub(super) use run::begin;

/// The runs of one registry, and what lies in their storage.
#[derive(Default)]
pub(super) struct Yard {
    runs: Vec<Run>,
    blobs: BTreeMap<String, blob::Blob>,
    pools: Vec<String>,
    /// Standing tasks, by their names in lower case.
    pub(super) standing: BTreeMap<String, Value>,
}

/// How runs behave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// How long each line of a run takes.
    pub(super) latency: Duration,
    /// Whether logs are marked as complete when their run ends.
    pub(super) ends_logs: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { latency: Duration::from_millis(5), ends_logs: true }
    }
}

/// A run.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) request: Value,
    pub(super) status: &'static str,
    pub(super) error: Option<String>,
    pub(super) images: Vec<Value>,
    pub(super) task: Option<String>,
    /// Whether whoever scheduled it may push where the registry is in ABAC mode and the run is to be the caller.
    pub(super) may_push: bool,
    pub(super) created: String,
    pub(super) started: Option<String>,
    pub(super) finished: Option<String>,
}

/// A run, for tests that look.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSeen {
    /// Its id.
    pub id: String,
    /// `Queued`, `Running`, `Succeeded`, …
    pub status: String,
    /// What was asked for; secrets are in it.
    pub request: Value,
    /// Its log so far.
    pub log: String,
}

impl Yard {
    pub(super) fn run(&self, id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.id.eq_ignore_ascii_case(id))
    }

    fn run_mut(&mut self, id: &str) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id.eq_ignore_ascii_case(id))
    }

    pub(super) fn runs(&self) -> impl DoubleEndedIterator<Item = &Run> {
        self.runs.iter()
    }

    /// Takes a run on, and returns its id: the service counts `ca1`, `ca2`, …
    pub(super) fn queue(&mut self, request: Value, task: Option<String>, may_push: bool) -> String {
        let id = format!("ca{}", self.runs.len() + 1);
        self.runs.push(Run {
            id: id.clone(),
            request,
            status: "Queued",
            error: None,
            images: Vec::new(),
            task,
            may_push,
            created: timestamp(),
            started: None,
            finished: None,
        });
        id
    }

    pub(super) fn has_pool(&self, name: &str) -> bool {
        self.pools.iter().any(|pool| pool.eq_ignore_ascii_case(name))
    }

    /// Calls a run off; nothing of one that ended before.
    pub(super) fn cancel(&mut self, id: &str) -> Option<bool> {
        let run = self.run_mut(id)?;
        let goes_on = run.finished.is_none();
        if goes_on {
            run.status = "Canceled";
            run.finished = Some(timestamp());
        }
        if goes_on {
            self.log(id).end("canceled");
        }
        Some(goes_on)
    }

    fn log(&mut self, id: &str) -> &mut blob::Blob {
        self.blobs.entry(log_path(id)).or_default()
    }
}

/// Where the log of a run lies.
pub(super) fn log_path(id: &str) -> String {
    format!("acrtasks/logs/{id}/rawtext.log")
}

/// Where a source lies, by what Resource Manager calls it.
pub(super) fn source_path(relative: &str) -> String {
    format!("acrtasks/{relative}")
}

impl Run {
    /// The shape of the official sample `RunsGet.json`.
    pub(super) fn shown(&self, azure: &Azure) -> Value {
        let mut properties = json!({
            "runId": self.id, "status": self.status, "lastUpdatedTime": self.finished.as_ref().unwrap_or(&self.created),
            "runType": if self.task.is_some() { "QuickRun" } else { "QuickBuild" }, "createTime": self.created,
            "outputImages": self.images, "isArchiveEnabled": false, "provisioningState": "Succeeded",
            "platform": self.request["platform"], "agentConfiguration": {"cpu": 2},
        });
        if self.task.is_none() && self.request["type"] != "DockerBuildRequest" {
            properties["runType"] = json!("QuickRun");
        }
        for (name, value) in [
            ("startTime", self.started.as_ref()),
            ("finishTime", self.finished.as_ref()),
            ("runErrorMessage", self.error.as_ref()),
            ("task", self.task.as_ref()),
        ] {
            if let Some(value) = value {
                properties[name] = json!(value);
            }
        }
        json!({
            "id": format!("{}/runs/{}", azure.id(), self.id), "name": self.id,
            "type": "Microsoft.ContainerRegistry/registries/runs", "properties": properties,
        })
    }
}

impl World {
    /// Sets how long each line of a run takes; 5 ms at first.
    pub fn run_latency(&self, latency: Duration) {
        self.state().habits.latency = latency;
    }

    /// Lets the logs of runs be without an end, as a service that lost the machine does.
    pub fn logs_never_end(&self) {
        self.state().habits.ends_logs = false;
    }

    /// Makes files that runs find at an address, such as `https://github.com/contoso/app.git#main`.
    pub fn source_code<'a>(&self, address: &str, files: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        self.state().sources.insert(address.to_owned(), files);
    }
}

impl AzureRegistry {
    /// Creates an agent pool.
    pub fn agent_pool(&self, name: &str) {
        let mut state = self.handle().state();
        state.yards.entry(self.login_server()).or_default().pools.push(name.to_owned());
    }

    /// Calls a run off, as somebody else does.
    pub fn cancel_run(&self, id: &str) {
        let mut state = self.handle().state();
        if let Some(yard) = state.yards.get_mut(&self.login_server()) {
            yard.cancel(id);
        }
    }

    /// Returns the runs, the oldest first.
    pub fn runs(&self) -> Vec<RunSeen> {
        let state = self.handle().state();
        let Some(yard) = state.yards.get(&self.login_server()) else { return Vec::new() };
        let seen = |run: &Run| RunSeen {
            id: run.id.clone(),
            status: run.status.to_owned(),
            request: run.request.clone(),
            log: yard.blobs.get(&log_path(&run.id)).map(blob::Blob::text).unwrap_or_default(),
        };
        yard.runs.iter().map(seen).collect()
    }

    /// Returns the paths of the files in a source that was sent, sorted.
    pub fn sent_source(&self, relative: &str) -> Option<Vec<String>> {
        let state = self.handle().state();
        let bytes = state.yards.get(&self.login_server())?.blobs.get(&source_path(relative))?.bytes.clone();
        drop(state);
        Some(context::unpack(&bytes).ok()?.into_keys().collect())
    }
}
