//! Workload: where in a manifest images are named.
//!
//! A pod's specification is told by its shape, wherever it stands: so it is found in every kind of Kubernetes' own and
//! in custom resources. What lies in a text (a template in a ConfigMap) is not looked into.

use super::node::Node;

/// The lists of containers of a pod's specification (Kubernetes API v1, PodSpec).
const CONTAINERS: [(&str, &str); 3] =
    [("containers", "container"), ("initContainers", "init container"), ("ephemeralContainers", "ephemeral container")];
const UNNAMED: &str = "(unnamed)";

/// One naming of an image.
pub(super) struct Naming<'a> {
    pub(super) owner: Owner<'a>,
    pub(super) container: String,
    pub(super) image: &'a str,
}

/// The object of the cluster that the image is for.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) kind: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
}

/// Hands out every image that a document names, and returns how many objects of a cluster it holds.
pub(super) fn each<'a>(document: &'a Node, take: &mut impl FnMut(Naming<'a>)) -> usize {
    match document {
        Node::List(items) => items.iter().map(|item| each(item, take)).sum(),
        Node::Map(_) => match document.get("kind").and_then(Node::text) {
            Some(kind) if document.get("apiVersion").is_some() => object(document, kind, take),
            Some(_) | None => 0,
        },
        Node::Text(_) | Node::Other => 0,
    }
}

fn object<'a>(node: &'a Node, kind: &'a str, take: &mut impl FnMut(Naming<'a>)) -> usize {
    if let (Some(of), Some(Node::List(items))) = (kind.strip_suffix("List"), node.get("items")) {
        // The items of a `PodList` need not say that they are pods.
        let kind_of = |item: &'a Node| item.get("kind").and_then(Node::text).unwrap_or(of);
        return items.iter().map(|item| object(item, kind_of(item), take)).sum();
    }
    let metadata = |key| node.get("metadata").and_then(|metadata| metadata.get(key)).and_then(Node::text);
    let name = metadata("name").or(metadata("generateName")).unwrap_or(UNNAMED);
    search(node, Owner { kind, namespace: metadata("namespace"), name }, take);
    1
}

fn search<'a>(node: &'a Node, owner: Owner<'a>, take: &mut impl FnMut(Naming<'a>)) {
    match node {
        Node::Map(entries) => {
            for (key, value) in entries {
                if let Some((_, noun)) = CONTAINERS.iter().find(|(name, _)| name == key) {
                    for (item, image) in images(value, |item| item.get("image")) {
                        take(Naming { owner, container: named(noun, item), image });
                    }
                }
                if key == "volumes" {
                    for (item, image) in images(value, |item| item.get("image")?.get("reference")) {
                        take(Naming { owner, container: named("volume", item), image });
                    }
                }
                search(value, owner, take);
            }
        }
        Node::List(items) => items.iter().for_each(|item| search(item, owner, take)),
        Node::Text(_) | Node::Other => {}
    }
}

fn images<'a>(
    list: &'a Node,
    image: impl Fn(&'a Node) -> Option<&'a Node>,
) -> impl Iterator<Item = (&'a Node, &'a str)> {
    list.list().iter().filter_map(move |item| Some((item, image(item)?.text()?)))
}

fn named(noun: &str, item: &Node) -> String {
    match item.get("name").and_then(Node::text) {
        Some(name) => format!("{noun} {name}"),
        None => noun.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needed::document;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        document::each(text, |document| {
            each(&document.read.unwrap(), &mut |naming| {
                let Owner { kind, namespace, name } = naming.owner;
                let place = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
                found.push(format!("{kind} {place}{name}, {}: {}", naming.container, naming.image));
            });
        });
        found
    }

    const POD: &str = "{containers: [{name: c, image: c:1}], initContainers: [{name: i, image: i:1}, {name: n}], \
                       ephemeralContainers: [{name: e, image: e:1}], volumes: [{name: v, image: {reference: v:1}}, {name: w, emptyDir: {}}]}";

    fn all(of: &str) -> Vec<String> {
        ["container c: c:1", "init container i: i:1", "ephemeral container e: e:1", "volume v: v:1"]
            .map(|rest| format!("{of}, {rest}"))
            .into()
    }

    #[test]
    fn every_kind_with_a_pod_is_known() {
        let template = format!("{{template: {{spec: {POD}}}}}");
        for (kind, body) in [
            ("Pod", format!("spec: {POD}")),
            ("PodTemplate", format!("template: {{spec: {POD}}}")),
            ("CronJob", format!("spec: {{jobTemplate: {{spec: {template}}}}}")),
            ("Rollout", format!("spec: {template}")),
            ("RayCluster", format!("spec: {{workerGroups: [{template}]}}")),
        ]
        .into_iter()
        .chain(
            ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job"]
                .map(|kind| (kind, format!("spec: {template}"))),
        ) {
            let text = format!("apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: n, namespace: s}}\n{body}\n");
            assert_eq!(found(&text), all(&format!("{kind} s/n")), "{kind}");
        }
    }

    #[test]
    fn lists_are_looked_into_however_deep() {
        let pod = format!("{{apiVersion: v1, kind: Pod, metadata: {{generateName: p-}}, spec: {POD}}}");
        let bare = format!("{{metadata: {{name: p}}, spec: {POD}}}");
        let list = |kind: &str, item: &str| format!("{{apiVersion: v1, kind: {kind}, items: [{item}]}}");
        assert_eq!(found(&list("List", &list("List", &pod))), all("Pod p-"));
        assert_eq!(found(&list("PodList", &bare)), all("Pod p"));
        assert_eq!(found(&format!("[{pod}]")), all("Pod p-"));
    }

    #[test]
    fn what_is_no_manifest_names_no_image() {
        for text in [
            "containers: [{name: c, image: c:1}]",
            "kind: Values\ncontainers: [{name: c, image: c:1}]",
            "apiVersion: v1\nkind: ConfigMap\ndata: {x: \"containers: [{image: a}]\"}",
            "apiVersion: v1\nkind: X\nspec: {properties: {containers: {items: {image: a}}}}",
            "apiVersion: v1\nkind: X\nspec: {containers: [a, 1, {image: 1}, {image: {x: y}}], volumes: {image: a}}",
            "a text",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
