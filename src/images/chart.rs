//! Chart: a Helm chart as a source, `oci://host[:port]/repository:version` (Helm, "Use OCI-based registries").
//!
//! A chart's version is a Semantic Version and may have a `+`, which no tag has: Helm writes `_` in its place.

use super::{error::LineErrorKind, line::Broken};
use crate::reference::{Reference, registry};
use memchr::{memchr, memrchr};
use std::{borrow::Cow, ops::Range};

/// How a chart's name begins.
pub(super) const SCHEME: &str = "oci://";

/// Returns where a name begins: behind the scheme, if it has one.
pub(super) fn start(text: &str) -> usize {
    if text.starts_with(SCHEME) { SCHEME.len() } else { 0 }
}

/// Returns the name as registries know it, as long as before: places in it stay what they are.
pub(super) fn as_tagged(name: &str) -> Cow<'_, str> {
    let end = memchr(b'@', name.as_bytes()).unwrap_or(name.len());
    let last_part = memrchr(b'/', &name.as_bytes()[..end]).unwrap_or(0);
    match memchr(b':', &name.as_bytes()[last_part..end]) {
        Some(at) if name[last_part + at..end].contains('+') => {
            let (path, rest) = name.split_at(last_part + at);
            let (tag, digest) = rest.split_at(end - path.len());
            Cow::Owned(format!("{path}{}{digest}", tag.replace('+', "_")))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Refuses a chart without its registry: an address has no default for its host.
pub(super) fn check_host(text: &str, name: &Range<usize>) -> Result<(), Broken> {
    let first = text[name.clone()].split('/').next().unwrap_or_default();
    if registry::is_host(first) && first.len() < name.len() {
        return Ok(());
    }
    Err(Broken::new(LineErrorKind::ChartHost, name.start..name.start + first.len()))
}

/// Refuses a chart without its version: Helm takes the newest then, and a tag `latest` is not its custom.
pub(super) fn check_version(source: &Reference, name: &Range<usize>) -> Result<(), Broken> {
    if source.tag().is_some() || source.has_digest() {
        return Ok(());
    }
    Err(Broken::new(LineErrorKind::ChartVersion, name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::parse;

    #[test]
    fn only_the_version_of_a_chart_has_its_plus_written_otherwise() {
        for (name, expected) in [
            ("ghcr.io/org/charts/app:1.2.3+build.5", "ghcr.io/org/charts/app:1.2.3_build.5"),
            ("localhost:5000/a+b/app:1.2.3", "localhost:5000/a+b/app:1.2.3"),
            ("localhost:5000/app:1+2@sha256:0+0", "localhost:5000/app:1_2@sha256:0+0"),
            ("app", "app"),
        ] {
            assert_eq!(as_tagged(name), expected);
        }
    }

    #[test]
    fn a_chart_has_one_name_on_both_sides() {
        for (line, expected) in [
            ("oci://ghcr.io/org/app:1.2.3+b5 => charts/app", "ghcr.io/org/app:1.2.3_b5 => charts/app:1.2.3_b5"),
            ("oci://ghcr.io/org/app:1.2.3+b5 => app:1.2.3+b5 # why", "ghcr.io/org/app:1.2.3_b5 => app:1.2.3_b5"),
            ("oci://ghcr.io/org/app:1.2.3_b5=>app:stable", "ghcr.io/org/app:1.2.3_b5 => app:stable"),
            ("oci://registry-1.docker.io/charts/app:1 => app", "docker.io/charts/app:1 => app:1"),
        ] {
            let parsed = parse(line.as_bytes(), None);
            assert_eq!(parsed.errors, [], "{line}");
            assert_eq!(parsed.list.entries()[0].to_string(), expected);
        }
        let parsed = parse(b"newest 2 of oci://ghcr.io/org/app => app\noci://ghcr.io/org/app:^1.2 => b", None);
        let selections: Vec<_> = parsed.list.selections().iter().map(ToString::to_string).collect();
        assert_eq!(selections, ["newest 2 of ghcr.io/org/app:* => app", "ghcr.io/org/app:^1.2 => b"]);
    }

    #[test]
    fn what_is_wrong_with_a_chart_has_its_column() {
        for (line, column, kind) in [
            ("oci://charts/app:1 => app", 7, LineErrorKind::ChartHost),
            ("oci://ghcr.io => app", 7, LineErrorKind::ChartHost),
            ("oci://ghcr.io/org/app => app", 7, LineErrorKind::ChartVersion),
            ("oci:///app:1 => app", 7, LineErrorKind::ChartHost),
            ("newest 2 of oci://app => app", 19, LineErrorKind::ChartHost),
        ] {
            let errors = parse(line.as_bytes(), None).errors;
            assert_eq!((errors[0].column, &errors[0].kind), (column, &kind), "{line}");
        }
        let errors = parse(b"oci://ghcr.io/Org/app:1+2 =>", None).errors;
        assert_eq!(errors[0].column, 15);
        assert_eq!(errors[0].corrected.as_deref(), Some("oci://ghcr.io/org/app:1+2 => org/app"));
    }
}
