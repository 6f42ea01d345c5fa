//! Destination: what an image is called in the target registry.

use super::{
    error::LineErrorKind,
    line::{Broken, Fix, namesake},
};
use crate::reference::{Fault, Reference, ReferenceError, Registry, registry, repository, scheme_end, tag};
use memchr::{memchr, memrchr};
use std::{fmt, hash};

const LATEST: &str = "latest";

/// A repository and a tag of the target registry. Both are there: what a line leaves open is decided when it is read.
#[derive(Clone)]
pub struct Destination {
    /// `[host/]repository:tag`. The host is kept only where the repository's first part looks like a host itself,
    /// because without it the text would not mean the same.
    text: Box<str>,
    repository_start: u16,
    repository_end: u16,
}

impl Destination {
    /// Returns the path inside the target registry.
    pub fn repository(&self) -> &str {
        &self.text[usize::from(self.repository_start)..usize::from(self.repository_end)]
    }

    /// Returns the tag: the one that was written, else the source's, else `latest`.
    pub fn tag(&self) -> &str {
        &self.text[usize::from(self.repository_end) + 1..]
    }

    /// Returns the same repository with another tag.
    pub(super) fn tagged(&self, tag: &str) -> Self {
        Self { text: format!("{}:{tag}", self.untagged()).into(), ..*self }
    }

    /// Returns the text without the tag, the host where it is needed.
    pub fn untagged(&self) -> &str {
        &self.text[..usize::from(self.repository_end)]
    }

    /// Returns `repository:tag`.
    pub fn name(&self) -> &str {
        &self.text[usize::from(self.repository_start)..]
    }
}

impl PartialEq for Destination {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Destination {}

impl hash::Hash for Destination {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads `[login server/]repository[:tag]` for an image (design §3, "destination").
pub(super) fn read(text: &str, source: &Reference, target: Option<&Registry>) -> Result<Destination, Broken> {
    check_form(text)?;
    let start = path_start(text, source, target)?;
    let last_part = memrchr(b'/', &text.as_bytes()[start..]).map_or(start, |at| start + at + 1);
    let end = memchr(b':', &text.as_bytes()[last_part..]).map_or(text.len(), |at| last_part + at);

    let path = &text[start..end];
    repository::check(path).map_err(|error| broken(error, start))?;
    let host_length = target.map_or(0, |target| target.as_str().len() + 1);
    if host_length + path.len() > repository::LONGEST {
        return Err(Broken::new(LineErrorKind::Destination(Fault::RepositoryTooLong), start..end));
    }
    let written = text.get(end + 1..);
    if let Some(written) = written {
        tag::check(written).map_err(|error| broken(error, end + 1))?;
    }
    let tag = match written.or(source.tag()) {
        Some(tag) => tag,
        None if source.has_digest() => return Err(Broken::new(LineErrorKind::NoTag, 0..text.len())),
        None => LATEST,
    };

    let needs_host = start > 0 && path.split_once('/').is_some_and(|(first, _)| registry::is_host(first));
    let host = if needs_host { &text[..start] } else { "" };
    let mut full = String::with_capacity(host.len() + path.len() + 1 + tag.len());
    full.push_str(host);
    full.push_str(path);
    full.push(':');
    full.push_str(tag);
    // The path is at most 255 bytes; a host that long is refused with it or is no login server.
    let place = |at: usize| u16::try_from(at).map_err(|_| too_long(text));
    Ok(Destination {
        repository_start: place(host.len())?,
        repository_end: place(host.len() + path.len())?,
        text: full.into(),
    })
}

/// Refuses what no destination has, before it is taken apart.
fn check_form(text: &str) -> Result<(), Broken> {
    if let Some(at) = memchr(b'#', text.as_bytes()) {
        let broken = Broken::new(LineErrorKind::BehindDestination, at..text.len());
        return Err(broken.fixed(Fix { place: at..at, text: " ".to_owned() }));
    }
    if let Some(end) = scheme_end(text) {
        let scheme = 0..end;
        let broken = Broken::new(LineErrorKind::Destination(Fault::Scheme), scheme.clone());
        return Err(broken.fixed(Fix { place: scheme, text: String::new() }));
    }
    if let Some(at) = memchr(b'@', text.as_bytes()) {
        let digest = at..text.len();
        let broken = Broken::new(LineErrorKind::DestinationDigest, digest.clone());
        return Err(broken.fixed(Fix { place: digest, text: String::new() }));
    }
    Ok(())
}

/// Returns where the repository begins: behind the login server, if it was written.
fn path_start(text: &str, source: &Reference, target: Option<&Registry>) -> Result<usize, Broken> {
    let Some(slash) = memchr(b'/', text.as_bytes()) else {
        let broken = || Broken::new(LineErrorKind::NoDestination, 0..text.len());
        return match is_login_server(text, target) {
            true => Err(match namesake(&source.to_string()) {
                Some(name) => broken().fixed(Fix { place: 0..text.len(), text: name }),
                None => broken(),
            }),
            false => Ok(0),
        };
    };
    let first = &text[..slash];
    if !registry::is_host(first) {
        return Ok(0);
    }
    if is_login_server(first, target) {
        return Ok(slash + 1);
    }
    let kind = LineErrorKind::DestinationHost { target: target.cloned() };
    Err(Broken::new(kind, 0..slash).fixed(Fix { place: 0..slash + 1, text: String::new() }))
}

/// Returns whether a destination may have this host. Where the target is not known, as when a file is only checked,
/// every registry of Azure could be it.
pub fn is_login_server(host: &str, target: Option<&Registry>) -> bool {
    match target {
        Some(target) => target.as_str().eq_ignore_ascii_case(host),
        None => Registry::parse(host).is_ok_and(|host| host.is_azure()),
    }
}

fn broken(error: ReferenceError, by: usize) -> Broken {
    Broken::by_reference(LineErrorKind::Destination(error.fault), error).moved(by)
}

fn too_long(text: &str) -> Broken {
    Broken::new(LineErrorKind::Destination(Fault::RepositoryTooLong), 0..text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(text: &str, source: &str) -> Result<Destination, Broken> {
        let target = Registry::parse("contoso.azurecr.io").unwrap();
        read(text, &source.parse().unwrap(), Some(&target))
    }

    #[test]
    fn a_missing_tag_is_the_sources_or_latest() {
        for (text, source, name) in [
            ("mirror/nginx", "nginx:1.27", "mirror/nginx:1.27"),
            ("mirror/nginx:stable", "nginx:1.27", "mirror/nginx:stable"),
            ("mirror/nginx", "nginx", "mirror/nginx:latest"),
        ] {
            assert_eq!(destination(text, source).unwrap().name(), name);
        }
    }

    #[test]
    fn the_login_server_is_dropped_and_another_host_is_refused() {
        assert_eq!(destination("Contoso.azurecr.io/a/b", "nginx:1").unwrap().to_string(), "a/b:1");
        let broken = destination("quay.io/a/b", "nginx:1").unwrap_err();
        assert_eq!(broken.place, 0..7);
        assert!(matches!(broken.kind, LineErrorKind::DestinationHost { target: Some(_) }));
        let broken = destination("contoso.azurecr.io", "nginx:1").unwrap_err();
        assert_eq!((broken.kind, broken.fix.unwrap().text), (LineErrorKind::NoDestination, "nginx".to_owned()));
    }

    #[test]
    fn behind_the_login_server_a_first_part_may_look_like_a_host() {
        let read = destination("contoso.azurecr.io/quay.io/a/b", "nginx:1").unwrap();
        assert_eq!((read.repository(), read.tag()), ("quay.io/a/b", "1"));
        assert_eq!(destination(&read.to_string(), "nginx:1").unwrap(), read);
    }

    #[test]
    fn without_a_known_target_any_registry_of_azure_is_dropped() {
        let source = "nginx:1".parse().unwrap();
        for host in ["fabrikam.azurecr.io", "fabrikam.azurecr.us", "fabrikam.azurecr.cn"] {
            assert_eq!(read(&format!("{host}/a"), &source, None).unwrap().name(), "a:1");
        }
        for host in ["quay.io", "azurecr.io.example.com", ".azurecr.io", "localhost"] {
            read(&format!("{host}/a"), &source, None).unwrap_err();
        }
    }
}
