//! Probe: the readers of foreign bytes of this room, for [`crate::fuzz`].

use super::{Manifest, challenge::Challenge, is_index, realm, tags};
use crate::reference::{Platform, Registry};
use bytes::Bytes;
use reqwest::Url;

pub(crate) fn challenge(header: &str) {
    if let Some(Challenge::Bearer { realm, service, scope }) = Challenge::read(header) {
        let longest = [Some(realm), service, scope].into_iter().flatten().map(|it| it.len()).max();
        assert!(longest <= Some(header.len()), "{header}");
    }
}

/// Returns the token service that a realm is, and whether a password may go there.
pub(crate) fn realm(registry: &Registry, realm: &str) -> Option<(Url, bool)> {
    let url = realm::read(registry, realm).ok()?;
    let belongs = realm::belongs(registry, &url);
    Some((url, belongs))
}

pub(crate) fn next_page(link: &str) -> Option<String> {
    tags::next_page(link)
}

pub(crate) fn manifest(bytes: &Bytes) {
    let Ok(manifest) = Manifest::read(bytes, Some("application/json")) else { return };
    assert_eq!(manifest.bytes, bytes);
    let largest = manifest.blobs().map(|blob| blob.size).max().unwrap_or_default();
    assert!(manifest.size() >= largest);
    assert!(!manifest.is_chart() || !is_index(&manifest.media_type) || manifest.config.is_some());
    for child in &manifest.children {
        let Some(platform) = &child.platform else { continue };
        assert!(platform.admits(platform));
        drop(Platform::parse(&platform.to_string()));
    }
}
