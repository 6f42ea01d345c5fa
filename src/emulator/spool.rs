//! Spool: the bytes of an upload on their way in: in memory while they are few, then in a file that goes with them.

use crate::reference::{Digest, Hasher};
use bytes::{Bytes, BytesMut};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// What is held in memory.
const MOST_IN_MEMORY: usize = 1 << 20;

/// Bytes that arrive, with their hash.
#[derive(Default)]
pub(super) struct Spool {
    held: BytesMut,
    file: Option<Draft>,
    /// Where a file would be.
    dir: PathBuf,
    hasher: Hasher,
    length: u64,
}

/// A file that nobody knows yet; dropped, it is gone.
pub(super) struct Draft {
    file: File,
    path: PathBuf,
}

impl Spool {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), ..Self::default() }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        if let Some(draft) = &mut self.file {
            return draft.file.write_all(bytes);
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() > MOST_IN_MEMORY {
            let mut draft = Draft::new(&self.dir)?;
            draft.file.write_all(&std::mem::take(&mut self.held))?;
            self.file = Some(draft);
        }
        Ok(())
    }

    /// Puts the bytes of a chunk behind those that are there.
    pub(super) fn append(&mut self, mut chunk: Self) -> io::Result<()> {
        if self.length == 0 {
            *self = chunk;
            return Ok(());
        }
        let Some(draft) = &mut chunk.file else { return self.write(&chunk.held) };
        draft.file.rewind()?;
        let mut piece = vec![0; 64 << 10];
        loop {
            match draft.file.read(&mut piece)? {
                0 => return Ok(()),
                read => self.write(&piece[..read])?,
            }
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// Returns the bytes, or the file that they are in.
    pub(super) fn into_parts(self) -> Result<Bytes, Draft> {
        match self.file {
            Some(draft) => Err(draft),
            None => Ok(self.held.freeze()),
        }
    }
}

impl Draft {
    fn new(dir: &Path) -> io::Result<Self> {
        let path = dir.join(format!("upload-{}", uuid::Uuid::new_v4().simple()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok(Self { file, path })
    }

    /// Gives the file a name to stay under.
    pub(super) fn keep(self, name: &Path) -> io::Result<()> {
        fs::rename(&self.path, name)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A file that was given a name is not here any more.
        drop(fs::remove_file(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bytes_are_in_a_file_and_leave_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let files = || fs::read_dir(dir.path()).unwrap().count();
        let mut spool = Spool::new(dir.path());
        spool.write(b"few").unwrap();
        assert_eq!((spool.length(), files()), (3, 0));
        let mut chunk = Spool::new(dir.path());
        let many = vec![7; 3 << 20];
        many.chunks(100_000).for_each(|piece| chunk.write(piece).unwrap());
        assert_eq!(files(), 1);
        spool.append(chunk).unwrap();
        let whole = [&b"few"[..], &many].concat();
        assert_eq!((spool.length(), spool.digest(), files()), (whole.len() as u64, Digest::of(&whole), 1));
        assert!(spool.held.is_empty(), "nothing of it is in memory");
        let draft = spool.into_parts().unwrap_err();
        assert_eq!(fs::read(draft.path()).unwrap(), whole);
        drop(draft);
        assert_eq!(files(), 0);
    }
}
