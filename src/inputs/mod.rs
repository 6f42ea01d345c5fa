//! What the workflow or the person asked for: every setting typed, every problem gathered.

mod connection;
mod credentials;
mod env;
mod reader;
mod secrets;
mod table;
mod way;

use crate::{
    azure::{Cloud, RegistryName},
    credential::{Identity, JobToken, Mask},
    http::{Ledger, Way},
    import::Pace,
    plan::{Check, DirectSources, Mirrors, Overwrite, Referrers, Shard, Unreviewed},
    problem::Problem,
    registry::Logins,
};
use reader::Reader;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

pub use connection::{access_token, endpoint_secrets};
pub use credentials::passwords;
pub use env::Env;
pub use secrets::{Secrets, Variable};
pub use table::{Hosts, INPUTS, Input};

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// `registry`, in the order in which they are named; a run that changes nothing needs none.
    pub registries: Vec<RegistryName>,
    /// `images-file`
    pub images_file: PathBuf,
    /// `mode`; none for `auto`.
    pub mode: Option<Mode>,
    /// `scope`; none for `auto`.
    pub scope: Option<Scope>,
    /// `base`
    pub base: Option<String>,
    /// `shard`; none for the whole list.
    pub shard: Option<Shard>,
    /// `overwrite`
    pub overwrite: Overwrite,
    /// `require-reviewed`
    pub unreviewed: Unreviewed,
    /// `direct-sources`
    pub direct: DirectSources,
    /// The sources that are read elsewhere, as `acr-sync.yaml` states them.
    pub mirrors: Mirrors,
    /// Authorities that are trusted at one host alone, as PEM by the host, as `acr-sync.yaml` states them.
    pub authorities: BTreeMap<String, String>,
    /// `check`
    pub check: Check,
    /// `referrers`
    pub referrers: Referrers,
    /// `check-run`
    pub check_run: bool,
    /// `suggest-pins`
    pub suggest_pins: bool,
    /// `pr-status`
    pub pr_status: bool,
    /// `concurrency` and `import-deadline`
    pub pace: Pace,
    /// `tenant-id`, `client-id`, `client-secret`
    pub identity: Identity,
    /// `subscription-id`
    pub subscription: Option<String>,
    /// `cloud`
    pub cloud: Cloud,
    /// `docker-username`, `docker-password`, `credentials`
    pub logins: Logins,
    /// Secrets that these name and that are not there: a host hands none to a run for a fork, whose plan leaves
    /// unchecked what wants one. What writes does not begin without them.
    pub missing: Vec<Problem>,
    /// Docker's configuration, for what `logins` lacks; only a person's own is used, see [`Inputs::with_docker`].
    pub docker_config: Option<PathBuf>,
    /// `plan-file`
    pub plan_file: Option<PathBuf>,
    /// `result-file`
    pub result_file: Option<PathBuf>,
    /// `sarif-file`
    pub sarif_file: Option<PathBuf>,
    /// `log`
    pub log: Log,
    /// `reviewed-plan`
    pub reviewed_plan: Option<PathBuf>,
    /// The variables that the settings file may name.
    pub variables: Env,
    /// Proxies and certificates, from the variables that every program reads.
    pub way: Way,
}

/// In which form the run tells what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// For people.
    Text,
    /// One object of JSON a line.
    Json,
}

impl Log {
    /// Reads the form alone, for what is to be told before the settings are read.
    pub fn of(env: &Env) -> Self {
        let text = env.input("log").or_else(|| env.get("ACR_SYNC_LOG"));
        if text.is_some_and(|text| text.eq_ignore_ascii_case("json")) { Self::Json } else { Self::Text }
    }
}

/// Whether the registry is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only show what would be done.
    Plan,
    /// Do it.
    Apply,
}

/// Which lines are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that differ from the base.
    Changed,
    /// Every line.
    All,
}

impl Inputs {
    /// Reads every setting.
    ///
    /// # Errors
    /// Every setting that cannot be used, each with the values that can.
    pub fn read(env: &Env) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(env);
        let mut logins = Logins::default();
        reader.docker_hub(&mut logins);
        reader.credentials(&mut logins);
        let concurrency: usize = reader.number("concurrency", 1..=100);
        let minutes: u64 = reader.number("import-deadline", 1..=240);
        let (connection, cloud, subscription) = match reader.connection() {
            Some(given) => (Some(given.connection), Some(given.cloud), given.subscription),
            None => (None, None, None),
        };
        let inputs = Self {
            registries: reader.list("registry"),
            images_file: reader.text("images-file").unwrap_or_default().into(),
            mode: reader.choice("mode", &[("auto", None), ("plan", Some(Mode::Plan)), ("apply", Some(Mode::Apply))]),
            scope: reader
                .choice("scope", &[("auto", None), ("changed", Some(Scope::Changed)), ("all", Some(Scope::All))]),
            base: reader.text("base"),
            // The only one has all lines, and what is told of it is told as of a list that nobody splits.
            shard: reader.parsed("shard").filter(|shard: &Shard| shard.count() > 1),
            overwrite: reader
                .choice("overwrite", &[("allow", Some(Overwrite::Allow)), ("refuse", Some(Overwrite::Refuse))])
                .unwrap_or(Overwrite::Allow),
            unreviewed: if reader.flag("require-reviewed") { Unreviewed::Refuse } else { Unreviewed::Import },
            direct: reader.parsed("direct-sources").unwrap_or_default(),
            mirrors: Mirrors::default(),
            authorities: BTreeMap::new(),
            referrers: reader
                .choice("referrers", &[("leave", Some(Referrers::Leave)), ("take", Some(Referrers::Take))])
                .unwrap_or(Referrers::Leave),
            check: reader
                .choice(
                    "check",
                    &[("changed", Some(Check::Changed)), ("all", Some(Check::All)), ("none", Some(Check::None))],
                )
                .unwrap_or(Check::Changed),
            check_run: reader.flag("check-run"),
            suggest_pins: reader.flag("suggest-pins"),
            pr_status: reader.flag("pr-status"),
            pace: Pace {
                imports: concurrency,
                imports_per_source: concurrency.div_ceil(2),
                deadline: Duration::from_secs(minutes * 60),
                ..Pace::default()
            },
            identity: Identity {
                connection,
                tenant_id: reader.text("tenant-id"),
                client_id: reader.text("client-id"),
                client_secret: reader.text("client-secret").map(Into::into),
                token_file: env.get("AZURE_FEDERATED_TOKEN_FILE").map(Into::into),
                has_identity_endpoint: env.get("IDENTITY_ENDPOINT").is_some(),
                is_on_github: env.get("GITHUB_ACTIONS") == Some("true"),
                is_on_azure_pipelines: env.get("TF_BUILD").is_some(),
                job_token: job_token(env),
                mask: Mask::default(),
            },
            subscription: reader.text("subscription-id").or(subscription),
            cloud: cloud.or_else(|| reader.parsed("cloud")).unwrap_or_else(Cloud::public),
            logins,
            missing: Vec::new(),
            docker_config: None,
            plan_file: reader.text("plan-file").map(Into::into),
            result_file: reader.text("result-file").map(Into::into),
            sarif_file: reader.text("sarif-file").map(Into::into),
            log: reader.choice("log", &[("text", Some(Log::Text)), ("json", Some(Log::Json))]).unwrap_or(Log::Text),
            reviewed_plan: reader.text("reviewed-plan").map(Into::into),
            variables: env.clone(),
            way: Way { ledger: ledger(&reader), ..way::read(env) },
        };
        if reader.problems.is_empty() { Ok(Self { missing: reader.missing, ..inputs }) } else { Err(reader.problems) }
    }

    /// Returns the variables as the places of secrets.
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.variables.clone(), self.identity.mask.clone())
    }

    /// Returns the settings if no secret is missing that they name: who has all secrets means them.
    ///
    /// # Errors
    /// Every secret that is missing.
    pub fn whole(self) -> Result<Self, Vec<Problem>> {
        if self.missing.is_empty() { Ok(self) } else { Err(self.missing) }
    }

    /// Lets the run sign in with what docker keeps for the person who started it.
    #[must_use]
    pub fn with_docker(self, env: &Env) -> Self {
        let folder = env.get("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| env.get("HOME").map(|home| PathBuf::from(home).join(".docker")));
        Self { docker_config: folder.map(|folder| folder.join("config.json")), ..self }
    }
}

/// Requests are noted where somebody will read of them.
fn ledger(reader: &Reader<'_>) -> Ledger {
    if reader.text("result-file").is_some() { Ledger::open() } else { Ledger::default() }
}

/// The runner sets both for a job with `permissions: id-token: write`, and neither for another.
fn job_token(env: &Env) -> Option<JobToken> {
    let url = env.get("ACTIONS_ID_TOKEN_REQUEST_URL")?.to_owned();
    Some(JobToken::GitHub { url, token: env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")?.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_is_the_documented_default() {
        let inputs = Inputs::read(&Env::default()).unwrap();
        assert_eq!(inputs.images_file, PathBuf::from("images.txt"));
        assert_eq!((inputs.mode, inputs.scope, inputs.overwrite), (None, None, Overwrite::Allow));
        assert_eq!((inputs.pace.imports, inputs.pace.deadline.as_secs()), (16, 1200));
    }

    #[test]
    fn every_wrong_setting_is_named_at_once() {
        let env = Env::of([
            ("INPUT_MODE", "dry-run"),
            ("INPUT_CONCURRENCY", "0"),
            ("INPUT_REGISTRY", "x_y"),
            ("INPUT_CREDENTIALS", "quay.io me hunter2 more"),
        ]);
        let problems: Vec<_> = Inputs::read(&env).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(
            problems
                .iter()
                .any(|problem| problem.contains("`mode` is \"dry-run\": expected `auto` or `plan` or `apply`"))
        );
    }

    #[test]
    fn a_shard_is_one_of_several_and_the_only_one_is_none() {
        let shard = |text| Inputs::read(&Env::of([("INPUT_SHARD", text)])).map(|inputs| inputs.shard);
        assert_eq!(shard("2/3").unwrap().unwrap().to_string(), "2/3");
        assert_eq!((shard("").unwrap(), shard("1/1").unwrap()), (None, None));
        for wrong in ["0/3", "4/3", "a/b", "1/0", "1/100000", "$(System.JobPositionInPhase)/3"] {
            let told = shard(wrong).unwrap_err().remove(0).to_string();
            assert!(told.contains("`shard`") && told.contains(wrong) && told.contains("such as `2/3`"), "{told}");
        }
    }

    #[test]
    fn a_secret_that_is_not_there_leaves_the_other_settings_as_they_are() {
        let env = Env::of([
            ("INPUT_DOCKER-USERNAME", "me"),
            ("INPUT_DOCKER-PASSWORD", ""),
            ("INPUT_CREDENTIALS", "quay.io me\nghcr.io me $UNSET\nregistry.example.com me hunter2"),
        ]);
        let inputs = Inputs::read(&env).unwrap();
        let missing: Vec<_> = inputs.missing.iter().map(|problem| problem.what.as_str()).collect();
        assert_eq!(
            missing,
            [
                "input `docker-password` is missing beside `docker-username`",
                "input `credentials`, line 1: a word is missing: expected `host[/path] username password-or-$VARIABLE`",
                "input `credentials`, line 2: the variable `UNSET` is not set",
            ]
        );
        let has = |host: &str| inputs.logins.has(&crate::reference::Registry::parse(host).unwrap());
        assert!(has("registry.example.com") && !has("quay.io") && !has("ghcr.io") && !has("docker.io"));
    }

    #[test]
    fn a_variable_that_the_pipeline_does_not_have_is_no_password() {
        let env = Env::of([("INPUT_DOCKERUSERNAME", "me"), ("INPUT_DOCKERPASSWORD", "$(docker.password)")]);
        let inputs = Inputs::read(&env).unwrap();
        assert!(inputs.missing[0].what.contains("the pipeline has no such variable"), "{:?}", inputs.missing);
        assert!(!inputs.logins.has(&crate::reference::Registry::docker_hub()));
        // What only begins like one is a password.
        let env = Env::of([("DOCKER_USERNAME", "me"), ("DOCKER_PASSWORD", "$(a)b")]);
        assert!(Inputs::read(&env).unwrap().logins.has(&crate::reference::Registry::docker_hub()));
    }

    #[test]
    fn secrets_are_never_printed() {
        let env = Env::of([
            ("AZURE_CLIENT_SECRET", "hunter2"),
            ("DOCKER_USERNAME", "me"),
            ("DOCKER_PASSWORD", "hunter2"),
            ("INPUT_CREDENTIALS", "quay.io me hunter2"),
        ]);
        assert!(!format!("{:?}", Inputs::read(&env).unwrap()).contains("hunter2"));
    }

    #[test]
    fn the_configuration_of_docker_is_taken_when_asked_for() {
        let inputs = |env: &Env| Inputs::read(env).unwrap();
        let env = Env::of([("HOME", "/home/me")]);
        assert_eq!(inputs(&env).docker_config, None);
        assert_eq!(inputs(&env).with_docker(&env).docker_config, Some("/home/me/.docker/config.json".into()));
        let env = Env::of([("HOME", "/home/me"), ("DOCKER_CONFIG", "/d")]);
        assert_eq!(inputs(&env).with_docker(&env).docker_config, Some("/d/config.json".into()));
    }

    #[test]
    fn a_secret_is_no_flag() {
        assert!(
            INPUTS
                .iter()
                .filter(|input| input.name.contains("secret") || input.name.contains("password"))
                .all(|input| input.is_secret)
        );
    }
}
