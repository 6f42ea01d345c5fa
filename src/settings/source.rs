//! The section `sources`: how a registry that images come from is reached.

use super::Variable;
use crate::reference::{Reference, Registry, is_host};
use serde::Deserialize;
use std::fmt;

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

impl Site {
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
    fn a_password_does_not_stand_in_the_file() {
        let text = "sources: { x.io: { credential: { username: me, password: hunter2 } } }";
        let error = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("expected the name of a variable") && !error.contains("hunter2"), "{error}");
    }
}
