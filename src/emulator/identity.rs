//! Identities: who may sign in, and what Azure lets them do.

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
    /// *Container Registry Repository Contributor*: the data rights in ABAC mode.
    pub repository_contributor: bool,
    /// *Container Registry Repository Catalog Lister*.
    pub catalog_lister: bool,
    /// The names of the registries this holds for; all when empty.
    pub registries: Vec<String>,
}

impl Rights {
    /// Returns the rights of *Container Registry Data Importer and Data Reader*.
    pub fn importer() -> Self {
        Self { importer: true, reader: true, ..Self::default() }
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
            repository_contributor: true,
            catalog_lister: true,
            registries: Vec::new(),
        }
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

    pub(super) fn holds_for(&self, registry: &str) -> bool {
        self.registries.is_empty() || self.registries.iter().any(|name| name.eq_ignore_ascii_case(registry))
    }

    pub(super) fn may_import(&self, registry: &str) -> bool {
        self.importer && self.holds_for(registry)
    }

    pub(super) fn may_read(&self, registry: &str) -> bool {
        (self.importer || self.reader) && self.holds_for(registry)
    }

    /// Returns the data-plane actions these rights give on every repository of a registry.
    pub(super) fn actions(&self, registry: &str, abac: bool) -> Vec<&'static str> {
        let mut actions = Vec::new();
        if !self.holds_for(registry) {
            return actions;
        }
        let classic = !abac;
        let contributes = abac && self.repository_contributor;
        if self.importer || contributes || classic && (self.pull || self.push) {
            actions.extend(["pull", "metadata_read"]);
        }
        if contributes || classic && self.push {
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
