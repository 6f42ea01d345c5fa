//! Run: scheduled, looked at, called off.

use super::{Order, PREVIEW, Service, VERSION, problem};
use crate::problem::{Problem, Side};
use serde_json::Value;

/// A run, as the service tells of it (official sample `RunsGet.json`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id, such as `ca1`.
    pub id: String,
    /// How far it is.
    pub status: Status,
    /// Why it failed, the service's words; often little more than an exit code.
    pub error: Option<String>,
    /// What it pushed.
    pub images: Vec<Output>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits for a machine.
    Queued,
    /// It has a machine.
    Started,
    /// It runs.
    Running,
    /// It ended well.
    Succeeded,
    /// A step of it failed.
    Failed,
    /// Somebody called it off.
    Canceled,
    /// The service could not run it.
    Error,
    /// It took longer than it may.
    Timeout,
    /// A word that this program does not know: it is asked again.
    Unknown,
}

/// An image that a run pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The registry's host.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest, as the service writes it.
    pub digest: String,
}

impl Service<'_> {
    /// Schedules a run, once: the list of runs does not say what was ordered, so after an answer that was lost nobody
    /// can tell whether one of them is this.
    ///
    /// # Errors
    /// Why it was not taken: a right that is missing, a malformed order, tasks that Azure has paused; or that it is not
    /// known whether it was.
    pub async fn schedule(&self, order: &Order) -> Result<Run, Problem> {
        let id = format!("{}/scheduleRun", self.registry);
        let answer = self.arm.act_once_by(&id, order.version(), Some(&order.body())).await;
        let run = Run::read(&answer.map_err(|error| problem::unordered(&error))?);
        if run.id.is_empty() {
            return Err(Problem::new(Side::Azure, "the service took the run and gave it no id"));
        }
        Ok(run)
    }

    /// Looks how far a run is.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub async fn run(&self, id: &str) -> Result<Run, Problem> {
        let found = self.arm.resource_by(&self.run_id(id), VERSION).await;
        match found.map_err(|error| problem::refused(&error))? {
            Some(run) => Ok(Run::read(&run)),
            None => Err(Problem::new(Side::Azure, format!("there is no run `{id}`"))),
        }
    }

    /// Calls a run off.
    ///
    /// # Errors
    /// Why it could not be.
    pub async fn cancel(&self, id: &str) -> Result<(), Problem> {
        let answer = self.arm.act_by(&format!("{}/cancel", self.run_id(id)), VERSION, None).await;
        answer.map(drop).map_err(|error| problem::refused(&error))
    }

    /// Returns where the log of a run is, an address that needs no sign-in: whoever has it reads the log.
    pub(super) async fn log_address(&self, id: &str) -> Result<String, Problem> {
        let of = |version| async move {
            let path = format!("{}/listLogSasUrl", self.run_id(id));
            self.arm.act_by(&path, version, None).await.map_err(|error| problem::refused(&error))
        };
        let answer = of(VERSION).await?;
        // A registry whose logs are artifacts gives their link by the newer version only.
        let link = match answer["logLink"].as_str() {
            Some(link) => Some(link.to_owned()),
            None => of(PREVIEW).await?["logArtifactLink"].as_str().map(str::to_owned),
        };
        link.ok_or_else(|| Problem::new(Side::Azure, format!("the service has no log of the run `{id}`")))
    }

    fn run_id(&self, id: &str) -> String {
        format!("{}/runs/{id}", self.registry)
    }
}

impl Run {
    pub(super) fn read(value: &Value) -> Self {
        let it = &value["properties"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let output = |image: &Value| Output {
            registry: text(&image["registry"]),
            repository: text(&image["repository"]),
            tag: text(&image["tag"]),
            digest: text(&image["digest"]),
        };
        let id = text(&it["runId"]);
        // It stands in a path from here on.
        let is_plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        Self {
            id: if is_plain { id } else { String::new() },
            status: Status::read(it["status"].as_str().unwrap_or_default()),
            error: it["runErrorMessage"].as_str().filter(|text| !text.is_empty()).map(str::to_owned),
            images: it["outputImages"].as_array().into_iter().flatten().map(output).collect(),
        }
    }
}

impl Status {
    fn read(text: &str) -> Self {
        match text {
            "Queued" => Self::Queued,
            "Started" => Self::Started,
            "Running" => Self::Running,
            "Succeeded" => Self::Succeeded,
            "Failed" => Self::Failed,
            "Canceled" => Self::Canceled,
            "Error" => Self::Error,
            "Timeout" => Self::Timeout,
            _ => Self::Unknown,
        }
    }

    /// Returns whether nothing comes any more. `provisioningState` says nothing about that (section 11.3).
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Started | Self::Running | Self::Unknown => false,
            Self::Succeeded | Self::Failed | Self::Canceled | Self::Error | Self::Timeout => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_sample_is_read() {
        let text = std::fs::read_to_string("tests/fixtures/arm/RunsGet.json").unwrap();
        let sample: Value = serde_json::from_str(&text).unwrap();
        let run = Run::read(&sample["responses"]["200"]["body"]);
        assert_eq!((run.id.as_str(), run.status), ("0accec26-d6de-4757-8e74-d080f38eaaab", Status::Succeeded));
        assert_eq!((run.images[0].repository.as_str(), run.images[0].tag.as_str()), ("myimage", "latest"));
    }

    #[test]
    fn an_id_that_is_no_plain_word_and_a_status_that_is_new_are_not_believed() {
        let run = Run::read(&serde_json::json!({"properties": {"runId": "ca1/../x", "status": "Paused"}}));
        assert_eq!((run.id.as_str(), run.status.is_final()), ("", false));
    }
}
