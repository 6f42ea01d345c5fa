//! Asking: the registry as it is, in one request where one is enough.

use super::{
    Found, Stated, Switch, Usage,
    found::{Replication, Resource},
};
use crate::{
    azure::{Arm, ArmError, Failure},
    problem::{Problem, Side},
};
use serde::Deserialize;

/// Stable versions show neither `softDeletePolicy` nor `regionalEndpoints`; this is the version that Azure CLI 2.91 sends.
pub(super) const PREVIEW: &str = "2026-09-01-preview";
/// The newest stable version.
pub(super) const STABLE: &str = "2025-11-01";

/// What an identity must be allowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// To read the registry, its replicas and its usage.
    Read,
    /// To change its settings and replicas.
    Write,
}

/// What has to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Interest {
    /// The replicas: for `replicas`, and because soft delete does not go with them.
    pub replicas: bool,
    /// How much is used.
    pub usages: bool,
    /// Whether there are cache rules, which soft delete does not go with.
    pub cache_rules: bool,
}

impl Interest {
    /// Returns what the sections that are looked at make necessary.
    pub fn of(stated: &Stated<'_>) -> Self {
        let wants_soft_delete = matches!(stated.soft_delete, Some(Switch::On(_)));
        Self {
            replicas: stated.replicas.is_some() || wants_soft_delete,
            usages: stated.registry.is_some(),
            cache_rules: wants_soft_delete,
        }
    }
}

/// Asks for the registry, and for what is of interest besides.
///
/// # Errors
/// Where the registry itself cannot be read; what else cannot is a problem in its place.
pub async fn ask(arm: &Arm, id: &str, interest: Interest) -> Result<Found, Problem> {
    let resource: Option<Resource> = match arm.get(id, PREVIEW).await {
        // Clouds of their own may not have the preview yet.
        Err(ArmError::Refused(refusal)) if refusal.status == 400 => arm.get(id, STABLE).await,
        other => other,
    }
    .map_err(|error| problem(&error, Right::Read))?;
    let mut found = resource.ok_or_else(|| gone(id))?.found();
    if interest.replicas && found.is_premium() {
        let replicas = arm.list::<Replication>(&format!("{id}/replications"), STABLE).await;
        let replicas = replicas.map(|list| list.into_iter().map(Replication::found).collect());
        found.replicas = Some(replicas.map_err(|error| problem(&error, Right::Read)));
    }
    if interest.cache_rules {
        let rules = arm.list::<serde_json::Value>(&format!("{id}/cacheRules"), STABLE).await;
        found.has_cache_rules =
            Some(rules.map(|rules| !rules.is_empty()).map_err(|error| problem(&error, Right::Read)));
    }
    if interest.usages {
        #[derive(Deserialize)]
        struct Usages {
            value: Vec<Usage>,
        }
        let usages = arm.get::<Usages>(&format!("{id}/listUsages"), STABLE).await;
        let usages = usages.map(|usages| usages.map(|usages| usages.value).unwrap_or_default());
        found.usages = Some(usages.map_err(|error| problem(&error, Right::Read)));
    }
    Ok(found)
}

pub(super) fn gone(id: &str) -> Problem {
    let name = id.rsplit('/').next().unwrap_or_default();
    Problem::new(Side::Azure, format!("`{name}` is not there any more")).hint("Plan again.")
}

/// Returns a refusal with the role that it takes.
pub(super) fn problem(error: &ArmError, right: Right) -> Problem {
    let problem = error.problem();
    let is_denied = match error {
        ArmError::Refused(refusal) => Failure::read(refusal) == Failure::TargetRights,
        ArmError::Http(_) | ArmError::SignIn(_) | ArmError::Unreadable(_) => false,
    };
    match right {
        Right::Read if is_denied => problem.hint(
            "Grant this identity *Container Registry Configuration Reader and Data Access Configuration Reader* on the registry, or *Reader*.",
        ),
        Right::Write if is_denied => problem.hint(
            "Grant this identity *Container Registry Contributor and Data Access Configuration Administrator* on the registry; a new grant takes minutes to apply.",
        ),
        Right::Read | Right::Write => problem,
    }
}
