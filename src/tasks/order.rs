//! Order: what a run is to do, and the request that asks for it (official samples `RegistriesScheduleRun*.json`).

use super::{PREVIEW, VERSION};
use crate::reference::Platform;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The longest that the service lets a run take (ACR Tasks reference, "timeout").
pub const LONGEST: Duration = Duration::from_secs(28_800);

/// Returns whether the service builds for a platform, by the words of its description (`OS`, `Architecture`, `Variant`).
pub fn builds_for(platform: &Platform) -> bool {
    ["linux", "windows"].contains(&platform.os.as_str())
        && ["amd64", "x86", "386", "arm", "arm64"].contains(&platform.architecture.as_str())
        && platform.variant.as_deref().is_none_or(|variant| ["v6", "v7", "v8"].contains(&variant))
}

/// A run, as it is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// What it does.
    pub work: Work,
    /// What it runs on; one a run, `linux/amd64` most often.
    pub platform: Platform,
    /// How long it may take, 300 s to 8 h; the service ends it then.
    pub timeout: Duration,
    /// The agent pool that it runs in; Azure's own machines where none is named.
    pub agent_pool: Option<String>,
    /// As whom it reaches its own registry, such as `[caller]`: a registry in ABAC mode lets nobody else in.
    pub identity: Option<String>,
    /// How it signs in to other registries.
    pub logins: Vec<Login>,
}

/// What a run does.
#[derive(Debug, Clone)]
pub enum Work {
    /// A `docker build`.
    Build(Build),
    /// A standing task, out of its turn.
    Task(TaskRun),
}

/// A `docker build`. The classic builder does it: `RUN --mount` and heredocs fail.
#[derive(Debug, Clone)]
pub struct Build {
    /// What comes of it is called, `repository:tag`, without a host.
    pub images: Vec<String>,
    /// A git address, a tar address, or what [`super::Service::send`] returned.
    pub source: String,
    /// The Dockerfile, a path in the source.
    pub dockerfile: String,
    /// The stage that is built; the last where none is named.
    pub target: Option<String>,
    /// `--build-arg`.
    pub arguments: Vec<Argument>,
    /// Whether what comes of it is pushed.
    pub is_pushed: bool,
    /// Whether no cache is used.
    pub no_cache: bool,
}

/// A standing task, out of its turn.
#[derive(Debug, Clone)]
pub struct TaskRun {
    /// Its resource id.
    pub id: String,
}

/// A build argument.
#[derive(Debug, Clone)]
pub struct Argument {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Secret,
}

/// A value that may be shown, or must not be.
#[derive(Debug, Clone)]
pub enum Secret {
    /// It stands in logs as it is.
    No(String),
    /// The service hides it in logs; Docker keeps build arguments in the history of an image all the same.
    Yes(SecretString),
}

/// How a run signs in to another registry. The service takes no authority of its own for it (acr#696).
#[derive(Debug, Clone)]
pub struct Login {
    /// The registry's host.
    pub host: String,
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

impl Order {
    /// Returns an order with what most runs have: `linux/amd64`, an hour, nobody's pool.
    pub fn of(work: Work) -> Self {
        let platform = Platform { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: None };
        Self {
            work,
            platform,
            timeout: Duration::from_secs(3600),
            agent_pool: None,
            identity: None,
            logins: Vec::new(),
        }
    }

    /// Returns what must not be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let arguments = match &self.work {
            Work::Build(build) => build.arguments.as_slice(),
            Work::Task(_) => &[],
        };
        let hidden = arguments.iter().filter_map(|argument| match &argument.value {
            Secret::No(_) => None,
            Secret::Yes(value) => Some(value),
        });
        hidden.chain(self.logins.iter().map(|login| &login.password))
    }

    /// The stable version, where that knows all that is asked for.
    pub(super) fn version(&self) -> &'static str {
        if self.agent_pool.is_some() || self.identity.is_some() { PREVIEW } else { VERSION }
    }

    /// The request; it holds the secrets.
    pub(super) fn body(&self) -> Value {
        let mut body = match &self.work {
            Work::Build(build) => json!({
                "type": "DockerBuildRequest", "imageNames": build.images, "isPushEnabled": build.is_pushed,
                "noCache": build.no_cache, "sourceLocation": build.source, "dockerFilePath": build.dockerfile,
                "arguments": values(&build.arguments),
            }),
            // What it runs on and how long is the task's own.
            Work::Task(task) => return json!({"type": "TaskRunRequest", "taskId": task.id}),
        };
        if let Work::Build(Build { target: Some(target), .. }) = &self.work {
            body["target"] = json!(target);
        }
        body["platform"] = json!({"os": self.platform.os, "architecture": self.platform.architecture});
        if let Some(variant) = &self.platform.variant {
            body["platform"]["variant"] = json!(variant);
        }
        body["timeout"] = json!(self.timeout.as_secs());
        if let Some(pool) = &self.agent_pool {
            body["agentPoolName"] = json!(pool);
        }
        if let Some(credentials) = credentials(self.identity.as_deref(), &self.logins) {
            body["credentials"] = credentials;
        }
        body
    }
}

/// Returns build arguments as the service takes them, secrets among them.
pub(super) fn values(arguments: &[Argument]) -> Value {
    let one = |argument: &Argument| {
        let (value, is_secret) = match &argument.value {
            Secret::No(value) => (value.as_str(), false),
            Secret::Yes(value) => (value.expose_secret(), true),
        };
        json!({"name": argument.name, "value": value, "isSecret": is_secret})
    };
    arguments.iter().map(one).collect()
}

/// Returns the credentials of a run or a task, passwords among them; nothing where there are none.
pub(super) fn credentials(identity: Option<&str>, logins: &[Login]) -> Option<Value> {
    let opaque = |value: &str| json!({"type": "Opaque", "value": value});
    let one = |login: &Login| {
        let login_of = json!({"userName": opaque(&login.user), "password": opaque(login.password.expose_secret())});
        (login.host.clone(), login_of)
    };
    let mut all = json!({});
    if let Some(identity) = identity {
        all["sourceRegistry"] = json!({"identity": identity});
    }
    if !logins.is_empty() {
        all["customRegistries"] = Value::Object(logins.iter().map(one).collect::<Map<_, _>>());
    }
    all.as_object().is_some_and(|all| !all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> Value {
        let text = std::fs::read_to_string(format!("tests/fixtures/arm/{name}.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn build() -> Build {
        Build {
            images: vec!["myimage:tag".to_owned()],
            source: "https://github.com/Azure-Samples/acr-build-helloworld-node.git".to_owned(),
            dockerfile: "Dockerfile".to_owned(),
            target: None,
            arguments: Vec::new(),
            is_pushed: true,
            no_cache: false,
        }
    }

    #[test]
    fn a_build_is_asked_for_as_the_azure_cli_asks() {
        let mut order = Order::of(Work::Build(build()));
        order.identity = Some("[caller]".to_owned());
        let (mut asked, wanted) = (order.body(), sample("wire-schedule-run")["request"]["body"].clone());
        // What that leaves to the service is said here.
        for ours in ["noCache", "timeout"] {
            assert!(asked.as_object_mut().unwrap().remove(ours).is_some());
        }
        assert_eq!(asked, wanted);
        assert_eq!(order.version(), PREVIEW);
        assert_eq!(Order::of(Work::Build(build())).version(), VERSION);
    }

    #[test]
    fn arguments_and_logins_are_those_of_the_official_samples() {
        let secret = |value: &str| Secret::Yes(value.to_owned().into());
        let arguments = vec![
            Argument { name: "mytestargument".to_owned(), value: Secret::No("mytestvalue".to_owned()) },
            Argument { name: "mysecrettestargument".to_owned(), value: secret("mysecrettestvalue") },
        ];
        let sample = sample("RegistriesScheduleRun_FileTask_WithCustomCredentials")["parameters"]["runRequest"].clone();
        let mut order = Order::of(Work::Build(Build { arguments, ..build() }));
        let password = "***".to_owned().into();
        order.logins = vec![Login { host: "myregistry.azurecr.io".to_owned(), user: "reg1".to_owned(), password }];
        let asked = order.body();
        assert_eq!(asked["arguments"], sample["values"]);
        assert_eq!(asked["credentials"]["customRegistries"], sample["credentials"]["customRegistries"]);
        assert_eq!(order.secrets().count(), 2);
        assert!(!format!("{order:?}").contains("mysecrettestvalue"));
    }
}
