//! Grants: whether the roles of the identity that pulls let it pull, in the mode that the registry is in. Asks nobody.

use super::{
    assignment::{ABAC, Assignment, LEGACY, NONE, named},
    command::Command,
    condition::{self, Answer},
    door::{Door, Mode},
    remark::{Grade, Judgement, Topic},
    resource_id::ResourceId,
};
use crate::problem::Problem;
use std::collections::BTreeSet;

/// How many repositories a sentence names.
const NAMED: usize = 3;

/// Judges the grants of one identity at a registry, inherited ones and those of its groups included.
///
/// `elsewhere` names other registries that it may pull from.
pub(super) fn judge(
    assignments: &[Assignment],
    door: &Door,
    repositories: &BTreeSet<String>,
    elsewhere: &[ResourceId],
    grant: &Grant<'_>,
) -> Judgement {
    if door.is_anonymous {
        return good(format!("{} lets anybody pull", door.name()));
    }
    match door.mode {
        Mode::Legacy => legacy(assignments, door, elsewhere, grant),
        Mode::Abac => abac(assignments, door, repositories, elsewhere, grant),
    }
}

/// Who is granted what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant<'a> {
    /// The cluster.
    pub(super) cluster: &'a ResourceId,
    /// The object id of the identity that pulls.
    pub(super) principal: &'a str,
}

impl Grant<'_> {
    fn attach(&self, door: &Door) -> Command {
        let Self { cluster, .. } = self;
        Command::new("az aks update")
            .with("--subscription", cluster.subscription())
            .with("--resource-group", cluster.group())
            .with("--name", cluster.name())
            .with("--attach-acr", door.id.as_str())
    }

    fn assign(&self, door: &Door) -> Command {
        Command::new("az role assignment create --assignee-principal-type ServicePrincipal")
            .with("--assignee-object-id", self.principal)
            .with("--role", "Container Registry Repository Reader")
            .with("--scope", door.id.as_str())
    }
}

fn legacy(assignments: &[Assignment], door: &Door, elsewhere: &[ResourceId], grant: &Grant<'_>) -> Judgement {
    let pulls = assignments.iter().filter_map(|it| Some((named(&LEGACY, &it.role)?, it))).collect::<Vec<_>>();
    if let Some((name, assignment)) = pulls.iter().find(|(_, it)| it.condition.is_none()) {
        return good(format!("the kubelet identity has *{name}*{}", inherited(assignment, door)));
    }
    if let Some(judgement) = unknown(assignments, !pulls.is_empty()) {
        return judgement;
    }
    let what = format!(
        "unauthorized: the kubelet identity {} has no role that lets it pull from {}",
        grant.principal,
        door.name()
    );
    bad(what, elsewhere, door).hint(format!(
        "Attach the registry to the cluster, which grants *AcrPull*: {}{}",
        grant.attach(door),
        instead(elsewhere, door)
    ))
}

fn abac(
    assignments: &[Assignment],
    door: &Door,
    repositories: &BTreeSet<String>,
    elsewhere: &[ResourceId],
    grant: &Grant<'_>,
) -> Judgement {
    let readers: Vec<_> = assignments.iter().filter(|assignment| named(&ABAC, &assignment.role).is_some()).collect();
    if let Some(reader) = readers.iter().find(|reader| reader.condition.is_none()) {
        let name = named(&ABAC, &reader.role).unwrap_or_default();
        return good(format!("the kubelet identity has *{name}*{}, for every repository", inherited(reader, door)));
    }
    let conditions: Vec<_> = readers.iter().filter_map(|reader| reader.condition.as_deref()).collect();
    let answer = |repository: &str| {
        conditions.iter().fold(Answer::No, |answer, condition| answer.or(condition::lets(condition, repository)))
    };
    let of = |wanted: Answer| repositories.iter().filter(|name| answer(name) == wanted).collect::<Vec<_>>();
    let (refused, open) = (of(Answer::No), of(Answer::Unknown));
    let has_conditions = !conditions.is_empty();
    if has_conditions && refused.is_empty() && open.is_empty() && !repositories.is_empty() {
        return good(
            "the kubelet identity has a role on repositories, and its condition lets all that are wanted be pulled",
        );
    }
    if has_conditions && refused.is_empty() {
        let what = if repositories.is_empty() {
            "the kubelet identity has a role on repositories under a condition, and no repository is named to judge it by".to_owned()
        } else {
            format!("the condition of the kubelet identity's role cannot be judged for {}", names(&open))
        };
        return Judgement::new(Topic::Right, Grade::Unchecked, what)
            .hint("Read it: `az role assignment list --query [].condition`; a pull tells for certain.");
    }
    if let Some(judgement) = unknown(assignments, false) {
        return judgement;
    }
    if has_conditions {
        let what = format!(
            "unauthorized: the condition of the kubelet identity's role does not let {} be pulled",
            names(&refused)
        );
        return Judgement::new(Topic::Right, Grade::Bad, what)
            .hint(format!("Widen the condition, or grant the role for every repository: {}.", grant.assign(door)));
    }
    let has_legacy = assignments.iter().find_map(|assignment| named(&LEGACY, &assignment.role));
    let what = match has_legacy {
        Some(name) => format!(
            "unauthorized: the kubelet identity has *{name}* on {}, which gives nothing there: the registry is in ABAC mode",
            door.name()
        ),
        None => format!(
            "unauthorized: the kubelet identity {} has no role that lets it pull from {}, which is in ABAC mode",
            grant.principal,
            door.name()
        ),
    };
    bad(what, elsewhere, door).hint(format!(
        "`az aks update --attach-acr` does not help in this mode. Grant the role on repositories: {}{}",
        grant.assign(door),
        instead(elsewhere, door)
    ))
}

fn good(what: impl Into<String>) -> Judgement {
    Judgement::new(Topic::Right, Grade::Good, what)
}

fn bad(what: String, elsewhere: &[ResourceId], door: &Door) -> Judgement {
    let what = match elsewhere {
        [] => what,
        others => {
            let others: Vec<_> = others.iter().map(|other| format!("`{}`", other.name())).collect();
            format!("{what}; wrong registry? It may pull from {}, which is not {}", listed(&others), door.name())
        }
    };
    Judgement::new(Topic::Right, Grade::Bad, what)
}

/// What else may be meant where another registry is attached.
fn instead(elsewhere: &[ResourceId], door: &Door) -> String {
    match elsewhere.first() {
        None => ".".to_owned(),
        Some(other) => format!(
            ". Or, where `{}` is the registry that the cluster is meant to pull from, name it as this run's registry, and \
             let the manifests say so instead of `{}`.",
            other.name(),
            door.login_server
        ),
    }
}

/// Roles of a company's own, and conditions where none is expected, are not judged.
fn unknown(assignments: &[Assignment], has_condition: bool) -> Option<Judgement> {
    let is_known = |role: &str| named(&LEGACY, role).or(named(&ABAC, role)).is_some() || NONE.contains(&role);
    let unknown = assignments.iter().map(|it| it.role.as_str()).find(|role| !is_known(role));
    let what = match unknown {
        Some(role) => format!(
            "the kubelet identity has a role that is not known here, `{role}`: whether it lets it pull cannot be judged"
        ),
        None if has_condition => {
            "the kubelet identity's role has a condition that is not expected here, and cannot be judged".to_owned()
        }
        None => return None,
    };
    Some(Judgement::new(Topic::Right, Grade::Unchecked, what).hint(
        "See whether it holds `Microsoft.ContainerRegistry/registries/pull/read`, in ABAC mode `Microsoft.ContainerRegistry/registries/repositories/content/read`: `az role definition list --query \"[?name=='ID']\"`.",
    ))
}

fn inherited(assignment: &Assignment, door: &Door) -> &'static str {
    match ResourceId::parse(&assignment.scope) {
        Some(scope) if scope == door.id => "",
        _ => ", inherited from a scope above the registry",
    }
}

/// Returns what could not be asked, with the role that it takes.
pub(super) fn unasked(why: &Problem) -> Judgement {
    Judgement::unchecked(Topic::Right, "the grants on the registry", why)
}

fn names(repositories: &[&String]) -> String {
    listed(&repositories.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len() {
        0..=NAMED => shown,
        count => format!("{shown} and {} more", count - NAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{assignment::IMPORTER, door::sample};
    use super::*;

    const PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    const REPOSITORY_READER: &str = "b93aa761-3e63-49ed-ac28-beffa264f7ac";
    const PRINCIPAL: &str = "77777777-0000-0000-0000-000000000000";
    const REPOSITORIES: &str = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]";

    fn assignment(role: &str, scope: &str, condition: Option<&str>) -> Assignment {
        let value = serde_json::json!({"properties": {
            "roleDefinitionId": format!("/subscriptions/1/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "scope": scope, "condition": condition,
        }});
        Assignment::read(&value)
    }

    fn judged(mode: Mode, assignments: &[Assignment], elsewhere: &[&str]) -> Judgement {
        let door = Door { mode, ..sample() };
        let cluster =
            "/subscriptions/1/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/prod";
        let cluster = ResourceId::parse(cluster).unwrap();
        let repositories = ["prod/app", "prod/web"].map(str::to_owned).into();
        let elsewhere: Vec<_> = elsewhere.iter().filter_map(|id| ResourceId::parse(id)).collect();
        judge(assignments, &door, &repositories, &elsewhere, &Grant { cluster: &cluster, principal: PRINCIPAL })
    }

    #[test]
    fn every_mode_has_its_roles() {
        let here = sample().id.to_string();
        let like = |text: &str| format!("{REPOSITORIES} StringStartsWith '{text}'");
        let (prod, app, odd) = (like("prod/"), like("prod/app"), "@Principal[a:b] StringEquals 'c'");
        for (mode, assignments, grade, what) in [
            (Mode::Legacy, vec![assignment(PULL, &here, None)], Grade::Good, "has *AcrPull*"),
            (
                Mode::Legacy,
                vec![assignment(PULL, "/subscriptions/1", None)],
                Grade::Good,
                "inherited from a scope above",
            ),
            (
                Mode::Legacy,
                vec![assignment(PULL, &here, Some("x")), assignment(IMPORTER, &here, None)],
                Grade::Good,
                "Data Importer",
            ),
            (Mode::Legacy, vec![], Grade::Bad, "unauthorized: the kubelet identity 7777"),
            (Mode::Legacy, vec![assignment(REPOSITORY_READER, &here, None)], Grade::Bad, "no role that lets it pull"),
            (Mode::Legacy, vec![assignment(NONE[0], &here, None)], Grade::Bad, "no role that lets it pull"),
            (
                Mode::Legacy,
                vec![assignment("0123", &here, None)],
                Grade::Unchecked,
                "a role that is not known here, `0123`",
            ),
            (
                Mode::Legacy,
                vec![assignment(PULL, &here, Some("x"))],
                Grade::Unchecked,
                "a condition that is not expected",
            ),
            (
                Mode::Abac,
                vec![assignment(PULL, &here, None)],
                Grade::Bad,
                "*AcrPull* on contosoacr, which gives nothing there",
            ),
            (Mode::Abac, vec![], Grade::Bad, "which is in ABAC mode"),
            (Mode::Abac, vec![assignment(REPOSITORY_READER, &here, None)], Grade::Good, "for every repository"),
            (
                Mode::Abac,
                vec![assignment(REPOSITORY_READER, &here, Some(&prod))],
                Grade::Good,
                "lets all that are wanted",
            ),
            (
                Mode::Abac,
                vec![assignment(REPOSITORY_READER, &here, Some(&app))],
                Grade::Bad,
                "does not let `prod/web` be pulled",
            ),
            (
                Mode::Abac,
                vec![assignment(REPOSITORY_READER, &here, Some(&app)), assignment(IMPORTER, "/", None)],
                Grade::Good,
                "Data Importer",
            ),
            (
                Mode::Abac,
                vec![assignment(REPOSITORY_READER, &here, Some(odd))],
                Grade::Unchecked,
                "cannot be judged for `prod/app`, `prod/web`",
            ),
        ] {
            let judgement = judged(mode, &assignments, &[]);
            assert_eq!(judgement.grade, grade, "{assignments:#?}: {judgement:#?}");
            assert!(judgement.problem.what.contains(what), "{what}: {}", judgement.problem.what);
            assert_eq!(judgement.problem.hint.is_some(), grade != Grade::Good, "{judgement:#?}");
        }
    }

    #[test]
    fn what_mends_it_is_a_command() {
        let hint = |mode, elsewhere: &[&str]| judged(mode, &[], elsewhere).problem.hint.unwrap();
        let legacy = hint(Mode::Legacy, &[]);
        let id = sample().id;
        assert!(
            legacy.contains(&format!(
                "`az aks update --subscription 1 --resource-group rg-aks --name prod --attach-acr {id}`"
            )),
            "{legacy}"
        );
        let abac = hint(Mode::Abac, &[]);
        let expected = format!(
            "`az role assignment create --assignee-principal-type ServicePrincipal --assignee-object-id {PRINCIPAL} \
             --role 'Container Registry Repository Reader' --scope {id}`"
        );
        assert!(abac.contains(&expected), "{abac}");
        let other = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/fabrikamacr";
        let judgement = judged(Mode::Legacy, &[], &[other]);
        assert!(judgement.problem.what.contains("wrong registry? It may pull from `fabrikamacr`"), "{judgement:#?}");
    }

    #[test]
    fn another_registry_is_one_that_can_be_pulled_from() {
        let id = sample().id;
        let other = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/fabrikamacr";
        assert_eq!(assignment(PULL, other, None).elsewhere(&id), ResourceId::parse(other));
        assert_eq!(assignment(PULL, id.as_str(), None).elsewhere(&id), None);
        assert_eq!(assignment(NONE[0], other, None).elsewhere(&id), None);
        assert_eq!(assignment(PULL, "/subscriptions/1", None).elsewhere(&id), None);
    }
}
