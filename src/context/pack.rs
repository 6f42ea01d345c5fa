//! Pack: entries into tar and gzip, file by file: what is in memory does not grow with the context.

use super::walk::{Entry, unreadable};
use crate::problem::{Problem, Side};
use flate2::{Compression, write::GzEncoder};
use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt as _,
    time::UNIX_EPOCH,
};
use tar::{Builder, EntryType, Header};

/// An archive that is being written.
pub(super) struct Archive<W: Write>(Builder<GzEncoder<W>>);

impl<W: Write> Archive<W> {
    pub(super) fn new(to: W) -> Self {
        Self(Builder::new(GzEncoder::new(to, Compression::default())))
    }

    /// Adds an entry: root's, as Docker sends it, with its mode and its time. What is neither file, folder nor link is
    /// no part of a build.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), Problem> {
        let Entry { inside, place, metadata, .. } = entry;
        let mut header = header(metadata);
        let kind = metadata.file_type();
        let added = if kind.is_dir() {
            header.set_entry_type(EntryType::Directory);
            self.0.append_data(&mut header, inside, io::empty())
        } else if kind.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            let to = fs::read_link(place).map_err(|error| unreadable(place, &error))?;
            self.0.append_link(&mut header, inside, to)
        } else if kind.is_file() {
            header.set_entry_type(EntryType::Regular);
            header.set_size(metadata.len());
            let file = File::open(place).map_err(|error| unreadable(place, &error))?;
            self.0.append_data(&mut header, inside, Exactly { file, left: metadata.len() })
        } else {
            Ok(())
        };
        added.map_err(|error| failed(&entry.name, &error))
    }

    /// Adds a file that lies elsewhere.
    pub(super) fn add_text(&mut self, name: &str, text: &[u8]) -> Result<(), Problem> {
        let mut header = of_root(0o644, 0);
        header.set_entry_type(EntryType::Regular);
        header.set_size(text.len() as u64);
        self.0.append_data(&mut header, name, text).map_err(|error| failed(name, &error))
    }

    pub(super) fn finish(self) -> Result<(), Problem> {
        let whole = self.0.into_inner().and_then(GzEncoder::finish).and_then(|mut to| to.flush());
        whole.map_err(|error| failed("its end", &error))
    }
}

fn header(metadata: &Metadata) -> Header {
    let time = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    of_root(metadata.permissions().mode() & 0o7777, time.map_or(0, |time| time.as_secs()))
}

/// A number that is left empty is none to some who read archives.
fn of_root(mode: u32, time: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_mode(mode);
    header.set_mtime(time);
    header
}

fn failed(name: &str, error: &io::Error) -> Problem {
    Problem::new(Side::Settings, format!("`{name}` of the context cannot be packed: {error}"))
}

/// As much of a file as its head has promised: one that grows is cut, one that shrinks is an error.
pub(super) struct Exactly {
    pub(super) file: File,
    pub(super) left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        match self.file.read(&mut buffer[..room])? {
            0 => Err(io::Error::other("it became shorter in the meantime")),
            read => {
                self.left -= read as u64;
                Ok(read)
            }
        }
    }
}
