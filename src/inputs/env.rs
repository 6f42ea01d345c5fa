//! Env: the variables of the process, or a map in tests. The only reader of variables.

use std::collections::BTreeMap;

/// A snapshot of the environment, with what the command line gave on top.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, String>,
}

impl Env {
    /// Takes the variables of this process. Those that are no text are none that we read.
    pub fn process() -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: variables.collect() }
    }

    /// Makes an environment of its own.
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { variables: variables.into() }
    }

    /// Sets a variable.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Sets an input as the command line does; it wins over the variable.
    pub fn set_input(&mut self, name: &str, value: &str) {
        self.variables.retain(|key, _| !is_input(key, name));
        self.variables.insert(format!("INPUT_{}", name.to_uppercase()), value.to_owned());
    }

    /// Returns the names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Returns a variable. An empty one is unset: that is how hosts pass what nobody gave.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns a variable that holds a secret. On Azure Pipelines a secret that there is none of, for a fork above all,
    /// is written out as the name it was asked by, `$(name)`: that is no secret.
    pub fn secret(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !is_undefined(value))
    }

    /// Returns a variable under its upper-case or lower-case name, as proxies are set.
    pub fn either_case(&self, name: &str) -> Option<&str> {
        self.get(name).or_else(|| self.get(&name.to_lowercase()))
    }

    /// Returns an input: GitHub keeps the hyphens (`INPUT_IMAGES-FILE`), Azure Pipelines has none (`INPUT_IMAGESFILE`).
    pub fn input(&self, name: &str) -> Option<&str> {
        let value = self.variables.iter().find(|(key, value)| is_input(key, name) && !value.trim().is_empty());
        value.map(|(_, value)| value.trim())
    }
}

/// Returns whether a value is what Azure Pipelines leaves of a variable that is not defined.
pub(super) fn is_undefined(value: &str) -> bool {
    let name = value.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "._- ".contains(c)))
}

fn is_input(key: &str, name: &str) -> bool {
    let letters = |text: &str| -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect()
    };
    key.strip_prefix("INPUT_").is_some_and(|key| letters(key) == letters(name))
}

impl std::fmt::Debug for Env {
    /// Shows names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_hosts_spellings_lead_to_one_input() {
        for key in ["INPUT_IMAGES-FILE", "INPUT_IMAGESFILE", "INPUT_IMAGES_FILE", "INPUT_imagesFile"] {
            assert_eq!(Env::of([(key, " list.txt ")]).input("images-file"), Some("list.txt"), "{key}");
        }
        assert_eq!(Env::of([("INPUT_IMAGES-FILE", " ")]).input("images-file"), None);
    }

    #[test]
    fn the_command_line_wins() {
        let mut env = Env::of([("INPUT_REGISTRY", "a")]);
        env.set_input("registry", "b");
        assert_eq!(env.input("registry"), Some("b"));
    }

    #[test]
    fn values_are_never_printed() {
        assert!(!format!("{:?}", Env::of([("AZURE_CLIENT_SECRET", "hunter2")])).contains("hunter2"));
    }
}
