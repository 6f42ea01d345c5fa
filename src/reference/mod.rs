//! The words: what an image is called, and nothing that asks anybody.
//!
//! A [`Reference`] is complete: the registry is written out, Docker Hub's `library/` is there. What a
//! reference leaves open is only what its writer left open: the tag, the digest, or both.

mod digest;
mod error;
mod glob;
mod platform;
pub(crate) mod registry;
pub(crate) mod repository;
mod source_glob;
pub(crate) mod tag;

use memchr::{memchr, memrchr};
use std::{fmt, ops::Range, str::FromStr};

pub use digest::{Digest, Hasher};
pub use error::{Fault, ReferenceError};
pub use glob::Glob;
pub use platform::Platform;
pub use registry::Registry;
pub(crate) use registry::is_host;
pub(crate) use repository::is_below;
pub use source_glob::SourceGlob;

/// The full name of an image: `registry/repository[:tag][@sha256:…]`.
///
/// Kept as one text with the places of its parts, because lists of 100,000 lines are kept whole.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    text: Box<str>,
    registry_end: u16,
    repository_end: u16,
    tag_end: u16,
}

impl Reference {
    /// Returns the host, with its port, as the text `docker.io` or `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.text[..usize::from(self.registry_end)]
    }

    /// Returns the registry as a value of its own.
    pub fn host(&self) -> Registry {
        Registry::trusted(self.registry())
    }

    /// Returns the path inside the registry, `library/nginx` for Docker Hub's `nginx`.
    pub fn repository(&self) -> &str {
        &self.text[usize::from(self.registry_end) + 1..usize::from(self.repository_end)]
    }

    /// Returns registry and repository, `docker.io/library/nginx`.
    pub fn name(&self) -> &str {
        &self.text[..usize::from(self.repository_end)]
    }

    /// Returns the tag that was written, if one was.
    pub fn tag(&self) -> Option<&str> {
        let tag = self.repository_end..self.tag_end;
        (!tag.is_empty()).then(|| &self.text[usize::from(tag.start) + 1..usize::from(tag.end)])
    }

    /// Returns the digest that was written, if one was.
    pub fn digest(&self) -> Option<Digest> {
        self.text[usize::from(self.tag_end)..].strip_prefix('@').and_then(|text| text.parse().ok())
    }

    /// Returns whether a digest was written.
    pub fn has_digest(&self) -> bool {
        usize::from(self.tag_end) < self.text.len()
    }

    /// Returns what a registry is asked for: the digest if there is one, else the tag, else `latest`.
    pub fn manifest(&self) -> &str {
        match self.text[usize::from(self.tag_end)..].strip_prefix('@') {
            Some(digest) => digest,
            None => self.tag().unwrap_or("latest"),
        }
    }

    /// Puts a reference together from parts that were read before.
    ///
    /// # Errors
    /// As [`Reference::from_str`], for the part that breaks a rule.
    pub fn new(
        registry: &str,
        repository: &str,
        tag: Option<&str>,
        digest: Option<Digest>,
    ) -> Result<Self, ReferenceError> {
        let mut text = format!("{registry}/{repository}");
        if let Some(tag) = tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = digest {
            text.push('@');
            text.push_str(&digest.to_string());
        }
        text.parse()
    }

    /// Returns the same image under a digest; the tag stays as its name.
    #[must_use]
    pub fn pinned(&self, digest: Digest) -> Self {
        let text = format!("{}@{digest}", &self.text[..usize::from(self.tag_end)]);
        Self { text: text.into(), ..*self }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Reads `[host[:port]/]repository[:tag][@sha256:…]`.
    ///
    /// The first part is a host when it holds a `.` or a `:` or is `localhost`; without a host the image is
    /// Docker Hub's, where a name of one part stands for `library/NAME` (the rules of `docker pull`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = split(text)?;
        let registry = match &parts.registry {
            Some(range) => registry::check(&text[range.clone()]).map_err(|error| error.moved(range.start))?,
            None => registry::DOCKER_HUB,
        };
        let written = &text[parts.repository.clone()];
        repository::check(written).map_err(|error| error.moved(parts.repository.start))?;
        let is_library = registry == registry::DOCKER_HUB && !written.contains('/');
        let library = if is_library { "library/" } else { "" };

        // Exactly as long as the result: a list of 100,000 lines is read in 50 ms only without a second allocation.
        let behind = text.len() - parts.repository.end;
        let mut full = String::with_capacity(registry.len() + 1 + library.len() + written.len() + behind);
        full.push_str(registry);
        full.make_ascii_lowercase();
        let registry_end = full.len();
        full.push('/');
        full.push_str(library);
        full.push_str(written);
        let repository_end = full.len();
        if repository_end > repository::LONGEST {
            return Err(ReferenceError::new(Fault::RepositoryTooLong, parts.repository));
        }
        if let Some(range) = &parts.tag {
            tag::check(&text[range.clone()]).map_err(|error| error.moved(range.start))?;
            full.push(':');
            full.push_str(&text[range.clone()]);
        }
        let tag_end = full.len();
        if let Some(range) = &parts.digest {
            digest::check(&text[range.clone()]).map_err(|error| error.moved(range.start))?;
            full.push('@');
            full.push_str(&text[range.clone()]);
        }
        // Repository and tag are bounded by 255 and 128 characters, so every place fits in 16 bits.
        Ok(Self {
            text: full.into(),
            registry_end: registry_end as u16,
            repository_end: repository_end as u16,
            tag_end: tag_end as u16,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Parts {
    registry: Option<Range<usize>>,
    repository: Range<usize>,
    tag: Option<Range<usize>>,
    digest: Option<Range<usize>>,
}

/// Finds the parts by their separators; whether each part is well formed is for its own file.
fn split(text: &str) -> Result<Parts, ReferenceError> {
    if text.is_empty() {
        return Err(ReferenceError::new(Fault::Empty, 0..0));
    }
    if let Some(end) = scheme_end(text) {
        return Err(ReferenceError::new(Fault::Scheme, 0..end).instead(&text[end..]).replacing(0..text.len()));
    }
    let (name_end, digest) = match memchr(b'@', text.as_bytes()) {
        Some(at) => (at, Some(at + 1..text.len())),
        None => (text.len(), None),
    };
    let name = &text[..name_end];
    let path_start = match memchr(b'/', name.as_bytes()) {
        Some(at) if registry::is_host(&name[..at]) => at + 1,
        _ => 0,
    };
    // Only a colon behind the last slash begins a tag: one before it is a port.
    let last_part = memrchr(b'/', &name.as_bytes()[path_start..]).map_or(path_start, |at| path_start + at + 1);
    let (repository_end, tag) = match memchr(b':', &name.as_bytes()[last_part..]) {
        Some(at) => (last_part + at, Some(last_part + at + 1..name_end)),
        None => (name_end, None),
    };
    Ok(Parts {
        registry: (path_start > 0).then(|| 0..path_start - 1),
        repository: path_start..repository_end,
        tag,
        digest,
    })
}

/// Returns where a scheme such as `https://` ends. Only the first colon can be a scheme's.
pub(crate) fn scheme_end(text: &str) -> Option<usize> {
    let at = memchr(b':', text.as_bytes())?;
    text[at..].starts_with("://").then_some(at + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "sha256:2d8b1a1f5e6ee0f4d14bd6a5b0f4ac7b4d5a1b1d7ee3a5e0c1a2b3c4d5e6f708";

    fn read(text: &str) -> String {
        text.parse::<Reference>().unwrap().to_string()
    }

    #[test]
    fn a_name_without_a_host_is_docker_hubs() {
        assert_eq!(read("nginx"), "docker.io/library/nginx");
        assert_eq!(read("nginx:1.27"), "docker.io/library/nginx:1.27");
        assert_eq!(read("bitnami/redis:7"), "docker.io/bitnami/redis:7");
        assert_eq!(read("docker.io/nginx"), "docker.io/library/nginx");
        assert_eq!(read("registry-1.docker.io/nginx"), "docker.io/library/nginx");
    }

    #[test]
    fn a_port_is_not_a_tag() {
        let reference: Reference = "localhost:5000/team/app".parse().unwrap();
        assert_eq!(
            (reference.registry(), reference.repository(), reference.tag()),
            ("localhost:5000", "team/app", None)
        );
        let reference: Reference = "localhost:5000/app:5001".parse().unwrap();
        assert_eq!(
            (reference.registry(), reference.repository(), reference.tag()),
            ("localhost:5000", "app", Some("5001"))
        );
        assert_eq!(read("[::1]:5000/app:1"), "[::1]:5000/app:1");
    }

    #[test]
    fn tag_and_digest_are_told_apart() {
        let reference: Reference = format!("quay.io/a/b:v1@{D}").parse().unwrap();
        assert_eq!(reference.tag(), Some("v1"));
        assert_eq!(reference.digest().unwrap().to_string(), D);
        assert_eq!(reference.manifest(), D);
        let reference: Reference = format!("quay.io/a/b@{D}").parse().unwrap();
        assert_eq!((reference.tag(), reference.manifest()), (None, D));
    }

    #[test]
    fn pinning_keeps_the_tag_and_replaces_the_digest() {
        let digest: Digest = D.parse().unwrap();
        let reference: Reference = "quay.io/a/b:v1".parse().unwrap();
        let pinned = reference.pinned(digest);
        assert_eq!(pinned.to_string(), format!("quay.io/a/b:v1@{D}"));
        assert_eq!(pinned.pinned(digest), pinned);
        assert_eq!(format!("quay.io/a/b:v1@{D}").parse::<Reference>().unwrap(), pinned);
    }

    #[test]
    fn a_fault_is_shown_where_it_is() {
        for (text, fault, place) in [
            ("", Fault::Empty, 0..0),
            ("https://quay.io/a/b", Fault::Scheme, 0..8),
            ("quay.io/A/b", Fault::RepositoryUpperCase, 8..9),
            ("quay.io/a//b", Fault::RepositoryPart, 10..10),
            ("quay.io/a_$/b", Fault::RepositoryCharacter, 10..11),
            ("quay.io/a/b:", Fault::TagEmpty, 12..12),
            ("quay.io/a/b:-1", Fault::TagCharacter, 12..13),
            ("quay.io/a/b@md5:00", Fault::DigestAlgorithm, 12..15),
            ("quay.io/a/b@sha256:12", Fault::DigestLength, 19..21),
            ("qu ay.io/a/b", Fault::HostCharacter, 2..3),
            ("quay.io:99999/a", Fault::Port, 8..13),
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert_eq!((error.fault, error.place), (fault, place), "{text}");
        }
    }

    #[test]
    fn an_error_proposes_what_was_probably_meant() {
        let meant = |text: &str| {
            let error = text.parse::<Reference>().unwrap_err();
            let mut meant = text.to_owned();
            meant.replace_range(error.replaces, &error.instead.unwrap());
            meant
        };
        assert_eq!(meant("https://quay.io/a/b"), "quay.io/a/b");
        assert_eq!(meant("quay.io/Team/App:V1"), "quay.io/team/app:V1");
    }
}
