//! The machine form of a scan. Its types are its own, so that the inner model stays free; `docs/scan.schema.json` is
//! made of the comments here.
//!
//! A new field may appear in a version; a field that goes or changes its meaning makes a new version.

use super::{Gap, Need, Needs, Note, Place, Proposal, Rival, Skipped, Totals, Verdict, show};
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'a> {
    /// The name and version of this form.
    schema: Schema,
    /// The list's name.
    file: &'a str,
    /// The answer in one sentence.
    summary: String,
    totals: Counts,
    /// One for each image, in the order of their names.
    images: Vec<Image<'a>>,
    /// Files, documents and images that could not be read.
    skipped: Vec<Left<'a>>,
    /// The lines that were added to the list.
    added: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Schema {
    #[serde(rename = "acr-sync.scan/1")]
    Version1,
}

/// How many there are of each kind.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    /// Files that were read.
    files: usize,
    /// Objects of a cluster in them.
    objects: usize,
    /// Images that a line brings in and that are named so.
    served: usize,
    /// Images that a line brings in, but that are named by their source.
    rename: usize,
    /// Images that the target registry is asked for, without a line.
    unlisted: usize,
    /// Images from outside, without a line.
    missing: usize,
    /// What could not be read.
    skipped: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Image<'a> {
    /// The full name; a tag that was left out is `latest`.
    image: String,
    verdict: Word,
    /// Why, for people.
    reason: String,
    /// The line of the list that brings it in, or that pins another digest; from 1.
    line: Option<u32>,
    /// What the manifests should name.
    #[serde(rename = "use")]
    instead: Option<&'a str>,
    /// The line that would bring it in; null where none can be said.
    add: Option<&'a str>,
    /// Who wants the destination of that line, which is not added therefore.
    collision: Option<String>,
    /// What deserves a look.
    notes: Vec<&'static str>,
    /// Where it is named.
    places: Vec<Where<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Word {
    /// A line brings it in, and it is named so.
    Served,
    /// A line brings it in, but it is named by its source.
    Rename,
    /// The target registry is asked for it, and no line brings it there.
    Unlisted,
    /// It comes from outside, and no line brings it in.
    Missing,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Where<'a> {
    /// The file as it was named; `-` is standard input.
    file: &'a str,
    /// The number of the document in it, from 1, of those that hold anything.
    document: usize,
    /// The line where the document's content begins, from 1.
    line: Option<usize>,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
    /// `container web`, `init container setup`, `volume model`.
    container: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Left<'a> {
    /// The file as it was named.
    file: &'a str,
    /// The number of the document; null where the whole file is left out.
    document: Option<usize>,
    /// The line, from 1.
    line: Option<usize>,
    /// Why, for people.
    why: &'a str,
}

/// Writes everything that was found as JSON (`docs/scan.schema.json`).
pub fn json(file: &str, needs: &Needs, added: &[String]) -> String {
    let Totals { served, rename, unlisted, missing } = needs.totals();
    let Needs { files, objects, .. } = *needs;
    let document = Document {
        schema: Schema::Version1,
        file,
        summary: show::summary(file, needs, added),
        totals: Counts { files, objects, served, rename, unlisted, missing, skipped: needs.skipped.len() },
        images: needs.needs.iter().map(image).collect(),
        skipped: needs.skipped.iter().map(left).collect(),
        added,
    };
    // All keys are texts and nothing is read here, so writing cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn image(need: &Need) -> Image<'_> {
    let (verdict, line, instead, add, collision) = match &need.verdict {
        Verdict::Served { line } => (Word::Served, Some(*line), None, None, None),
        Verdict::Rename { line, to } => (Word::Rename, Some(*line), Some(to.as_str()), None, None),
        Verdict::Unlisted(Gap::NoLine(like)) => (Word::Unlisted, None, None, like.as_deref(), None),
        Verdict::Unlisted(Gap::OtherDigest { line, .. }) => (Word::Unlisted, Some(*line), None, None, None),
        Verdict::Missing(Proposal::Add(line)) => (Word::Missing, None, None, Some(line.as_str()), None),
        Verdict::Missing(Proposal::Collision { line, with }) => {
            let with = match with {
                Rival::Line(line) => format!("line {line}"),
                Rival::Image(image) => image.to_string(),
            };
            (Word::Missing, None, None, Some(line.as_str()), Some(with))
        }
        Verdict::Missing(Proposal::Impossible(_)) => (Word::Missing, None, None, None, None),
    };
    Image {
        image: need.image.to_string(),
        verdict,
        reason: show::reason(need),
        line: line.map(crate::images::LineNumber::get),
        instead,
        add,
        collision,
        notes: need.notes.iter().copied().map(Note::text).collect(),
        places: need.places.iter().map(place).collect(),
    }
}

fn place(place: &Place) -> Where<'_> {
    Where {
        file: &place.file,
        document: place.document,
        line: place.line,
        kind: &place.kind,
        namespace: place.namespace.as_deref(),
        name: &place.name,
        container: &place.container,
    }
}

fn left(skipped: &Skipped) -> Left<'_> {
    Left { file: &skipped.file, document: skipped.document, line: skipped.line, why: &skipped.why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_in_docs_is_that_of_the_types() {
        let mut schema = schemars::schema_for!(Document<'static>);
        schema.insert("title".to_owned(), "acr-sync scan".into());
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = "docs/scan.schema.json";
        if std::env::vars().any(|(name, value)| name == "UPDATE_SCHEMAS" && value == "1") {
            std::fs::write(path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == text, "{path} differs from the types: run the tests with UPDATE_SCHEMAS=1");
    }

    #[test]
    fn a_scan_is_a_document() {
        insta::assert_snapshot!(json("images.txt", &show::tests::sample(), &[]));
    }
}
