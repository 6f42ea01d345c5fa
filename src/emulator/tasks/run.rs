//! Running: what a run does from its place in the queue to the last line of its log.

use super::{
    super::{World, repository::timestamp, state::Azure},
    build::{self, Recipe},
    context::{self, File, Files},
    image::{Built, Puller},
    steps::{self, Step},
};
use crate::reference::Platform;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// A run that goes on.
struct Going {
    world: World,
    azure: Azure,
    id: String,
    request: Value,
    may_push: bool,
    built: BTreeMap<String, Built>,
}

/// Begins a run that is queued.
pub(in super::super) fn begin(world: &World, azure: &Azure, id: &str) {
    let found = world.state().yards.get(&azure.login_server).and_then(|yard| yard.run(id).cloned());
    let Some(run) = found else { return };
    let going = Going {
        world: world.clone(),
        azure: azure.clone(),
        id: run.id,
        request: run.request,
        may_push: run.may_push,
        built: BTreeMap::new(),
    };
    tokio::spawn(going.go());
}

impl Going {
    async fn go(mut self) {
        let latency = self.world.state().habits.latency;
        tokio::time::sleep(latency).await;
        self.mark("Running", None);
        let ended = self.work(latency).await;
        let seconds = (latency * 8).as_secs();
        let id = self.id.clone();
        match ended {
            Ok(()) => {
                self.say(&format!("Run ID: {id} was successful after {seconds}s"));
                self.end("Succeeded", None, "successful");
            }
            Err(why) => {
                self.say(&why);
                let error = "failed during run, err: exit status 1";
                self.say(&format!("{} failed to run step ID: build: exit status 1", clock()));
                self.say(&format!("Run ID: {id} failed after {seconds}s. Error: {error}"));
                self.end("Failed", Some(error), "failed");
            }
        }
        self.world.mark_changed();
    }

    async fn work(&mut self, latency: Duration) -> Result<(), String> {
        let source = self.request["sourceLocation"].as_str().map(str::to_owned);
        self.tell(latency, "Downloading source code...").await;
        let files = match &source {
            Some(source) => context::find(&self.world, &self.azure.login_server, source)?,
            None => Files::new(),
        };
        self.tell(latency, "Finished downloading source code").await;
        let steps = self.steps(&files)?;
        let host = self.azure.login_server.clone();
        self.tell(latency, &format!("Logging in to registry: {host}")).await;
        if self.may_push {
            self.tell(latency, &format!("Successfully logged into {host}")).await;
        }
        for step in steps {
            self.step(step, &files, latency).await?;
        }
        Ok(())
    }

    fn steps(&self, files: &Files) -> Result<Vec<Step>, String> {
        let text = |name: &str| self.request[name].as_str().unwrap_or_default();
        let list = |name: &str| self.request[name].as_array().cloned().unwrap_or_default();
        let value = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        match text("type") {
            "DockerBuildRequest" => {
                let full = |name: &Value| format!("{}/{}", self.azure.login_server, self.named(name.as_str()));
                let images: Vec<_> = list("imageNames").iter().map(full).collect();
                let arguments = list("arguments").iter().map(|it| (value(it, "name"), value(it, "value"))).collect();
                let (id, dockerfile) = ("build".to_owned(), text("dockerFilePath").to_owned());
                let build = Step::Build { id, images: images.clone(), dockerfile, arguments };
                let push =
                    (self.request["isPushEnabled"] != false).then(|| Step::Push { id: "push".to_owned(), images });
                Ok([build].into_iter().chain(push).collect())
            }
            "EncodedTaskRunRequest" => {
                let file = STANDARD.decode(text("encodedTaskContent")).unwrap_or_default();
                steps::read(&String::from_utf8_lossy(&file), &self.variables())
            }
            "FileTaskRunRequest" => match files.get(text("taskFilePath")) {
                Some(File::Plain { bytes, .. }) => steps::read(&String::from_utf8_lossy(bytes), &self.variables()),
                _ => Err(format!("failed to read the task file '{}'", text("taskFilePath"))),
            },
            other => Err(format!("this stand-in does not perform {other}")),
        }
    }

    fn variables(&self) -> Vec<(String, String)> {
        let own = [("Run.Registry", self.azure.login_server.as_str()), ("Run.ID", &self.id)];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let values = self.request["values"].as_array().into_iter().flatten();
        let values = values.map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            (format!("Values.{}", text("name")), text("value"))
        });
        own.into_iter().chain(values).collect()
    }

    fn named(&self, name: Option<&str>) -> String {
        name.unwrap_or_default().replace("{{.Run.ID}}", &self.id)
    }

    async fn step(&mut self, step: Step, files: &Files, latency: Duration) -> Result<(), String> {
        match step {
            Step::Build { id, images, dockerfile, arguments } => {
                self.tell(latency, &format!("Launching container with name: {id}")).await;
                let size: usize =
                    files.values().map(|file| if let File::Plain { bytes, .. } = file { bytes.len() } else { 0 }).sum();
                self.say(&format!("Sending build context to Docker daemon  {size}B"));
                let mut lines = Vec::new();
                let built = self.build(files, &dockerfile, arguments, &mut |line| lines.push(line));
                for line in lines {
                    self.say(&line);
                    tokio::time::sleep(latency).await;
                }
                let built = built?;
                for name in &images {
                    self.say(&format!("Successfully tagged {name}"));
                }
                self.built.extend(images.into_iter().map(|name| (name, built.clone())));
                self.tell(latency, &format!("Successfully executed container: {id}")).await;
            }
            Step::Push { images, .. } => {
                for name in images {
                    self.push(&name, latency).await?;
                }
            }
            Step::Command { id, line } => {
                self.tell(latency, &format!("Launching container with name: {id}")).await;
                self.say(&format!("this stand-in does nothing for: {line}"));
                self.tell(latency, &format!("Successfully executed container: {id}")).await;
            }
        }
        Ok(())
    }

    fn build(
        &self,
        files: &Files,
        dockerfile: &str,
        arguments: BTreeMap<String, String>,
        print: &mut dyn FnMut(String),
    ) -> Result<Built, String> {
        let of =
            |name: &str, default: &str| self.request["platform"][name].as_str().unwrap_or(default).to_ascii_lowercase();
        let variant = self.request["platform"]["variant"].as_str().map(str::to_owned);
        let platform = Platform { os: of("os", "linux"), architecture: of("architecture", "amd64"), variant };
        let logins = &self.request["credentials"]["customRegistries"];
        let puller = Puller { azure: &self.azure, is_at_home: self.may_push, logins };
        let recipe = Recipe { puller, files, dockerfile, platform, arguments };
        build::perform(&self.world, &recipe, print)
    }

    async fn push(&mut self, name: &str, latency: Duration) -> Result<(), String> {
        self.tell(latency, &format!("Pushing image: {name}, attempt 1")).await;
        let home = format!("{}/", self.azure.login_server);
        let (Some(built), Some(short)) = (self.built.get(name), name.strip_prefix(&home)) else {
            return Err(format!("An image does not exist locally with the tag: {name}"));
        };
        self.say(&format!("The push refers to repository [{}]", name.rsplit_once(':').map_or(name, |(name, _)| name)));
        if !self.may_push {
            return Err(
                "unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information."
                    .to_owned(),
            );
        }
        // Called off in the meantime, it must not be there afterwards.
        if self.is_over() {
            return Ok(());
        }
        let (digest, size) = built.push(&self.world, &self.azure, short)?;
        let (repository, tag) = super::super::world::split_name(short);
        self.say(&format!("{tag}: digest: {digest} size: {size}"));
        let image = serde_json::json!({"registry": self.azure.login_server, "repository": repository, "tag": tag, "digest": digest});
        self.tell(latency, &format!("Successfully pushed image: {name}")).await;
        if let Some(run) =
            self.world.state().yards.entry(self.azure.login_server.clone()).or_default().run_mut(&self.id)
        {
            run.images.push(image);
        }
        Ok(())
    }

    async fn tell(&self, latency: Duration, line: &str) {
        self.say(&format!("{} {line}", clock()));
        tokio::time::sleep(latency).await;
    }

    fn is_over(&self) -> bool {
        let state = self.world.state();
        let run = state.yards.get(&self.azure.login_server).and_then(|yard| yard.run(&self.id));
        run.is_none_or(|run| run.finished.is_some())
    }

    /// Writes a line, unless the run was called off.
    fn say(&self, line: &str) {
        if !self.is_over() {
            self.world.state().yards.entry(self.azure.login_server.clone()).or_default().log(&self.id).line(line);
        }
    }

    fn mark(&self, status: &'static str, error: Option<&str>) {
        let mut state = self.world.state();
        let Some(run) = state.yards.get_mut(&self.azure.login_server).and_then(|yard| yard.run_mut(&self.id)) else {
            return;
        };
        if run.finished.is_none() {
            run.status = status;
            run.error = error.map(str::to_owned);
            run.started.get_or_insert_with(timestamp);
        }
    }

    fn end(&self, status: &'static str, error: Option<&str>, mark: &'static str) {
        self.mark(status, error);
        let mut state = self.world.state();
        let ends = state.habits.ends_logs;
        let Some(yard) = state.yards.get_mut(&self.azure.login_server) else { return };
        let Some(run) = yard.run_mut(&self.id).filter(|run| run.finished.is_none()) else { return };
        run.finished = Some(timestamp());
        if ends {
            yard.log(&self.id).end(mark);
        }
    }
}

/// The time, as the lines of the service begin.
fn clock() -> String {
    let now = timestamp();
    let (date, time) = now.split_once('T').unwrap_or((&now, ""));
    format!("{} {}", date.replace('-', "/"), time.get(..8).unwrap_or_default())
}
