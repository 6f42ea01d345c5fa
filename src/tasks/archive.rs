//! Archive: a few files that are in memory, as a source. What lies in folders is packed elsewhere.

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::io;

/// A file of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Archived<'a> {
    /// Its path, with `/`.
    pub path: &'a str,
    /// Its content.
    pub content: &'a [u8],
}

/// Packs files as tar and gzip: mode 0644, nobody's, of no time. The same files make the same bytes.
///
/// # Errors
/// A path that is none of an archive's.
pub fn archive(files: &[Archived<'_>]) -> io::Result<Bytes> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(0o644);
        // A number that is left empty is none to some who read archives.
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, file.path, file.content)?;
    }
    Ok(archive.into_inner()?.finish()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn the_same_files_make_the_same_bytes_and_come_out_again() {
        let long = "a/".repeat(80) + "Dockerfile";
        let files = [Archived { path: &long, content: b"FROM scratch\n" }];
        let bytes = archive(&files).unwrap();
        assert_eq!(bytes, archive(&files).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        assert_eq!((entry.path().unwrap().to_str(), content.as_str()), (Some(long.as_str()), "FROM scratch\n"));
        assert!(super::archive(&[Archived { path: "../x", content: b"" }]).is_err());
    }
}
