//! What holds for every list and every set of manifests, tried on many.

use super::{Manifests, Need, Needs, Proposal, Targets, Verdict, append, compare};
use crate::{
    images::{self, Parsed},
    reference::Registry,
};
use proptest::prelude::*;

fn digest() -> impl Strategy<Value = String> {
    "[ab]".prop_map(|digit| format!("@sha256:{}", digit.repeat(64)))
}

fn image() -> impl Strategy<Value = String> {
    let host = prop::sample::select(vec!["", "docker.io/", "quay.io/", "contoso.azurecr.io/", "localhost:5000/"]);
    let path = prop::sample::select(vec!["nginx", "library/nginx", "a/b", "a.b/c", "b"]);
    let tag = prop::sample::select(vec!["", ":1", ":1.2", ":latest"]);
    (host, path, tag, prop::option::weighted(0.3, digest()))
        .prop_map(|(host, path, tag, digest)| format!("{host}{path}{tag}{}", digest.unwrap_or_default()))
}

/// Lines as people write them; not all go together.
fn line() -> impl Strategy<Value = String> {
    let destination = prop::sample::select(vec!["mirror/nginx", "a/b", "b:1", "contoso.azurecr.io/quay.io/a/b"]);
    prop_oneof![
        4 => (image(), destination).prop_map(|(image, destination)| format!("{image} => {destination}")),
        1 => Just("quay.io/a/b:1.* => a/b".to_owned()),
        1 => Just("# a comment".to_owned()),
        1 => Just(String::new()),
    ]
}

fn list() -> impl Strategy<Value = String> {
    let end = prop::sample::select(vec!["\n", "\r\n"]);
    let head = prop::sample::select(vec!["", "\u{feff}"]);
    let tail = prop::sample::select(vec!["", "\n", "\r\n", "\r", "\n\n"]);
    (head, prop::collection::vec(line(), 0..6), end, tail)
        .prop_map(|(head, lines, end, tail)| format!("{head}{}{tail}", lines.join(end)))
}

fn parsed(text: &[u8], targets: &Targets) -> Parsed {
    images::parse(text, targets.one())
}

fn needs(text: &[u8], named: &[String], targets: &Targets) -> Needs {
    let mut manifests = Manifests::default();
    let containers: Vec<_> = named.iter().map(|image| serde_json::json!({"name": "c", "image": image})).collect();
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}});
    manifests.read("a.json", pod.to_string().as_bytes());
    compare(manifests, &parsed(text, targets).list, targets)
}

fn targets() -> impl Strategy<Value = Targets> {
    prop::collection::vec(prop::sample::select(vec!["contoso.azurecr.io", "quay.io"]), 0..3)
        .prop_map(|hosts| Targets::new(hosts.into_iter().map(|host| Registry::parse(host).unwrap()).collect()))
}

proptest! {
    #[test]
    fn what_is_added_leaves_every_byte_and_makes_no_new_error(
        text in list(),
        named in prop::collection::vec(image(), 0..8),
        targets in targets(),
    ) {
        let before = parsed(text.as_bytes(), &targets);
        // Nothing is written while the list has errors.
        if before.error_count() > 0 {
            return Ok(());
        }
        let first = needs(text.as_bytes(), &named, &targets);
        // What made no destination may make one by the habits of the longer list.
        let fits = |need: &Need| !matches!(need.verdict, Verdict::Missing(Proposal::Impossible(_)));
        let named: Vec<_> = first.needs.iter().filter(|need| fits(need)).map(|need| need.image.to_string()).collect();
        let lines = first.lines();
        let longer = append(text.as_bytes(), &lines);
        prop_assert!(longer.starts_with(text.as_bytes()));
        let after = parsed(&longer, &targets);
        prop_assert_eq!(&after.errors, &before.errors);
        prop_assert_eq!(after.list.len(), before.list.len() + lines.len());
        // A second run finds nothing to add, and what was missing has its line.
        let again = needs(&longer, &named, &targets);
        prop_assert_eq!(again.lines(), Vec::<String>::new());
        prop_assert_eq!(append(&longer, &again.lines()), longer);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,60}", pieces in prop::collection::vec(
        prop::sample::select(vec!["---", "\n", "a: ", "- ", "&a ", "*a", "{", "}", "[", "<<: ", "!t ", "image: ", "containers:\n", "  ", "\"", "|"]), 0..30),
    ) {
        let mut manifests = Manifests::default();
        manifests.read("a.yaml", text.as_bytes());
        manifests.read("b.yaml", pieces.concat().as_bytes());
    }
}
