//! Layers of sample images: tar archives, compressed.

use crate::reference::Digest;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;

/// Makes a tar archive with one file of bytes that follow from its name.
pub(super) fn archive(name: &str, bytes: usize) -> Vec<u8> {
    let seed = Digest::of(name.as_bytes()).to_string();
    // The hash's hexadecimal digits begin behind `sha256:`; sixteen of them fill the word.
    let mut word = u64::from_str_radix(&seed[7..23], 16).unwrap_or(1) | 1;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        // Marsaglia's xorshift: quick, and without a pattern that compression finds.
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        content.extend_from_slice(&word.to_le_bytes());
    }
    content.truncate(bytes);
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "app", content.as_slice()).expect("a file with a short name fits in memory");
    archive.into_inner().expect("memory can be written")
}

/// Makes a tar archive with files of text; `-> TARGET` is a link, and a path with a last `/` a folder.
pub(super) fn of(files: &[(String, String)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(if path.ends_with('/') { 0o755 } else { 0o644 });
        header.set_mtime(0);
        let written = match content.strip_prefix("-> ") {
            Some(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                archive.append_link(&mut header, path, target)
            }
            None => {
                let kind = if path.ends_with('/') { tar::EntryType::Directory } else { tar::EntryType::Regular };
                header.set_entry_type(kind);
                header.set_size(content.len() as u64);
                archive.append_data(&mut header, path, content.as_bytes())
            }
        };
        written.expect("a file fits in memory");
    }
    archive.into_inner().expect("memory can be written")
}

/// Compresses; no time is written, so that the same bytes come out each time.
pub(super) fn compressed(archive: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(archive).expect("memory can be written");
    encoder.finish().expect("memory can be written").into()
}
