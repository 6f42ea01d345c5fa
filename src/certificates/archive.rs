//! Archive: a layer's tar archive, read as its bytes pass (POSIX.1-1988 ustar; pax; GNU's long names). Keeps what the
//! listing wants, and nothing else, whatever the layer's size.

use super::listing::{Kind, Listing};
use std::io::{self, Write};

const BLOCK: usize = 512;
/// The longest name that is read: Linux knows none beyond 4,096 bytes.
const LONGEST_NAME: u64 = 64 << 10;
/// The most bytes of a pax header, which can hold other things than names.
const LONGEST_PAX: u64 = 1 << 20;

/// Reads an archive that is written to it.
#[derive(Debug)]
pub(super) struct Archive {
    listing: Listing,
    state: State,
    block: Vec<u8>,
    /// What the headers before an entry say of it.
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    most: u64,
}

#[derive(Debug, Default)]
enum State {
    /// A header comes.
    #[default]
    Header,
    /// Content comes; the rest of its last block is filled up.
    Content { left: u64, padding: u64, to: To },
    /// The end has come.
    End,
}

#[derive(Debug)]
enum To {
    Nowhere,
    Listing,
    /// GNU's long name of the next entry, or of what it links to.
    Path(Vec<u8>),
    Link(Vec<u8>),
    /// The next entry's pax header.
    Pax(Vec<u8>),
}

impl Archive {
    /// Begins one of which so many bytes are read; a longer one is an error of the kind `FileTooLarge`.
    pub(super) fn within(most: u64) -> Self {
        Self {
            listing: Listing::default(),
            state: State::default(),
            block: Vec::new(),
            path: None,
            link: None,
            size: None,
            most,
        }
    }

    /// Returns what the archive held.
    ///
    /// # Errors
    /// Where the archive breaks off.
    pub(super) fn finish(self) -> io::Result<Listing> {
        match self.state {
            State::End => Ok(self.listing),
            // Some writers leave the two blocks of the end out, and what fills up the last one (umoci 0.4.7, `insert`).
            State::Header if self.block.is_empty() => Ok(self.listing),
            State::Content { left: 0, .. } => Ok(self.listing),
            State::Header | State::Content { .. } => Err(invalid("the archive breaks off")),
        }
    }

    fn header(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block);
        if block.iter().all(|byte| *byte == 0) {
            self.state = State::End;
            return Ok(());
        }
        let sum = number(&block[148..156])?;
        let counted =
            block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) });
        if counted.sum::<u64>() != sum {
            return Err(invalid("a header's sum is wrong"));
        }
        let kind = block[156];
        let is_entry = !matches!(kind, b'L' | b'K' | b'x' | b'g' | b'X');
        let size = match self.size.filter(|_| is_entry) {
            Some(size) => size,
            None => number(&block[124..136])?,
        };
        // Links and folders have no content, whatever size they name.
        let size = if matches!(kind, b'1'..=b'6') { 0 } else { size };
        let held = |most: u64| match size <= most {
            true => Ok(Vec::new()),
            false => Err(invalid("a name or a header is too long")),
        };
        let to = match kind {
            b'L' => To::Path(held(LONGEST_NAME)?),
            b'K' => To::Link(held(LONGEST_NAME)?),
            b'x' | b'X' => To::Pax(held(LONGEST_PAX)?),
            b'g' => To::Nowhere,
            _ => self.entry(kind, &block)?,
        };
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        self.state = State::Content { left: size, padding, to };
        self.ended()
    }

    fn entry(&mut self, kind: u8, block: &[u8]) -> io::Result<To> {
        let path = self.path.take().unwrap_or_else(|| named(block));
        let link = self.link.take().unwrap_or_else(|| until_zero(&block[157..257]).to_vec());
        self.size = None;
        let link = || String::from_utf8_lossy(&link).into_owned();
        let kind = match kind {
            b'0' | 0 | b'7' if path.ends_with(b"/") => Kind::Folder,
            b'0' | 0 | b'7' => Kind::File { mode: number(&block[100..108])? as u32 & 0o7777 },
            b'1' => Kind::Link(format!("/{}", link().trim_start_matches('/'))),
            b'2' => Kind::Link(link()),
            b'5' => Kind::Folder,
            _ => Kind::Other,
        };
        // A name that is no text is none that is looked for.
        let wanted = String::from_utf8(path).is_ok_and(|path| self.listing.entry(&path, kind));
        Ok(if wanted { To::Listing } else { To::Nowhere })
    }

    /// Goes on where content has ended.
    fn ended(&mut self) -> io::Result<()> {
        let State::Content { left: 0, padding: 0, .. } = &self.state else { return Ok(()) };
        let State::Content { to, .. } = std::mem::take(&mut self.state) else { return Ok(()) };
        match to {
            To::Nowhere | To::Listing => {}
            To::Path(name) => self.path = Some(until_zero(&name).to_vec()),
            To::Link(name) => self.link = Some(until_zero(&name).to_vec()),
            To::Pax(header) => self.pax(&header)?,
        }
        Ok(())
    }

    /// Reads records of the form `17 path=etc/ssl\n`, in which the number is the record's length.
    fn pax(&mut self, mut header: &[u8]) -> io::Result<()> {
        let broken = || invalid("a pax header cannot be read");
        while !header.is_empty() {
            let space = header.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
            let length: usize =
                std::str::from_utf8(&header[..space]).ok().and_then(|it| it.parse().ok()).ok_or_else(broken)?;
            let record = header.get(space + 1..length).and_then(|it| it.strip_suffix(b"\n")).ok_or_else(broken)?;
            header = &header[length..];
            let equal = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
            let (key, value) = (&record[..equal], &record[equal + 1..]);
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|it| it.parse().ok());
                    self.size = Some(size.ok_or_else(broken)?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Write for Archive {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        self.listing.unpacked += bytes.len() as u64;
        if self.listing.unpacked > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        while !rest.is_empty() {
            match &mut self.state {
                State::End => break,
                State::Header => {
                    let taken = rest.len().min(BLOCK - self.block.len());
                    self.block.extend_from_slice(&rest[..taken]);
                    rest = &rest[taken..];
                    if self.block.len() == BLOCK {
                        self.header()?;
                    }
                }
                State::Content { left, to, .. } if *left > 0 => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= taken as u64;
                    match to {
                        To::Nowhere => {}
                        To::Listing => self.listing.content(&rest[..taken])?,
                        To::Path(held) | To::Link(held) | To::Pax(held) => held.extend_from_slice(&rest[..taken]),
                    }
                    rest = &rest[taken..];
                    self.ended()?;
                }
                State::Content { padding, .. } => {
                    let taken = usize::try_from(*padding).unwrap_or(usize::MAX).min(rest.len());
                    *padding -= taken as u64;
                    rest = &rest[taken..];
                    self.ended()?;
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn named(block: &[u8]) -> Vec<u8> {
    let name = until_zero(&block[..100]);
    // GNU's own form has other things where ustar has the beginning of a long path.
    let prefix = if &block[257..263] == b"ustar\0" { until_zero(&block[345..500]) } else { &[] };
    match prefix {
        [] => name.to_vec(),
        prefix => [prefix, b"/", name].concat(),
    }
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Reads octal digits, or GNU's binary form for what is larger.
fn number(field: &[u8]) -> io::Result<u64> {
    let broken = || invalid("a number of a header cannot be read");
    if field.first().is_some_and(|first| first & 0x80 != 0) {
        let mut value = u64::from(field[0] & 0x7f);
        for byte in &field[1..] {
            value = value.checked_mul(256).ok_or_else(broken)? | u64::from(*byte);
        }
        return Ok(value);
    }
    let digits = std::str::from_utf8(field).map_err(|_| broken())?;
    match digits.trim_matches([' ', '\0']) {
        "" => Ok(0),
        digits => u64::from_str_radix(digits, 8).map_err(|_| broken()),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        super::listing::{BUNDLE, Node},
        *,
    };
    use tar::{Builder, EntryType, Header};

    fn header(kind: EntryType, mut base: Header) -> Header {
        base.set_entry_type(kind);
        base.set_mode(0o644);
        base.set_mtime(0);
        base
    }

    fn packed(build: impl FnOnce(&mut Builder<Vec<u8>>)) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        build(&mut builder);
        builder.into_inner().unwrap()
    }

    fn file(builder: &mut Builder<Vec<u8>>, path: &str, content: &[u8]) {
        let mut header = header(EntryType::Regular, Header::new_gnu());
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).unwrap();
    }

    /// Reads in pieces of different lengths.
    fn read(bytes: &[u8], piece: usize) -> io::Result<Listing> {
        let mut archive = Archive::within(u64::MAX);
        for piece in bytes.chunks(piece) {
            archive.write_all(piece)?;
        }
        archive.finish()
    }

    fn bundle(listing: &Listing) -> Option<&[u8]> {
        listing.nodes.get(BUNDLE).map(|node| node.content.as_slice())
    }

    #[test]
    fn an_archive_reads_the_same_whatever_pieces_it_comes_in() {
        let long = format!("{}/name", "long-folder-name/".repeat(20));
        let content: Vec<_> = (0..2000_u32).flat_map(u32::to_le_bytes).collect();
        let bytes = packed(|builder| {
            file(builder, &long, b"x");
            builder.append_pax_extensions([("path", &b"./etc/ssl/certs/ca-certificates.crt"[..])]).unwrap();
            file(builder, "short", &content);
            file(builder, "etc/os-release", b"ID=debian\n");
            let mut link = header(EntryType::Symlink, Header::new_ustar());
            link.set_size(0);
            builder.append_link(&mut link, "usr/lib/os-release", "../../etc/os-release").unwrap();
        });
        let whole = read(&bytes, bytes.len()).unwrap();
        assert_eq!(bundle(&whole), Some(&content[..]));
        assert_eq!(whole.nodes["usr/lib/os-release"].kind, Kind::Link("../../etc/os-release".to_owned()));
        for piece in [1, 7, 511, 512, 513, 5000] {
            assert_eq!(read(&bytes, piece).unwrap(), whole, "{piece}");
        }
    }

    #[test]
    fn a_long_name_of_gnu_and_a_prefix_of_ustar_are_names() {
        let long = format!("{}etc/ssl/certs/ca-certificates.crt", "./".repeat(60));
        let gnu = packed(|builder| {
            let mut name = header(EntryType::new(b'L'), Header::new_gnu());
            name.set_size(long.len() as u64 + 1);
            name.set_path("././@LongLink").unwrap();
            name.set_cksum();
            builder.append(&name, format!("{long}\0").as_bytes()).unwrap();
            file(builder, "cut", b"gnu");
        });
        assert_eq!(bundle(&read(&gnu, 100).unwrap()), Some(&b"gnu"[..]));
        let ustar = packed(|builder| {
            let mut header = header(EntryType::Regular, Header::new_ustar());
            header.set_size(5);
            let fields = header.as_ustar_mut().unwrap();
            fields.prefix[..13].copy_from_slice(b"etc/ssl/certs");
            fields.name[..19].copy_from_slice(b"ca-certificates.crt");
            header.set_cksum();
            builder.append(&header, &b"ustar"[..]).unwrap();
        });
        let Node { kind, content } = &read(&ustar, 100).unwrap().nodes[BUNDLE];
        assert_eq!((kind, content.as_slice()), (&Kind::File { mode: 0o644 }, &b"ustar"[..]));
    }

    #[test]
    fn what_is_broken_or_has_no_end_is_refused() {
        let good = packed(|builder| file(builder, BUNDLE, &[7; 1000]));
        let mut sum = good.clone();
        sum[0] ^= 1;
        let mut pax = packed(|builder| builder.append_pax_extensions([("path", &b"x"[..])]).unwrap());
        pax[512] = b'q';
        let large = packed(|builder| {
            let mut header = header(EntryType::new(b'x'), Header::new_ustar());
            header.set_size(LONGEST_PAX + 1);
            header.set_cksum();
            builder.append(&header, io::empty()).unwrap();
        });
        let endless = packed(|builder| file(builder, BUNDLE, &vec![b'a'; (4 << 20) + 1]));
        for (bytes, why) in [
            (&sum[..], "sum is wrong"),
            (&pax, "pax header cannot be read"),
            (&large, "too long"),
            (&good[..1511], "breaks off"),
            (&good[..100], "breaks off"),
            (&endless, "more than 4194304 bytes"),
        ] {
            let error = read(bytes, 300).unwrap_err().to_string();
            assert!(error.contains(why), "{why}: {error}");
        }
        let nodes = |bytes: &[u8]| read(bytes, 300).unwrap().nodes;
        assert_eq!(nodes(&good[..1536]), nodes(&good), "an archive without its last blocks");
        assert_eq!(nodes(&good[..1512]), nodes(&good), "and without what fills up the last one");
        assert!(read(&[], 1).is_ok());
    }
}
