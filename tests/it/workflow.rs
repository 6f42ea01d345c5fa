//! A run as a step of a GitHub workflow, against a repository of the stand-in. No checkout unless a test makes one.

use crate::scenario::{NGINX, image};
use acr_sync::{
    app,
    credential::Mask,
    emulator::{CLIENT, Emulator, GitHubRepository, Rights, SECRET, TENANT, World},
    host::{GitHub, Host, without_list},
    http::{Retry, Way},
    inputs::{Env, Inputs},
    problem::Problem,
    report::Report,
};
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::watch;

pub(crate) const LINE: &str = "docker.io/library/nginx:1.27 => mirror/nginx\n";
pub(crate) const ALL: [&str; 4] = ["contents: read", "pull-requests: write", "checks: write", "actions: read"];
pub(crate) const OLD: &str = "quay.io/old/app:1 => old/app\n";

/// A repository with a list on `main` and pull request 7, which adds a line to it.
pub(crate) struct Workflow {
    pub(crate) world: World,
    pub(crate) repository: GitHubRepository,
    pub(crate) base: String,
    pub(crate) head: String,
    pub(crate) merge: String,
    pub(crate) folder: TempDir,
    emulator: Emulator,
    env: Vec<(String, String)>,
    /// What the run hides from its log.
    pub(crate) hidden: Arc<Mutex<Vec<String>>>,
}

/// Runs as a step on a host and returns its report, if the event asks for anything, and what it prints.
pub(crate) async fn run_on<H: Host>(
    env: &Env,
    emulator: &Emulator,
    hidden: &Arc<Mutex<Vec<String>>>,
    new: impl FnOnce(&Env, &Inputs) -> Result<H, Problem>,
) -> Result<(Option<Report>, String), Problem> {
    let mut inputs = Inputs::read(env).map_err(|mut problems| problems.remove(0))?;
    let hidden = Arc::clone(hidden);
    inputs.identity.mask = Mask::new(move |secret| hidden.lock().unwrap().push(secret.to_owned()));
    inputs.way = Way {
        https_proxy: Some(emulator.proxy_url()),
        is_stand_in: true,
        http_proxy: Some(emulator.proxy_url()),
        roots: Some(emulator.ca_pem().to_owned()),
        retry: Retry { first: Duration::from_millis(10), longest: Duration::from_millis(50), ..Retry::default() },
        ..Way::default()
    };
    let mut host = new(env, &inputs)?;
    let (stop, stopped) = watch::channel(false);
    let report = match host.occasion(&inputs).await {
        Ok(Some(occasion)) => Some(app::walk(&inputs, &occasion, async |_, _| {}, &stopped).await),
        Ok(None) => None,
        Err(problem) => Some(without_list(&inputs, Some(problem))),
    };
    drop(stop);
    let shown = report.clone().unwrap_or_else(|| without_list(&inputs, None));
    let mut printed = host.record(&shown, &inputs);
    printed.extend(host.publish(&shown, &inputs).await);
    let printed: Vec<_> = printed.iter().map(H::line).collect();
    Ok((report, printed.join("\n")))
}

/// What is left of a run to look at.
pub(crate) struct Step {
    /// None where the event asks for nothing.
    pub(crate) report: Option<Report>,
    pub(crate) printed: String,
    pub(crate) summary: String,
}

impl Workflow {
    pub(crate) async fn new() -> Self {
        Self::of(&format!("{OLD}{LINE}")).await
    }

    /// The pull request's list is this one.
    pub(crate) async fn of(list: &str) -> Self {
        let world = World::new();
        drop(world.azure_registry("contosoacr"));
        world.identity(CLIENT, SECRET, Rights::importer());
        world.import_latency(Duration::from_millis(20));
        let (host, rest) = NGINX.split_once('/').unwrap();
        world.source(host).put(rest, &image());
        let repository = world.github("contoso/images");
        let base = repository.commit(&[], [("images.txt", OLD)]);
        repository.branch("main", &base);
        let head = repository.commit(&[&base], [("images.txt", list)]);
        let merge = repository.commit(&[&base, &head], [("images.txt", list)]);
        repository.pull_request(7, &head, Some(&merge));
        repository.token("t", &ALL);
        repository.workflow("sync.yml");
        let emulator = Emulator::start(world.clone()).await.unwrap();
        let folder = TempDir::new().unwrap();
        let env = [
            ("INPUT_REGISTRY", "contosoacr"),
            ("INPUT_TENANT-ID", TENANT),
            ("INPUT_CLIENT-ID", CLIENT),
            ("INPUT_CLIENT-SECRET", SECRET),
            ("INPUT_GITHUB-TOKEN", "t"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "contoso/images"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_API_URL", "https://api.github.com"),
            ("GITHUB_RUN_ID", "4711"),
            ("GITHUB_WORKFLOW_REF", "contoso/images/.github/workflows/sync.yml@refs/heads/main"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let hidden = Arc::default();
        Self { world, repository, base, head, merge, folder, emulator, env, hidden }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Signs in by the job's identity token instead of the secret.
    pub(crate) fn by_oidc(self, context: &str) -> Self {
        let job = self.repository.oidc(context);
        self.set("INPUT_CLIENT-SECRET", "")
            .set("ACTIONS_ID_TOKEN_REQUEST_URL", &job.url)
            .set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &job.token)
    }

    pub(crate) async fn pull_request(&self) -> Step {
        let payload = format!(
            r#"{{"action":"opened","number":7,"pull_request":{{"number":7,"head":{{"sha":"{}"}},"base":{{"ref":"main","sha":"{}"}}}}}}"#,
            self.head, self.base
        );
        self.run("pull_request", &payload, &self.merge).await
    }

    /// Merges the pull request and runs for the push.
    pub(crate) async fn push(&self) -> Step {
        self.repository.merge(7, &self.merge);
        self.push_of(&self.merge, &self.base).await
    }

    pub(crate) async fn push_of(&self, after: &str, before: &str) -> Step {
        let payload = format!(r#"{{"ref":"refs/heads/main","before":"{before}","after":"{after}"}}"#);
        self.run("push", &payload, after).await
    }

    pub(crate) async fn run(&self, event: &str, payload: &str, sha: &str) -> Step {
        self.try_run(event, payload, sha).await.unwrap()
    }

    pub(crate) async fn try_run(&self, event: &str, payload: &str, sha: &str) -> Result<Step, Problem> {
        let files = TempDir::new().unwrap();
        let at = |name: &str| files.path().join(name).display().to_string();
        fs::write(at("event.json"), payload).unwrap();
        fs::write(at("summary"), "").unwrap();
        fs::write(at("output"), "").unwrap();
        let mut env = Env::default();
        for (name, value) in &self.env {
            env.set_variable(name, value);
        }
        for (name, value) in [
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", &at("event.json")),
            ("GITHUB_STEP_SUMMARY", &at("summary")),
            ("GITHUB_OUTPUT", &at("output")),
            ("GITHUB_WORKSPACE", &self.folder.path().display().to_string()),
            ("GITHUB_SHA", sha),
        ] {
            env.set_variable(name, value);
        }
        let (report, printed) = run_on(&env, &self.emulator, &self.hidden, GitHub::new).await?;
        let summary = fs::read_to_string(at("summary")).unwrap();
        Ok(Step { report, printed, summary })
    }

    /// Returns the texts of the comments on the pull request.
    pub(crate) fn comments(&self) -> Vec<String> {
        self.repository.comments(7).into_iter().map(|comment| comment.body).collect()
    }

    /// Returns how many requests of a method went to GitHub.
    pub(crate) fn asked(&self, method: &str) -> usize {
        let seen = self.world.requests();
        seen.iter().filter(|seen| seen.host == "api.github.com" && seen.method == method).count()
    }

    pub(crate) fn moves_the_source(&self) {
        let (host, rest) = NGINX.split_once('/').unwrap();
        self.world.source(host).put(rest, &image().content("moved"));
    }
}

/// Makes a checkout of a merge, as deep as its parents, and returns base, head and merge.
pub(crate) fn checkout(folder: &Path, lists: [&str; 3]) -> [String; 3] {
    let repository = gix::init(folder).unwrap();
    let author = gix::actor::SignatureRef { name: "a".into(), email: "a@example.com".into(), time: "0 +0000" };
    let commit = |name: &str, list: &str, parents: &[gix::ObjectId]| {
        let entry = gix::objs::tree::Entry {
            mode: gix::objs::tree::EntryKind::Blob.into(),
            filename: "images.txt".into(),
            oid: repository.write_blob(list).unwrap().detach(),
        };
        let tree = repository.write_object(&gix::objs::Tree { entries: vec![entry] }).unwrap().detach();
        repository.commit_as(author, author, name, "list", tree, parents.iter().copied()).unwrap().detach()
    };
    let [base, head, merge] = lists;
    let base = commit("refs/heads/base", base, &[]);
    let head = commit("refs/heads/head", head, &[base]);
    // The merge is what HEAD points to, whatever branch that is.
    let merge_id = commit("refs/heads/merge", merge, &[base, head]);
    fs::write(folder.join(".git/HEAD"), format!("{merge_id}\n")).unwrap();
    fs::write(folder.join("images.txt"), merge).unwrap();
    [base, head, merge_id].map(|id| id.to_string())
}

impl Step {
    pub(crate) fn report(&self) -> &Report {
        self.report.as_ref().unwrap_or_else(|| panic!("there is no report: {}", self.printed))
    }
}
