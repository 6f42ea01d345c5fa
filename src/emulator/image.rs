//! Sample images: small, whole and always the same.
//!
//! Real gzip layers with a configuration that tells the truth about them, so that other programs can read them.

use super::{
    built::{Built, descriptor},
    layer,
    manifest::media_type,
};
use crate::reference::{Digest, Platform};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A description of an image; the same description always gives the same digest.
#[derive(Debug, Clone)]
pub struct Image {
    platforms: Vec<Platform>,
    is_index: bool,
    content: String,
    base: Option<String>,
    layers: usize,
    layer_bytes: usize,
    attestations: bool,
    docker: bool,
    artifact: Option<(String, Option<Box<Subject>>)>,
    /// The type of an artifact's configuration, where it has one.
    config: Option<&'static str>,
    listed: Vec<Self>,
    created: Option<String>,
    annotations: BTreeMap<String, String>,
    files: Vec<Vec<(String, String)>>,
    packed: Option<String>,
    user: Option<String>,
}

#[derive(Debug, Clone)]
struct Subject {
    media_type: String,
    digest: Digest,
    size: usize,
}

impl Image {
    /// Describes an image for one platform, `os/architecture[/variant]`.
    pub fn single(platform: &str) -> Self {
        Self {
            platforms: vec![read_platform(platform)],
            is_index: false,
            content: String::new(),
            base: None,
            layers: 1,
            layer_bytes: 2048,
            attestations: false,
            docker: false,
            artifact: None,
            config: None,
            listed: Vec::new(),
            created: Some("2026-01-01T00:00:00Z".to_owned()),
            annotations: BTreeMap::new(),
            files: Vec::new(),
            packed: None,
            user: None,
        }
    }

    /// Describes an image for several platforms.
    pub fn index<'a>(platforms: impl IntoIterator<Item = &'a str>) -> Self {
        let platforms = platforms.into_iter().map(read_platform).collect();
        Self { platforms, is_index: true, ..Self::single("linux/amd64") }
    }

    /// Describes a Helm chart.
    pub fn chart(content: &str) -> Self {
        let chart = Self::artifact("application/vnd.cncf.helm.chart.content.v1.tar+gzip");
        Self { config: Some("application/vnd.cncf.helm.config.v1+json"), ..chart.content(content) }
    }

    /// Describes the list that stands under a tag at a registry without the referrers API.
    pub fn list_of(artifacts: &[&Self]) -> Self {
        let listed = artifacts.iter().map(|&it| it.clone()).collect();
        Self { listed, is_index: true, ..Self::single("unknown/unknown") }
    }

    /// Describes an OCI artifact that is no image.
    pub fn artifact(artifact_type: &str) -> Self {
        Self { artifact: Some((artifact_type.to_owned(), None)), ..Self::single("unknown/unknown") }
    }

    /// Makes the artifact refer to another image as its subject, as a signature does.
    #[must_use]
    pub fn attached_to(mut self, subject: &Self) -> Self {
        let built = subject.build();
        if let (Some((_, attached)), Some((media_type, bytes))) = (&mut self.artifact, built.manifests.last()) {
            let digest = Digest::of(bytes);
            *attached = Some(Box::new(Subject { media_type: (*media_type).to_owned(), digest, size: bytes.len() }));
        }
        self
    }

    /// Gives an artifact the form of an image, as those had that were made before artifacts had a form of their own.
    #[must_use]
    pub fn as_image(self) -> Self {
        Self { config: Some(media_type::OCI_CONFIG), ..self }
    }

    /// Annotates the layer of an artifact, as cosign does with a signature.
    #[must_use]
    pub fn annotated(mut self, name: &str, value: &str) -> Self {
        self.annotations.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets what is inside; other content has other digests.
    #[must_use]
    pub fn content(self, content: &str) -> Self {
        Self { content: content.to_owned(), ..self }
    }

    /// Puts a first layer below that all images of the same base share.
    #[must_use]
    pub fn base(self, base: &str) -> Self {
        Self { base: Some(base.to_owned()), ..self }
    }

    /// Adds a layer with these files, paths and contents, below those of the image's own and above those added before.
    ///
    /// A content `-> TARGET` makes a link; a path with a last `/` a folder.
    #[must_use]
    pub fn files<'a>(mut self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter().map(|(path, content)| (path.to_owned(), content.to_owned()));
        self.files.push(files.collect());
        self
    }

    /// Names the layers' media type, whatever they are packed as.
    #[must_use]
    pub fn packed(self, media_type: &str) -> Self {
        Self { packed: Some(media_type.to_owned()), ..self }
    }

    /// Names the user as whom its programs run.
    #[must_use]
    pub fn user(self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self }
    }

    /// Sets number and size of the layers; their bytes cannot be compressed.
    #[must_use]
    pub fn layers(self, number: usize, bytes: usize) -> Self {
        Self { layers: number, layer_bytes: bytes, ..self }
    }

    /// Sets when it says that it was made; nothing for an image that does not say.
    #[must_use]
    pub fn created(self, time: Option<&str>) -> Self {
        Self { created: time.map(str::to_owned), ..self }
    }

    /// Adds BuildKit's attestation manifests, whose platform is `unknown/unknown`, to the index.
    #[must_use]
    pub fn with_attestations(self) -> Self {
        Self { attestations: true, ..self }
    }

    /// Uses Docker's media types instead of OCI's.
    #[must_use]
    pub fn docker(self) -> Self {
        Self { docker: true, ..self }
    }

    /// Makes it an index with this many children.
    #[must_use]
    pub fn manifests(self, number: usize) -> Self {
        let platforms = (0..number).map(|at| read_platform(&format!("linux/amd64/v{at}"))).collect();
        Self { platforms, is_index: true, ..self }
    }

    /// Returns the digest that a tag of this image has.
    pub fn digest(&self) -> Digest {
        self.build().root()
    }

    pub(super) fn build(&self) -> Built {
        let mut built = Built { manifests: Vec::new(), blobs: Vec::new() };
        if let Some((artifact_type, subject)) = &self.artifact {
            self.add_artifact(&mut built, artifact_type, subject.as_deref());
            return built;
        }
        if !self.listed.is_empty() {
            self.add_list(&mut built);
            return built;
        }
        let mut children = Vec::new();
        for platform in &self.platforms {
            let mut child = self.add_platform(&mut built, platform);
            child["platform"] = json!(platform);
            children.push(child);
        }
        if self.is_index {
            if self.attestations {
                let images = children.clone();
                children.extend(images.iter().map(|child| self.add_attestation(&mut built, child)));
            }
            let media_type = if self.docker { media_type::DOCKER_LIST } else { media_type::OCI_INDEX };
            let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": children});
            built.add_manifest(media_type, &index);
        }
        built
    }

    fn add_platform(&self, built: &mut Built, platform: &Platform) -> Value {
        let usual = if self.docker { media_type::DOCKER_LAYER } else { media_type::OCI_LAYER };
        let layer_type = self.packed.as_deref().unwrap_or(usual);
        let names = self.base.iter().map(|base| format!("{base} base {platform}"));
        let names = names.chain((0..self.layers).map(|at| format!("{} {platform} {at}", self.content)));
        let (mut layers, mut diff_ids) = (Vec::new(), Vec::new());
        let files = self.files.iter().map(|files| layer::of(files));
        for archive in files.chain(names.map(|name| layer::archive(&name, self.layer_bytes))) {
            diff_ids.push(Digest::of(&archive));
            layers.push(built.add_blob(layer_type, layer::compressed(&archive)));
        }
        let mut config = json!(platform);
        if let Some(created) = &self.created {
            config["created"] = json!(created);
        }
        config["config"] = json!({"Cmd": ["/app"], "Labels": {"org.opencontainers.image.title": self.content}});
        if let Some(user) = &self.user {
            config["config"]["User"] = json!(user);
        }
        if !self.files.is_empty() {
            let entries = diff_ids.iter().map(|_| json!({"created": self.created, "created_by": "the emulator"}));
            config["history"] = entries.collect();
        }
        config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        let config_type = if self.docker { media_type::DOCKER_CONFIG } else { media_type::OCI_CONFIG };
        let config = built.add_blob(config_type, config.to_string().into());
        let media_type = if self.docker { media_type::DOCKER_MANIFEST } else { media_type::OCI_MANIFEST };
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers});
        built.add_manifest(media_type, &manifest)
    }

    /// The form is BuildKit's: documentation page "Image attestation storage".
    fn add_attestation(&self, built: &mut Built, child: &Value) -> Value {
        let statement = json!({"_type": "https://in-toto.io/Statement/v0.1", "subject": child["digest"]});
        let layer = built.add_blob("application/vnd.in-toto+json", statement.to_string().into());
        let diff_ids = [&layer["digest"]];
        let config = json!({"architecture": "unknown", "os": "unknown", "config": {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        let config = built.add_blob(media_type::OCI_CONFIG, config.to_string().into());
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config,
            "layers": [layer]});
        let mut attestation = built.add_manifest(media_type::OCI_MANIFEST, &manifest);
        attestation["annotations"] = json!({"vnd.docker.reference.digest": child["digest"],
            "vnd.docker.reference.type": "attestation-manifest"});
        attestation["platform"] = json!({"architecture": "unknown", "os": "unknown"});
        attestation
    }

    fn add_list(&self, built: &mut Built) {
        let mut entries = Vec::new();
        for artifact in &self.listed {
            let one = artifact.build();
            entries.extend(one.manifests.last().map(|(media_type, bytes)| descriptor(media_type, bytes)));
            built.manifests.extend(one.manifests);
            built.blobs.extend(one.blobs);
        }
        let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
        built.add_manifest(media_type::OCI_INDEX, &index);
    }

    fn add_artifact(&self, built: &mut Built, artifact_type: &str, subject: Option<&Subject>) {
        let config = self.config.unwrap_or("application/vnd.oci.empty.v1+json");
        let config = built.add_blob(config, Bytes::from_static(b"{}"));
        let mut layer = built.add_blob(artifact_type, self.content.clone().into());
        if !self.annotations.is_empty() {
            layer["annotations"] = json!(self.annotations);
        }
        let mut manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
            "config": config, "layers": [layer]});
        if self.config.is_none() {
            manifest["artifactType"] = json!(artifact_type);
        }
        if let Some(Subject { media_type, digest, size }) = subject {
            manifest["subject"] = json!({"mediaType": media_type, "digest": digest, "size": size});
        }
        built.add_manifest(media_type::OCI_MANIFEST, &manifest);
    }
}

fn read_platform(text: &str) -> Platform {
    let mut parts = text.splitn(3, '/').map(str::to_owned);
    Platform {
        os: parts.next().unwrap_or_default(),
        architecture: parts.next().unwrap_or_default(),
        variant: parts.next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_description_gives_the_same_digest_and_other_content_another() {
        let image = || Image::index(["linux/amd64", "linux/arm64"]).content("nginx 1.27").with_attestations();
        assert_eq!(image().digest(), image().digest());
        assert_ne!(image().digest(), image().content("nginx 1.28").digest());
        assert_ne!(image().digest(), image().docker().digest());
    }

    #[test]
    fn a_layer_unpacks_to_what_the_configuration_says() {
        let built = Image::single("linux/arm/v7").content("x").layers(1, 5000).build();
        let mut archive = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&built.blobs[0][..]), &mut archive).unwrap();
        let config: Value = serde_json::from_slice(&built.blobs[1]).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][0], json!(Digest::of(&archive)));
        assert_eq!((&config["architecture"], &config["variant"]), (&json!("arm"), &json!("v7")));
        assert!(built.blobs[0].len() > 4500, "the bytes cannot be compressed: {}", built.blobs[0].len());
    }

    #[test]
    fn two_images_of_one_base_share_its_layer() {
        let one = Image::single("linux/amd64").content("one").base("debian").build();
        let two = Image::single("linux/amd64").content("two").base("debian").build();
        assert_eq!(one.blobs[0], two.blobs[0]);
        assert_ne!(one.blobs[1], two.blobs[1]);
    }
}
