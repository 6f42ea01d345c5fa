//! Doing: the one request that makes or changes a task. Only here secrets leave their variables.

use super::Slot;
use crate::{
    azure::Arm,
    inputs::Secrets,
    problem::{Problem, Side},
    tasks::refused,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// A task to be made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its resource id.
    pub id: String,
    /// The version of the service that takes it.
    pub version: &'static str,
    /// The request, without its secrets.
    pub body: Value,
    /// Where they belong.
    pub slots: Vec<Slot>,
    /// Whether there is none of this name yet.
    pub is_new: bool,
    /// Whether the request is the whole task, and not what changes of it.
    pub is_whole: bool,
}

impl Work {
    /// Returns what is done, in a word: before, and after it is done.
    pub fn words(&self) -> (&'static str, &'static str) {
        if self.is_new { ("create", "created") } else { ("update", "updated") }
    }

    /// Makes the task, or changes it.
    ///
    /// # Errors
    /// A variable that is not set, and what the service says; its words are shown without the secrets.
    pub async fn apply(&self, arm: &Arm, secrets: &Secrets) -> Result<(), Problem> {
        let (mut body, mut hidden) = (self.body.clone(), Vec::<SecretString>::new());
        for slot in &self.slots {
            let secret = secrets.get(&slot.variable).ok_or_else(|| {
                Problem::new(Side::Settings, format!("the variable `{}` is not set", slot.variable.name()))
            })?;
            let (parent, field) = slot.place.rsplit_once('/').unwrap_or_default();
            if let Some(parent) = body.pointer_mut(parent) {
                parent[field] = json!(secret.expose_secret());
            }
            hidden.push(secret);
        }
        if self.is_new && arm.resource_by(&self.id, self.version).await.map_err(|error| refused(&error))?.is_some() {
            return Err(Problem::new(Side::Target, "somebody else has made it meanwhile").hint("Plan again."));
        }
        let answer = match self.is_whole {
            true => arm.put_by(&self.id, self.version, &body).await,
            false => arm.patch_by(&self.id, self.version, &body).await,
        };
        answer.map(drop).map_err(|error| {
            let mut problem = refused(&error);
            for secret in &hidden {
                problem.what = problem.what.replace(secret.expose_secret(), "***");
            }
            problem
        })
    }
}
