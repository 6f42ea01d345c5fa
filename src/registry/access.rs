//! Access: what is to be done in a repository, as a token's scope says it (distribution token specification).

/// What is asked of one repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a> {
    /// The repository.
    pub repository: &'a str,
    /// What is done there.
    pub rights: Rights<'a>,
}

/// What is done in a repository.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rights<'a> {
    /// Reading manifests, blobs and tags.
    Pull,
    /// Writing; a blob that is mounted needs the right to read where it comes from as well.
    Push { from: Option<&'a str> },
    /// Taking away tags and manifests.
    Delete,
    /// Locking and unlocking, at an ACR.
    Lock,
    /// Listing the repositories of the whole registry.
    Catalog,
}

impl<'a> Access<'a> {
    pub(super) fn pull(repository: &'a str) -> Self {
        Self { repository, rights: Rights::Pull }
    }

    pub(super) fn push(repository: &'a str) -> Self {
        Self { repository, rights: Rights::Push { from: None } }
    }

    pub(super) fn delete(repository: &'a str) -> Self {
        Self { repository, rights: Rights::Delete }
    }

    pub(super) fn lock(repository: &'a str) -> Self {
        Self { repository, rights: Rights::Lock }
    }

    pub(super) fn catalog() -> Self {
        Self { repository: "", rights: Rights::Catalog }
    }

    /// Writing a blob that `from` holds.
    pub(super) fn mount(repository: &'a str, from: &'a str) -> Self {
        Self { repository, rights: Rights::Push { from: (from != repository).then_some(from) } }
    }

    /// Returns the scopes, with a space between two.
    pub(super) fn scope(self) -> String {
        let repository = self.repository;
        match self.rights {
            Rights::Pull => format!("repository:{repository}:pull"),
            Rights::Push { from: None } => format!("repository:{repository}:pull,push"),
            Rights::Push { from: Some(from) } => {
                format!("repository:{repository}:pull,push repository:{from}:pull")
            }
            Rights::Delete => format!("repository:{repository}:delete"),
            Rights::Lock => format!("repository:{repository}:metadata_write,metadata_read"),
            Rights::Catalog => "registry:catalog:*".to_owned(),
        }
    }

    /// Returns the scopes as an ACR has them (ACR wire facts, 6.3): reading covers tags with their locks.
    pub(super) fn acr_scope(self) -> String {
        match self.rights {
            Rights::Pull | Rights::Delete => format!("{},metadata_read", self.scope()),
            Rights::Push { .. } | Rights::Lock | Rights::Catalog => self.scope(),
        }
    }
}
