//! Crowd: a repository of very many images, made fast: one image again and again, each time with another number in it.

use super::{AzureRegistry, Image, manifest::media_type, repository::Manifest};
use crate::reference::Digest;
use bytes::Bytes;
use serde_json::{Value, json};

impl AzureRegistry {
    /// Puts variants of an image into a repository, each under the tag that `tag` gives for its number.
    pub fn put_many(&self, repository: &str, image: &Image, number: usize, tag: impl Fn(usize) -> String) {
        let built = image.build();
        let shapes: Vec<(&str, Digest, Value)> = built
            .manifests
            .iter()
            .filter_map(|(kind, bytes)| Some((*kind, Digest::of(bytes), serde_json::from_slice(bytes).ok()?)))
            .collect();
        let world = self.handle();
        let blobs: Vec<_> = built.blobs.into_iter().map(|blob| world.content().put(blob)).collect();
        for at in 0..number {
            let variants = variants(&shapes, at);
            let mut state = world.state();
            let Some(registry) = state.registries.get_mut(&self.login_server()) else { return };
            let repository = registry.repository(repository);
            if at == 0 {
                repository.blobs.extend(&blobs);
            }
            let mut root = None;
            for (kind, bytes) in variants {
                let manifest = Manifest::new(kind, &bytes);
                let digest = world.content().put(bytes);
                repository.add_manifest(digest, manifest);
                root = Some(digest);
            }
            if let Some(root) = root {
                repository.set_tag(&tag(at), root);
            }
        }
        world.mark_changed();
    }
}

/// The manifests with a number; an index names the children that have it.
fn variants<'a>(shapes: &[(&'a str, Digest, Value)], number: usize) -> Vec<(&'a str, Bytes)> {
    let mut made: Vec<(Digest, Digest, usize)> = Vec::new();
    let mut variants = Vec::new();
    for (kind, before, shape) in shapes {
        let mut manifest = shape.clone();
        if *kind != media_type::DOCKER_LIST && *kind != media_type::DOCKER_MANIFEST {
            manifest["annotations"] = json!({"number": number.to_string()});
        } else {
            // Docker's forms have no annotations; what a reader does not know it leaves alone.
            manifest["number"] = json!(number);
        }
        let children = manifest.get_mut("manifests").and_then(Value::as_array_mut);
        for child in children.into_iter().flatten() {
            let named = child["digest"].as_str().and_then(|digest| digest.parse::<Digest>().ok());
            if let Some((_, after, size)) = made.iter().find(|(before, ..)| Some(*before) == named) {
                child["digest"] = json!(after);
                child["size"] = json!(size);
            }
        }
        let bytes = Bytes::from(manifest.to_string());
        made.push((*before, Digest::of(&bytes), bytes.len()));
        variants.push((*kind, bytes));
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::super::World;
    use super::*;

    #[test]
    fn each_of_many_is_whole_and_another() {
        let registry = World::new().azure_registry("contosoacr");
        let image = Image::index(["linux/amd64", "linux/arm64"]).with_attestations();
        registry.put_many("app", &image, 20, |number| format!("ci-{number}"));
        assert_eq!((registry.tags("app").len(), registry.manifests("app").len()), (20, 100));
        for tag in registry.tags("app") {
            assert!(registry.is_whole("app", &registry.tag("app", &tag).unwrap()), "{tag}");
        }
    }
}
