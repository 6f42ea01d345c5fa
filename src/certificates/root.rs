//! Root: an image's files, as far as a trust store is made of them: its layers, one over the other.

use super::{
    Base, Unfit,
    listing::{BUNDLE, HASHED, Kind, Listing, Node, RELEASES, RHEL_BUNDLE, RHEL_SOURCES, SOURCES, TOOLS, is_hashed},
};
use std::collections::{BTreeMap, BTreeSet};

/// The files of an image.
#[derive(Debug, Clone, Default)]
pub(super) struct Root(BTreeMap<String, Node>);

/// An image's trust store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Store {
    /// What the image is made of.
    pub(super) base: Base,
    /// Where the bundle is, from the root on.
    pub(super) path: &'static str,
    pub(super) mode: u32,
    pub(super) bundle: Vec<u8>,
    /// Where the image's own tool takes further certificates from.
    pub(super) sources: Option<&'static str>,
    /// The names by which certificates are found, where the image has such names.
    pub(super) hashed: BTreeSet<String>,
}

impl Root {
    /// Lays a layer over those that are there.
    pub(super) fn lay(&mut self, layer: &Listing) {
        for path in &layer.opaque {
            self.clear(path);
        }
        for path in &layer.removed {
            self.clear(path);
            self.0.remove(path);
        }
        for (path, node) in &layer.nodes {
            if node.kind != Kind::Folder {
                self.clear(path);
            } else if self.0.get(path).is_some_and(|there| there.kind == Kind::Folder) {
                continue;
            }
            self.0.insert(path.clone(), node.clone());
        }
    }

    /// Takes away all that is below a path.
    fn clear(&mut self, folder: &str) {
        let is_below =
            |path: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.0.retain(|path, _| !is_below(path));
    }

    /// Finds the trust store.
    ///
    /// # Errors
    /// Why nothing can be laid over it.
    pub(super) fn store(&self, stated: Option<Base>) -> Result<Store, Unfit> {
        let release = self.release();
        let guessed = stated.or_else(|| self.base(&release));
        let paths: &[&'static str] = match stated {
            Some(Base::Rhel) => &[RHEL_BUNDLE],
            Some(Base::Debian | Base::Ubuntu | Base::Alpine | Base::Distroless) => &[BUNDLE],
            None => &[RHEL_BUNDLE, BUNDLE],
        };
        for path in paths {
            match self.0.get(*path).map(|node| (&node.kind, &node.content)) {
                Some((Kind::File { mode }, content)) => {
                    let family = if *path == RHEL_BUNDLE { Base::Rhel } else { guessed.unwrap_or(Base::Distroless) };
                    return Ok(self.found(family, path, *mode, content));
                }
                Some((Kind::Link(to), _)) => return Err(Unfit::Linked { path, to: to.clone() }),
                Some((Kind::Folder | Kind::Other, _)) | None => {}
            }
        }
        // A link on the way is one that the layer would not follow either.
        let ways = paths.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]));
        for way in ways {
            if let Some(Node { kind: Kind::Link(to), .. }) = self.0.get(way) {
                return Err(Unfit::Linked { path: way, to: to.clone() });
            }
        }
        Err(Unfit::NoStore { looked: paths.to_vec(), release: name(&release) })
    }

    /// Returns what the image is made of, whether or not a layer can be laid over its store.
    pub(super) fn family(&self, stated: Option<Base>) -> Option<Base> {
        stated.or_else(|| self.base(&self.release()))
    }

    /// Returns whether the image has the tool by which this family makes its bundle anew.
    pub(super) fn has_tool(&self, base: Base) -> bool {
        let name = match base {
            Base::Rhel => "/update-ca-trust",
            Base::Debian | Base::Ubuntu | Base::Alpine => "/update-ca-certificates",
            Base::Distroless => return false,
        };
        TOOLS.iter().any(|tool| tool.ends_with(name) && self.0.contains_key(*tool))
    }

    fn found(&self, base: Base, path: &'static str, mode: u32, bundle: &[u8]) -> Store {
        let is_folder = |path: &str| self.0.get(path).is_some_and(|node| node.kind == Kind::Folder);
        let sources = match base {
            Base::Rhel => RHEL_SOURCES,
            Base::Debian | Base::Ubuntu | Base::Alpine | Base::Distroless => SOURCES,
        };
        // Hashed names belong to the store that is in the same folder.
        let hashed = self.0.keys().filter(|path| is_hashed(path) && path.starts_with(HASHED));
        let hashed = if path == BUNDLE { hashed.cloned().collect() } else { BTreeSet::new() };
        let sources = is_folder(sources).then_some(sources);
        Store { base, path, mode, bundle: bundle.to_vec(), sources, hashed }
    }

    /// What the image is made of, as it says (os-release(5)); without the tool that adds certificates it is as if
    /// without a shell.
    fn base(&self, release: &BTreeMap<String, String>) -> Option<Base> {
        let has_tool = TOOLS.iter().any(|tool| self.0.contains_key(*tool));
        let own = release.get("ID").map(String::as_str).unwrap_or_default();
        let like = release.get("ID_LIKE").map(String::as_str).unwrap_or_default();
        let names = || std::iter::once(own).chain(like.split_whitespace());
        let of = |name: &str| match name {
            "debian" => Some(Base::Debian),
            "ubuntu" => Some(Base::Ubuntu),
            "alpine" => Some(Base::Alpine),
            "rhel" | "centos" | "fedora" | "azurelinux" | "mariner" | "amzn" | "rocky" | "almalinux" | "ol" => {
                Some(Base::Rhel)
            }
            _ => None,
        };
        match names().find_map(of) {
            Some(Base::Debian | Base::Ubuntu | Base::Alpine) | None if !has_tool && self.0.contains_key(BUNDLE) => {
                Some(Base::Distroless)
            }
            found => found,
        }
    }

    fn release(&self) -> BTreeMap<String, String> {
        let file = RELEASES.iter().filter_map(|path| self.0.get(*path)).find(|node| !node.content.is_empty());
        let text = file.map(|node| String::from_utf8_lossy(&node.content).into_owned()).unwrap_or_default();
        let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.trim_matches(['"', '\'']).to_owned())).collect()
    }
}

fn name(release: &BTreeMap<String, String>) -> Option<String> {
    release.get("PRETTY_NAME").or_else(|| release.get("ID")).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer by its entries: `path=content`, `path/`, `path->target`.
    fn layer(entries: &[&str]) -> Listing {
        let mut listing = Listing::default();
        for entry in entries {
            if let Some((path, to)) = entry.split_once("->") {
                listing.entry(path, Kind::Link(to.to_owned()));
            } else if let Some((path, content)) = entry.split_once('=') {
                if listing.entry(path, Kind::File { mode: 0o644 }) {
                    listing.content(content.as_bytes()).unwrap();
                }
            } else {
                listing.entry(entry, Kind::Folder);
            }
        }
        listing
    }

    fn store(layers: &[&[&str]]) -> Result<Store, Unfit> {
        let mut root = Root::default();
        for entries in layers {
            root.lay(&layer(entries));
        }
        root.store(None)
    }

    const DEBIAN: &[&str] = &[
        "etc/os-release->../usr/lib/os-release",
        "usr/lib/os-release=ID=debian\nPRETTY_NAME=\"Debian 12\"\n",
        "usr/sbin/update-ca-certificates=#!",
        "usr/local/share/ca-certificates/",
        "etc/ssl/certs/ca-certificates.crt=old",
        "etc/ssl/certs/5ed36f99.0->a.pem",
    ];

    #[test]
    fn a_store_is_what_the_layers_come_to() {
        let debian = store(&[DEBIAN]).unwrap();
        assert_eq!((debian.base, debian.path, debian.sources), (Base::Debian, BUNDLE, Some(SOURCES)));
        assert_eq!((debian.bundle.as_slice(), debian.hashed.len()), (&b"old"[..], 1));
        for (above, expected) in [
            (&["./etc/ssl/certs/ca-certificates.crt=new", "/usr/bin/x=1"][..], Some("new")),
            (&["etc/ssl/certs/.wh.ca-certificates.crt="], None),
            (&["etc/ssl/.wh.certs="], None),
            (&[".wh.etc="], None),
            (&["etc/ssl/.wh..wh..opq="], None),
            (&[".wh..wh..opq="], None),
            // What a layer has itself is not hidden by its own mark.
            (&["etc/ssl/certs/ca-certificates.crt=own", "etc/ssl/.wh..wh..opq="], Some("own")),
            (&["etc/ssl/certs/", "etc/ssl/"], Some("old")),
            (&["etc/ssl=file"], None),
            (&["etc/sslx/.wh.certs=", "etc/ssl/certs/.wh.other="], Some("old")),
        ] {
            let found = store(&[DEBIAN, above]).map(|store| String::from_utf8(store.bundle).unwrap());
            assert_eq!(found.as_deref().ok(), expected, "{above:?}");
        }
        let gone =
            store(&[DEBIAN, &["etc/ssl/certs/.wh.5ed36f99.0=", "usr/local/share/.wh.ca-certificates="]]).unwrap();
        assert_eq!((gone.sources, gone.hashed.len()), (None, 0));
    }

    #[test]
    fn a_base_is_what_the_image_says_and_has() {
        let rhel = [
            "etc/os-release=ID=\"rhel\"\n",
            "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem=r",
            "etc/ssl/certs->/etc/pki/tls/certs",
            "etc/pki/ca-trust/source/anchors/",
            "usr/bin/update-ca-trust=1",
        ];
        let distroless = ["usr/lib/os-release=ID=debian\n", "etc/ssl/certs/ca-certificates.crt=d"];
        let alpine = [
            "etc/os-release=ID=alpine\n",
            "usr/sbin/update-ca-certificates=1",
            "usr/local/share/ca-certificates/x.crt=1",
            "etc/ssl/certs/ca-certificates.crt=a",
        ];
        let mint = [
            "etc/os-release=ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
            "usr/sbin/update-ca-certificates=1",
            "etc/ssl/certs/ca-certificates.crt=u",
        ];
        for (layer, base, sources) in [
            (&rhel[..], Base::Rhel, Some(RHEL_SOURCES)),
            (&distroless, Base::Distroless, None),
            (&alpine, Base::Alpine, Some(SOURCES)),
            (&mint, Base::Ubuntu, None),
        ] {
            let store = store(&[layer]).unwrap();
            assert_eq!((store.base, store.sources), (base, sources));
        }
    }

    #[test]
    fn a_store_that_is_not_there_or_elsewhere_is_named() {
        let Err(none) = store(&[&["etc/os-release=PRETTY_NAME=\"BusyBox\"\n"]]) else { panic!("there is none") };
        assert_eq!(
            none.to_string(),
            "the image has no trust store at `/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem` or \
             `/etc/ssl/certs/ca-certificates.crt`; it says it is `BusyBox`"
        );
        assert!(!none.may_be_built());
        let linked = store(&[DEBIAN, &["etc/ssl/certs/ca-certificates.crt->/nix/store/x/ca-bundle.crt"]]).unwrap_err();
        assert!(linked.may_be_built() && linked.to_string().contains("is a link to `/nix/store/x/ca-bundle.crt`"));
        let folder = store(&[DEBIAN, &["etc/ssl/certs->/nix/certs"]]).unwrap_err();
        assert!(folder.to_string().contains("`/etc/ssl/certs` is a link to `/nix/certs`"), "{folder}");
        let mut root = Root::default();
        root.lay(&layer(DEBIAN));
        let stated = root.store(Some(Base::Rhel)).unwrap_err().to_string();
        assert!(stated.contains("tls-ca-bundle.pem`; it says it is `Debian 12`"), "{stated}");
    }
}
