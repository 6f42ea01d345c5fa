//! Images as a build holds them: taken from a registry of the world, given layers, put back.

use super::super::{
    World,
    filesystem::{self, Node},
    layer::compressed,
    manifest::{Links, media_type},
    repository::{Manifest, timestamp},
    source::SourceAuth,
    state::{Azure, Registry, Role},
};
use crate::reference::{Digest, Platform, Reference};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An image on its way.
#[derive(Clone)]
pub(super) struct Built {
    /// The configuration, `rootfs` among it.
    pub(super) config: Value,
    /// The descriptors of the layers.
    pub(super) layers: Vec<Value>,
    /// The blobs of the base, which are in the world's content already.
    blobs: Vec<Digest>,
    is_oci: bool,
}

/// Who pulls.
pub(super) struct Puller<'a> {
    /// The registry of the run.
    pub(super) azure: &'a Azure,
    /// Whether it may read and write there.
    pub(super) is_at_home: bool,
    /// `customRegistries` of the request.
    pub(super) logins: &'a Value,
}

impl Built {
    /// An image with nothing in it.
    pub(super) fn scratch(platform: &Platform) -> Self {
        let mut config = json!(platform);
        config["config"] = json!({});
        config["rootfs"] = json!({"type": "layers", "diff_ids": []});
        config["history"] = json!([]);
        Self { config, layers: Vec::new(), blobs: Vec::new(), is_oci: false }
    }

    /// Pulls the base, for one platform.
    pub(super) fn pull(world: &World, name: &str, platform: &Platform, puller: &Puller<'_>) -> Result<Self, String> {
        let reference: Reference = name.parse().map_err(|_| format!("invalid reference format: '{name}'"))?;
        let (host, repository) = (reference.registry(), reference.repository());
        let state = world.state();
        let unknown = || format!("manifest for {name} not found: manifest unknown: manifest unknown");
        let Some(registry) = state.registries.get(host) else {
            return Err(format!("Get \"https://{host}/v2/\": dial tcp: lookup {host}: no such host"));
        };
        may_pull(registry, repository, puller)?;
        let root = registry.resolve(repository, reference.manifest()).ok_or_else(unknown)?;
        drop(state);
        let links = |digest: &Digest| world.content().get(digest).and_then(|bytes| Links::read(&bytes));
        let mut manifest = links(&root).ok_or_else(unknown)?;
        if !manifest.manifests.is_empty() {
            let index = world.content().get(&root).unwrap_or_default();
            let child = child(&index, platform)
                .ok_or_else(|| format!("no matching manifest for {platform} in the manifest list entries"))?;
            manifest = links(&child).ok_or_else(unknown)?;
        }
        let config = manifest.config.as_ref().and_then(|config| world.content().get(&config.digest));
        let mut config: Value = config.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(unknown)?;
        if config["rootfs"]["diff_ids"].as_array().is_none() {
            return Err(format!("{name} is no image: its configuration has no layers"));
        }
        if config["history"].is_null() {
            config["history"] = json!([]);
        }
        if !config["config"].is_object() {
            config["config"] = json!({});
        }
        let layers = manifest.layers.iter();
        Ok(Self {
            config,
            layers: layers
                .map(|it| json!({"mediaType": it.media_type, "digest": it.digest, "size": it.size}))
                .collect(),
            blobs: manifest.layers.iter().map(|layer| layer.digest).collect(),
            is_oci: manifest.config.is_some_and(|config| config.media_type == media_type::OCI_CONFIG),
        })
    }

    /// Returns the files that its layers come to.
    pub(super) fn files(&self, world: &World) -> BTreeMap<String, Node> {
        filesystem::of_layers(world.content(), &self.blobs)
    }

    /// Adds a layer: an archive that is not compressed.
    pub(super) fn add(&mut self, world: &World, archive: &[u8]) {
        let layer = compressed(archive);
        let size = layer.len();
        let digest = world.content().put(layer);
        let media_type = if self.is_oci { media_type::OCI_LAYER } else { media_type::DOCKER_LAYER };
        self.layers.push(json!({"mediaType": media_type, "digest": digest, "size": size}));
        self.blobs.push(digest);
        if let Some(diff_ids) = self.config["rootfs"]["diff_ids"].as_array_mut() {
            diff_ids.push(json!(Digest::of(archive)));
        }
    }

    /// Writes a step into the image's history.
    pub(super) fn note(&mut self, step: &str, is_empty: bool) {
        let mut entry = json!({"created": timestamp(), "created_by": step});
        if is_empty {
            entry["empty_layer"] = json!(true);
        }
        if let Some(history) = self.config["history"].as_array_mut() {
            history.push(entry);
        }
    }

    /// Puts it into the run's registry under a name, and returns its digest and size.
    pub(super) fn push(&self, world: &World, azure: &Azure, name: &str) -> Result<(Digest, usize), String> {
        let (repository, tag) = super::super::world::split_name(name);
        let config = Bytes::from(self.config.to_string());
        let (config_type, manifest_type) = if self.is_oci {
            (media_type::OCI_CONFIG, media_type::OCI_MANIFEST)
        } else {
            (media_type::DOCKER_CONFIG, media_type::DOCKER_MANIFEST)
        };
        let size = config.len();
        let config = world.content().put(config);
        let manifest = json!({"schemaVersion": 2, "mediaType": manifest_type, "layers": self.layers,
            "config": {"mediaType": config_type, "digest": config, "size": size}});
        let manifest = Bytes::from(manifest.to_string());
        let size = manifest.len();
        let digest = world.content().put(manifest.clone());
        let mut state = world.state();
        if let Some(registry) = state.registries.get_mut(&azure.login_server) {
            let repository = registry.repository(repository);
            let is_locked = repository.tags.get(tag).is_some_and(|tag| !tag.locks.write_enabled);
            if is_locked || !repository.locks.write_enabled {
                return Err(
                    "unauthorized: The operation is disallowed on this registry, repository or image".to_owned()
                );
            }
            repository.blobs.insert(config);
            repository.blobs.extend(&self.blobs);
            repository.add_manifest(digest, Manifest::new(manifest_type, &manifest));
            repository.set_tag(tag, digest);
        }
        drop(state);
        world.mark_changed();
        Ok((digest, size))
    }
}

/// Its own registry by its identity, others as their owners let it in.
fn may_pull(registry: &Registry, repository: &str, puller: &Puller<'_>) -> Result<(), String> {
    let login = &puller.logins[&registry.host];
    let has = |name: &str, password: &str| login["userName"]["value"] == name && login["password"]["value"] == password;
    let is_allowed = match &registry.role {
        Role::Azure(azure) if azure.login_server == puller.azure.login_server => puller.is_at_home,
        Role::Azure(azure) => azure.anonymous_pull || azure.users.iter().any(|user| has(&user.name, &user.password)),
        Role::Source(facts) => {
            let is_private = facts.private.contains(repository)
                || matches!(facts.auth, SourceAuth::Basic | SourceAuth::Bearer { .. });
            !is_private || facts.accounts.iter().any(|(name, password)| has(name, password))
        }
    };
    if is_allowed {
        return Ok(());
    }
    Err(format!(
        "Get \"https://{}/v2/{repository}/manifests\": unauthorized: authentication required, visit \
         https://aka.ms/acr/authorization for more information.",
        registry.host
    ))
}

fn child(index: &[u8], platform: &Platform) -> Option<Digest> {
    let index: Value = serde_json::from_slice(index).ok()?;
    let fits = |child: &&Value| {
        serde_json::from_value::<Platform>(child["platform"].clone()).is_ok_and(|of| platform.admits(&of))
    };
    index["manifests"].as_array()?.iter().find(fits)?["digest"].as_str()?.parse().ok()
}
