//! Stage: a repository with its pull request on the stand-in, and the jobs of its workflow.

use crate::{
    app,
    cli::{Command, GOOD, arguments, kit, outlet},
    emulator::{CLIENT, Emulator, GitHubRepository, SECRET, TENANT, World},
    host::{GitHub, Host},
    http::Way,
    images::Colour,
    inputs::{Env, Inputs, Log},
    problem::Problem,
    report::{Report, progress, terminal},
};
use anyhow::Context;
use std::{fs, path::PathBuf};
use tokio::sync::watch;

/// The number of the first pull request.
const FIRST: u64 = 7;
const TOKEN: &str = "demo-token";
const PERMISSIONS: [&str; 4] = ["contents: read", "pull-requests: write", "checks: write", "actions: read"];

pub(super) struct Stage {
    emulator: Emulator,
    repository: GitHubRepository,
    /// What `main` is at, and what it will be at after the merge.
    base: String,
    merged: String,
    /// The pull request that is open, or was last.
    number: u64,
    /// The input `registry`.
    registry: &'static str,
    /// The files of a runner; removed at the end.
    folder: PathBuf,
    colour: Colour,
    /// Kept, so that nobody takes its end for a wish to stop.
    _stop: watch::Sender<bool>,
    never: watch::Receiver<bool>,
}

impl Stage {
    pub(super) async fn new(colour: Colour, list: &str) -> anyhow::Result<Self> {
        let world = World::demo();
        let repository = world.github("contoso/cluster-images");
        let base = repository.commit(&[], [("images.txt", list)]);
        repository.branch("main", &base);
        repository.token(TOKEN, &PERMISSIONS);
        repository.workflow("images.yml");
        let emulator = Emulator::start(world).await.context("start the stand-in")?;
        let folder = std::env::temp_dir().join(format!("acr-sync-demo-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).context("make a folder for the runner's files")?;
        let (stop, never) = watch::channel(false);
        Ok(Self {
            emulator,
            repository,
            merged: base.clone(),
            base,
            number: FIRST,
            registry: "contosoacr",
            folder,
            colour,
            _stop: stop,
            never,
        })
    }

    /// Returns the world behind the stage.
    pub(super) fn world(&self) -> &World {
        self.emulator.world()
    }

    /// Returns the certificate of an authority, as a company has one: the stand-in's own.
    pub(super) fn authority(&self) -> &str {
        self.emulator.ca_pem()
    }

    /// Names the registries that the workflow keeps from now on.
    pub(super) fn keep(&mut self, registry: &'static str) {
        self.registry = registry;
    }

    /// Runs the job of the push that made the branch.
    pub(super) async fn first_push(&self) -> anyhow::Result<Report> {
        let nothing = "0".repeat(40);
        let payload = format!(r#"{{"ref":"refs/heads/main","before":"{nothing}","after":"{}"}}"#, self.base);
        self.job("push", &payload, &self.base).await
    }

    /// Opens the pull request with this list, or pushes it there, and runs the job.
    pub(super) async fn propose(&mut self, list: &str) -> anyhow::Result<Report> {
        self.propose_files(&[("images.txt", list)]).await
    }

    /// Opens the pull request with these files, or pushes them there, and runs the job.
    pub(super) async fn propose_files(&mut self, files: &[(&str, &str)]) -> anyhow::Result<Report> {
        let head = self.repository.commit(&[&self.base], files.iter().copied());
        self.merged = self.repository.commit(&[&self.base, &head], files.iter().copied());
        let number = self.number;
        self.repository.pull_request(number, &head, Some(&self.merged));
        let payload = format!(
            r#"{{"number":{number},"pull_request":{{"number":{number},"head":{{"sha":"{head}"}},"base":{{"ref":"main","sha":"{}"}}}}}}"#,
            self.base
        );
        self.job("pull_request", &payload, &self.merged).await
    }

    /// Merges the pull request and runs the job of the push.
    pub(super) async fn merge(&self) -> anyhow::Result<Report> {
        self.repository.merge(self.number, &self.merged);
        let payload = format!(r#"{{"ref":"refs/heads/main","before":"{}","after":"{}"}}"#, self.base, self.merged);
        self.job("push", &payload, &self.merged).await
    }

    /// Turns to the next pull request, onto what was merged.
    pub(super) fn turn(&mut self) {
        self.base.clone_from(&self.merged);
        self.number += 1;
    }

    /// Runs the job of the schedule, over all that is stated.
    pub(super) async fn night(&self) -> anyhow::Result<Report> {
        self.job("schedule", r#"{"schedule":"17 3 * * *"}"#, &self.merged).await
    }

    /// Returns the pull request's comment without the hidden line by which it is found again.
    pub(super) fn comment(&self) -> anyhow::Result<String> {
        let comments = self.repository.comments(self.number);
        let [comment] = &comments[..] else {
            anyhow::bail!("there are {} comments in the place of one", comments.len())
        };
        let shown = comment.body.split_once('\n').map_or("", |(_, shown)| shown);
        Ok(shown.to_owned())
    }

    pub(super) fn show(&self, report: &Report) {
        let text = self.text(report);
        let lines = text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") });
        outlet::print(&format!("\n{}", lines.collect::<String>()));
    }

    /// Returns the report as the terminal shows it.
    pub(super) fn text(&self, report: &Report) -> String {
        terminal::text(report, self.colour)
    }

    /// Writes what the ship's cluster needs, and tells which files these are.
    pub(super) async fn kit(&self, name: &str) -> anyhow::Result<()> {
        let folder = self.folder.join("kit").display().to_string();
        let arguments = ["acr-sync", "connected-registry", "kit", name, "--out", &folder, "--address", "10.0.0.5"];
        let Ok(Command::Kit(order)) = arguments::read(arguments.map(Into::into)) else {
            anyhow::bail!("the kit is not understood");
        };
        let env = Env::of([
            ("INPUT_REGISTRY", self.registry),
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", CLIENT),
            ("AZURE_CLIENT_SECRET", SECRET),
        ]);
        anyhow::ensure!(kit::run(self.inputs(&env)?, &order, &env).await == GOOD, "the kit was not written");
        Ok(())
    }

    /// Reads the inputs of a step that has the stand-in for a network.
    fn inputs(&self, env: &Env) -> anyhow::Result<Inputs> {
        let mut inputs = Inputs::read(env).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let proxy = Some(self.emulator.proxy_url());
        let roots = Some(self.emulator.ca_pem().to_owned());
        inputs.way = Way { https_proxy: proxy.clone(), http_proxy: proxy, roots, is_stand_in: true, ..Way::default() };
        Ok(inputs)
    }

    /// Runs one job, without a checkout, as the runner would start it.
    async fn job(&self, event: &str, payload: &str, commit: &str) -> anyhow::Result<Report> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        fs::write(file("event.json"), payload)?;
        fs::write(file("summary"), "")?;
        fs::write(file("output"), "")?;
        let mut env = Env::of([
            ("INPUT_REGISTRY", self.registry),
            ("INPUT_TENANT-ID", TENANT),
            ("INPUT_CLIENT-ID", CLIENT),
            ("INPUT_CLIENT-SECRET", SECRET),
            ("INPUT_GITHUB-TOKEN", TOKEN),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", "https://api.github.com"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "contoso/cluster-images"),
            ("GITHUB_WORKFLOW_REF", "contoso/cluster-images/.github/workflows/images.yml@refs/heads/main"),
            ("GITHUB_RUN_ID", "1"),
        ]);
        for (name, value) in [
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", &file("event.json")),
            ("GITHUB_STEP_SUMMARY", &file("summary")),
            ("GITHUB_OUTPUT", &file("output")),
            ("GITHUB_WORKSPACE", &file("workspace")),
            ("GITHUB_SHA", commit),
        ] {
            env.set_variable(name, value);
        }
        let inputs = self.inputs(&env)?;
        let mut host = GitHub::new(&env, &inputs).map_err(told)?;
        let occasion = host.occasion(&inputs).await.map_err(told)?.context("the event asks for nothing")?;
        let watch = async |plan: &_, events| progress::watch(plan, events, outlet::progress(Log::Text)).await;
        let report = app::walk(&inputs, &occasion, watch, &self.never).await;
        let mut lines = host.record(&report, &inputs);
        lines.extend(host.publish(&report, &inputs).await);
        if let Some(warning) = lines.iter().map(GitHub::line).find(|line| line.contains("was not posted")) {
            anyhow::bail!("{warning}");
        }
        Ok(report)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{problem}")
}
