//! Reading the list from a file, without loading what is no list.

use super::MAX_BYTES;
use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// A file that could not be read. The author of the workflow or of the command mends it.
#[derive(Debug)]
pub struct ListFileError {
    /// The path as it was given.
    pub path: PathBuf,
    /// What is wrong with it.
    pub kind: ListFileErrorKind,
}

/// Why a file could not be read.
#[derive(Debug)]
pub enum ListFileErrorKind {
    /// There is no such file.
    NotFound,
    /// The path is a directory's.
    IsDirectory,
    /// The file has more than [`MAX_BYTES`].
    TooLarge,
    /// The operating system refused.
    NotReadable(io::Error),
}

impl ListFileError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            ListFileErrorKind::NotFound => "check the name; a relative path begins at the current directory",
            ListFileErrorKind::IsDirectory => "name a file inside it, such as `images.txt`",
            ListFileErrorKind::TooLarge => "a list has at most 16 MiB; split it into several files",
            ListFileErrorKind::NotReadable(_) => "check the permissions of the file and of its directories",
        }
    }
}

impl fmt::Display for ListFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read `{}`: ", self.path.display())?;
        match &self.kind {
            ListFileErrorKind::NotFound => f.write_str("no such file"),
            ListFileErrorKind::IsDirectory => f.write_str("this is a directory"),
            ListFileErrorKind::TooLarge => f.write_str("the file is larger than 16 MiB"),
            ListFileErrorKind::NotReadable(_) => f.write_str("the file cannot be read"),
        }
    }
}

impl std::error::Error for ListFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ListFileErrorKind::NotReadable(error) => Some(error),
            ListFileErrorKind::NotFound | ListFileErrorKind::IsDirectory | ListFileErrorKind::TooLarge => None,
        }
    }
}

/// Reads a file that may be a list; one that is too large is refused before it is loaded.
///
/// # Errors
/// [`ListFileError`], with a hint for whoever named the file.
pub fn read_file(path: &Path) -> Result<Vec<u8>, ListFileError> {
    read(path).map_err(|kind| ListFileError { path: path.to_owned(), kind })
}

fn read(path: &Path) -> Result<Vec<u8>, ListFileErrorKind> {
    let metadata = fs::metadata(path).map_err(refused)?;
    if metadata.is_dir() {
        return Err(ListFileErrorKind::IsDirectory);
    }
    let limit = MAX_BYTES as u64;
    if metadata.len() > limit {
        return Err(ListFileErrorKind::TooLarge);
    }
    // What is no plain file (a pipe) has no length, and a plain file may grow: the reading itself is bounded too.
    let mut bytes = Vec::new();
    File::open(path).map_err(refused)?.take(limit + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() > MAX_BYTES { Err(ListFileErrorKind::TooLarge) } else { Ok(bytes) }
}

fn refused(error: io::Error) -> ListFileErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ListFileErrorKind::NotFound,
        io::ErrorKind::IsADirectory => ListFileErrorKind::IsDirectory,
        _ => ListFileErrorKind::NotReadable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("images.txt");
        fs::write(&path, b"\xff => a\r\n").unwrap();
        assert_eq!(read_file(&path).unwrap(), b"\xff => a\r\n");
    }

    #[test]
    fn each_reason_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let large = directory.path().join("large.txt");
        File::create(&large).unwrap().set_len(MAX_BYTES as u64 + 1).unwrap();
        let kind = |path: &Path| read_file(path).unwrap_err().kind;
        assert!(matches!(kind(&directory.path().join("none.txt")), ListFileErrorKind::NotFound));
        assert!(matches!(kind(&large.join("below")), ListFileErrorKind::NotFound));
        assert!(matches!(kind(directory.path()), ListFileErrorKind::IsDirectory));
        assert!(matches!(kind(&large), ListFileErrorKind::TooLarge));
    }
}
