//! Filesystem: the files that an image's layers come to, as a container sees them (OCI image specification, "Image
//! Layer Filesystem Changeset").

use super::{AzureRegistry, content::Content, manifest::Links};
use crate::reference::Digest;
use std::{
    collections::BTreeMap,
    io::{self, Read},
};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A file with its mode and bytes.
    File {
        /// The mode.
        mode: u32,
        /// The bytes.
        content: Vec<u8>,
    },
    /// A link to elsewhere.
    Link(String),
    /// A folder.
    Folder,
}

/// Returns the files of one platform's image, by their paths.
pub(super) fn of(content: &Content, manifest: &Digest) -> BTreeMap<String, Node> {
    let layers = content.get(manifest).and_then(|bytes| Links::read(&bytes)).map(|links| links.layers);
    let layers: Vec<_> = layers.unwrap_or_default().iter().map(|layer| layer.digest).collect();
    of_layers(content, &layers)
}

/// Returns the files that layers come to.
pub(super) fn of_layers(content: &Content, layers: &[Digest]) -> BTreeMap<String, Node> {
    let mut files = BTreeMap::new();
    for layer in layers {
        // A layer that cannot be read has no files; whoever looks misses them.
        if let Some(bytes) = content.get(layer) {
            drop(lay(&mut files, &bytes));
        }
    }
    files
}

fn lay(files: &mut BTreeMap<String, Node>, layer: &[u8]) -> io::Result<()> {
    let mut archive = Vec::new();
    flate2::read::MultiGzDecoder::new(layer).read_to_end(&mut archive)?;
    let (mut gone, mut come) = (Vec::new(), BTreeMap::new());
    for entry in tar::Archive::new(archive.as_slice()).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.display().to_string();
        let path = path.trim_start_matches("./").trim_matches('/').to_owned();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if name == ".wh..wh..opq" {
            gone.push(format!("{folder}/"));
            continue;
        }
        if let Some(name) = name.strip_prefix(".wh.") {
            let path = format!("{folder}/{name}");
            gone.extend([path.trim_start_matches('/').to_owned(), format!("{path}/")]);
            continue;
        }
        let node = match entry.header().entry_type() {
            tar::EntryType::Directory => Node::Folder,
            tar::EntryType::Symlink | tar::EntryType::Link => {
                Node::Link(entry.link_name()?.map(|to| to.display().to_string()).unwrap_or_default())
            }
            _ => {
                let mode = entry.header().mode()?;
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                Node::File { mode, content }
            }
        };
        come.insert(path, node);
    }
    for mark in &gone {
        let mark = mark.trim_start_matches('/');
        files.retain(|path, _| path != mark && !(mark.ends_with('/') && path.starts_with(mark)));
    }
    for (path, node) in come {
        if node != Node::Folder {
            let below = format!("{path}/");
            files.retain(|other, _| !other.starts_with(&below));
        }
        files.insert(path, node);
    }
    Ok(())
}

impl AzureRegistry {
    /// Returns the files of an image by their paths; of an index, those of its child for a platform such as
    /// `linux/arm64`.
    pub fn filesystem(&self, repository: &str, tag: &str, platform: &str) -> BTreeMap<String, Node> {
        let Some(digest) = self.tag(repository, tag) else { return BTreeMap::new() };
        let content = self.handle().content();
        let index = content.get(&digest).and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        let children = index.as_ref().and_then(|index| index["manifests"].as_array());
        let child = children.into_iter().flatten().find(|child| {
            let [os, architecture] = ["os", "architecture"].map(|key| child["platform"][key].as_str().unwrap_or("?"));
            platform == format!("{os}/{architecture}")
        });
        let child = child.and_then(|child| child["digest"].as_str()?.parse().ok());
        of(content, &child.unwrap_or(digest))
    }

    /// Returns the configuration of the image of one platform under a tag.
    pub fn configuration(&self, repository: &str, tag: &str) -> Option<serde_json::Value> {
        let digest = self.manifest(repository, tag)?["config"]["digest"].as_str()?.parse().ok()?;
        serde_json::from_slice(&self.handle().content().get(&digest)?).ok()
    }

    /// Returns the manifest under a tag.
    pub fn manifest(&self, repository: &str, tag: &str) -> Option<serde_json::Value> {
        let bytes = self.handle().content().get(&self.tag(repository, tag)?)?;
        serde_json::from_slice(&bytes).ok()
    }
}
