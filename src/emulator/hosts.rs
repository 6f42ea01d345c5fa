//! Hosts: which names the world answers to, and where the others lead.

use super::{World, azure_devops, github, policies, state::State, world::canonical};
use std::net::SocketAddr;

/// Where a name leads.
pub(super) enum Leads {
    /// Into the world.
    Here { host: String, is_direct: bool },
    /// To another server on this machine.
    Through,
    /// Outside, where the emulator does not go.
    Nowhere,
}

/// What stands behind a host of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Entra sign-in, in any cloud.
    Entra,
    /// Resource Manager, in any cloud.
    Arm,
    /// The instance metadata service of a virtual machine.
    Imds,
    /// An Azure or source registry, by its one name.
    Registry(String),
    /// The API of a GitHub server, by the server's name.
    GitHub(String),
    /// The host that gives the jobs of github.com their identity tokens.
    GitHubOidc,
    /// Azure DevOps.
    AzureDevOps,
    /// The token service of a registry that has it on a host of its own.
    TokenService(String),
    /// The storage behind a registry.
    Storage(String),
    /// The Artifact Registry that `registry.k8s.io` redirects to.
    Kubernetes,
    /// A name of Docker Hub that serves no API.
    HubPage,
}

/// The sign-in hosts of section 1.1.
pub(super) const ENTRA: [&str; 5] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.sovcloud-identity.fr",
    "login.windows.net",
];
/// The Resource Manager hosts of section 1.1.
const ARM: [&str; 4] = [
    "management.azure.com",
    "management.usgovcloudapi.net",
    "management.chinacloudapi.cn",
    "management.sovcloud-api.fr",
];
/// The regional host that `registry.k8s.io` redirects a client in western Europe to.
pub(super) const KUBERNETES_MIRROR: &str = "europe-west4-docker.pkg.dev";

/// Returns what stands behind a host name.
pub(super) fn place(state: &State, host: &str) -> Option<Place> {
    let has = |name: &str| state.registries.contains_key(name);
    match host {
        _ if ENTRA.contains(&host) => Some(Place::Entra),
        _ if ARM.contains(&host) => Some(Place::Arm),
        "169.254.169.254" => Some(Place::Imds),
        "docker.io" if has("docker.io") => Some(Place::HubPage),
        "auth.docker.io" if has("docker.io") => Some(Place::TokenService("docker.io".to_owned())),
        KUBERNETES_MIRROR if has("registry.k8s.io") => Some(Place::Kubernetes),
        azure_devops::HOST => Some(Place::AzureDevOps),
        github::OIDC_HOST if state.github.has_server(github::DOT_COM) => Some(Place::GitHubOidc),
        _ => {
            if let Some(server) = github::server_of(host).filter(|server| state.github.has_server(server)) {
                return Some(Place::GitHub(server.to_owned()));
            }
            let name = canonical(host);
            if has(&name) {
                return Some(Place::Registry(name));
            }
            let has_region = |it: &&super::state::Registry| {
                it.azure().is_some_and(|azure| policies::regional_hosts(state, azure).iter().any(|it| it == host))
            };
            if let Some(registry) = state.registries.values().find(has_region) {
                return Some(Place::Registry(registry.host.clone()));
            }
            let behind = |it: &&super::state::Registry| it.storage_host().as_deref() == Some(host);
            state.registries.values().find(behind).map(|registry| Place::Storage(registry.host.clone()))
        }
    }
}

/// Returns where a host with or without port leads; the emulator's own address means its first Azure registry.
pub(super) fn lead(world: &World, authority: &str, own: SocketAddr) -> Leads {
    let (host, port) = split_port(authority);
    let state = world.state();
    // A registry may be seeded with its port, such as `registry.corp.example:5000`.
    for name in [authority, host] {
        if place(&state, &name.to_ascii_lowercase()).is_some() {
            return Leads::Here { host: name.to_ascii_lowercase(), is_direct: false };
        }
    }
    let is_loopback = crate::reference::Registry::parse(host).is_ok_and(|host| host.is_loopback());
    if !is_loopback {
        return Leads::Nowhere;
    }
    if port.is_none_or(|port| port != own.port()) {
        return Leads::Through;
    }
    let first = state
        .registries
        .values()
        .filter_map(|registry| registry.azure())
        .min_by_key(|azure| azure.group != super::world::GROUP);
    match first {
        Some(azure) => Leads::Here { host: azure.login_server.clone(), is_direct: true },
        None => Leads::Nowhere,
    }
}

/// Splits `host:port`.
pub(super) fn split_port(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (authority, None),
    }
}
