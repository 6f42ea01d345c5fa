//! Listing: what one layer has and takes away of the paths that a trust store is made of (OCI image specification,
//! "Image Layer Filesystem Changeset").

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

/// The bundle of Debian, Ubuntu, Alpine and images without a shell.
pub(super) const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
/// The bundle of Red Hat's family.
pub(super) const RHEL_BUNDLE: &str = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
/// Where Debian's and Alpine's tool takes further certificates from.
pub(super) const SOURCES: &str = "usr/local/share/ca-certificates";
/// Where Red Hat's tool does.
pub(super) const RHEL_SOURCES: &str = "etc/pki/ca-trust/source/anchors";
/// Where certificates stand that are found by the hash of their subject.
pub(super) const HASHED: &str = "etc/ssl/certs";
/// What an image says it is made of; the first is often a link to the second.
pub(super) const RELEASES: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];
/// The tools that make the bundle anew, and would leave out what they do not know.
pub(super) const TOOLS: [&str; 3] =
    ["usr/sbin/update-ca-certificates", "usr/bin/update-ca-certificates", "usr/bin/update-ca-trust"];

/// Marks in the names of files that take something away from the layers below.
const REMOVED: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
/// The most bytes of a bundle; that of every public authority has a quarter of a million.
const LONGEST_BUNDLE: usize = 4 << 20;
const LONGEST_RELEASE: usize = 64 << 10;
/// The most names that are kept of one layer; a store has some three hundred.
const MOST_NAMES: usize = 20_000;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file with its mode.
    File {
        mode: u32,
    },
    /// A link to elsewhere, as it is written.
    Link(String),
    Folder,
    /// A device, a pipe.
    Other,
}

/// What stands at a path, and what is in it where that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) content: Vec<u8>,
}

/// What a layer has of the paths that are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) nodes: BTreeMap<String, Node>,
    /// Paths of the layers below that are gone, with all that is below them.
    pub(super) removed: BTreeSet<String>,
    /// Folders of which nothing is seen that layers below have.
    pub(super) opaque: BTreeSet<String>,
    /// How many bytes the layer has, unpacked.
    pub(super) unpacked: u64,
    /// The file whose content comes.
    current: Option<(String, usize)>,
}

impl Listing {
    /// Takes an entry; returns whether its content is wanted.
    pub(super) fn entry(&mut self, path: &str, kind: Kind) -> bool {
        self.current = None;
        let Some(path) = plain(path) else { return false };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if self.nodes.len() + self.removed.len() + self.opaque.len() >= MOST_NAMES {
            return false;
        }
        if name == OPAQUE {
            if is_on_the_way(folder) {
                self.opaque.insert(folder.to_owned());
            }
            return false;
        }
        if let Some(name) = name.strip_prefix(REMOVED) {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if is_on_the_way(&path) || is_hashed(&path) {
                self.removed.insert(path);
            }
            return false;
        }
        if !is_on_the_way(&path) && !is_hashed(&path) {
            // A folder is there as well where only something in it is told of.
            if let Some(folder) = [SOURCES, RHEL_SOURCES].into_iter().find(|folder| *folder == folder_of(&path)) {
                self.nodes.entry(folder.to_owned()).or_insert(Node { kind: Kind::Folder, content: Vec::new() });
            }
            return false;
        }
        let limit = match path.as_str() {
            BUNDLE | RHEL_BUNDLE => Some(LONGEST_BUNDLE),
            path if RELEASES.contains(&path) => Some(LONGEST_RELEASE),
            _ => None,
        };
        self.current = limit.filter(|_| matches!(kind, Kind::File { .. })).map(|limit| (path.clone(), limit));
        // Within one archive the later entry is the one that counts.
        self.nodes.insert(path, Node { kind, content: Vec::new() });
        self.current.is_some()
    }

    /// Takes the next bytes of the entry whose content is wanted.
    pub(super) fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some((path, limit)) = &self.current else { return Ok(()) };
        let Some(node) = self.nodes.get_mut(path) else { return Ok(()) };
        if node.content.len() + bytes.len() > *limit {
            return Err(io::Error::other(format!("`/{path}` has more than {limit} bytes")));
        }
        node.content.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the bytes that are held.
    pub(super) fn size(&self) -> usize {
        let nodes = self.nodes.iter().map(|(path, node)| path.len() + node.content.len() + 64);
        nodes.sum::<usize>() + 64 * (self.removed.len() + self.opaque.len())
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns whether a path is looked for, or leads to one that is: a link or a mark there hides what is below.
fn is_on_the_way(path: &str) -> bool {
    let sought = [BUNDLE, RHEL_BUNDLE, SOURCES, RHEL_SOURCES].into_iter().chain(RELEASES).chain(TOOLS);
    path.is_empty()
        || sought
            .into_iter()
            .any(|it| it.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Returns whether this is a name by which OpenSSL finds a certificate: `5ed36f99.0`.
pub(super) fn is_hashed(path: &str) -> bool {
    let name = path.strip_prefix(HASHED).and_then(|name| name.strip_prefix('/'));
    let parts = name.and_then(|name| name.split_once('.'));
    parts.is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !number.is_empty()
            && number.len() <= 3
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Returns a path as it is below the root; none for one that leads out of it.
fn plain(path: &str) -> Option<String> {
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => return None,
            name => names.push(name),
        }
    }
    (!names.is_empty()).then(|| names.join("/"))
}
