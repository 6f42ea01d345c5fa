//! The section `sources`: how a registry that images come from is reached.

use super::Variable;
use crate::{
    policy::RepositoryFile,
    reference::{Reference, Registry, is_below, is_host},
};
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, fmt};

/// The most entries that are read: each is compared with all that have a mirror.
const MOST: usize = 1_000;

/// A registry that images come from, or the repositories below a path of it: `host[:port][/path]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
#[cfg_attr(test, schemars(with = "String"))]
pub struct Site {
    registry: Registry,
    path: String,
}

/// What holds for one source. What is not given is as it is without the section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// `direct` where ACR cannot reach it, so that the runner copies; `auto` lets the plan choose.
    pub route: Way,
    /// Who we are there. On a pull request it is used where the branch that is merged onto states the same.
    pub credential: Option<Account>,
    /// Where its images are read instead, such as `artifacts.example.com/dockerhub`: the path goes before the repository.
    /// The longest key with a mirror wins.
    pub mirror: Option<Site>,
    /// A file of the repository with authorities' certificates (PEM), such as `certs/root-ca.pem`, that are trusted at this
    /// host, or at the mirror's where there is one. The runner copies then: ACR trusts public authorities.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub ca: Option<RepositoryFile>,
}

/// Which way images of a source take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Server-side wherever ACR can.
    #[default]
    Auto,
    /// By the runner.
    Direct,
}

/// A user's name and the variable that holds the password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// The user's name, as the registry wants it.
    pub username: String,
    /// The variable that holds the password or token, such as `$EXAMPLE_TOKEN`.
    pub password: Variable,
}

impl Source {
    /// Returns the registry that `ca` is about, where this source is `site`.
    pub fn asked<'a>(&'a self, site: &'a Site) -> &'a Registry {
        &self.mirror.as_ref().unwrap_or(site).registry
    }

    /// Returns what of it cannot be, a fragment; `all` is the section.
    fn fault(&self, site: &Site, all: &BTreeMap<Site, Self>) -> Option<String> {
        if self.ca.is_some() && self.asked(site).is_loopback() {
            return Some(format!("ca: `{}` is this machine, which is asked by plain HTTP", self.asked(site)));
        }
        let mirror = self.mirror.as_ref()?;
        if mirror.registry.is_link_local() {
            return Some(format!("mirror: `{mirror}` is a link-local address, where no registry is"));
        }
        if mirror.registry.is_loopback() && self.route != Way::Direct {
            return Some(format!(
                "mirror: `{mirror}` is this machine, which ACR cannot reach: state `route: direct` too"
            ));
        }
        let mut mirrored = all.iter().filter(|(_, source)| source.mirror.is_some()).map(|(site, _)| site);
        match mirrored.find(|other| other.overlaps(mirror))? {
            itself if itself == site => Some(format!("mirror: `{mirror}` names the source itself")),
            other => {
                Some(format!("mirror: `{mirror}` has a mirror of its own (`{other}`), and only one step is taken"))
            }
        }
    }
}

/// Reads the section.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Site, Source>, D::Error> {
    let all = BTreeMap::<Site, Source>::deserialize(deserializer)?;
    if all.len() > MOST {
        return Err(de::Error::custom(format!("{} entries, and {MOST} are read at most", all.len())));
    }
    let fault = all.iter().find_map(|(site, source)| Some(format!("{site}: {}", source.fault(site, &all)?)));
    fault.map_or(Ok(all), |fault| Err(de::Error::custom(fault)))
}

impl Site {
    /// Returns whether one lies below the other.
    fn overlaps(&self, other: &Self) -> bool {
        self.registry == other.registry && (is_below(&self.path, &other.path) || is_below(&other.path, &self.path))
    }

    /// Returns the registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns the path below which repositories are meant; empty for all.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl TryFrom<String> for Site {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (host, path) = text.split_once('/').unwrap_or((&text, ""));
        let registry = Registry::parse(host).ok().filter(|_| is_host(host));
        let is_path =
            |registry: &Registry| path.is_empty() || Reference::new(registry.as_str(), path, None, None).is_ok();
        match registry.filter(is_path) {
            Some(registry) => Ok(Self { registry, path: path.to_owned() }),
            None => Err(format!("`{text}` is no registry or path of one, such as `registry.example.com/team`")),
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.registry)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, "/{}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::parse;

    #[test]
    fn a_source_is_a_registry_or_a_path_of_one() {
        for site in
            ["registry.example.com", "localhost:5000", "ghcr.io/team", "docker.io/library/nginx", "'[::1]:5000/a'"]
        {
            let settings = parse(format!("sources: {{ {site}: {{ route: direct }} }}").as_bytes()).unwrap();
            let read = settings.sources.keys().next().unwrap().to_string();
            assert_eq!(read, site.trim_matches('\''));
        }
        for site in ["nginx", "https://x.io", "x.io/A", "''", "x.io/*"] {
            let error = parse(format!("sources: {{ {site}: {{}} }}").as_bytes());
            assert!(error.is_err_and(|error| error.to_string().contains("is no registry")), "{site}");
        }
    }

    #[test]
    fn so_many_sources_that_comparing_them_would_take_its_time_are_refused() {
        let read = |count: usize| {
            let entries: String = (0..count).map(|at| format!("  h{at}.io: {{ mirror: m{at}.io }}\n")).collect();
            parse(format!("sources:\n{entries}").as_bytes()).map(|settings| settings.sources.len())
        };
        assert_eq!(read(1_000).unwrap(), 1_000);
        assert!(read(1_001).unwrap_err().to_string().contains("1001 entries, and 1000 are read at most"));
    }

    #[test]
    fn a_mirror_is_one_step_and_never_the_source_itself() {
        for (sources, expected) in [
            ("x.io: { mirror: x.io }", "x.io: mirror: `x.io` names the source itself"),
            ("x.io: { mirror: x.io/proxy }", "x.io: mirror: `x.io/proxy` names the source itself"),
            (
                "docker.io: { mirror: registry-1.docker.io/x }",
                "docker.io: mirror: `docker.io/x` names the source itself",
            ),
            (
                "a.io: { mirror: b.io/a }, b.io: { mirror: c.io }",
                "a.io: mirror: `b.io/a` has a mirror of its own (`b.io`), and only one step is taken",
            ),
            ("a.io: { mirror: b.io }, b.io/deep: { mirror: c.io }", "has a mirror of its own (`b.io/deep`)"),
            ("x.io: { mirror: \"169.254.169.254\" }", "`169.254.169.254` is a link-local address"),
            ("x.io: { mirror: \"[fe80::1]:5000\", route: direct }", "is a link-local address"),
            ("x.io: { mirror: \"[::ffff:169.254.169.254]/x\" }", "is a link-local address"),
            (
                "x.io: { mirror: \"localhost:5000\" }",
                "is this machine, which ACR cannot reach: state `route: direct` too",
            ),
            ("x.io: { mirror: https://y.io }", "`https://y.io` is no registry or path of one"),
            ("\"localhost:5000\": { ca: a.pem }", "ca: `localhost:5000` is this machine, which is asked by plain HTTP"),
            ("x.io: { ca: ../a.pem }", "`../a.pem` is no file of the repository"),
        ] {
            let error = parse(format!("sources: {{ {sources} }}").as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{sources}: {error}");
        }
        for sources in [
            "docker.io: { mirror: b.io/hub }, b.io: { route: direct, ca: a.pem }",
            "docker.io: { mirror: b.io/hub }, docker.io/team: { mirror: b.io/team }",
            "b.io/old: { mirror: b.io/older }",
            "x.io: { mirror: \"127.0.0.1:5000\", route: direct }",
        ] {
            parse(format!("sources: {{ {sources} }}").as_bytes()).unwrap();
        }
    }

    #[test]
    fn a_password_does_not_stand_in_the_file() {
        let text = "sources: { x.io: { credential: { username: me, password: hunter2 } } }";
        let error = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("expected the name of a variable") && !error.contains("hunter2"), "{error}");
    }
}
