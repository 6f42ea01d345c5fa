//! Index: a list, looked up by what it brings in and by what it makes of it.

use crate::{
    images::{Destination, Entry, ImageList, LineNumber, Selection},
    reference::{Digest, Reference},
};
use std::collections::HashMap;

/// The lines of a list by their sources and by their destinations. Of lines that say the same, the first.
pub(super) struct Index<'a> {
    /// `registry/repository:tag`
    by_tag: HashMap<String, &'a Entry>,
    /// The same, of the lines without a digest.
    by_bare_tag: HashMap<String, &'a Entry>,
    /// `registry/repository@digest`
    by_digest: HashMap<String, &'a Entry>,
    /// `registry/repository`
    by_pattern: HashMap<String, Vec<&'a Selection>>,
    /// `repository:tag` of the target
    into: HashMap<&'a str, &'a Entry>,
    /// `repository@digest` of the target
    into_digest: HashMap<String, &'a Entry>,
    /// `repository` of the target, of the lines without a digest
    into_bare: HashMap<&'a str, &'a Entry>,
    /// `repository` of the target
    into_repository: HashMap<&'a str, &'a Entry>,
    into_pattern: HashMap<&'a str, Vec<&'a Selection>>,
}

/// Whether a line surely means the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Certain,
    /// By its tag, while the image is named by a digest.
    ByTag,
}

/// A line that brings an image in, and what it is called then.
pub(super) struct Brought {
    pub(super) line: LineNumber,
    pub(super) repository: String,
    pub(super) tag: String,
    pub(super) certainty: Match,
    /// Whether it keeps the digest of the source: some of its platforms make a new index.
    pub(super) keeps_digest: bool,
}

impl<'a> Index<'a> {
    pub(super) fn new(list: &'a ImageList) -> Self {
        let mut index = Self {
            by_tag: HashMap::new(),
            by_bare_tag: HashMap::new(),
            by_digest: HashMap::new(),
            by_pattern: HashMap::new(),
            into: HashMap::new(),
            into_digest: HashMap::new(),
            into_bare: HashMap::new(),
            into_repository: HashMap::new(),
            into_pattern: HashMap::new(),
        };
        for entry in list.entries() {
            let Entry { source, destination, .. } = entry;
            match source.digest() {
                Some(digest) => index.by_digest.entry(format!("{}@{digest}", name(source))).or_insert(entry),
                None => index.by_bare_tag.entry(tagged(source)).or_insert(entry),
            };
            match digest_there(entry) {
                Some(digest) => {
                    index.into_digest.entry(format!("{}@{digest}", destination.repository())).or_insert(entry)
                }
                None => index.into_bare.entry(destination.repository()).or_insert(entry),
            };
            if source.tag().is_some() || !source.has_digest() {
                index.by_tag.entry(tagged(source)).or_insert(entry);
            }
            index.into.entry(destination.name()).or_insert(entry);
            index.into_repository.entry(destination.repository()).or_insert(entry);
        }
        for selection in list.selections() {
            index.by_pattern.entry(name(&selection.source)).or_default().push(selection);
            index.into_pattern.entry(selection.repository()).or_default().push(selection);
        }
        index
    }

    /// Returns the line whose source is the image.
    pub(super) fn brings(&self, image: &Reference) -> Option<Brought> {
        let certain = match image.digest() {
            Some(digest) => self.by_digest.get(&format!("{}@{digest}", name(image))),
            None => self.by_tag.get(&tagged(image)),
        };
        if let Some(entry) = certain {
            return Some(brought(entry, Match::Certain));
        }
        let tag = image.tag()?;
        let certainty = if image.has_digest() { Match::ByTag } else { Match::Certain };
        if let Some(entry) = self.by_bare_tag.get(&tagged(image)) {
            return Some(brought(entry, certainty));
        }
        let selection = self.by_pattern.get(&name(image))?.iter().find(|selection| selects(selection, tag))?;
        let (repository, tag) = (selection.repository().to_owned(), tag.to_owned());
        let keeps_digest = selection.options.platforms().is_empty();
        Some(Brought { line: selection.line, repository, tag, certainty, keeps_digest })
    }

    /// Returns the line with this destination, and the entry where it is one image's.
    pub(super) fn has(&self, repository: &str, tag: &str) -> Option<(LineNumber, Option<&'a Entry>)> {
        if let Some(entry) = self.into.get(format!("{repository}:{tag}").as_str()) {
            return Some((entry.line, Some(entry)));
        }
        let selection = self.into_pattern.get(repository)?.iter().find(|selection| selects(selection, tag))?;
        Some((selection.line, None))
    }

    /// Returns the line that puts this digest into the repository, or may do so.
    pub(super) fn has_digest(&self, repository: &str, digest: &str) -> Option<(LineNumber, Match)> {
        if let Some(entry) = self.into_digest.get(&format!("{repository}@{digest}")) {
            return Some((entry.line, Match::Certain));
        }
        let line = self.into_bare.get(repository).map(|entry| entry.line);
        let line = line.or_else(|| Some(self.into_pattern.get(repository)?.first()?.line));
        line.map(|line| (line, Match::ByTag))
    }

    /// Returns any line that fills the repository.
    pub(super) fn fills(&self, repository: &str) -> Option<&'a Entry> {
        self.into_repository.get(repository).copied()
    }

    /// Returns the line that wants a destination.
    pub(super) fn wants(&self, destination: &Destination) -> Option<LineNumber> {
        self.has(destination.repository(), destination.tag()).map(|(line, _)| line)
    }
}

fn brought(entry: &Entry, certainty: Match) -> Brought {
    let (repository, tag) = (entry.destination.repository().to_owned(), entry.destination.tag().to_owned());
    let keeps_digest = entry.options.platforms().is_empty();
    Brought { line: entry.line, repository, tag, certainty, keeps_digest }
}

/// Returns the digest that the destination will have, where the line says it.
pub(super) fn digest_there(entry: &Entry) -> Option<Digest> {
    entry.source.digest().filter(|_| entry.options.platforms().is_empty())
}

/// Which of the newest there are is the source's to say: a tag that could be one of them counts.
fn selects(selection: &Selection, tag: &str) -> bool {
    !selection.entries(&[tag.to_owned()]).is_empty()
}

/// Returns the name without tag and digest.
pub(super) fn name(reference: &Reference) -> String {
    format!("{}/{}", reference.registry(), reference.repository())
}

fn tagged(reference: &Reference) -> String {
    format!("{}:{}", name(reference), reference.tag().unwrap_or("latest"))
}
