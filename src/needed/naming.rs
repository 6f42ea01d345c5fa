//! Naming: what an image would be called in the target registry, after what the list does already.

use super::index::name;
use crate::{
    images::ImageList,
    reference::{Reference, Registry},
};
use std::collections::HashMap;

const LIBRARY: &str = "library/";

/// The ways in which a list names what it brings in.
pub(super) struct Names {
    /// What a repository became already.
    repositories: HashMap<String, String>,
    /// By registry, what stands before the repositories' own paths, and how often.
    prefixes: HashMap<String, Vec<(String, usize)>>,
    /// How many lines keep Docker Hub's `library/`, less those that drop it.
    keep_library: i64,
}

impl Names {
    pub(super) fn new(list: &ImageList) -> Self {
        let mut names = Self { repositories: HashMap::new(), prefixes: HashMap::new(), keep_library: 0 };
        for entry in list.entries() {
            names.learn(&entry.source, entry.destination.untagged());
        }
        for selection in list.selections() {
            names.learn(&selection.source, selection.untagged());
        }
        names
    }

    fn learn(&mut self, source: &Reference, destination: &str) {
        self.repositories.entry(name(source)).or_insert_with(|| destination.to_owned());
        let path = source.repository();
        let prefix = match (before(destination, path), short(source)) {
            (Some(prefix), None) => prefix,
            (Some(prefix), Some(_)) => {
                self.keep_library += 1;
                prefix
            }
            (None, Some(short)) => {
                let Some(prefix) = before(destination, short) else { return };
                self.keep_library -= 1;
                prefix
            }
            (None, None) => return,
        };
        let prefixes = self.prefixes.entry(source.registry().to_owned()).or_default();
        match prefixes.iter_mut().find(|(known, _)| known == prefix) {
            Some((_, count)) => *count += 1,
            None => prefixes.push((prefix.to_owned(), 1)),
        }
    }

    /// Returns the repository that an image's line would have; a host stands before it where it needs one.
    pub(super) fn of(&self, image: &Reference, target: Option<&Registry>) -> String {
        if let Some(known) = self.repositories.get(&name(image)) {
            return known.clone();
        }
        let path = match short(image) {
            Some(short) if self.keep_library <= 0 => short,
            Some(_) | None => image.repository(),
        };
        // Of those that are as common, the one that stands first.
        let prefixes = self.prefixes.get(image.registry()).into_iter().flatten();
        let prefix = prefixes.rev().max_by_key(|(_, count)| *count).map_or("", |(prefix, _)| prefix);
        let full = format!("{prefix}{path}");
        match target {
            // Without the host the first part would be taken for one.
            Some(target) if full.split_once('/').is_some_and(|(first, _)| first.contains('.')) && prefix.is_empty() => {
                format!("{target}/{full}")
            }
            Some(_) | None => full,
        }
    }
}

/// Returns what stands before a path, which begins a part of its own.
fn before<'a>(destination: &'a str, path: &str) -> Option<&'a str> {
    destination.strip_suffix(path).filter(|prefix| prefix.is_empty() || prefix.ends_with('/'))
}

/// Returns the name of one of Docker Hub's own images without `library/`, as people write it.
fn short(image: &Reference) -> Option<&str> {
    image.repository().strip_prefix(LIBRARY).filter(|_| image.host().is_docker_hub())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images;

    fn named(list: &str, image: &str) -> String {
        let target = Registry::parse("contoso.azurecr.io").unwrap();
        let parsed = images::parse(list.as_bytes(), Some(&target));
        assert_eq!(parsed.errors, []);
        Names::new(&parsed.list).of(&image.parse().unwrap(), Some(&target))
    }

    #[test]
    fn the_way_of_the_same_registry_is_followed() {
        for (list, image, expected) in [
            ("", "quay.io/a/b:1", "a/b"),
            ("", "nginx:1", "nginx"),
            ("", "bitnami/redis:7", "bitnami/redis"),
            ("quay.io/x/y:1 => quay/x/y", "quay.io/a/b:1", "quay/a/b"),
            ("quay.io/x/y:1 => quay/x/y", "ghcr.io/a/b:1", "a/b"),
            ("quay.io/x/y:^1 => quay/x/y", "quay.io/a/b:1", "quay/a/b"),
            ("quay.io/x/y:1 => other", "quay.io/a/b:1", "a/b"),
            ("quay.io/x/y:1 => other/xx/y", "quay.io/a/b:1", "a/b"),
            ("quay.io/x/y:1 => p/x/y\nquay.io/x/z:1 => q/x/z\nquay.io/x/w:1 => q/x/w", "quay.io/a/b:1", "q/a/b"),
            ("quay.io/x/y:1 => p/x/y\nquay.io/x/z:1 => q/x/z", "quay.io/a/b:1", "p/a/b"),
            ("nginx:1 => hub/nginx", "redis:7", "hub/redis"),
            ("nginx:1 => hub/nginx", "bitnami/redis:7", "hub/bitnami/redis"),
            ("nginx:1 => hub/library/nginx", "redis:7", "hub/library/redis"),
            ("nginx:1.26 => web:old", "nginx:1.27", "web"),
            ("quay.io/x/y:1 => contoso.azurecr.io/quay.io/x/y", "quay.io/a/b:1", "contoso.azurecr.io/quay.io/a/b"),
            ("", "ghcr.io/a.b/c:1", "contoso.azurecr.io/a.b/c"),
        ] {
            assert_eq!(named(list, image), expected, "{list:?} {image}");
        }
    }
}
