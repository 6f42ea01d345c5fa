//! A handle on one source registry of the world, and the habits of the known ones.

use super::{
    Image, World,
    repository::Repository,
    state::{Role, SourceFacts},
    world::split_name,
};
use crate::reference::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a source registry wants to be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceAuth {
    /// Anybody may pull, without a token (`mcr.microsoft.com`, `registry.k8s.io`).
    Anonymous,
    /// A token is needed; anybody gets one for what is public (`docker.io`, `quay.io`, `ghcr.io`).
    PublicBearer {
        /// The address of the token service.
        realm: String,
        /// The service's name for itself.
        service: String,
    },
    /// A token is needed, and only the accounts of the registry get one.
    Bearer {
        /// The address of the token service.
        realm: String,
        /// The service's name for itself.
        service: String,
    },
    /// User name and password with every request.
    Basic,
}

/// One source registry, to seed and to change.
#[derive(Clone)]
pub struct Source {
    world: World,
    host: String,
}

impl Source {
    pub(super) fn new(world: World, host: String) -> Self {
        Self { world, host }
    }

    fn set(self, set: impl FnOnce(&mut SourceFacts)) -> Self {
        let mut state = self.world.state();
        if let Some(Role::Source(facts)) = state.registries.get_mut(&self.host).map(|registry| &mut registry.role) {
            set(facts);
        }
        drop(state);
        self
    }

    fn change<T>(&self, repository: &str, change: impl FnOnce(&mut Repository) -> Option<T>) -> Option<T> {
        change(self.world.state().registries.get_mut(&self.host)?.repositories.get_mut(repository)?)
    }

    /// Sets how the registry wants to be asked.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn auth(self, auth: SourceAuth) -> Self {
        self.set(|facts| facts.auth = auth)
    }

    /// Makes the registry private: a bearer token for this account only, from `https://HOST/token`.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn private_bearer(self, user: &str, password: &str) -> Self {
        let (realm, service) = (format!("https://{}/token", self.host), self.host.clone());
        self.auth(SourceAuth::Bearer { realm, service }).account(user, password)
    }

    /// Makes the registry private: Basic authentication for this account only.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn private_basic(self, user: &str, password: &str) -> Self {
        self.auth(SourceAuth::Basic).account(user, password)
    }

    /// Adds an account. Accounts may read everything, the private repositories too.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn account(self, user: &str, password: &str) -> Self {
        let account = (user.to_owned(), password.to_owned());
        self.set(|facts| {
            facts.accounts.retain(|known| known.0 != account.0);
            facts.accounts.push(account);
        })
    }

    /// Hides a repository from everybody without an account.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn private(self, repository: &str) -> Self {
        self.set(|facts| facts.private.extend([repository.to_owned()]))
    }

    /// Puts an image under `repository:tag`.
    pub fn put(&self, name: &str, image: &Image) -> Digest {
        let (repository, tag) = split_name(name);
        self.world.put(&self.host, repository, Some(tag), image)
    }

    /// Puts an image into a repository under no tag.
    pub fn put_untagged(&self, repository: &str, image: &Image) -> Digest {
        self.world.put(&self.host, repository, None, image)
    }

    /// Points a tag at another image; the old one stays, under its digest.
    pub fn move_tag(&self, name: &str, image: &Image) -> Digest {
        self.put(name, image)
    }

    /// Returns what a tag points to.
    pub fn tag(&self, repository: &str, tag: &str) -> Option<Digest> {
        Some(self.world.state().registries.get(&self.host)?.repositories.get(repository)?.tags.get(tag)?.digest)
    }

    /// Removes a tag and the manifest it names.
    pub fn remove(&self, name: &str) {
        let (repository, tag) = split_name(name);
        self.change(repository, |repository| {
            let tag = repository.tags.remove(tag)?;
            repository.manifests.remove(&tag.digest)
        });
    }

    /// Ignores `Range`; imports from here fail (section 4, "RFC 7233").
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn without_ranges(self) -> Self {
        self.set(|facts| facts.ranges = false)
    }

    /// Sends no `Docker-Content-Digest`; imports from here fail (acr#422).
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn without_digest_header(self) -> Self {
        self.set(|facts| facts.digest_header = false)
    }

    /// Answers everything with a page of HTML.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn html(self) -> Self {
        self.set(|facts| facts.html = true)
    }

    /// Shows certificates by the company's authority ([`World::company_ca_pem`]), and not by the one of the emulator.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn company_certificates(self) -> Self {
        self.set(|facts| facts.company = true)
    }

    /// Redirects blobs to another host, which refuses requests that carry an `Authorization` header.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn storage(self, host: &str) -> Self {
        self.set(|facts| facts.storage = Some(host.to_owned()))
    }

    /// Serves blobs itself.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn without_storage(self) -> Self {
        self.set(|facts| facts.storage = None)
    }

    /// Lets this many manifests be fetched before 429 is answered; HEAD requests are not counted (section 17).
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn pulls_left(self, number: u32) -> Self {
        self.set(|facts| facts.pulls_left = Some(number))
    }
}

/// Returns the habits of a host (sections 17 and 18); unknown hosts let anybody pull.
pub(super) fn facts_for(host: &str) -> SourceFacts {
    let bearer = |realm: &str, service: &str| SourceAuth::PublicBearer { realm: realm.into(), service: service.into() };
    let (auth, storage) = match host {
        "docker.io" => {
            (bearer("https://auth.docker.io/token", "registry.docker.io"), Some("production.cloudflare.docker.com"))
        }
        "quay.io" => (bearer("https://quay.io/v2/auth", "quay.io"), Some("cdn01.quay.io")),
        "ghcr.io" => (bearer("https://ghcr.io/token", "ghcr.io"), Some("pkg-containers.githubusercontent.com")),
        "mcr.microsoft.com" => (SourceAuth::Anonymous, Some("westeurope.data.mcr.microsoft.com")),
        _ => (SourceAuth::Anonymous, None),
    };
    SourceFacts {
        auth,
        accounts: Vec::new(),
        private: BTreeSet::new(),
        ranges: true,
        digest_header: true,
        html: false,
        company: false,
        storage: storage.map(str::to_owned),
        pulls_left: None,
    }
}
