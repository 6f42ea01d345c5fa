//! Setting: the section `tasks` of `acr-sync.yaml`. Text becomes values here, and nobody is asked.

use super::Context;
use crate::{
    connected::Cron,
    inputs::Variable,
    reference::{Platform, Registry},
    tasks::limits,
};
use serde::{Deserialize, Deserializer, de};
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

/// A task as it is meant to be: a build of images, the steps of a file, or a command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// What it does.
    pub job: Job,
    /// What it runs on.
    pub platform: Platform,
    /// What starts it.
    pub triggers: Triggers,
    /// How long a run may take.
    pub timeout: Duration,
    /// The agent pool that it runs in; Azure's own machines where none is named.
    pub agent_pool: Option<String>,
    /// The variable with the token for the git repository.
    pub git_token: Option<Variable>,
    /// How it signs in to other registries, by their hosts.
    pub credentials: BTreeMap<String, Access>,
    /// Its managed identity: `system`, or the resource id of one.
    pub identity: Option<String>,
}

/// What a task does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// A `docker build`.
    Build {
        /// What comes of it is called, `repository:tag`.
        images: Vec<String>,
        /// Where its files are.
        context: Context,
        /// The Dockerfile there.
        file: String,
    },
    /// The steps of a task file.
    File {
        /// Where its files are.
        context: Context,
        /// The task file there.
        file: String,
    },
    /// A command, such as `acr purge …`.
    Command(String),
}

/// What starts a task; nothing but a request where none is stated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "TaskTriggers"))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Triggers {
    /// A commit to the branch of the context; needs `git-token`.
    pub commit: bool,
    /// A new image under the tag that a Dockerfile builds on.
    pub base_image: bool,
    /// The time: five fields of cron, in UTC, or a list of such.
    #[cfg_attr(test, schemars(with = "Option<StatedSchedule>"))]
    pub schedule: Schedule,
}

/// When a task starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "StatedSchedule")]
pub struct Schedule(pub Vec<Cron>);

/// How a schedule is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a schedule, such as `0 3 * * *`, or a list of them")]
enum StatedSchedule {
    /// One.
    One(String),
    /// More than one.
    Many(Vec<String>),
}

/// How a task signs in to a registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "TaskAccess"))]
#[serde(untagged, deny_unknown_fields, expecting = "`{ username: …, password: $VARIABLE }`, or `{ identity: system }`")]
pub enum Access {
    /// By a password.
    Password {
        /// The name.
        username: String,
        /// The variable with the password, such as `$GHCR_TOKEN`.
        password: Variable,
    },
    /// By the task's managed identity.
    Identity {
        /// `system`, or the client id of an identity that the task has.
        identity: String,
    },
}

/// A task that stands in the registry.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Task"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// Its name, 5 to 50 letters, digits, dashes and underscores.
    name: String,
    /// What a build is called: `repository:tag`, without a host; `{{.Run.ID}}` may stand in the tag.
    #[serde(default)]
    images: Vec<String>,
    /// The git repository, by https: `https://github.com/org/repo.git#branch:folder`; `#main` where no branch is named.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(default)]
    context: Option<Context>,
    /// The Dockerfile in the context, or a task file (`.yaml`, `.yml`); `Dockerfile` where none is named.
    #[serde(default)]
    file: Option<String>,
    /// A command in the place of a context, such as `acr purge --filter 'app:.*' --ago 30d --untagged`.
    #[serde(default)]
    cmd: Option<String>,
    /// What it runs on, such as `linux/arm64`; `linux/amd64` where nothing is named.
    #[serde(default)]
    platform: Option<String>,
    /// What starts it.
    #[serde(default)]
    triggers: Triggers,
    /// How long a run may take, `5m` to `8h`; `1h` where nothing is named.
    #[serde(default)]
    timeout: Option<String>,
    /// The agent pool that it runs in. Premium.
    #[serde(default)]
    agent_pool: Option<String>,
    /// The variable with the token for the git repository, such as `$GIT_TOKEN`.
    #[serde(default)]
    git_token: Option<Variable>,
    /// How it signs in to other registries, by their hosts.
    #[serde(default)]
    credentials: BTreeMap<String, Access>,
    /// Its managed identity: `system`, or the resource id of one. A registry in ABAC mode lets nothing else in.
    #[serde(default)]
    identity: Option<String>,
}

impl TryFrom<StatedSchedule> for Schedule {
    type Error = String;

    fn try_from(stated: StatedSchedule) -> Result<Self, String> {
        let texts = match stated {
            StatedSchedule::One(text) => vec![text],
            StatedSchedule::Many(texts) => texts,
        };
        texts.iter().map(|text| Cron::parse(text)).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<Written> for Standing {
    type Error = String;

    fn try_from(it: Written) -> Result<Self, String> {
        let name = it.name.clone();
        let is_name = (5..=50).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name {
            return Err(format!("`{name}` is no name of a task: 5 to 50 letters, digits, dashes and underscores"));
        }
        it.meant().map_err(|why| format!("{name}: {why}"))
    }
}

impl Written {
    fn meant(self) -> Result<Standing, String> {
        let platform = self.platform.as_deref().unwrap_or("linux/amd64");
        let timeout = self.timeout.as_deref().unwrap_or("1h");
        let named = |what: &str, text: &str, why: String| format!("`{what}: {text}`: {why}");
        if let Some(host) = self.credentials.keys().find(|host| Registry::parse(host).is_err()) {
            return Err(format!("`{host}` is no registry"));
        }
        if self.triggers.commit && self.git_token.is_none() {
            return Err("the commit trigger needs `git-token`: the service asks the repository to call it".to_owned());
        }
        let uses = |identity: &Access| matches!(identity, Access::Identity { .. });
        if self.identity.is_none() && self.credentials.values().any(uses) {
            return Err("a registry is entered by identity, and the task has none: state `identity`".to_owned());
        }
        if let Some(id) = self.identity.as_deref().filter(|id| *id != "system" && !id.starts_with("/subscriptions/")) {
            return Err(format!("`identity: {id}` is neither `system` nor the resource id of a managed identity"));
        }
        Ok(Standing {
            platform: limits::platform(platform).map_err(|why| named("platform", platform, why))?,
            timeout: limits::timeout(timeout).map_err(|why| named("timeout", timeout, why))?,
            agent_pool: self.agent_pool.as_deref().map(limits::pool).transpose()?,
            job: self.job()?,
            name: self.name,
            triggers: self.triggers,
            git_token: self.git_token,
            credentials: self.credentials,
            identity: self.identity,
        })
    }

    fn job(&self) -> Result<Job, String> {
        let no = |what: &str| Err(what.to_owned());
        let Some(context) = self.context.clone() else {
            let Some(cmd) = self.cmd.as_deref().map(str::trim).filter(|cmd| !cmd.is_empty()) else {
                return no("it has neither `context` nor `cmd`");
            };
            if !self.images.is_empty() || self.file.is_some() || self.triggers.commit || self.git_token.is_some() {
                return no(
                    "`images`, `file`, `git-token` and the commit trigger go with a `context`, and not with a `cmd`",
                );
            }
            if cmd.contains(char::is_control) {
                return no("`cmd` is one line: for more, put a task file into a context");
            }
            return Ok(Job::Command(cmd.to_owned()));
        };
        let file = self.file.clone().unwrap_or_else(|| "Dockerfile".to_owned());
        if self.cmd.is_some() {
            return no("it has both `context` and `cmd`");
        }
        if file.is_empty() || file.starts_with('/') || file.split('/').any(|part| part == "..") {
            return no("`file` is a path in the context");
        }
        if file.ends_with(".yaml") || file.ends_with(".yml") {
            return match self.images.is_empty() {
                true => Ok(Job::File { context, file }),
                false => no("a task file names its images itself: take `images` out"),
            };
        }
        let named = |text: &String| limits::image(text).map_err(|why| format!("`{text}`: {why}"));
        let images = self.images.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        if images.is_empty() {
            return no("it builds an image that `images` does not name");
        }
        Ok(Job::Build { images, context, file })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Standing {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

/// Reads the section, in which no name stands twice.
///
/// # Errors
/// As the deserializer's; a name that stands twice.
pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Standing>, D::Error> {
    let all = Vec::<Standing>::deserialize(deserializer)?;
    let mut names = HashSet::new();
    match all.iter().find(|one| !names.insert(one.name.to_ascii_lowercase())) {
        Some(one) => Err(de::Error::custom(format!("{}: it stands here twice", one.name))),
        None => Ok(all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::parse;

    #[test]
    fn the_seed_s_tasks_are_read() {
        let text = "tasks:\n\
            - { name: yourapp, images: [\"vendor/yourapp:latest\"], context: \"https://github.com/itpropro/acr-repo.git\",\n\
            file: Dockerfile-YourApp, git-token: $GIT_TOKEN, credentials: { ghcr.io: { username: me, password: $GHCR } },\n\
            triggers: { commit: true, base-image: true, schedule: [\"0 3 * * *\"] } }\n\
            - { name: purge, cmd: \"acr purge --filter 'YourApp:.*' --untagged --ago 0d\", triggers: { schedule: \"0 * * * *\" } }\n";
        let tasks = parse(text.as_bytes()).unwrap().tasks;
        let Job::Build { context, file, .. } = &tasks[0].job else { panic!("{tasks:?}") };
        assert_eq!(
            (context.to_string().as_str(), file.as_str()),
            ("https://github.com/itpropro/acr-repo.git#main", "Dockerfile-YourApp")
        );
        assert_eq!((tasks[0].timeout.as_secs(), tasks[0].platform.to_string().as_str()), (3600, "linux/amd64"));
        assert!(matches!(&tasks[1].job, Job::Command(cmd) if cmd.starts_with("acr purge")));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_where_it_stands() {
        let build =
            |rest: &str| format!("name: builder, context: \"https://github.com/o/r.git\", images: [\"a:1\"]{rest}");
        let purge = |rest: &str| format!("name: purge, cmd: acr purge{rest}");
        for (text, why) in [
            (purge(", triggers: { schedule: hourly }"), "`hourly` is no schedule: it has 1 fields"),
            (purge(", triggers: { schedule: [\"61 * * * *\"] }"), "`61` is no minute"),
            (build(", triggers: { commit: true }"), "builder: the commit trigger needs `git-token`"),
            (build(", git-token: hunter2"), "expected the name of a variable"),
            (build(", cmd: x"), "builder: it has both `context` and `cmd`"),
            (build(", file: ../Dockerfile"), "`file` is a path in the context"),
            (build(", file: acb.yaml"), "builder: a task file names its images itself"),
            (build(", platform: linux/s390x"), "builder: `platform: linux/s390x`: ACR Tasks builds for"),
            (build(", timeout: 9h"), "builder: `timeout: 9h`: expected 5m to 8h"),
            (build(", agent-pool: x"), "builder: expected the name of an agent pool"),
            (build(", credentials: { ghcr.io: { identity: system } }"), "the task has none: state `identity`"),
            (build(", credentials: { ghcr.io: { username: me } }"), "`{ username: …, password: $VARIABLE }`"),
            (build(", identity: me"), "builder: `identity: me` is neither"),
            (purge(", images: [\"a:1\"]"), "go with a `context`"),
            ("name: purge, cmd: \"a\\nb\"".to_owned(), "purge: `cmd` is one line"),
            ("name: builder".to_owned(), "builder: it has neither `context` nor `cmd`"),
            ("name: builder, context: \"https://github.com/o/r.git\"".to_owned(), "that `images` does not name"),
            (
                "name: builder, context: \"https://github.com/o/r.git\", images: [a]".to_owned(),
                "expected REPOSITORY:TAG",
            ),
            ("name: it, cmd: x".to_owned(), "`it` is no name of a task"),
        ] {
            let error = parse(format!("tasks:\n- {{ {text} }}\n").as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why) && error.starts_with("line 2"), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let twice = format!("tasks:\n- {{ {} }}\n- {{ {} }}\n", purge(""), purge(""));
        assert!(parse(twice.as_bytes()).unwrap_err().to_string().contains("purge: it stands here twice"));
    }
}
