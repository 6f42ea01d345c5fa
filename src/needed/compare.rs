//! Comparing what is named with what is brought in.

use super::{
    Gap, Manifests, Need, Needs, Note, Targets, Verdict,
    index::{Brought, Index, Match, digest_there},
    manifests::Image,
    propose,
};
use crate::{images::ImageList, reference::Reference};

/// Says for every image what the list says to it. Asks nobody, and changes nothing.
pub fn compare(manifests: Manifests, list: &ImageList, targets: &Targets) -> Needs {
    let index = Index::new(list);
    let Manifests { images, skipped, files, objects, .. } = manifests;
    let mut needs: Vec<_> = images.into_values().map(|image| need(image, &index, targets)).collect();
    propose::fill(&mut needs, list, &index, targets);
    Needs { needs, skipped, files, objects }
}

fn need(Image { reference: image, places, is_latest_implied }: Image, index: &Index<'_>, targets: &Targets) -> Need {
    let (verdict, certainty) =
        if targets.has(image.registry()) { inside(&image, index) } else { outside(&image, index, targets) };
    let mut notes = Vec::new();
    if is_latest_implied {
        notes.push(Note::ImpliedLatest);
    }
    if certainty == Match::ByTag {
        notes.push(Note::DigestUnknown);
    }
    Need { image, places, verdict, notes }
}

/// Judges an image of the target registry.
fn inside(image: &Reference, index: &Index<'_>) -> (Verdict, Match) {
    let (repository, digest) = (image.repository(), image.digest());
    let Some(tag) = image.tag() else {
        return match index.has_digest(repository, image.manifest()) {
            Some((line, certainty)) => (Verdict::Served { line }, certainty),
            None => (Verdict::Unlisted(Gap::NoLine(None)), Match::Certain),
        };
    };
    let Some((line, entry)) = index.has(repository, tag) else {
        return (Verdict::Unlisted(Gap::NoLine(like(image, index))), Match::Certain);
    };
    match (digest, entry.and_then(digest_there)) {
        (None, _) => (Verdict::Served { line }, Match::Certain),
        (Some(_), None) => (Verdict::Served { line }, Match::ByTag),
        (Some(asked), Some(digest)) if asked == digest => (Verdict::Served { line }, Match::Certain),
        (Some(_), Some(digest)) => (Verdict::Unlisted(Gap::OtherDigest { line, digest }), Match::Certain),
    }
}

/// Judges an image of any other registry.
fn outside(image: &Reference, index: &Index<'_>, targets: &Targets) -> (Verdict, Match) {
    match index.brings(image) {
        Some(Brought { line, repository, tag, certainty, keeps_digest }) => {
            let host = targets.first().map(|target| format!("{target}/")).unwrap_or_default();
            let digest = image.digest().filter(|_| keeps_digest).map(|digest| format!("@{digest}")).unwrap_or_default();
            (Verdict::Rename { line, to: format!("{host}{repository}:{tag}{digest}") }, certainty)
        }
        // Which line, is said once all of them are known.
        None => (Verdict::Missing(super::Proposal::Impossible(String::new())), Match::Certain),
    }
}

/// Returns the line that may be meant, where another tag of the repository has one.
fn like(image: &Reference, index: &Index<'_>) -> Option<String> {
    let entry = index.fills(image.repository())?;
    let tag = image.tag()?;
    let has_same_tag = entry.source.tag() == Some(entry.destination.tag());
    let source = Reference::new(entry.source.registry(), entry.source.repository(), Some(tag), image.digest()).ok()?;
    has_same_tag.then(|| format!("{source} => {}", entry.destination.untagged()))
}

#[cfg(test)]
mod tests {
    use super::super::{Proposal, Rival};
    use super::*;
    use crate::{images, reference::Registry};

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn targets() -> Targets {
        Targets::new(vec![Registry::parse("contoso.azurecr.io").unwrap()])
    }

    fn needs(list: &str, named: &[&str], targets: &Targets) -> Needs {
        let mut manifests = Manifests::default();
        for image in named {
            let pod =
                serde_json::json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": image}]}});
            manifests.read("a.json", pod.to_string().as_bytes());
        }
        assert_eq!(manifests.skipped, []);
        let parsed = images::parse(list.as_bytes(), targets.one());
        assert_eq!(parsed.errors, []);
        compare(manifests, &parsed.list, targets)
    }

    /// Returns the verdict on one image in a few words.
    fn told(list: &str, image: &str) -> String {
        let needs = needs(list, &[image], &targets());
        let need = &needs.needs[0];
        let verdict = match &need.verdict {
            Verdict::Served { line } => format!("served by {line}"),
            Verdict::Rename { line, to } => format!("{line}: use {}", to.strip_prefix("contoso.azurecr.io/").unwrap()),
            Verdict::Unlisted(Gap::NoLine(like)) => format!("no line; {}", like.as_deref().unwrap_or("-")),
            Verdict::Unlisted(Gap::OtherDigest { line, .. }) => format!("{line} has another digest"),
            Verdict::Missing(Proposal::Add(line)) => format!("add {line}"),
            Verdict::Missing(Proposal::Collision { line, with: Rival::Line(with) }) => format!("{with} takes {line}"),
            Verdict::Missing(other) => format!("{other:?}"),
        };
        let is_unsure = if need.notes.contains(&Note::DigestUnknown) { "?" } else { "" };
        format!("{verdict}{is_unsure}")
    }

    #[test]
    fn an_image_of_the_target_needs_a_line_that_brings_it_there() {
        let list = format!(
            "nginx:1.27 => mirror/nginx\nquay.io/a/b:1@{A} => b\nquay.io/a/c:^2 => c\nd => d\nquay.io/e@{A} => e:1\n"
        );
        for (image, expected) in [
            ("contoso.azurecr.io/mirror/nginx:1.27", "served by 1"),
            ("Contoso.azurecr.io/mirror/nginx:1.28", "no line; docker.io/library/nginx:1.28 => mirror/nginx"),
            ("contoso.azurecr.io/mirror/nginx", "no line; docker.io/library/nginx:latest => mirror/nginx"),
            ("contoso.azurecr.io/nginx:1.27", "no line; -"),
            (&format!("contoso.azurecr.io/mirror/nginx:1.27@{A}"), "served by 1?"),
            (&format!("contoso.azurecr.io/mirror/nginx@{A}"), "served by 1?"),
            (&format!("contoso.azurecr.io/b:1@{A}"), "served by 2"),
            (&format!("contoso.azurecr.io/b:1@{B}"), "2 has another digest"),
            (&format!("contoso.azurecr.io/b@{A}"), "served by 2"),
            (&format!("contoso.azurecr.io/b@{B}"), "no line; -"),
            ("contoso.azurecr.io/c:2.4", "served by 3"),
            ("contoso.azurecr.io/c:3.0", "no line; -"),
            (&format!("contoso.azurecr.io/c@{A}"), "served by 3?"),
            ("contoso.azurecr.io/d", "served by 4"),
            ("contoso.azurecr.io/e:2", "no line; -"),
        ] {
            assert_eq!(told(&list, image), expected, "{image}");
        }
    }

    #[test]
    fn an_image_from_outside_is_compared_by_meaning() {
        let list = format!(
            "nginx:1.27 => mirror/nginx:stable\nquay.io/a/b:1@{A} => b\nquay.io/a/c:v1.* => c\n\
             newest 3 of quay.io/a/d => d\nquay.io/a/e => e\nquay.io/a/f@{A} => f:x\n"
        );
        for (image, expected) in [
            ("index.docker.io/nginx:1.27", "1: use mirror/nginx:stable"),
            (&format!("nginx:1.27@{A}"), &format!("1: use mirror/nginx:stable@{A}?")),
            ("quay.io/a/b:1", "2: use b:1"),
            (&format!("quay.io/a/b@{A}"), &format!("2: use b:1@{A}")),
            (&format!("quay.io/a/b:other@{A}"), &format!("2: use b:1@{A}")),
            (&format!("quay.io/a/b:1@{B}"), &format!("2 takes quay.io/a/b:1@{B} => b")),
            ("quay.io/a/c:v1.9", "3: use c:v1.9"),
            ("quay.io/a/c:v2", "add quay.io/a/c:v2 => c"),
            (&format!("quay.io/a/c:v1.9@{A}"), &format!("3: use c:v1.9@{A}?")),
            ("quay.io/a/d:1.2", "4: use d:1.2"),
            ("quay.io/a/d:edge", "add quay.io/a/d:edge => d"),
            ("quay.io/a/e", "5: use e:latest"),
            ("quay.io/a/e:latest", "5: use e:latest"),
            (&format!("quay.io/a/f@{A}"), &format!("6: use f:x@{A}")),
            ("quay.io/a/f", "add quay.io/a/f:latest => f"),
        ] {
            assert_eq!(told(&list, image), expected, "{image}");
        }
    }

    #[test]
    fn some_platforms_of_an_image_have_a_digest_of_their_own() {
        let list = format!("quay.io/a/b:1@{A} => b platforms=linux/amd64\n");
        assert_eq!(told(&list, &format!("quay.io/a/b:1@{A}")), "1: use b:1");
        assert_eq!(told(&list, &format!("contoso.azurecr.io/b:1@{B}")), "served by 1?");
        assert_eq!(told(&list, &format!("contoso.azurecr.io/b@{B}")), "served by 1?");
    }

    #[test]
    fn without_a_target_every_registry_of_azure_is_one() {
        let named = ["fabrikam.azurecr.io/a:1", "b:1", "c:1"];
        let found = needs("x:1 => a\nb:1 => fabrikam.azurecr.io/b\n", &named, &Targets::default());
        let verdicts: Vec<_> = found.needs.iter().map(|need| &need.verdict).collect();
        assert!(matches!(verdicts[0], Verdict::Rename { to, .. } if to == "b:1"));
        assert!(
            matches!(verdicts[1], Verdict::Missing(Proposal::Add(line)) if line == "docker.io/library/c:1 => fabrikam.azurecr.io/c" || line == "docker.io/library/c:1 => c")
        );
        assert!(matches!(verdicts[2], Verdict::Served { .. }));
        let two =
            Targets::new(["a.azurecr.io", "harbor.example.com"].map(|host| Registry::parse(host).unwrap()).into());
        let found =
            needs("x:1 => a\n", &["harbor.example.com/a:1", "fabrikam.azurecr.io/a:1", "a.azurecr.io/a:1"], &two);
        let totals = found.totals();
        assert_eq!((totals.served, totals.missing), (2, 1));
    }
}
