//! Proposing: the line that would bring a missing image in, and whether its destination is free.

use super::{
    Need, Proposal, Rival, Targets, Verdict,
    index::{Index, name},
    naming::Names,
};
use crate::{
    images::{self, ImageList},
    reference::{Digest, Reference, Registry},
};
use std::collections::{BTreeMap, HashMap};

/// What is said of a missing image before its line is known, and where one cannot be said.
const NO_LINE: &str = "its name makes no destination";

/// Puts the proposal into every need that misses a line.
pub(super) fn fill(needs: &mut [Need], list: &ImageList, index: &Index<'_>, targets: &Targets) {
    let names = Names::new(list);
    // By destination: who wants it, by which line.
    let mut wanted: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (at, need) in needs.iter_mut().enumerate() {
        let Verdict::Missing(proposal) = &mut need.verdict else { continue };
        let line = line(&need.image, &names, targets);
        *proposal = match entry(&line, targets.one()) {
            None => Proposal::Impossible(NO_LINE.to_owned()),
            Some(entry) => match index.wants(&entry.destination) {
                Some(taken) => Proposal::Collision { line, with: Rival::Line(taken) },
                None => {
                    wanted.entry(entry.destination.name().to_owned()).or_default().push((at, line.clone()));
                    Proposal::Add(line)
                }
            },
        };
    }
    // Each round takes an image out that another's line serves, so that there are no more rounds than images.
    loop {
        for rivals in wanted.values().filter(|rivals| rivals.len() > 1) {
            settle(needs, rivals);
        }
        let served = served(needs);
        if served.is_empty() {
            return;
        }
        for (at, line) in &served {
            needs[*at].verdict = Verdict::Missing(Proposal::Add(line.clone()));
        }
        for rivals in wanted.values_mut() {
            rivals.retain(|(at, _)| !served.contains_key(at));
            for (at, line) in rivals {
                needs[*at].verdict = Verdict::Missing(Proposal::Add(line.clone()));
            }
        }
    }
}

/// Returns the images without a free destination whose digest comes in by the line of another, with that line: the
/// list would count them as brought in, and their destination belongs to whoever else wants it.
fn served(needs: &[Need]) -> BTreeMap<usize, String> {
    let adds: HashMap<_, _> =
        needs.iter().filter_map(|need| Some(((name(&need.image), need.image.digest()?), proposed(need)?))).collect();
    let is_stuck = |need: &Need| matches!(need.verdict, Verdict::Missing(Proposal::Collision { .. }));
    needs
        .iter()
        .enumerate()
        .filter(|(_, need)| is_stuck(need))
        .filter_map(|(at, need)| Some((at, adds.get(&(name(&need.image), need.image.digest()?))?.clone())))
        .collect()
}

/// One line serves a tag with and without its digest; images that differ cannot share a destination.
fn settle(needs: &mut [Need], rivals: &[(usize, String)]) {
    let images: Vec<_> = rivals.iter().map(|(at, _)| needs[*at].image.clone()).collect();
    let digests: Vec<Digest> = images.iter().filter_map(Reference::digest).collect();
    let is_same =
        images.iter().all(|image| is_same(image, &images[0])) && digests.iter().all(|digest| *digest == digests[0]);
    let pinned = images.iter().position(Reference::has_digest).map(|place| &rivals[place].1);
    for (place, (at, line)) in rivals.iter().enumerate() {
        let other = images[if place == 0 { 1 } else { 0 }].clone();
        needs[*at].verdict = Verdict::Missing(match pinned {
            Some(pinned) if is_same => Proposal::Add(pinned.clone()),
            Some(_) | None => Proposal::Collision { line: line.clone(), with: Rival::Image(other) },
        });
    }
}

fn is_same(a: &Reference, b: &Reference) -> bool {
    name(a) == name(b) && a.tag() == b.tag()
}

fn proposed(need: &Need) -> Option<String> {
    match &need.verdict {
        Verdict::Missing(Proposal::Add(line)) => Some(line.clone()),
        Verdict::Missing(Proposal::Collision { .. } | Proposal::Impossible(_))
        | Verdict::Served { .. }
        | Verdict::Rename { .. }
        | Verdict::Unlisted(_) => None,
    }
}

fn line(image: &Reference, names: &Names, targets: &Targets) -> String {
    let repository = names.of(image, targets.first());
    // A digest alone is called after its first digits: the registry knows it by a tag only.
    let tag = match (image.tag(), image.digest()) {
        (None, Some(digest)) => format!(":sha256-{}", digest.short()),
        (Some(_), _) | (None, None) => String::new(),
    };
    format!("{image} => {repository}{tag}")
}

/// Reads the line as the list would, which is the judge of it.
fn entry(line: &str, target: Option<&Registry>) -> Option<images::Entry> {
    let parsed = images::parse(line.as_bytes(), target);
    let is_good = parsed.errors.is_empty() && parsed.warnings.is_empty();
    parsed.list.entries().first().filter(|_| is_good).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::{Manifests, compare};
    use super::*;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn proposals(list: &str, named: &[&str]) -> Vec<Proposal> {
        let mut manifests = Manifests::default();
        for image in named {
            let pod =
                serde_json::json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": image}]}});
            manifests.read("a.json", pod.to_string().as_bytes());
        }
        let targets = Targets::new(vec![Registry::parse("contoso.azurecr.io").unwrap()]);
        let parsed = images::parse(list.as_bytes(), targets.one());
        let needs = compare(manifests, &parsed.list, &targets).needs;
        let proposal = |need: Need| match need.verdict {
            Verdict::Missing(proposal) => proposal,
            other => panic!("{other:?}"),
        };
        needs.into_iter().map(proposal).collect()
    }

    fn add(line: &str) -> Proposal {
        Proposal::Add(line.to_owned())
    }

    #[test]
    fn each_form_of_a_name_gets_a_line_without_a_warning() {
        for (image, line) in [
            ("nginx", "docker.io/library/nginx:latest => nginx"),
            ("quay.io/a/b:1", "quay.io/a/b:1 => a/b"),
            (&format!("quay.io/a/b:1@{A}"), &format!("quay.io/a/b:1@{A} => a/b")),
            (&format!("quay.io/a/b@{A}"), &format!("quay.io/a/b@{A} => a/b:sha256-aaaaaaaaaaaa")),
            ("localhost:5000/a:1", "localhost:5000/a:1 => a"),
        ] {
            assert_eq!(proposals("", &[image]), [add(line)], "{image}");
        }
    }

    #[test]
    fn one_destination_is_never_wanted_twice() {
        let rival = |line: &str, other: &str| Proposal::Collision {
            line: line.to_owned(),
            with: Rival::Image(other.parse().unwrap()),
        };
        assert_eq!(
            proposals("", &["ghcr.io/a/b:1", "quay.io/a/b:1", "quay.io/a/c:1"]),
            [
                rival("ghcr.io/a/b:1 => a/b", "quay.io/a/b:1"),
                rival("quay.io/a/b:1 => a/b", "ghcr.io/a/b:1"),
                add("quay.io/a/c:1 => a/c"),
            ]
        );
        let pinned = format!("quay.io/a/b:1@{A}");
        assert_eq!(
            proposals("", &["quay.io/a/b:1", &pinned]),
            [add(&format!("{pinned} => a/b")), add(&format!("{pinned} => a/b"))]
        );
        let other = format!("quay.io/a/b:1@{B}");
        assert!(proposals("", &[&pinned, &other]).iter().all(|it| matches!(it, Proposal::Collision { .. })));
        assert!(
            proposals("", &["quay.io/a/b:1", &pinned, &other])
                .iter()
                .all(|it| matches!(it, Proposal::Collision { .. }))
        );
        for list in ["x:1 => a/b", "\nquay.io/x/y:1.* => a/b"] {
            let found = proposals(list, &["quay.io/a/b:1"]);
            let is_taken = matches!(&found[0], Proposal::Collision { with: Rival::Line(_), .. });
            assert_eq!(is_taken, !list.starts_with('\n'), "{found:?}");
        }
        assert!(matches!(proposals("quay.io/x/y:1.* => a/b", &["quay.io/a/b:1.2"])[0], Proposal::Collision { .. }));
    }

    #[test]
    fn a_destination_is_free_where_its_rival_comes_in_by_another_line() {
        let (digest, tag) = (format!("nginx@{A}"), format!("nginx:latest@{A}"));
        let pinned = add(&format!("docker.io/library/nginx@{A} => nginx:sha256-aaaaaaaaaaaa"));
        let found = proposals("", &[&digest, &tag, "quay.io/nginx"]);
        assert_eq!(found, [pinned.clone(), pinned, add("quay.io/nginx:latest => nginx")]);
    }

    #[test]
    fn a_name_that_fits_nowhere_gets_no_line() {
        let long = format!("q.io/{}:1", ["a"; 120].join("/"));
        assert!(matches!(proposals("", &[&long])[0], Proposal::Impossible(_)));
    }
}
