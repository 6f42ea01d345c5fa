//! World: the handle by which tests and commands seed the emulator and look into it.

use super::{
    AzureRegistry, Fault, Image, Import, Seen, Source,
    certificate::Authority,
    content::{Content, write_atomically},
    repository::Manifest,
    source::facts_for,
    state::{Azure, Registry, Role, State},
    token::Mint,
};
use crate::reference::Digest;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The tenant of the world.
pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";
/// The subscription that holds the registries.
pub const SUBSCRIPTION: &str = "22222222-2222-2222-2222-222222222222";
/// The resource group of the first registry.
pub const GROUP: &str = "rg-images";

/// The registries, identities and misbehaviour that an [`Emulator`](super::Emulator) serves. Clones share one world.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    content: Content,
    mint: Mint,
    dir: Option<PathBuf>,
    is_changed: AtomicBool,
    company: OnceLock<Arc<Authority>>,
}

const INDEX: &str = "registries.json";

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Makes a world with nothing in it.
    pub fn new() -> Self {
        Self::of(BTreeMap::new(), Content::in_memory(), Mint::new(), None)
    }

    /// Makes a world whose registries are kept in a directory, and loads what an earlier one left there.
    ///
    /// # Errors
    /// When the directory cannot be made or read, or its index is none of ours.
    pub fn with_data(dir: &Path) -> io::Result<Self> {
        let content = Content::in_dir(dir)?;
        let registries = match fs::read(dir.join(INDEX)) {
            Ok(index) => serde_json::from_slice(&index)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self::of(registries, content, Mint::kept_in(&dir.join("key"))?, Some(dir.to_owned())))
    }

    fn of(registries: BTreeMap<String, Registry>, content: Content, mint: Mint, dir: Option<PathBuf>) -> Self {
        let state = Mutex::new(State::new(registries));
        let (is_changed, company) = (AtomicBool::new(false), OnceLock::new());
        Self(Arc::new(Inner { state, content, mint, dir, is_changed, company }))
    }

    /// Creates `NAME.azurecr.io`, Premium and open to all networks, or returns the one that is there.
    ///
    /// A name with a dot is taken as the whole login server. The first registry lies in the group `rg-images`,
    /// the second and later ones in `rg-NAME`.
    pub fn azure_registry(&self, name: &str) -> AzureRegistry {
        let login_server = if name.contains('.') {
            name.to_ascii_lowercase()
        } else {
            format!("{}.azurecr.io", name.to_ascii_lowercase())
        };
        let name = name.split('.').next().unwrap_or(name).to_owned();
        let mut state = self.state();
        let is_first = !state.registries.values().any(|registry| registry.azure().is_some());
        state.registries.entry(login_server.clone()).or_insert_with(|| Registry {
            host: login_server.clone(),
            role: Role::Azure(Box::new(Azure {
                group: if is_first { GROUP.to_owned() } else { format!("rg-{}", name.trim_end_matches("acr")) },
                name,
                login_server: login_server.clone(),
                subscription: SUBSCRIPTION.to_owned(),
                location: "westeurope".to_owned(),
                sku: "Premium".to_owned(),
                public_access: true,
                bypass: true,
                abac: false,
                anonymous_pull: false,
                arm_tokens: true,
                users: Vec::new(),
                lists: true,
                data_endpoints: false,
                edge: super::edge::Edge::default(),
                policies: super::policies::Policies::default(),
                ip_rules: None,
            })),
            repositories: BTreeMap::new(),
        });
        AzureRegistry::new(self.clone(), login_server)
    }

    /// Creates a source registry with the habits its host is known for, or returns the one that is there.
    pub fn source(&self, host: &str) -> Source {
        let host = canonical(host);
        self.state().registries.entry(host.clone()).or_insert_with(|| Registry {
            host: host.clone(),
            role: Role::Source(facts_for(&host)),
            repositories: BTreeMap::new(),
        });
        Source::new(self.clone(), host)
    }

    /// Returns the certificate of the company's authority as PEM: no client trusts it before it is told to.
    pub fn company_ca_pem(&self) -> String {
        self.company().pem().to_owned()
    }

    fn company(&self) -> &Arc<Authority> {
        self.0.company.get_or_init(|| Arc::new(Authority::new().expect("an authority can be made")))
    }

    /// Returns the company's authority where a host has certificates by it.
    pub(super) fn company_at(&self, host: &str) -> Option<&Arc<Authority>> {
        let name = canonical(host);
        let is_its = |it: &Registry| it.host == name || it.storage_host().as_deref() == Some(host);
        let is_company = |it: &Registry| it.source().is_some_and(|source| source.company) && is_its(it);
        let is_company = self.state().registries.values().any(is_company);
        is_company.then(|| self.company())
    }

    /// Sets how long an import takes until the image is there; 300 ms at first.
    pub fn import_latency(&self, latency: Duration) {
        self.state().import_latency = latency;
    }

    /// Sets how long a replica takes until it is ready; 30 ms at first.
    pub fn replica_latency(&self, latency: Duration) {
        self.state().replica_latency = latency;
    }

    /// Sets the `Retry-After` of an operation's polls; 10 s at first, as the service answers.
    pub fn poll_retry_after(&self, seconds: u64) {
        self.state().poll_retry_after = Some(seconds);
    }

    /// Leaves the `Retry-After` of an operation's polls out.
    pub fn poll_without_retry_after(&self) {
        self.state().poll_retry_after = None;
    }

    /// Sets how long Entra's tokens are valid; 3599 s at first.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.state().token_lifetime = lifetime;
    }

    /// Sets how far the clock by which every host dates its answers is behind that of this machine, in seconds.
    pub fn clock_behind(&self, seconds: u32) {
        self.state().clock_behind = seconds;
    }

    /// Sets how many registries a page of their list holds; 100 at first.
    pub fn registry_page(&self, number: usize) {
        self.state().registry_page = number.max(1);
    }

    /// Queues a fault behind those that wait.
    pub fn fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Lets Resource Manager and Azure registries throttle as those of the Basic tier do; at first they let everything
    /// through.
    pub fn throttle(&self) {
        self.state().throttle = Some(super::throttle::Throttle::default());
    }

    /// Drops all faults that wait.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Returns how many faults still wait.
    pub fn faults_left(&self) -> usize {
        self.state().faults.len()
    }

    /// Returns every request since the start or the last clearing, in the order in which they were answered.
    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// Forgets the requests.
    pub fn clear_requests(&self) {
        self.state().seen.clear();
    }

    /// Returns every import that Resource Manager accepted.
    pub fn imports(&self) -> Vec<Import> {
        self.state().imports.clone()
    }

    /// Writes the registries to the directory of [`World::with_data`], if there is one and anything changed.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn save(&self) -> io::Result<()> {
        self.0.save()
    }

    /// Returns whether there is a directory to save in.
    pub(super) fn is_kept(&self) -> bool {
        self.0.dir.is_some()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn content(&self) -> &Content {
        &self.0.content
    }

    pub(super) fn mint(&self) -> &Mint {
        &self.0.mint
    }

    pub(super) fn mark_changed(&self) {
        self.0.is_changed.store(true, Ordering::Release);
    }

    /// Puts an image whole into a repository, under a tag if one is named.
    pub(super) fn put(&self, host: &str, repository: &str, tag: Option<&str>, image: &Image) -> Digest {
        let built = image.build();
        let root = built.root();
        let blobs: Vec<_> = built.blobs.into_iter().map(|blob| self.content().put(blob)).collect();
        let mut state = self.state();
        if let Some(registry) = state.registries.get_mut(host) {
            let repository = registry.repository(repository);
            repository.blobs.extend(blobs);
            for (media_type, bytes) in built.manifests {
                let manifest = Manifest::new(media_type, &bytes);
                repository.add_manifest(self.content().put(bytes), manifest);
            }
            if let Some(tag) = tag {
                repository.set_tag(tag, root);
            }
        }
        drop(state);
        self.mark_changed();
        root
    }
}

impl Inner {
    fn save(&self) -> io::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        if !self.is_changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let index = serde_json::to_vec(&self.state.lock().unwrap_or_else(PoisonError::into_inner).registries)?;
        write_atomically(&dir.join(INDEX), &index)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nobody is left to be told of a full disk; what was saved before is still whole.
        drop(self.save());
    }
}

/// Returns the one name a registry is kept under, whichever of Docker Hub's names is used.
pub(super) fn canonical(host: &str) -> String {
    crate::reference::Registry::parse(host).map_or_else(|_| host.to_ascii_lowercase(), |registry| registry.to_string())
}

/// Splits `repository:tag`; no tag is `latest`.
pub(super) fn split_name(name: &str) -> (&str, &str) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}
