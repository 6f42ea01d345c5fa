//! A handle on one Azure registry of the world.

use super::{
    Image, Part, World,
    manifest::Links,
    repository::{Repository, written},
    state::{Azure, RegistryUser, Role},
    world::split_name,
};
use crate::reference::Digest;

/// One Azure registry, to seed and to look into.
#[derive(Clone)]
pub struct AzureRegistry {
    world: World,
    login_server: String,
}

impl AzureRegistry {
    pub(super) fn new(world: World, login_server: String) -> Self {
        Self { world, login_server }
    }

    pub(super) fn set(self, set: impl FnOnce(&mut Azure)) -> Self {
        if let Some(Role::Azure(azure)) =
            self.world.state().registries.get_mut(&self.login_server).map(|registry| &mut registry.role)
        {
            set(azure);
        }
        self.world.mark_changed();
        self
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Azure) -> T) -> Option<T> {
        self.world.state().registries.get(&self.login_server).and_then(|registry| registry.azure().map(look))
    }

    fn change<T>(&self, repository: &str, change: impl FnOnce(&mut Repository) -> Option<T>) -> Option<T> {
        let mut state = self.world.state();
        let changed = change(state.registries.get_mut(&self.login_server)?.repositories.get_mut(repository)?);
        drop(state);
        self.world.mark_changed();
        changed
    }

    /// Sets the SKU: `Basic`, `Standard` or `Premium`.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn sku(self, sku: &str) -> Self {
        self.set(|azure| sku.clone_into(&mut azure.sku))
    }

    /// Moves the registry to another resource group.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn group(self, group: &str) -> Self {
        self.set(|azure| group.clone_into(&mut azure.group))
    }

    /// Opens or closes the data plane to public networks (section 15.3).
    pub fn public_access(&self, is_open: bool) {
        drop(self.clone().set(|azure| azure.public_access = is_open));
    }

    /// Lets only these addresses and ranges in (`networkRuleSet`, default action `Deny`); this machine is 203.0.113.7.
    pub fn ip_rules<'a>(&self, rules: impl IntoIterator<Item = &'a str>) {
        let rules = rules.into_iter().map(str::to_owned).collect();
        drop(self.clone().set(|azure| azure.ip_rules = Some(rules)));
    }

    /// Gives layers hosts of the registry's own (`dataEndpointEnabled`).
    pub fn data_endpoints(&self) {
        drop(self.clone().set(|azure| azure.data_endpoints = true));
    }

    pub(super) fn handle(&self) -> &World {
        &self.world
    }

    /// Sets `networkRuleBypassOptions` to `None`: no import reaches a closed registry (section 5.2).
    pub fn without_bypass(&self) {
        drop(self.clone().set(|azure| azure.bypass = false));
    }

    /// Switches to `AbacRepositoryPermissions` (section 5.1).
    pub fn abac(&self) {
        drop(self.clone().set(|azure| azure.abac = true));
    }

    /// Lets anybody pull.
    pub fn anonymous_pull(&self) {
        drop(self.clone().set(|azure| azure.anonymous_pull = true));
    }

    /// Refuses tokens for Resource Manager at the registry (`azureADAuthenticationAsArmPolicy`, section 1.1).
    pub fn without_arm_tokens(&self) {
        drop(self.clone().set(|azure| azure.arm_tokens = false));
    }

    /// Knows no referrers API, as registries that are not Azure's and older than OCI 1.1.
    pub fn without_lists(&self) {
        drop(self.clone().set(|azure| azure.lists = false));
    }

    /// Enables the admin user, who is named like the registry.
    pub fn admin(&self, password: &str) {
        let user = |name: &str| RegistryUser { name: name.to_owned(), password: password.to_owned(), actions: None };
        drop(self.clone().set(|azure| azure.users.push(user(&azure.name))));
    }

    /// Creates a registry token with scope-map actions such as `repositories/app/content/read` (section 12.2).
    pub fn token_user<'a>(&self, name: &str, password: &str, actions: impl IntoIterator<Item = &'a str>) {
        let actions = Some(actions.into_iter().map(str::to_owned).collect());
        let user = RegistryUser { name: name.to_owned(), password: password.to_owned(), actions };
        drop(self.clone().set(|azure| azure.users.push(user)));
    }

    /// Returns the Azure resource id.
    pub fn id(&self) -> String {
        self.look(Azure::id).unwrap_or_default()
    }

    /// Returns the host, `NAME.azurecr.io`.
    pub fn login_server(&self) -> String {
        self.login_server.clone()
    }

    /// Puts an image under `repository:tag`, whole and at once.
    pub fn put(&self, name: &str, image: &Image) -> Digest {
        let (repository, tag) = split_name(name);
        self.world.put(&self.login_server, repository, Some(tag), image)
    }

    /// Puts an image into a repository under no tag.
    pub fn put_untagged(&self, repository: &str, image: &Image) -> Digest {
        self.world.put(&self.login_server, repository, None, image)
    }

    /// Returns what a tag points to.
    pub fn tag(&self, repository: &str, tag: &str) -> Option<Digest> {
        let state = self.world.state();
        Some(state.registries.get(&self.login_server)?.repositories.get(repository)?.tags.get(tag)?.digest)
    }

    /// Returns the children of the index under a tag.
    pub fn children(&self, repository: &str, tag: &str) -> Vec<Digest> {
        let index = self.tag(repository, tag).and_then(|digest| self.world.content().get(&digest));
        let links = index.and_then(|bytes| Links::read(&bytes));
        links.map(|links| links.manifests.iter().map(|child| child.digest).collect()).unwrap_or_default()
    }

    /// Returns the tags of a repository.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let state = self.world.state();
        let repository = state.registries.get(&self.login_server).and_then(|it| it.repositories.get(repository));
        repository.map(|repository| repository.tags.keys().cloned().collect()).unwrap_or_default()
    }

    /// Returns the repositories.
    pub fn repositories(&self) -> Vec<String> {
        let state = self.world.state();
        state.registries.get(&self.login_server).map(|it| it.repositories.keys().cloned().collect()).unwrap_or_default()
    }

    /// Returns whether a digest is in a repository with everything it names.
    pub fn is_whole(&self, repository: &str, digest: &Digest) -> bool {
        let state = self.world.state();
        let found = state.registries.get(&self.login_server).and_then(|it| it.repositories.get(repository));
        found.is_some_and(|repository| is_whole(&self.world, repository, digest))
    }

    /// Locks a tag: `writeEnabled` and `deleteEnabled` become false (section 9).
    pub fn lock_tag(&self, repository: &str, tag: &str) {
        self.change(repository, |repository| {
            let locks = &mut repository.tags.get_mut(tag)?.locks;
            (locks.write_enabled, locks.delete_enabled) = (false, false);
            Some(())
        });
    }

    /// Locks a manifest.
    pub fn lock_manifest(&self, repository: &str, digest: &Digest) {
        self.change(repository, |repository| {
            let locks = &mut repository.manifests.get_mut(digest)?.locks;
            (locks.write_enabled, locks.delete_enabled) = (false, false);
            Some(())
        });
    }

    /// Makes a whole repository as if it had been written so long ago.
    pub fn age(&self, repository: &str, ago: time::Duration) {
        let then = written(time::OffsetDateTime::now_utc() - ago);
        self.change(repository, |repository| {
            repository.tags.values_mut().for_each(|tag| tag.updated.clone_from(&then));
            repository.manifests.values_mut().for_each(|manifest| manifest.updated.clone_from(&then));
            Some(())
        });
    }

    /// Makes a tag as if it had been pushed so long ago; what it stands for stays as it is.
    pub fn age_tag(&self, repository: &str, tag: &str, ago: time::Duration) {
        let then = written(time::OffsetDateTime::now_utc() - ago);
        self.change(repository, |repository| {
            repository.tags.get_mut(tag)?.updated = then;
            Some(())
        });
    }

    /// Points a tag at a manifest that is there, at the present time.
    pub fn set_tag(&self, repository: &str, tag: &str, digest: Digest) {
        self.change(repository, |repository| {
            repository.set_tag(tag, digest);
            Some(())
        });
    }

    /// Hides a manifest from lists (`listEnabled`).
    pub fn hide_manifest(&self, repository: &str, digest: &Digest) {
        self.change(repository, |repository| {
            repository.manifests.get_mut(digest)?.locks.list_enabled = false;
            Some(())
        });
    }

    /// Returns the manifests of a repository.
    pub fn manifests(&self, repository: &str) -> Vec<Digest> {
        let state = self.world.state();
        let repository = state.registries.get(&self.login_server).and_then(|it| it.repositories.get(repository));
        repository.map(|repository| repository.manifests.keys().copied().collect()).unwrap_or_default()
    }

    /// Locks a whole repository.
    pub fn lock_repository(&self, repository: &str) {
        self.change(repository, |repository| {
            (repository.locks.write_enabled, repository.locks.delete_enabled) = (false, false);
            Some(())
        });
    }

    /// Removes a tag; its manifest stays.
    pub fn untag(&self, repository: &str, tag: &str) {
        self.change(repository, |repository| repository.tags.remove(tag));
    }

    /// Drops a child of the tag's index, or the manifest itself where there is no index.
    pub fn break_tag(&self, repository: &str, tag: &str) {
        self.break_part(repository, tag, Part::Child);
    }

    /// Drops a layer of the tag's first image.
    pub fn break_layer(&self, repository: &str, tag: &str) {
        self.break_part(repository, tag, Part::Layer);
    }

    fn break_part(&self, repository: &str, tag: &str, part: Part) {
        let world = &self.world;
        self.change(repository, |repository| {
            let digest = repository.tags.get(tag)?.digest;
            break_part(world, repository, &digest, part);
            Some(())
        });
    }

    /// Drops a blob of a repository.
    pub fn drop_blob(&self, repository: &str, digest: &Digest) {
        self.change(repository, |repository| repository.blobs.remove(digest).then_some(()));
    }

    /// Drops a manifest of a repository; tags that name it stay.
    pub fn drop_manifest(&self, repository: &str, digest: &Digest) {
        self.change(repository, |repository| repository.manifests.remove(digest));
    }
}

fn is_whole(world: &World, repository: &Repository, digest: &Digest) -> bool {
    let links = repository.manifests.get(digest).and_then(|_| Links::read(&world.content().get(digest)?));
    links.is_some_and(|links| {
        links.blobs().all(|blob| repository.blobs.contains(&blob.digest))
            && links.manifests.iter().all(|child| is_whole(world, repository, &child.digest))
    })
}

/// Takes a part of an image away, as the service has been seen to lose it.
pub(super) fn break_part(world: &World, repository: &mut Repository, root: &Digest, part: Part) {
    let links = |digest: &Digest| world.content().get(digest).and_then(|bytes| Links::read(&bytes));
    let child = links(root).and_then(|links| links.manifests.first().map(|child| child.digest));
    match part {
        Part::Tag => {}
        Part::Manifest => drop(repository.manifests.remove(root)),
        Part::Child => drop(repository.manifests.remove(&child.unwrap_or(*root))),
        Part::Layer => {
            let layer = links(&child.unwrap_or(*root)).and_then(|links| links.layers.first().map(|layer| layer.digest));
            repository.blobs.retain(|blob| Some(*blob) != layer);
        }
    }
}
