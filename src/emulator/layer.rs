//! Layers of sample images: a tar archive with one file, compressed.

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

/// Compresses; no time is written, so that the same bytes come out each time.
pub(super) fn compressed(archive: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(archive).expect("memory can be written");
    encoder.finish().expect("memory can be written").into()
}
