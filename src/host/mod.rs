//! Where the run happens: what the surroundings know about the change, and where it is reported to.
//!
//! What the hosts do alike stands beside them: texts, patience, the one post on a pull request and what it keeps.

mod azure_devops;
mod evidence;
pub mod git;
mod github;
mod kept;
mod local;
mod patience;
mod post;
#[cfg(any(test, fuzzing))]
pub(crate) mod probe;
mod refusal;
mod said;
mod scans;
mod texts;
mod told;

use crate::{
    app::Occasion,
    inputs::{Env, INPUTS, Inputs, passwords},
    problem::Problem,
    report::{Report, log::Level, progress::Out},
};
use std::io::Write;

pub use azure_devops::AzureDevOps;
pub use github::GitHub;
pub use local::{Asked, occasion, settings};
pub use said::Said;
pub use told::{registries, without_list};

/// A CI host that runs this program as a step of a job.
pub trait Host {
    /// Reads both versions of the list; nothing where the event asks for nothing.
    ///
    /// # Errors
    /// A [`Problem`] for a list that cannot be read, or a base that a plan cannot do without.
    fn occasion(&mut self, inputs: &Inputs) -> impl Future<Output = Result<Option<Occasion>, Problem>>;

    /// Writes a report into what the job itself has, without asking anybody, and returns what the log is told.
    fn record(&self, report: &Report, inputs: &Inputs) -> Vec<Said>;

    /// Publishes a report and returns what the log is told. What cannot be published is a warning that names the missing
    /// permission, and never a failure of the run.
    fn publish(&self, report: &Report, inputs: &Inputs) -> impl Future<Output = Vec<Said>>;

    /// Returns what must not be seen in the log, of all that the run was given.
    fn secrets(env: &Env) -> Vec<String> {
        secrets(env)
    }

    /// Returns the command that hides a secret in the log.
    fn mask(secret: &str) -> String;

    /// Returns the line that tells people something of the run as a whole.
    fn remark(level: Level, what: &str) -> String;

    /// Returns the line that the log is told something by.
    fn line(said: &Said) -> String {
        match said {
            Said::Remark(level, what) => Self::remark(*level, what),
            Said::Place(command) | Said::Order(command) => command.clone(),
        }
    }

    /// Returns how progress is shown in the log.
    fn progress(log: Box<dyn Write + Send>) -> Out;
}

/// Returns the secrets that the run was given; short values would hide half of the log.
pub fn secrets(env: &Env) -> Vec<String> {
    let mut secrets = Vec::new();
    for input in INPUTS.iter().filter(|input| input.is_secret) {
        for value in env.input(input.name).into_iter().chain(input.variable.and_then(|name| env.get(name))) {
            match input.name {
                "credentials" => secrets.extend(passwords(value, env)),
                // A host hides by lines.
                _ => secrets.extend(value.lines().map(str::trim)),
            }
        }
    }
    secrets.into_iter().filter(|secret| secret.len() >= 6).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_whole_and_that_of_a_variable_too() {
        let env = Env::of([
            (
                "INPUT_CREDENTIALS",
                "# me old-secret\nquay.io me $T\nghcr.io me ${U}\na.io me hunter4\nb.io me two secrets\nc.io hunter5",
            ),
            ("T", "hunter22"),
            ("U", "hunter33"),
            ("ACR_SYNC_CREDENTIALS", "d.io me $UNSET"),
            ("INPUT_DOCKER-PASSWORD", "a b cdefgh"),
            ("INPUT_CLIENT-SECRET", "$abcdef"),
            ("AZURE_CLIENT_SECRET", "first line\n second line"),
            ("INPUT_GITHUB-TOKEN", "short"),
        ]);
        assert_eq!(
            secrets(&env),
            [
                "$abcdef",
                "first line",
                "second line",
                "a b cdefgh",
                "old-secret",
                "hunter22",
                "hunter33",
                "hunter4",
                "secrets",
                "hunter5"
            ]
        );
    }
}
