//! Secrets: values that files of the repository name by the variables that hold them.

use super::Env;
use crate::credential::Mask;
use secrecy::SecretString;
use serde::Deserialize;

/// The name of a variable of the run, written with a `$` before it: a secret itself never stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
pub struct Variable(String);

impl Variable {
    /// What to do where one is not set. The task has of the step's variables those alone that it was told of.
    pub const HINT: &'static str =
        "Give it to the step by `env`; on Azure Pipelines the input `variables` names it besides.";

    /// Returns the name, without the `$`.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Variable {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.strip_prefix('$').unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // What stands there may be the secret: it is not repeated.
        if is_name { Ok(Self(name.to_owned())) } else { Err("expected the name of a variable, such as `$SECRET`") }
    }
}

/// The variables of a run, as the places of secrets. Shows none of them.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    variables: Env,
    mask: Mask,
}

impl Secrets {
    /// Makes them of the variables; whatever is taken out is hidden by the mask before.
    pub fn new(variables: Env, mask: Mask) -> Self {
        Self { variables, mask }
    }

    /// Takes the value out of a variable; none where it is not set.
    pub fn get(&self, variable: &Variable) -> Option<SecretString> {
        let value = self.variables.secret(variable.name())?;
        self.mask.hide(value);
        Some(value.into())
    }
}
