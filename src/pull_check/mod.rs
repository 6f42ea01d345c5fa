//! Pull check: whether an AKS cluster can pull from the registry, as seen from Resource Manager: who pulls, what it may,
//! by which way it reaches the registry, and whether the images are there.
//!
//! It reads and changes nothing. Each part is asked for alone, so that one that cannot be asked hides no other; what the
//! answers mean is decided by functions that ask nobody. `az aks check-acr` looks from within the cluster, which takes
//! its credentials; it passes where only some node pools or repositories fail (AKS issue 4459).

mod address;
mod ask;
mod assignment;
mod cluster;
mod command;
mod condition;
mod door;
mod endpoint;
mod grants;
mod image;
mod names;
mod network;
mod outbound;
mod private;
mod remark;
mod resource_id;
mod setting;
mod site;

use crate::{azure::Arm, problem::Problem};
use assignment::Assignment;
use cluster::{ClusterFacts, Puller};
use command::Command;
use door::{Door, Public};
use endpoint::Endpoint;
use grants::Grant;
use network::View;
use remark::Judgement;
use resource_id::ResourceId;
use site::Site;
use std::collections::BTreeSet;

pub use command::quoted;
pub use image::{DataPlane, Image};
pub use remark::{Grade, Remark, Topic};
pub use setting::{Cluster, PullCheck};

/// The newest stable version of Microsoft.Authorization's role assignments.
const GRANTS_VERSION: &str = "2022-04-01";
/// Private endpoints of one registry that are looked at.
const MOST_ENDPOINTS: usize = 16;
/// Networks of one cluster that are looked at.
const MOST_NETWORKS: usize = 8;
/// Other registries that a sentence names.
const MOST_ELSEWHERE: usize = 3;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The clusters.
    pub checks: &'a [PullCheck],
    /// The repositories of the list; each cluster pulls those that it says.
    pub repositories: &'a BTreeSet<String>,
    /// The images that are looked for in the registry: those that nobody is about to bring there.
    pub images: &'a [Image],
}

/// Checks every cluster against a registry, named by its resource id. Cannot fail: what could not be asked is a remark.
///
/// Returns the remarks cluster by cluster, in the order in which a pull comes to each; those on images at the end.
pub async fn check(
    question: &Question<'_>,
    arm: &Arm,
    registry: &str,
    plane: &Result<DataPlane<'_>, Problem>,
) -> Vec<Remark> {
    if question.checks.is_empty() {
        return Vec::new();
    }
    let door = door::ask(arm, registry).await;
    let endpoints = match &door {
        Ok(door) => endpoints(arm, door).await,
        Err(_) => Vec::new(),
    };
    let mut remarks = Vec::new();
    // One by one: a handful of clusters takes a handful of questions each.
    for check in question.checks {
        remarks.extend(one(check, question, arm, &door, &endpoints).await);
    }
    remarks.extend(image::check(question.checks, question.images, plane).await);
    remarks
}

/// Asks for each private endpoint whose connection is approved.
async fn endpoints(arm: &Arm, door: &Door) -> Vec<Result<Endpoint, Problem>> {
    let zone = door.zone();
    let approved = door.connections.iter().filter(|connection| connection.status == "Approved").take(MOST_ENDPOINTS);
    let mut endpoints = Vec::new();
    for connection in approved {
        endpoints.push(match &connection.endpoint {
            Some(id) => endpoint::ask(arm, id, &zone).await,
            None => Err(ask::unreadable("the id of a private endpoint")),
        });
    }
    endpoints
}

async fn one(
    check: &PullCheck,
    question: &Question<'_>,
    arm: &Arm,
    door: &Result<Door, Problem>,
    endpoints: &[Result<Endpoint, Problem>],
) -> Vec<Remark> {
    let name = check.cluster.name();
    let cluster = match cluster::ask(arm, check.cluster.id()).await {
        Ok(Some(cluster)) => cluster,
        Ok(None) => {
            let what = format!("there is no cluster `{name}` in the group `{}`", check.cluster.id().group());
            let show = Command::new("az aks list")
                .with("--query", "[].id")
                .with("--subscription", check.cluster.id().subscription());
            let hint = format!("Write the id of the cluster that is meant into `pull-check`: {show}.");
            return vec![Judgement::new(Topic::Cluster, Grade::Bad, what).hint(hint).of(name)];
        }
        Err(problem) => return vec![Judgement::unchecked(Topic::Cluster, "the cluster", &problem).of(name)],
    };
    let mut judgements = vec![cluster.judge()];
    match door {
        Ok(door) => {
            let of_list = question.repositories.iter().filter(|repository| check.pulls(repository)).cloned();
            let repositories = of_list.chain(check.named()).collect();
            judgements.push(right(arm, door, &cluster, &repositories).await);
            judgements.extend(network(arm, door, &cluster, endpoints).await);
            judgements.extend(door.naming());
        }
        Err(problem) => judgements.push(Judgement::unchecked(Topic::Network, "the registry", problem)),
    }
    judgements.into_iter().map(|judgement| judgement.of(name)).collect()
}

async fn right(arm: &Arm, door: &Door, cluster: &ClusterFacts, repositories: &BTreeSet<String>) -> Judgement {
    let unchecked = |what: String| Judgement::new(Topic::Right, Grade::Unchecked, what);
    let principal = match &cluster.puller {
        // It stands in a filter, between quotes.
        Puller::Kubelet(id) if id.chars().all(|c| c.is_ascii_hexdigit() || c == '-') => id,
        Puller::Kubelet(_) => return grants::unasked(&ask::unreadable("the object id of the kubelet identity")),
        Puller::ServicePrincipal(id) => {
            let list = Command::new("az role assignment list --include-inherited --include-groups")
                .with("--assignee", id)
                .with("--scope", door.id.as_str());
            return unchecked(format!(
                "the cluster pulls as the application {id}, whose object id only Microsoft Graph knows: its grants are not asked for"
            ))
            .hint(format!("See them yourself: {list}."));
        }
        Puller::Unnamed => {
            return unchecked("who pulls is not known, and so not what it may".to_owned())
                .hint("Look at `identityProfile` of the cluster: `az aks show`.");
        }
    };
    let path = format!("{}/providers/Microsoft.Authorization/roleAssignments", door.id);
    let filter = format!("atScope() and assignedTo('{principal}')");
    let role = "*Reader* on the registry, which may read its role assignments";
    let assignments = match ask::list(arm, &path, GRANTS_VERSION, &filter, role).await {
        Ok(assignments) => assignments.iter().map(Assignment::read).collect::<Vec<_>>(),
        Err(problem) => return grants::unasked(&problem),
    };
    let grant = Grant { cluster: &cluster.id, principal };
    let judged = grants::judge(&assignments, door, repositories, &[], &grant);
    if judged.grade != Grade::Bad {
        return judged;
    }
    let elsewhere = elsewhere(arm, door, principal).await;
    grants::judge(&assignments, door, repositories, &elsewhere, &grant)
}

/// Returns the other registries of the subscription that an identity may pull from. Without the right to ask for them
/// none is named.
async fn elsewhere(arm: &Arm, door: &Door, principal: &str) -> Vec<ResourceId> {
    let path = format!("/subscriptions/{}/providers/Microsoft.Authorization/roleAssignments", door.id.subscription());
    let filter = format!("assignedTo('{principal}')");
    let all = ask::list(arm, &path, GRANTS_VERSION, &filter, "").await.unwrap_or_default();
    let mut found: Vec<ResourceId> = Vec::new();
    for registry in all.iter().filter_map(|it| Assignment::read(it).elsewhere(&door.id)) {
        if !found.contains(&registry) && found.len() < MOST_ELSEWHERE {
            found.push(registry);
        }
    }
    found
}

async fn network(
    arm: &Arm,
    door: &Door,
    cluster: &ClusterFacts,
    endpoints: &[Result<Endpoint, Problem>],
) -> Vec<Judgement> {
    let addresses = match &door.public {
        Public::Rules(_) => cluster.outbound.addresses(arm).await,
        Public::Open | Public::Off => Ok(Vec::new()),
    };
    // Where no private endpoint is, no network need be known but for the command that makes one.
    let sites = if endpoints.is_empty() { Ok(Vec::new()) } else { sites(arm, cluster).await };
    let sites = match sites {
        Ok(sites) if sites.is_empty() && !endpoints.is_empty() => {
            vec![Err(ask::unreadable("no network of the cluster"))]
        }
        Ok(sites) if sites.is_empty() => vec![Err(ask::unreadable("no network was asked for"))],
        Ok(sites) => sites,
        Err(problem) => vec![Err(problem)],
    };
    let mut judgements: Vec<Judgement> = Vec::new();
    for site in &sites {
        let network = site.as_ref().ok().map(|site| &site.network).or(cluster.networks.first());
        let private = private::judge(door, endpoints, site);
        let view = View { door, private, outbound: &cluster.outbound, addresses: &addresses, network };
        for judgement in view.judge() {
            // What holds for all of its networks is said once.
            if !judgements.contains(&judgement) {
                judgements.push(judgement);
            }
        }
    }
    judgements
}

async fn sites(arm: &Arm, cluster: &ClusterFacts) -> Result<Vec<Result<Site, Problem>>, Problem> {
    let mut sites = Vec::new();
    for network in cluster.all_networks(arm).await?.iter().take(MOST_NETWORKS) {
        sites.push(site::ask(arm, network).await);
    }
    Ok(sites)
}
