//! Layer: a trust store with more authorities in it, as one layer of an image. The same store and the same authorities
//! give the same bytes, with every version of this program: nothing in it is compressed, for that another version of a
//! library may do otherwise, and times and owners are those of nobody.

use super::{Authority, Base, listing::HASHED, pem, root::Store};
use crate::reference::Digest;
use bytes::Bytes;
use flate2::Crc;
use std::collections::{BTreeMap, BTreeSet};

const BLOCK: usize = 512;
/// The most bytes of a block that is not compressed (RFC 1951, 3.2.4).
const STORED: usize = 0xffff;

/// A layer as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    /// As registries hold it (gzip).
    pub(super) bytes: Bytes,
    /// The digest of the archive in it.
    pub(super) diff: Digest,
}

#[derive(Debug, PartialEq, Eq)]
enum File {
    Plain { mode: u32, content: Vec<u8> },
    Link(String),
}

/// Lays authorities over a store.
pub(super) fn over(store: &Store, authorities: &[Authority]) -> Layer {
    let archive = archive(&files(store, authorities));
    Layer { diff: Digest::of(&archive), bytes: gzip(&archive).into() }
}

fn files(store: &Store, authorities: &[Authority]) -> BTreeMap<String, File> {
    let mut files = BTreeMap::new();
    let mut hashed = store.hashed.clone();
    for authority in lacking(&store.bundle, authorities) {
        let name = authority.name();
        let content = || File::Plain { mode: 0o644, content: authority.pem.clone().into_bytes() };
        let source = store.sources.map(|folder| match store.base {
            Base::Rhel => format!("{folder}/{name}.pem"),
            Base::Debian | Base::Ubuntu | Base::Alpine | Base::Distroless => format!("{folder}/{name}.crt"),
        });
        if !hashed.is_empty() {
            // As the image's own tool names it, so that it finds and replaces it.
            let prefix = if store.base == Base::Alpine { "ca-cert-" } else { "" };
            let own = format!("{prefix}{name}.pem");
            let number = (0_u32..).find(|at| !hashed.contains(&format!("{HASHED}/{:08x}.{at}", authority.hash)));
            let place = format!("{HASHED}/{:08x}.{}", authority.hash, number.unwrap_or_default());
            let target = source.as_ref().map_or_else(content, |source| File::Link(format!("/{source}")));
            files.insert(place.clone(), File::Link(own.clone()));
            files.insert(format!("{HASHED}/{own}"), target);
            hashed.insert(place);
        }
        if let Some(source) = source {
            files.insert(source, content());
        }
    }
    let content = merged(&store.bundle, authorities);
    files.insert(store.path.to_owned(), File::Plain { mode: store.mode, content });
    files
}

/// Returns the authorities that a bundle does not have.
fn lacking<'a>(bundle: &[u8], authorities: &'a [Authority]) -> impl Iterator<Item = &'a Authority> + use<'a> {
    // What cannot be read of the image's own bundle stays in it as it is, and equals nothing.
    let known: BTreeSet<_> = pem::read(bundle).unwrap_or_default().iter().map(|it| Digest::of(&it.der)).collect();
    authorities.iter().filter(move |authority| !known.contains(&authority.digest))
}

/// Returns a bundle as it is, with the authorities that it lacks behind.
pub(super) fn merged(bundle: &[u8], authorities: &[Authority]) -> Vec<u8> {
    let mut whole = bundle.to_vec();
    for authority in lacking(bundle, authorities) {
        if whole.last().is_some_and(|byte| *byte != b'\n') {
            whole.push(b'\n');
        }
        whole.extend_from_slice(authority.pem.as_bytes());
    }
    whole
}

/// Writes an archive (POSIX.1-1988 ustar). Every name here is shorter than the hundred bytes that a header has for it.
fn archive(files: &BTreeMap<String, File>) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, file) in files {
        let (kind, mode, content, link) = match file {
            File::Plain { mode, content } => (b'0', *mode, content.as_slice(), ""),
            File::Link(to) => (b'2', 0o777, &[][..], to.as_str()),
        };
        let mut header = [0; BLOCK];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, path.as_bytes());
        put(100, format!("{mode:07o}\0{:07o}\0{:07o}\0", 0, 0).as_bytes());
        put(124, format!("{:011o}\0{:011o}\0", content.len(), 0).as_bytes());
        put(148, b"        ");
        put(156, &[kind]);
        put(157, link.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

/// Wraps bytes as they are (RFC 1952, RFC 1951).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(bytes.len() + bytes.len() / STORED * 5 + 32);
    // No name, no time, no system.
    whole.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    let mut blocks = bytes.chunks(STORED).peekable();
    while let Some(block) = blocks.next() {
        whole.push(u8::from(blocks.peek().is_none()));
        let length = block.len() as u16;
        whole.extend_from_slice(&length.to_le_bytes());
        whole.extend_from_slice(&(!length).to_le_bytes());
        whole.extend_from_slice(block);
    }
    let mut sum = Crc::new();
    sum.update(bytes);
    whole.extend_from_slice(&sum.sum().to_le_bytes());
    whole.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn authority(content: &[u8], hash: u32) -> Authority {
        Authority { digest: Digest::of(content), pem: pem::write(content), hash }
    }

    fn store(base: Base) -> Store {
        let (path, sources) = match base {
            Base::Rhel => ("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "etc/pki/ca-trust/source/anchors"),
            _ => ("etc/ssl/certs/ca-certificates.crt", "usr/local/share/ca-certificates"),
        };
        Store { base, path, mode: 0o444, bundle: b"# old".to_vec(), sources: Some(sources), hashed: BTreeSet::new() }
    }

    /// Unpacks by another's hand: path, mode, content or link.
    fn unpacked(layer: &Layer) -> Vec<(String, u32, String)> {
        let mut archive = Vec::new();
        flate2::read::GzDecoder::new(&layer.bytes[..]).read_to_end(&mut archive).unwrap();
        assert_eq!(Digest::of(&archive), layer.diff);
        let mut archive = tar::Archive::new(archive.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
            let (path, mode) = (entry.path().unwrap().display().to_string(), header.mode().unwrap());
            let mut content = entry.link_name().unwrap().map(|to| to.display().to_string()).unwrap_or_default();
            entry.read_to_string(&mut content).unwrap();
            (path, mode, content)
        });
        entries.collect()
    }

    #[test]
    fn the_bundle_keeps_its_bytes_and_gets_what_it_lacks() {
        let (one, two) = (authority(b"one", 1), authority(b"two", 2));
        let mut store = Store { sources: None, ..store(Base::Distroless) };
        let layer = over(&store, &[one.clone(), two.clone()]);
        let expected = format!("# old\n{}{}", one.pem, two.pem);
        assert_eq!(unpacked(&layer), [("etc/ssl/certs/ca-certificates.crt".to_owned(), 0o444, expected)]);
        assert_eq!(over(&store, &[one.clone(), two.clone()]), layer);
        store.bundle = format!("{}# end\n", one.pem.replace('\n', "\r\n")).into_bytes();
        let expected = format!("{}# end\n{}", one.pem.replace('\n', "\r\n"), two.pem);
        assert_eq!(unpacked(&over(&store, &[one, two]))[0].2, expected);
    }

    #[test]
    fn the_image_s_own_tool_finds_what_was_added() {
        let one = authority(b"one", 0x5ed3_6f99);
        let name = format!("acr-sync-{}", one.digest.short());
        for (base, link, source) in [
            (Base::Debian, format!("{name}.pem"), format!("usr/local/share/ca-certificates/{name}.crt")),
            (Base::Alpine, format!("ca-cert-{name}.pem"), format!("usr/local/share/ca-certificates/{name}.crt")),
        ] {
            // Another authority of the same name is there already.
            let hashed = ["etc/ssl/certs/5ed36f99.0", "etc/ssl/certs/5ed36f99.1"].map(str::to_owned).into();
            let files = unpacked(&over(&Store { hashed, ..store(base) }, std::slice::from_ref(&one)));
            let files: BTreeMap<_, _> = files.into_iter().map(|(path, _, content)| (path, content)).collect();
            assert_eq!(files["etc/ssl/certs/5ed36f99.2"], link);
            assert_eq!(files[&format!("etc/ssl/certs/{link}")], format!("/{source}"));
            assert_eq!((&files[&source], files.len()), (&one.pem, 4));
        }
        let files = unpacked(&over(&store(Base::Rhel), std::slice::from_ref(&one)));
        let names: Vec<_> = files.iter().map(|(path, ..)| path.as_str()).collect();
        let source = format!("etc/pki/ca-trust/source/anchors/{name}.pem");
        assert_eq!(names, ["etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", &source]);
    }

    #[test]
    fn a_layer_has_the_same_digest_with_every_version() {
        let layer = over(&store(Base::Debian), &[authority(b"one", 1)]);
        assert_eq!(
            (Digest::of(&layer.bytes).short(), layer.diff.short()),
            ("bf00ae4c44f4".to_owned(), "29bb307e5e7b".to_owned())
        );
    }

    #[test]
    fn an_archive_of_several_blocks_is_whole() {
        let large = Store { bundle: vec![b'#'; 3 * STORED + 17], ..store(Base::Distroless) };
        let files = unpacked(&over(&large, &[]));
        assert_eq!(files[0].2.len(), 3 * STORED + 17);
    }
}
