//! State: what the world holds, as data. The other files are doors onto it.

use super::{
    SourceAuth,
    azure_devops::Organization,
    edge::Edge,
    estate::Estate,
    fault::Fault,
    github::Hub,
    identity::{Principal, Trust},
    import::{Import, Operation},
    policies::Policies,
    repository::Repository,
    resource_manager::Pending,
    seen::Seen,
    spool::Spool,
    tasks::{Habits, Yard},
    throttle::Throttle,
};
use crate::reference::Digest;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

/// Everything that changes while the emulator runs. Only the registries outlive it.
pub(super) struct State {
    pub(super) registries: BTreeMap<String, Registry>,
    pub(super) principals: Vec<Principal>,
    pub(super) federated: Vec<Trust>,
    pub(super) managed_identity: Option<String>,
    pub(super) github: Hub,
    pub(super) azure_devops: Organization,
    pub(super) certificates: Vec<(String, Vec<u8>)>,
    pub(super) estate: Estate,
    pub(super) faults: Vec<Fault>,
    /// None where everything is let through.
    pub(super) throttle: Option<Throttle>,
    pub(super) seen: Vec<Seen>,
    pub(super) imports: Vec<Import>,
    pub(super) operations: HashMap<String, Operation>,
    pub(super) pending: HashMap<String, Pending>,
    pub(super) request_ids: HashSet<String>,
    pub(super) uploads: HashMap<String, Spool>,
    /// Runs and what lies in their storage, by login server.
    pub(super) yards: HashMap<String, Yard>,
    /// How runs behave.
    pub(super) habits: Habits,
    /// Files that runs find at addresses.
    pub(super) sources: HashMap<String, BTreeMap<String, String>>,
    pub(super) import_latency: Duration,
    pub(super) poll_retry_after: Option<u64>,
    pub(super) replica_latency: Duration,
    pub(super) token_lifetime: Duration,
    pub(super) registry_page: usize,
    /// Seconds that `Date` is behind.
    pub(super) clock_behind: u32,
    pub(super) started: Instant,
}

impl State {
    pub(super) fn new(registries: BTreeMap<String, Registry>) -> Self {
        Self {
            registries,
            principals: Vec::new(),
            federated: Vec::new(),
            managed_identity: None,
            github: Hub::default(),
            azure_devops: Organization::default(),
            certificates: Vec::new(),
            estate: Estate::default(),
            faults: Vec::new(),
            throttle: None,
            seen: Vec::new(),
            imports: Vec::new(),
            operations: HashMap::new(),
            pending: HashMap::new(),
            request_ids: HashSet::new(),
            uploads: HashMap::new(),
            yards: HashMap::new(),
            habits: Habits::default(),
            sources: HashMap::new(),
            import_latency: Duration::from_millis(300),
            poll_retry_after: Some(10),
            replica_latency: Duration::from_millis(30),
            // What Entra answers in the captures of the Azure CLI.
            token_lifetime: Duration::from_secs(3599),
            registry_page: 100,
            clock_behind: 0,
            started: Instant::now(),
        }
    }

    /// Returns the Azure registry behind a resource id; the segments' case does not matter (section 2.2).
    pub(super) fn registry_by_id(&self, id: &str) -> Option<&Registry> {
        self.registries
            .values()
            .find(|registry| registry.azure().is_some_and(|azure| azure.id().eq_ignore_ascii_case(id)))
    }

    pub(super) fn principal(&self, client_id: &str) -> Option<&Principal> {
        self.principals.iter().find(|principal| principal.client_id == client_id)
    }
}

/// A registry: an Azure one or a source.
#[derive(Serialize, Deserialize)]
pub(super) struct Registry {
    pub(super) host: String,
    pub(super) role: Role,
    pub(super) repositories: BTreeMap<String, Repository>,
}

impl Registry {
    pub(super) fn azure(&self) -> Option<&Azure> {
        match &self.role {
            Role::Azure(azure) => Some(azure),
            Role::Source(_) => None,
        }
    }

    pub(super) fn source(&self) -> Option<&SourceFacts> {
        match &self.role {
            Role::Azure(_) => None,
            Role::Source(source) => Some(source),
        }
    }

    /// Returns the host that blobs are redirected to, where there is one.
    pub(super) fn storage_host(&self) -> Option<String> {
        match &self.role {
            Role::Azure(azure) => Some(super::storage::host(azure)),
            Role::Source(source) => source.storage.clone(),
        }
    }

    /// Returns the digest that a tag or a digest in text form names.
    pub(super) fn resolve(&self, repository: &str, reference: &str) -> Option<Digest> {
        let repository = self.repositories.get(repository)?;
        let digest = match reference.parse::<Digest>() {
            Ok(digest) => digest,
            Err(_) => repository.tags.get(reference)?.digest,
        };
        repository.manifests.contains_key(&digest).then_some(digest)
    }

    pub(super) fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_insert_with(Repository::new)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) enum Role {
    Azure(Box<Azure>),
    Source(SourceFacts),
}

/// What Azure Resource Manager knows of a registry (`RegistryGet.json`, 2025-11-01).
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Azure {
    pub(super) name: String,
    pub(super) login_server: String,
    pub(super) subscription: String,
    pub(super) group: String,
    pub(super) location: String,
    pub(super) sku: String,
    pub(super) public_access: bool,
    pub(super) bypass: bool,
    pub(super) abac: bool,
    pub(super) anonymous_pull: bool,
    pub(super) arm_tokens: bool,
    pub(super) users: Vec<RegistryUser>,
    /// Whether it lists what refers to an image, as every registry of Azure does and older ones elsewhere do not.
    #[serde(default = "yes")]
    pub(super) lists: bool,
    /// `dataEndpointEnabled`
    #[serde(default)]
    pub(super) data_endpoints: bool,
    /// Connected registries, scope maps and tokens.
    #[serde(default)]
    pub(super) edge: Edge,
    /// Policies, and what its regions are like.
    #[serde(default)]
    pub(super) policies: Policies,
    /// The addresses and ranges of `networkRuleSet` where its default action is `Deny`.
    #[serde(default)]
    pub(super) ip_rules: Option<Vec<String>>,
}

fn yes() -> bool {
    true
}

impl Azure {
    /// Returns whether its public endpoint lets everybody in.
    pub(super) fn is_open(&self) -> bool {
        self.public_access && self.ip_rules.is_none()
    }

    /// Returns whether its public endpoint lets an address in; rules for other ranges than the address itself let nobody
    /// of this world in.
    pub(super) fn lets_in(&self, address: &str) -> bool {
        self.public_access && self.ip_rules.as_ref().is_none_or(|rules| rules.iter().any(|rule| rule == address))
    }

    pub(super) fn id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}",
            self.subscription, self.group, self.name
        )
    }
}

/// A user of the registry itself: the admin, or a token with a scope map (section 12.4).
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct RegistryUser {
    pub(super) name: String,
    pub(super) password: String,
    /// Scope-map actions such as `repositories/app/content/read`; `None` for the admin, who may do all.
    pub(super) actions: Option<Vec<String>>,
}

/// How a source registry behaves.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SourceFacts {
    pub(super) auth: SourceAuth,
    pub(super) accounts: Vec<(String, String)>,
    pub(super) private: BTreeSet<String>,
    pub(super) ranges: bool,
    pub(super) digest_header: bool,
    pub(super) html: bool,
    /// Whether its certificates are by the company's authority, and not by the one that all clients trust.
    #[serde(default)]
    pub(super) company: bool,
    pub(super) storage: Option<String>,
    pub(super) pulls_left: Option<u32>,
}
