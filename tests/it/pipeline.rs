//! A run as a step of a pipeline of Azure DevOps, against a repository of the stand-in. No checkout unless a test makes
//! one; sign-in through a service connection.

use crate::{
    scenario::{NGINX, image},
    workflow::{LINE, OLD, Step, run_on},
};
use acr_sync::{
    emulator::{AzureRepository, CLIENT, Emulator, Rights, ServiceConnection, TENANT, Thread, World},
    host::AzureDevOps,
    inputs::Env,
    problem::Problem,
};
use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

pub(crate) const HOST: &str = "dev.azure.com";
pub(crate) const MAIN: &str = "refs/heads/main";
const PROJECT: &str = "Container Images";

/// A repository with a list on `main` and pull request 7, which adds a line to it.
pub(crate) struct Pipeline {
    pub(crate) world: World,
    pub(crate) repository: AzureRepository,
    pub(crate) connection: ServiceConnection,
    pub(crate) base: String,
    pub(crate) head: String,
    pub(crate) merge: String,
    /// The sources of the build; nothing is in it until a test puts it there.
    pub(crate) folder: TempDir,
    pub(crate) emulator: Emulator,
    env: Vec<(String, String)>,
    /// What the run hides from its log.
    pub(crate) hidden: Arc<Mutex<Vec<String>>>,
}

impl Pipeline {
    pub(crate) async fn new() -> Self {
        Self::of(&format!("{OLD}{LINE}")).await
    }

    /// The pull request's list is this one.
    pub(crate) async fn of(list: &str) -> Self {
        let world = World::new();
        drop(world.azure_registry("contosoacr"));
        world.import_latency(Duration::from_millis(20));
        let (host, rest) = NGINX.split_once('/').unwrap();
        world.source(host).put(rest, &image());
        let repository = world.azure_devops("contoso", PROJECT, "images");
        let connection = repository.service_connection("acr-import");
        world.federated_identity(CLIENT, &connection.issuer, &connection.subject, Rights::importer());
        let base = repository.commit(&[], [("images.txt", OLD)]);
        repository.branch("main", &base);
        let head = repository.commit(&[&base], [("images.txt", list)]);
        let merge = repository.commit(&[&base, &head], [("images.txt", list)]);
        repository.pull_request(7, &head, Some(&merge));
        // What is on `main` was applied.
        repository.build(MAIN, "IndividualCI", &base, Some("succeeded"));
        repository.token("t", &["read", "contribute", "builds"]);
        let emulator = Emulator::start(world.clone()).await.unwrap();
        let (project, id) = (repository.project_id(), connection.id.clone());
        let jobs =
            format!("https://{HOST}/contoso/{project}/_apis/distributedtask/hubs/build/plans/p/jobs/j/oidctoken");
        let env = [
            ("INPUT_REGISTRY", "contosoacr"),
            ("INPUT_AZURESUBSCRIPTION", &id),
            (&format!("ENDPOINT_AUTH_SCHEME_{id}"), "WorkloadIdentityFederation"),
            (&format!("ENDPOINT_AUTH_PARAMETER_{id}_TENANTID"), TENANT),
            (&format!("ENDPOINT_AUTH_PARAMETER_{id}_SERVICEPRINCIPALID"), CLIENT),
            (&format!("ENDPOINT_DATA_{id}_ENVIRONMENT"), "AzureCloud"),
            ("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN", "t"),
            ("SYSTEM_OIDCREQUESTURI", &jobs),
            ("TF_BUILD", "True"),
            ("SYSTEM_COLLECTIONURI", &format!("https://{HOST}/contoso/")),
            ("SYSTEM_TEAMPROJECT", PROJECT),
            ("SYSTEM_TEAMPROJECTID", &project),
            ("SYSTEM_DEFINITIONID", "12"),
            ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
            ("BUILD_REPOSITORY_ID", repository.id()),
            ("BUILD_REPOSITORY_NAME", "images"),
            ("SYSTEM_PULLREQUEST_PULLREQUESTID", "7"),
            ("SYSTEM_PULLREQUEST_ISFORK", "False"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (folder, hidden) = (TempDir::new().unwrap(), Arc::default());
        Self { world, repository, connection, base, head, merge, folder, emulator, env, hidden }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets an authorization parameter of the service connection.
    pub(crate) fn endpoint(self, name: &str, value: &str) -> Self {
        let name = format!("ENDPOINT_AUTH_PARAMETER_{}_{name}", self.connection.id);
        self.set(&name, value)
    }

    pub(crate) fn scheme(self, scheme: &str) -> Self {
        let name = format!("ENDPOINT_AUTH_SCHEME_{}", self.connection.id);
        self.set(&name, scheme)
    }

    /// Returns the variables of a build, which is known to the host from now on.
    pub(crate) fn env(&self, reason: &str, branch: &str, commit: &str) -> Env {
        let mut env = Env::default();
        let build = self.repository.build(branch, reason, commit, None).to_string();
        let sources = self.folder.path().display().to_string();
        let given = [
            ("BUILD_REASON", reason),
            ("BUILD_SOURCEBRANCH", branch),
            ("BUILD_SOURCEVERSION", commit),
            ("BUILD_BUILDID", &build),
            ("BUILD_SOURCESDIRECTORY", &sources),
            ("SYSTEM_PULLREQUEST_SOURCECOMMITID", &self.head),
        ];
        for (name, value) in given {
            env.set_variable(name, value);
        }
        for (name, value) in &self.env {
            env.set_variable(name, value);
        }
        env
    }

    pub(crate) async fn pull_request(&self) -> Step {
        self.run("PullRequest", "refs/pull/7/merge", &self.merge).await
    }

    /// Completes the pull request and runs for the push.
    pub(crate) async fn push(&self) -> Step {
        self.repository.complete(7, &self.merge);
        self.run("IndividualCI", MAIN, &self.merge).await
    }

    pub(crate) async fn run(&self, reason: &str, branch: &str, commit: &str) -> Step {
        self.try_run(reason, branch, commit).await.unwrap()
    }

    pub(crate) async fn try_run(&self, reason: &str, branch: &str, commit: &str) -> Result<Step, Problem> {
        let temporary = TempDir::new().unwrap();
        let mut env = self.env(reason, branch, commit);
        env.set_variable("AGENT_TEMPDIRECTORY", &temporary.path().display().to_string());
        let (report, printed) = run_on(&env, &self.emulator, &self.hidden, AzureDevOps::new).await?;
        let upload = printed.lines().find_map(|line| line.strip_prefix("##vso[task.uploadsummary]"));
        let summary = upload.map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        Ok(Step { report, printed, summary })
    }

    /// Returns the threads on the pull request that people see.
    pub(crate) fn threads(&self) -> Vec<Thread> {
        self.repository.threads(7).into_iter().filter(|thread| !thread.is_deleted).collect()
    }

    /// Returns how many requests of a method went to Azure DevOps, to a path that holds a text.
    pub(crate) fn asked(&self, method: &str, path: &str) -> usize {
        let seen = self.world.requests();
        seen.iter().filter(|seen| seen.host == HOST && seen.method == method && seen.path.contains(path)).count()
    }
}
