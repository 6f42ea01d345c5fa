//! Manifests: what is read file by file, of which nothing but the images stays.

use super::{Place, Skipped, document, node::Node, workload};
use crate::reference::Reference;
use std::{collections::BTreeMap, sync::Arc};

/// What Istio's injection puts its own image in the place of.
const INJECTED: &str = "auto";
/// Nothing says more of a name that is none.
const LONGEST_SHOWN: usize = 200;

/// The images of the files that were read so far.
#[derive(Debug, Default)]
pub struct Manifests {
    /// By the full name with tag or digest.
    pub(super) images: BTreeMap<String, Image>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) files: usize,
    pub(super) objects: usize,
    documents: usize,
}

/// An image and where it is named.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) reference: Reference,
    pub(super) places: Vec<Place>,
    pub(super) is_latest_implied: bool,
}

impl Manifests {
    /// Reads a file. What cannot be read is kept by its place, and the rest goes on.
    pub fn read(&mut self, file: &str, text: &[u8]) {
        let file: Arc<str> = file.into();
        let Ok(text) = std::str::from_utf8(text) else {
            self.skipped.push(Skipped { file, document: None, line: None, why: "no text in UTF-8".to_owned() });
            return;
        };
        self.files += 1;
        document::each(text, |document| {
            let (number, line) = (document.number, document.line);
            match document.read {
                Ok(node) => self.take(&file, number, line, &node),
                Err(error) => {
                    let line = error.line.or(line);
                    self.skipped.push(Skipped { file: file.clone(), document: Some(number), line, why: error.why });
                }
            }
        });
    }

    /// Keeps that a file is left out.
    pub fn skip(&mut self, file: &str, why: impl Into<String>) {
        self.skipped.push(Skipped { file: file.into(), document: None, line: None, why: why.into() });
    }

    /// Returns whether no document could be read: then there is no answer.
    pub fn is_empty(&self) -> bool {
        self.documents == 0
    }

    fn take(&mut self, file: &Arc<str>, document: usize, line: Option<usize>, node: &Node) {
        self.documents += 1;
        self.objects += workload::each(node, &mut |naming| {
            let written = naming.image.trim();
            let reference = match full(written) {
                Ok(reference) => reference,
                Err(why) => {
                    let workload::Owner { kind, name, .. } = naming.owner;
                    let why = format!("{kind} {name}, {}: {why}", naming.container);
                    self.skipped.push(Skipped { file: file.clone(), document: Some(document), line, why });
                    return;
                }
            };
            let is_latest_implied = reference.tag().is_none() && !reference.has_digest();
            let mut key = reference.to_string();
            if is_latest_implied {
                key.push_str(":latest");
            }
            let reference = if is_latest_implied { key.parse().unwrap_or(reference) } else { reference };
            let image =
                self.images.entry(key).or_insert(Image { reference, places: Vec::new(), is_latest_implied: false });
            image.is_latest_implied |= is_latest_implied;
            image.places.push(Place {
                file: file.clone(),
                document,
                line,
                kind: naming.owner.kind.to_owned(),
                namespace: naming.owner.namespace.map(str::to_owned),
                name: naming.owner.name.to_owned(),
                container: naming.container,
            });
        });
    }
}

fn full(written: &str) -> Result<Reference, String> {
    let cut = &written[..written.floor_char_boundary(LONGEST_SHOWN)];
    if written.is_empty() {
        return Err("the image has no name; something else fills it in".to_owned());
    }
    if written == INJECTED {
        return Err(format!("`{written}` stands for the image that Istio injects"));
    }
    if written.contains("{{") || written.contains('$') {
        return Err(format!("`{cut}` is a template that is not rendered"));
    }
    written.parse().map_err(|error| format!("`{cut}` is no image: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, image: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: {image}}}]}}\n"
        )
    }

    #[test]
    fn an_image_is_one_however_often_and_however_short_it_is_named() {
        let mut manifests = Manifests::default();
        manifests.read(
            "a.yaml",
            format!("{}---\n{}", pod("x", "nginx"), pod("y", "docker.io/library/nginx:latest")).as_bytes(),
        );
        manifests.read("b.yaml", pod("z", "index.docker.io/nginx").as_bytes());
        let found: Vec<_> = manifests.images.iter().collect();
        let (name, image) = found[0];
        assert_eq!((found.len(), name.as_str()), (1, "docker.io/library/nginx:latest"));
        let places: Vec<_> =
            image.places.iter().map(|place| format!("{} {:?} {}", place.file, place.line, place.name)).collect();
        assert_eq!(places, ["a.yaml Some(1) x", "a.yaml Some(6) y", "b.yaml Some(1) z"]);
        assert!(image.is_latest_implied);
        assert_eq!((manifests.files, manifests.objects, manifests.is_empty()), (2, 3, false));
    }

    #[test]
    fn what_names_no_image_is_kept_with_its_reason() {
        for (image, why) in [
            ("\"{{ .Values.image }}\"", "a template that is not rendered"),
            ("\"${IMAGE}\"", "a template that is not rendered"),
            ("\"\"", "has no name"),
            ("auto", "Istio"),
            ("NGINX:1", "is no image"),
        ] {
            let mut manifests = Manifests::default();
            manifests.read("a.yaml", pod("x", image).as_bytes());
            assert!(manifests.images.is_empty());
            let skipped = &manifests.skipped[0];
            assert!(skipped.why.starts_with("Pod x, container c: ") && skipped.why.contains(why), "{}", skipped.why);
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_left_out() {
        let mut manifests = Manifests::default();
        manifests.read("a.yaml", b"\xff\xfea\0");
        manifests.skip("b.yaml", "too large");
        assert_eq!(manifests.skipped.len(), 2);
        assert!(manifests.is_empty());
        manifests.read("c.yaml", b"---\n# nothing\n");
        assert!(manifests.is_empty());
    }
}
