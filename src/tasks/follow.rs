//! Follows a run to its end: its log, its status, the deadline, and the wish to stop.

use super::{
    Run, Service, Status,
    log::{Log, Look},
};
use crate::{
    problem::{Problem, Side},
    stop::stopped,
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// How a run is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The first pause between two looks; it grows while nothing new is there.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How often its status is asked while its log grows.
    pub status: Duration,
    /// How long it is waited for in all: past that it is called off.
    pub deadline: Duration,
}

impl Pace {
    /// Returns the pace for a run that may take so long: it may wait for a machine besides.
    pub fn of(timeout: Duration) -> Self {
        let seconds = Duration::from_secs;
        let deadline = timeout + seconds(900);
        Self { first: seconds(1), longest: seconds(5), status: seconds(10), deadline }
    }
}

/// How a run is watched.
#[derive(Debug)]
pub struct Watch<'a> {
    /// The pauses and the deadline.
    pub pace: Pace,
    /// Turns true when nobody waits any more: the run is called off then.
    pub stop: &'a watch::Receiver<bool>,
    /// What its log must not show.
    pub secrets: Vec<SecretString>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What the service says of it.
    pub run: Run,
    /// The last lines of its log. Foreign text.
    pub tail: Vec<String>,
    /// Why it was called off here, if it was.
    pub called_off: Option<Problem>,
    /// Why its log could not be read, if it could not.
    pub unread: Option<Problem>,
}

/// How many looks a log that is not marked as complete gets after the end of its run.
const LAST_LOOKS: u32 = 5;
/// How many failures in a row a log gets before it is left alone.
const MOST_FAILURES: u32 = 3;
/// How often a run that was called off is asked whether it ended; hosts kill this program some seconds after a signal.
const ENDING: (u32, Duration) = (6, Duration::from_millis(500));

impl Service<'_> {
    /// Follows a run to its end, and gives each line of its log to `lines`: foreign text, with the secrets taken out.
    ///
    /// A run that is not waited for any longer is called off.
    ///
    /// # Errors
    /// Why the service cannot be asked how the run is; the run may still go on.
    pub async fn follow(
        &self,
        run: &str,
        watch: &Watch<'_>,
        lines: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Ended, Problem> {
        let mut log = Log::without(hidden(&watch.secrets));
        let mut stop = watch.stop.clone();
        let ended = tokio::select! {
            biased;
            () = stopped(&mut stop) => Err("the run was stopped"),
            ended = tokio::time::timeout(watch.pace.deadline, self.until_the_end(run, watch.pace, &mut log, lines)) => {
                ended.map_err(|_| "it has not ended in time")
            }
        };
        match ended {
            Ok(ended) => {
                let (run, unread) = ended?;
                Ok(Ended { run, tail: log.tail.into(), called_off: None, unread })
            }
            Err(why) => {
                let (run, problem) = self.call_off(run, why).await;
                Ok(Ended { run, tail: log.tail.into(), called_off: Some(problem), unread: None })
            }
        }
    }

    async fn until_the_end(
        &self,
        run: &str,
        pace: Pace,
        log: &mut Log,
        lines: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(Run, Option<Problem>), Problem> {
        let (mut pause, mut asked) = (pace.first, None::<Instant>);
        let (mut unread, mut failures, mut looks) = (None, 0, 0);
        loop {
            if !log.is_complete && failures < MOST_FAILURES {
                match log.read(self, run, lines).await {
                    Ok(Look::More) => (pause, failures, unread) = (pace.first, 0, None),
                    Ok(Look::Nothing) => pause = (pause * 2).min(pace.longest),
                    Err(problem) => (failures, unread) = (failures + 1, Some(problem)),
                }
            }
            let is_quiet = log.is_complete || failures >= MOST_FAILURES;
            if is_quiet || asked.is_none_or(|asked| asked.elapsed() >= pace.status) {
                asked = Some(Instant::now());
                let now = self.run(run).await?;
                if now.status.is_final() {
                    looks += 1;
                    if is_quiet || looks > LAST_LOOKS {
                        return Ok((now, unread));
                    }
                    // The log is written a moment longer than the run takes.
                    asked = None;
                } else if log.is_complete {
                    // The status is told a moment later than the log is.
                    pause = pace.first;
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Calls a run off, and returns how it is then.
    async fn call_off(&self, id: &str, why: &str) -> (Run, Problem) {
        let cancelled = self.cancel(id).await;
        let mut last = Run { id: id.to_owned(), status: Status::Unknown, error: None, images: Vec::new() };
        let (times, pause) = ENDING;
        for _ in 0..times {
            match self.run(id).await {
                Ok(run) => last = run,
                Err(_) => break,
            }
            if last.status.is_final() {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        let look = "`az acr task show-run` and `az acr task logs` show what became of it.";
        let problem = match cancelled {
            // It may have ended by itself just before.
            _ if last.status.is_final() && last.status != Status::Canceled => {
                Problem::new(Side::Azure, format!("{why}; `{id}` had ended by itself: {:?}", last.status)).hint(look)
            }
            Ok(()) => Problem::new(Side::Azure, format!("{why}, and `{id}` was called off at Azure")),
            Err(problem) => {
                let what = format!("{why}, and `{id}` could not be called off: it runs on. {}", problem.what);
                problem.hint.into_iter().fold(Problem::new(problem.side, what), Problem::hint)
            }
        };
        (last, problem)
    }
}

impl Ended {
    /// Returns what went wrong; nothing of a run that ended well.
    pub fn problem(&self) -> Option<Problem> {
        if let Some(problem) = &self.called_off {
            return Some(problem.clone());
        }
        let id = &self.run.id;
        let what = match self.run.status {
            Status::Succeeded => return None,
            Status::Failed => format!("the run `{id}` failed"),
            Status::Canceled => format!("somebody called the run `{id}` off"),
            Status::Error => format!("Azure could not carry the run `{id}` out"),
            Status::Timeout => format!("the run `{id}` took longer than it may"),
            Status::Queued | Status::Started | Status::Running | Status::Unknown => {
                format!("how the run `{id}` ended is not known")
            }
        };
        let why: Vec<_> = self.run.error.iter().chain(self.reason()).map(String::as_str).collect();
        let what = if why.is_empty() { what } else { format!("{what}: {}", why.join("; ")) };
        let problem = Problem::new(Side::Azure, what);
        Some(match self.hint() {
            Some(hint) => problem.hint(hint),
            None => problem.hint(format!("Its log says more: `az acr task logs --run-id {id}`.")),
        })
    }

    /// Returns the line of the log that most likely says why: the last one that speaks of an error.
    fn reason(&self) -> Option<&String> {
        let speaks = |line: &&String| {
            let lower = line.to_ascii_lowercase();
            ["error", "failed", "denied", "unauthorized", "not found", "cannot"].iter().any(|word| lower.contains(word))
        };
        // The service's own last words say that something failed, and not what.
        let is_news = |line: &&String| {
            let is_said = self.run.error.as_ref().is_some_and(|error| line.contains(error.as_str()));
            !is_said && !line.contains("failed to run step ID") && !line.starts_with("Run ID:")
        };
        self.tail.iter().rev().filter(speaks).find(is_news)
    }

    fn hint(&self) -> Option<&'static str> {
        let has = |words: &str| self.tail.iter().any(|line| line.contains(words));
        if has("requires BuildKit") {
            return Some(
                "A quick build has the classic builder: take `RUN --mount` and heredocs out of the Dockerfile.",
            );
        }
        if has("is not allowed access") || has("networkRuleBypass") {
            return Some(
                "The registry's firewall keeps ACR Tasks out: run in an agent pool, or allow tasks to pass \
                 (`networkRuleBypassAllowedForTasks`).",
            );
        }
        if has("unauthorized: authentication required") || has("pull access denied") {
            return Some("Give the run a login for the registry that it pulls from, or import the base image first.");
        }
        (self.run.status == Status::Timeout).then_some("Raise `timeout`; the most is 8 hours.")
    }
}

/// Short ones would hide ordinary words.
fn hidden(secrets: &[SecretString]) -> Vec<String> {
    let long = secrets.iter().map(|secret| secret.expose_secret().trim()).filter(|secret| secret.len() >= 4);
    long.flat_map(str::lines).filter(|line| line.len() >= 4).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: Status, error: Option<&str>, tail: &[&str]) -> Ended {
        let run = Run { id: "ca1".to_owned(), status, error: error.map(str::to_owned), images: Vec::new() };
        let tail = tail.iter().map(|line| (*line).to_owned()).collect();
        Ended { run, tail, called_off: None, unread: None }
    }

    #[test]
    fn a_failure_is_told_with_its_reason_and_what_to_do() {
        let error = Some("failed during run, err: exit status 1");
        let tail = [
            "Step 2/2 : RUN --mount=type=cache true",
            "the --mount option requires BuildKit. Refer to the docs",
            "2026/04/24 10:00:00 failed to run step ID: build: exit status 1",
            "Run ID: ca1 failed after 2s. Error: failed during run, err: exit status 1",
        ];
        let problem = ended(Status::Failed, error, &tail).problem().unwrap();
        assert_eq!(problem.what, "the run `ca1` failed: failed during run, err: exit status 1");
        assert!(problem.hint.unwrap().contains("classic builder"));
        let tail = ["COPY failed: file not found in build context or excluded by .dockerignore: stat a: not found"];
        let problem = ended(Status::Failed, error, &tail).problem().unwrap();
        assert!(problem.what.ends_with(tail[0]), "{problem}");
        assert!(problem.hint.unwrap().contains("az acr task logs --run-id ca1"));
        assert_eq!(ended(Status::Succeeded, None, &["error: none"]).problem(), None);
    }

    #[test]
    fn a_secret_of_several_lines_is_hidden_line_by_line_and_a_short_one_not_at_all() {
        let secrets = ["first line\nsecond line\n", "abc"].map(|text| SecretString::from(text.to_owned()));
        assert_eq!(hidden(&secrets), ["first line", "second line"]);
    }
}
