//! Identities: who may sign in, and what Azure lets them do.

use super::{World, token::Kind};
use std::time::Duration;

/// What the role assignments of an identity allow.
///
/// The roles and what they hold: Microsoft's article "Azure Container Registry roles directory reference", and
/// "ABAC-enabled repository permissions" for registries in that mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// *Container Registry Data Importer and Data Reader*: importing, reading the resource, reading all data.
    pub importer: bool,
    /// *Reader*: seeing the registry resource.
    pub reader: bool,
    /// *AcrPull*; gives nothing on a registry in ABAC mode.
    pub pull: bool,
    /// *AcrPush*; gives nothing on a registry in ABAC mode.
    pub push: bool,
    /// *AcrDelete*; gives nothing on a registry in ABAC mode.
    pub delete: bool,
    /// *Container Registry Repository Writer*: reading and writing data in ABAC mode, without deleting.
    pub repository_writer: bool,
    /// *Container Registry Repository Contributor*: the data rights in ABAC mode.
    pub repository_contributor: bool,
    /// *Container Registry Repository Catalog Lister*.
    pub catalog_lister: bool,
    /// *Container Registry Contributor and Data Access Configuration Administrator*: the registry's settings and replicas,
    /// connected registries, scope maps, tokens and their passwords.
    pub access_administrator: bool,
    /// *Container Registry Tasks Contributor*: runs, their sources and logs, standing tasks.
    pub tasks_contributor: bool,
    /// The names of the registries this holds for; all when empty.
    pub registries: Vec<String>,
    /// *Reader* at these scopes: what lies there and below, clusters, networks, zones and role assignments among it.
    pub scopes: Vec<String>,
    /// *Contributor* where `scopes` say: changing clusters and networks.
    pub contributor: bool,
    /// *Role Based Access Control Administrator* where `scopes` say: granting roles.
    pub granter: bool,
}

impl Rights {
    /// Returns the rights of *Container Registry Data Importer and Data Reader*.
    pub fn importer() -> Self {
        Self { importer: true, ..Self::default() }
    }

    /// Returns the rights of *Reader* and *AcrPull*: enough for a plan, too little for an import.
    pub fn reader() -> Self {
        Self { reader: true, pull: true, ..Self::default() }
    }

    /// Returns the rights of *Contributor*, with the repository roles that ABAC mode asks for beside it.
    pub fn contributor() -> Self {
        Self {
            importer: true,
            reader: true,
            pull: true,
            push: true,
            delete: true,
            repository_writer: true,
            repository_contributor: true,
            catalog_lister: true,
            access_administrator: true,
            tasks_contributor: true,
            registries: Vec::new(),
            // Its `*/read`, at the subscription.
            scopes: vec!["/subscriptions".to_owned()],
            contributor: true,
            granter: false,
        }
    }

    /// Returns the same rights, with those of *Container Registry Contributor and Data Access Configuration Administrator*
    /// besides.
    #[must_use]
    pub fn administering_access(self) -> Self {
        Self { access_administrator: true, ..self }
    }

    /// Returns the same rights, with those of *Container Registry Tasks Contributor* besides.
    #[must_use]
    pub fn contributing_tasks(self) -> Self {
        Self { tasks_contributor: true, ..self }
    }

    /// Returns no rights at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns the same rights on the named registries only.
    #[must_use]
    pub fn only_on<'a>(self, registries: impl IntoIterator<Item = &'a str>) -> Self {
        Self { registries: registries.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// Returns the same rights, with that to grant roles besides.
    #[must_use]
    pub fn granting(self) -> Self {
        Self { granter: true, ..self }
    }

    /// Returns the same rights, with *Reader* at scopes besides.
    #[must_use]
    pub fn reading<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self { scopes: scopes.into_iter().map(Into::into).collect(), ..self }
    }

    /// Returns whether *Reader* holds for what an id names.
    pub(super) fn may_see(&self, id: &str) -> bool {
        self.scopes.iter().any(|scope| super::estate::is_within(id, scope))
    }

    pub(super) fn holds_for(&self, registry: &str) -> bool {
        self.registries.is_empty() || self.registries.iter().any(|name| name.eq_ignore_ascii_case(registry))
    }

    pub(super) fn may_import(&self, registry: &str) -> bool {
        self.importer && self.holds_for(registry)
    }

    pub(super) fn may_read(&self, registry: &str) -> bool {
        (self.importer || self.reader || self.access_administrator || self.tasks_contributor)
            && self.holds_for(registry)
    }

    /// Reading connected registries, scope maps and tokens: *Reader* has `*/read`.
    pub(super) fn may_read_access(&self, registry: &str) -> bool {
        (self.reader || self.access_administrator) && self.holds_for(registry)
    }

    /// Reading replicas, cache rules and usage: *Reader* has `*/read`, *Data Importer and Data Reader* has not.
    pub(super) fn may_read_settings(&self, registry: &str, id: &str) -> bool {
        self.may_read_access(registry) || self.may_see(id)
    }

    /// Reading tasks and runs: *Reader* has `*/read`.
    pub(super) fn may_read_tasks(&self, registry: &str) -> bool {
        (self.reader || self.tasks_contributor) && self.holds_for(registry)
    }

    /// Scheduling, calling off, sources, logs, and changing tasks.
    pub(super) fn may_do_tasks(&self, registry: &str) -> bool {
        self.tasks_contributor && self.holds_for(registry)
    }

    pub(super) fn may_write_access(&self, registry: &str) -> bool {
        self.access_administrator && self.holds_for(registry)
    }

    /// Returns the data-plane actions these rights give on every repository of a registry.
    pub(super) fn actions(&self, registry: &str, abac: bool) -> Vec<&'static str> {
        let mut actions = Vec::new();
        if !self.holds_for(registry) {
            return actions;
        }
        let classic = !abac;
        let contributes = abac && self.repository_contributor;
        let writes = contributes || abac && self.repository_writer;
        if self.importer || writes || classic && (self.pull || self.push) {
            actions.extend(["pull", "metadata_read"]);
        }
        if writes || classic && self.push {
            actions.extend(["push", "metadata_write"]);
        }
        if contributes || classic && self.delete {
            actions.push("delete");
        }
        actions
    }

    /// Returns whether these rights let the catalogue be listed.
    pub(super) fn may_list(&self, registry: &str, abac: bool) -> bool {
        self.holds_for(registry) && (self.importer || self.catalog_lister || !abac && (self.pull || self.push))
    }
}

/// A service principal or managed identity.
#[derive(Debug, Clone)]
pub(super) struct Principal {
    pub(super) client_id: String,
    pub(super) object_id: String,
    pub(super) secret: Option<String>,
    pub(super) rights: Rights,
}

/// A federated credential: whose tokens stand for which application (Entra, "workload identity federation").
#[derive(Debug, Clone)]
pub(super) struct Trust {
    pub(super) client_id: String,
    pub(super) issuer: String,
    pub(super) subject: String,
}

impl World {
    /// Creates a service principal with a client secret.
    pub fn identity(&self, client_id: &str, secret: &str, rights: Rights) {
        self.add_principal(client_id, Some(secret), rights);
    }

    /// Creates an application that an outside identity provider's tokens stand for.
    pub fn federated_identity(&self, client_id: &str, issuer: &str, subject: &str, rights: Rights) {
        self.add_principal(client_id, None, rights);
        let trust = Trust { client_id: client_id.to_owned(), issuer: issuer.to_owned(), subject: subject.to_owned() };
        self.state().federated.push(trust);
    }

    /// Creates an application that signs in by this certificate, which is PEM.
    ///
    /// # Panics
    /// When the text holds no certificate.
    pub fn certificate_identity(&self, client_id: &str, pem: &str, rights: Rights) {
        use rustls::pki_types::pem::PemObject;
        let certificate = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes());
        let certificate = certificate.expect("a certificate is given").to_vec();
        self.add_principal(client_id, None, rights);
        self.state().certificates.push((client_id.to_owned(), certificate));
    }

    /// Creates a managed identity and makes it the machine's; the address 169.254.169.254 gives its tokens.
    pub fn managed_identity(&self, client_id: &str, rights: Rights) {
        self.add_principal(client_id, None, rights);
        self.state().managed_identity = Some(client_id.to_owned());
    }

    fn add_principal(&self, client_id: &str, secret: Option<&str>, rights: Rights) {
        let mut state = self.state();
        let known = state.principals.iter().position(|principal| principal.client_id == client_id);
        let before = known.map(|at| state.principals.remove(at));
        // The object id differs from the client id, and follows from it so that texts stay the same.
        let object_id = format!("55555555{}", client_id.get(8..).unwrap_or_default());
        let secret = secret.map(str::to_owned).or_else(|| before.and_then(|before| before.secret));
        state.principals.push(Principal { client_id: client_id.to_owned(), object_id, secret, rights });
    }

    /// Makes a token that a federated identity provider could have made.
    pub fn federated_token(&self, issuer: &str, subject: &str) -> String {
        let claims = serde_json::json!({"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange"});
        self.mint().issue(Kind::Access, Duration::from_secs(300), claims)
    }
}
