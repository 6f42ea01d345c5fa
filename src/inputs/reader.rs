//! Reader: one setting after the other, and every problem gathered.

use super::{
    Env, INPUTS, connection,
    credentials::{self, Fault},
    env::is_undefined,
};
use crate::{
    problem::{Problem, Side},
    reference::Registry,
    registry::{Login, Logins},
};
use std::str::FromStr;

/// The settings of an environment, and what is wrong with them.
pub(super) struct Reader<'a> {
    env: &'a Env,
    pub(super) problems: Vec<Problem>,
    /// Secrets that settings name and that are not there.
    pub(super) missing: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(env: &'a Env) -> Self {
        Self { env, problems: Vec::new(), missing: Vec::new() }
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        let input = INPUTS.iter().find(|input| input.name == name)?;
        let given = self.env.input(name).or_else(|| self.env.get(input.variable?));
        let text = given.unwrap_or(input.default);
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(super) fn parsed<T: FromStr<Err = String>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        text.parse().map_err(|expected: String| self.wrong(name, &text, &expected)).ok()
    }

    /// Reads names with commas, spaces or line ends between them; none twice.
    pub(super) fn list<T: FromStr<Err = String> + PartialEq>(&mut self, name: &str) -> Vec<T> {
        let text = self.text(name).unwrap_or_default();
        let mut values = Vec::new();
        for word in text.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
            match word.parse::<T>() {
                Ok(value) if values.contains(&value) => self.wrong(name, word, "it is named twice"),
                Ok(value) => values.push(value),
                Err(expected) => self.wrong(name, word, &expected),
            }
        }
        values
    }

    pub(super) fn choice<T: Copy>(&mut self, name: &str, values: &[(&str, Option<T>)]) -> Option<T> {
        let text = self.text(name).unwrap_or_default();
        let found = values.iter().find(|(value, _)| value.eq_ignore_ascii_case(&text));
        if found.is_none() {
            let names: Vec<_> = values.iter().map(|(value, _)| format!("`{value}`")).collect();
            self.wrong(name, &text, &format!("expected {}", names.join(" or ")));
        }
        found.and_then(|&(_, value)| value)
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.choice(name, &[("true", Some(true)), ("false", Some(false))]).unwrap_or_default()
    }

    pub(super) fn number<T: FromStr + PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<T>,
    ) -> T {
        let text = self.text(name).unwrap_or_default();
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.wrong(name, &text, &format!("expected a number from {} to {}", range.start(), range.end()));
                *range.start()
            }
        }
    }

    pub(super) fn connection(&mut self) -> Option<connection::Given> {
        let id = self.text("azure-subscription")?;
        let given = connection::read(self.env, &id);
        given.map_err(|why| self.problem(&format!("input `azure-subscription`: {why}"))).ok()
    }

    pub(super) fn docker_hub(&mut self, logins: &mut Logins) {
        let given = [self.text("docker-username"), self.text("docker-password")];
        if given.iter().flatten().any(|value| is_undefined(value)) {
            return self.miss("inputs `docker-username` and `docker-password`: the pipeline has no such variable");
        }
        match given.into() {
            (Some(username), Some(password)) => {
                logins.add(Registry::docker_hub(), "", Login::Password { username, password: password.into() });
            }
            (None, None) => {}
            (Some(_), None) => self.miss("input `docker-password` is missing beside `docker-username`"),
            (None, Some(_)) => self.miss("input `docker-username` is missing beside `docker-password`"),
        }
    }

    pub(super) fn credentials(&mut self, logins: &mut Logins) {
        let text = self.text("credentials").unwrap_or_default();
        for (line, login) in credentials::read(&text, self.env) {
            match login {
                Ok((registry, path, login)) => logins.add(registry, &path, login),
                // Never the line itself: it holds a secret.
                Err(Fault::Malformed(expected)) => {
                    self.problem(&format!("input `credentials`, line {line}: {expected}"));
                }
                Err(Fault::Missing(what)) => self.miss(&format!("input `credentials`, line {line}: {what}")),
            }
        }
    }

    fn wrong(&mut self, name: &str, text: &str, expected: &str) {
        let text: String = text.chars().take(100).collect();
        self.problem(&format!("input `{name}` is {text:?}: {expected}"));
    }

    fn miss(&mut self, what: &str) {
        self.missing.push(Problem::new(Side::Settings, what).hint("Give the step the secret."));
    }

    fn problem(&mut self, what: &str) {
        self.problems.push(Problem::new(Side::Settings, what));
    }
}
