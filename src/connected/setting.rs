//! The section `connected-registries` of `acr-sync.yaml`: what a ship or a factory has a copy of.

use super::{Cron, Name, Span};
use crate::reference::Glob;
use serde::{Deserialize, de};
use std::collections::HashMap;
use time::ext::NumericalDuration;

/// The most entries that are read. The service takes 50 connected registries in a registry (ACR facts, section 12).
const MOST: usize = 200;
/// The most clients of all entries. The service takes 50 of a connected registry.
const MOST_CLIENTS: usize = 2_500;

/// A connected registry, as it is meant to be. What is not stated stays as it is; a new one gets what the Azure CLI
/// would give it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Connected {
    /// Its name, 5 to 50 letters, digits and dashes.
    #[cfg_attr(test, schemars(with = "String"))]
    pub name: Name,
    /// What it may do with images: `ReadOnly` or `ReadWrite`. It cannot be changed later.
    #[serde(default)]
    pub mode: Mode,
    /// The connected registry that it gets its images from; the registry in the cloud where none is named.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(default)]
    pub parent: Option<Name>,
    /// The repositories that it has a copy of: names, and patterns such as `fleet/*`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    #[serde(deserialize_with = "patterns")]
    pub repositories: Vec<Glob>,
    /// When it synchronises: five fields of cron, in UTC. Always where none is given.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(default)]
    pub schedule: Option<Cron>,
    /// How long a synchronisation may take, `PT1H` to `P7D`. A schedule needs it.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(default)]
    pub window: Option<Span>,
    /// How long messages for it are kept, `P1D` to `P90D`; `P2D` for a new one.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(default)]
    pub message_ttl: Option<Span>,
    /// How much it logs; `Information` for a new one.
    #[serde(default)]
    pub log_level: Option<LogLevel>,
    /// The events that it reports to the registry in the cloud, such as `fleet/app:*:push`.
    #[serde(default)]
    pub notifications: Vec<String>,
    /// The tokens that pull from it: a name, or a name with repositories of its own.
    #[cfg_attr(test, schemars(with = "Vec<Stated>"))]
    #[serde(default)]
    pub clients: Vec<Client>,
}

/// A token for those who pull from a connected registry, or push to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Stated")]
pub struct Client {
    /// The token's name, 5 to 50 letters, digits and dashes.
    pub name: Name,
    /// The repositories among those of the connected registry; all of them where none are named.
    pub repositories: Vec<Glob>,
    /// What it may do there.
    pub access: Access,
}

/// How a client is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, deny_unknown_fields, rename_all = "kebab-case")]
enum Stated {
    /// Its name; it pulls everything.
    Name(String),
    /// Its name, and what it may do.
    Whole {
        /// The token's name, 5 to 50 letters, digits and dashes.
        name: String,
        /// Names and patterns among the repositories of the connected registry; all of them where none are given.
        #[serde(default)]
        repositories: Vec<String>,
        /// `pull`, or `push` for both.
        #[serde(default)]
        access: Access,
    },
}

/// What a client may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Reading.
    #[default]
    Pull,
    /// Reading and writing; the connected registry must be `ReadWrite`.
    Push,
}

/// What a connected registry may do with images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Mode {
    /// It has a copy, and lets clients pull.
    #[default]
    ReadOnly,
    /// Clients push to it as well, and it brings that to its parent.
    ReadWrite,
}

/// How much a connected registry logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the service's own words")]
pub enum LogLevel {
    Debug,
    Information,
    Warning,
    Error,
    None,
}

impl TryFrom<Stated> for Client {
    type Error = String;

    fn try_from(stated: Stated) -> Result<Self, String> {
        let (name, repositories, access) = match stated {
            Stated::Name(name) => (name, Vec::new(), Access::Pull),
            Stated::Whole { name, repositories, access } => (name, repositories, access),
        };
        let repositories = repositories.iter().map(|text| pattern(text)).collect::<Result<_, _>>()?;
        Ok(Self { name: Name::parse(&name)?, repositories, access })
    }
}

fn patterns<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<Vec<Glob>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() {
        return Err(de::Error::custom("`repositories` is empty: a connected registry has a copy of one at least"));
    }
    texts.iter().map(|text| pattern(text).map_err(de::Error::custom)).collect()
}

/// Names are lower case at the registry, and so are those of the service's permissions.
fn pattern(text: &str) -> Result<Glob, String> {
    if text.chars().any(char::is_uppercase) {
        return Err(format!("`{text}` has upper-case letters, and no repository has"));
    }
    Glob::parse(text)
}

impl Mode {
    /// Returns the service's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "ReadOnly",
            Self::ReadWrite => "ReadWrite",
        }
    }
}

impl LogLevel {
    /// Returns the service's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "Debug",
            Self::Information => "Information",
            Self::Warning => "Warning",
            Self::Error => "Error",
            Self::None => "None",
        }
    }
}

/// Reads the section, and checks what no entry can say alone.
///
/// # Errors
/// The first thing that is wrong, with the name of the connected registry.
pub fn read<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<Vec<Connected>, D::Error> {
    let all = Vec::<Connected>::deserialize(deserializer)?;
    check(&all).map_err(de::Error::custom)?;
    Ok(all)
}

/// Who proposes a change writes the file: what is looked for by name is looked up, and there is an end to it.
fn check(all: &[Connected]) -> Result<(), String> {
    let clients = all.iter().map(|one| one.clients.len()).sum::<usize>();
    if all.len() > MOST || clients > MOST_CLIENTS {
        return Err(format!(
            "{} connected registries with {clients} clients: {MOST} with {MOST_CLIENTS} are read at most",
            all.len()
        ));
    }
    let mut by_name: HashMap<&Name, &Connected> = HashMap::new();
    if let Some(twice) = all.iter().find(|one| by_name.insert(&one.name, one).is_some()) {
        return Err(format!("{}: it stands here twice", twice.name));
    }
    let mut holders: HashMap<&Name, &Connected> = HashMap::new();
    for one in all {
        let wrong = |what: String| Err(format!("{}: {what}", one.name));
        if let Some(window) = &one.window
            && !(1.hours()..=7.days()).contains(&window.duration())
        {
            return wrong(format!("the window `{window}` is not within PT1H and P7D"));
        }
        if let Some(schedule) = one.schedule.as_ref().filter(|schedule| !schedule.is_always())
            && one.window.is_none()
        {
            return wrong(format!("the schedule `{schedule}` needs a `window`, PT1H or more"));
        }
        if let Some(ttl) = &one.message_ttl
            && !(1.days()..=90.days()).contains(&ttl.duration())
        {
            return wrong(format!("`message-ttl: {ttl}` is not within P1D and P90D"));
        }
        if let Some(wrong_one) =
            one.notifications.iter().find(|text| text.split(':').count() != 3 || text.contains(char::is_whitespace))
        {
            return wrong(format!(
                "`{wrong_one}` is no notification: `repository:tag:action`, such as `fleet/app:*:push`"
            ));
        }
        if let Some(push) =
            one.clients.iter().find(|client| client.access == Access::Push && one.mode == Mode::ReadOnly)
        {
            return wrong(format!("`{}` cannot push: the connected registry is ReadOnly", push.name));
        }
        let mut ancestors = vec![&one.name];
        let mut above = one.parent.as_ref();
        while let Some(parent) = above {
            if ancestors.contains(&parent) {
                return wrong(format!("its parent `{parent}` is below it"));
            }
            ancestors.push(parent);
            let found = by_name.get(parent);
            if found.is_some_and(|found| found.mode == Mode::ReadOnly && one.mode == Mode::ReadWrite) {
                return wrong(format!("it is ReadWrite, and `{parent}` above it is ReadOnly"));
            }
            above = found.and_then(|found| found.parent.as_ref());
        }
        for client in &one.clients {
            match holders.insert(&client.name, one) {
                Some(other) if other.name != one.name => {
                    return wrong(format!("the client `{}` is one of `{}` as well", client.name, other.name));
                }
                None if !by_name.contains_key(&client.name) => {}
                Some(_) | None => return wrong(format!("the client `{}` needs a name of its own", client.name)),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File(#[serde(deserialize_with = "read")] Vec<Connected>);

    fn parse(text: &str) -> Result<Vec<Connected>, String> {
        serde_yaml::from_str::<File>(text).map(|file| file.0).map_err(|error| error.to_string())
    }

    #[test]
    fn a_client_is_a_name_or_a_name_with_repositories() {
        let all = parse(
            "- { name: vessel-1, repositories: [\"fleet/*\"], schedule: \"30 * * * *\", window: PT1H,
                 clients: [vessel-1-pull, { name: vessel-1-app, repositories: [\"fleet/app\"] }] }",
        )
        .unwrap();
        assert_eq!(all[0].mode, Mode::ReadOnly);
        assert_eq!(all[0].clients[0].repositories, []);
        assert_eq!(all[0].clients[1].repositories[0].as_str(), "fleet/app");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_name() {
        let vessel = |rest: &str| format!("- {{ name: vessel-1, repositories: [a], {rest} }}\n");
        for (text, why) in [
            (vessel("schedule: \"61 * * * *\", window: PT1H"), "`61` is no minute"),
            (vessel("schedule: \"hourly\", window: PT1H"), "it has 1 fields"),
            (vessel("schedule: \"30 * * * *\""), "vessel-1: the schedule `30 * * * *` needs a `window`"),
            (vessel("window: PT59M"), "vessel-1: the window `PT59M` is not within PT1H and P7D"),
            (vessel("window: P8D"), "is not within PT1H and P7D"),
            (vessel("window: 1h"), "`1h` is no length of time"),
            (vessel("message-ttl: PT1H"), "`message-ttl: PT1H` is not within P1D and P90D"),
            (vessel("notifications: [\"fleet/app\"]"), "`fleet/app` is no notification"),
            (vessel("clients: [x]"), "`x` is no name"),
            (vessel("clients: [one-client, one-client]"), "needs a name of its own"),
            (vessel("clients: [vessel-1]"), "needs a name of its own"),
            (vessel("clients: [{ name: pusher, access: push }]"), "`pusher` cannot push"),
            (vessel("parent: vessel-1"), "is below it"),
            (vessel("mode: readonly"), "unknown variant"),
            (vessel("colour: red"), "unknown field `colour`"),
            ("- { name: ship, repositories: [a] }".to_owned(), "`ship` is no name"),
            ("- { name: vessel-1, repositories: [] }".to_owned(), "is empty"),
            ("- { name: vessel-1, repositories: [Fleet/*] }".to_owned(), "upper-case"),
            ("- { name: vessel-1 }".to_owned(), "missing field `repositories`"),
            (vessel("") + &vessel(""), "it stands here twice"),
            (
                vessel("clients: [the-client]") + "- { name: vessel-2, repositories: [a], clients: [The-Client] }",
                "vessel-2: the client `The-Client` is one of `vessel-1` as well",
            ),
            (
                vessel("mode: ReadWrite, parent: hub-1") + "- { name: hub-1, repositories: [a] }",
                "it is ReadWrite, and `hub-1` above it is ReadOnly",
            ),
            (vessel("parent: hub-1") + "- { name: hub-1, repositories: [a], parent: vessel-1 }", "is below it"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_no_registry_could_hold_is_refused_before_it_is_compared() {
        let entry = |at: usize| format!("- {{ name: v-{at:05}, parent: v-{:05}, repositories: [a] }}\n", at + 1);
        let chain = |length: usize| (0..length).map(entry).collect::<String>();
        assert_eq!(parse(&chain(MOST)).map(|all| all.len()), Ok(MOST));
        assert!(parse(&chain(20_000)).unwrap_err().contains("20000 connected registries with 0 clients: 200 with"));
        let clients = |number: usize| {
            let names: Vec<_> = (0..number).map(|at| format!("c-{at:05}")).collect();
            format!("- {{ name: vessel-1, repositories: [a], clients: [{}] }}\n", names.join(", "))
        };
        assert_eq!(parse(&clients(MOST_CLIENTS)).map(|all| all[0].clients.len()), Ok(MOST_CLIENTS));
        assert!(parse(&clients(MOST_CLIENTS + 1)).unwrap_err().contains("1 connected registries with 2501 clients"));
    }
}
