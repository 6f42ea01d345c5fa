//! Contexts: the files that a run works on, from an archive that was sent or from an address that the world knows.

use super::{
    super::{World, filesystem::Node},
    source_path,
};
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

/// A file of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    Folder,
    Plain { bytes: Vec<u8>, mode: u32 },
    Link(String),
}

/// Files by their paths, without a slash before or behind.
pub(super) type Files = BTreeMap<String, File>;

/// Finds what a run calls its source.
pub(super) fn find(world: &World, registry: &str, location: &str) -> Result<Files, String> {
    let state = world.state();
    if let Some(files) = state.sources.get(location) {
        let file = |(path, text): (&String, &String)| {
            (path.clone(), File::Plain { bytes: text.clone().into_bytes(), mode: 0o644 })
        };
        return Ok(files.iter().map(file).collect());
    }
    let blob = state.yards.get(registry).and_then(|yard| yard.blobs.get(&source_path(location)));
    let bytes = blob.map(|blob| blob.bytes.clone());
    drop(state);
    match bytes {
        Some(bytes) if !bytes.is_empty() => unpack(&bytes).map_err(|error| format!("the source is no tar.gz: {error}")),
        _ => {
            Err(format!("failed to download the source code from '{}'", location.split('?').next().unwrap_or_default()))
        }
    }
}

/// Returns the files of an image as those of a context.
pub(super) fn of_image(nodes: BTreeMap<String, Node>) -> Files {
    let file = |node| match node {
        Node::File { mode, content } => File::Plain { bytes: content, mode },
        Node::Link(to) => File::Link(to),
        Node::Folder => File::Folder,
    };
    nodes.into_iter().map(|(path, node)| (path, file(node))).collect()
}

pub(super) fn unpack(bytes: &[u8]) -> io::Result<Files> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut files = Files::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().trim_start_matches("./").trim_matches('/').to_owned();
        let kind = entry.header().entry_type();
        let file = if kind.is_dir() {
            File::Folder
        } else if kind.is_symlink() {
            File::Link(entry.link_name()?.map(|to| to.to_string_lossy().into_owned()).unwrap_or_default())
        } else if kind.is_file() {
            let mode = entry.header().mode()?;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            File::Plain { bytes, mode }
        } else {
            return Err(io::Error::other(format!("{path}: a kind of file that is none of a build's")));
        };
        if !path.is_empty() {
            files.insert(path, file);
        }
    }
    Ok(files)
}
