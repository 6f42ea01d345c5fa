//! Asks: Resource Manager for what there is, the registry for its repositories and for what came after a synchronisation.

use super::{Found, Instance, ScopeMap, Token};
use crate::{
    azure::{Arm, ArmError},
    problem::{Problem, Side},
    reference::Registry,
    registry,
};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// Whom connected registries are asked of.
#[derive(Debug, Clone, Copy)]
pub struct Planes<'a> {
    /// Resource Manager.
    pub arm: &'a Arm,
    /// The registry's resource id.
    pub id: &'a str,
    /// The registry's host.
    pub registry: &'a Registry,
    /// The registry itself.
    pub registries: &'a registry::Client,
    /// Why the registry cannot be asked, where that is known.
    pub door: &'a Result<(), Problem>,
}

/// How many repositories are asked for at once.
const AT_ONCE: usize = 8;
/// How many of a repository's newest tags are looked at.
const NEWEST: usize = 20;

/// Asks for all that a decision rests on.
///
/// # Errors
/// Why Resource Manager could not be asked. That the repositories could not be listed is part of the answer.
pub async fn ask(planes: &Planes<'_>) -> Result<Found, Problem> {
    let (found, repositories) = tokio::join!(resources(planes.arm, planes.id), repositories(planes));
    Ok(Found { repositories, ..found? })
}

/// Asks Resource Manager alone; the repositories are not known.
pub(super) async fn resources(arm: &Arm, id: &str) -> Result<Found, Problem> {
    let of = |kind: &str| format!("{id}/{kind}");
    let (instances, tokens, maps) = (of("connectedRegistries"), of("tokens"), of("scopeMaps"));
    let (registry, instances, tokens, maps) =
        tokio::join!(arm.resource(id), arm.collection(&instances), arm.collection(&tokens), arm.collection(&maps),);
    let problem = |error: ArmError| problem(&error, Right::Read);
    let registry = registry.map_err(problem)?.unwrap_or(Value::Null);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Found {
        registry: id.to_owned(),
        name: text(&registry["name"]),
        sku: text(&registry["sku"]["name"]),
        has_data_endpoint: registry["properties"]["dataEndpointEnabled"] == true,
        instances: instances.map_err(problem)?.iter().map(Instance::read).collect(),
        tokens: tokens.map_err(problem)?.iter().map(Token::read).collect(),
        maps: maps.map_err(problem)?.iter().map(ScopeMap::read).collect(),
        repositories: Err(Problem::new(Side::Settings, "nobody has asked for the repositories")),
    })
}

async fn repositories(planes: &Planes<'_>) -> Result<BTreeSet<String>, Problem> {
    planes.door.clone()?;
    planes.registries.repositories(planes.registry).await.map_err(|error| {
        let problem = error.problem(Side::Target);
        if error.is_denied() {
            return problem.hint(format!(
                "Grant this identity *Container Registry Repository Catalog Lister* on `{}` (outside ABAC mode *AcrPull* \
                 will do).",
                planes.registry
            ));
        }
        problem
    })
}

/// Returns the tags that were written after a time, by repository and tag, the newest first; an error is of the first
/// repository that could not be asked.
///
/// # Errors
/// Why a repository could not be asked.
pub(super) async fn written_since(
    planes: &Planes<'_>,
    repositories: impl IntoIterator<Item = &str>,
    since: OffsetDateTime,
) -> Result<Vec<String>, Problem> {
    planes.door.clone()?;
    let one = async |repository: &str| {
        let tags = planes.registries.recent_tags(planes.registry, repository, NEWEST).await;
        let tags = tags.map_err(|error| error.problem(Side::Target))?;
        let later = tags.into_iter().filter(|tag| tag.updated > since);
        Ok::<_, Problem>(later.map(|tag| (tag.updated, format!("{repository}:{}", tag.tag))).collect::<Vec<_>>())
    };
    let names: Vec<_> = repositories.into_iter().collect();
    let mut asked = stream::iter(names.into_iter().map(one)).buffered(AT_ONCE);
    let mut found = BTreeMap::new();
    while let Some(tags) = asked.next().await {
        found.extend(tags?.into_iter().map(|(updated, name)| ((std::cmp::Reverse(updated), name), ())));
    }
    Ok(found.into_keys().map(|(_, name)| name).collect())
}

/// What Resource Manager is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Right {
    Read,
    Write,
}

/// Returns a failure for a report; a refusal names the role that it takes.
pub(super) fn problem(error: &ArmError, right: Right) -> Problem {
    let ArmError::Refused(refusal) = error else { return error.problem() };
    let problem = Problem::new(Side::Azure, refusal.to_string());
    match (refusal.status, right) {
        (403, Right::Read) => problem.hint(
            "Grant this identity *Container Registry Configuration Reader and Data Access Configuration Reader* on the \
             registry (or *Reader*).",
        ),
        (403, Right::Write) => problem.hint(
            "Grant this identity *Container Registry Contributor and Data Access Configuration Administrator* on the \
             registry.",
        ),
        _ => problem,
    }
}
