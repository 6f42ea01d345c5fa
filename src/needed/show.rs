//! Showing what was found to people in a terminal or in front of a log: what is bad last, then the answer.

use super::{Gap, Need, Needs, Note, Place, Proposal, Rival, Skipped, Totals, Verdict};
use crate::report::escape::log_line;
use std::fmt::Write as _;

/// The most places of one image that are shown; the machine form has all.
const MOST_PLACES: usize = 3;
/// The most that is left out and shown.
const MOST_SKIPPED: usize = 20;
/// What stands before everything below an image: as wide as the longest word and two spaces.
const INDENT: &str = "          ";

/// Writes everything that was found. The last line is the answer. Foreign text is escaped.
pub fn text(file: &str, needs: &Needs, added: &[String]) -> String {
    let mut page = String::new();
    for skipped in needs.skipped.iter().take(MOST_SKIPPED) {
        line(&mut page, "skipped", &format!("{}: {}", left(skipped), skipped.why));
    }
    let more = needs.skipped.len().saturating_sub(MOST_SKIPPED);
    if more > 0 {
        line(&mut page, "", &format!("and {more} more"));
    }
    for rank in [0, 1, 2] {
        for need in needs.needs.iter().filter(|need| weight(need) == rank) {
            show(&mut page, file, need);
        }
    }
    for added in added {
        line(&mut page, "added", added);
    }
    if !page.is_empty() {
        page.push('\n');
    }
    page.push_str(&log_line(&summary(file, needs, added)));
    page.push('\n');
    page
}

/// Returns the answer in one sentence.
pub(super) fn summary(file: &str, needs: &Needs, added: &[String]) -> String {
    let Totals { served, rename, unlisted, missing } = needs.totals();
    let open = open(needs, added);
    let mut parts = Vec::new();
    if !added.is_empty() {
        parts.push(format!("{} added to {file}", counted(added.len(), "line")));
    }
    if open > 0 {
        parts.push(format!("{open} missing"));
    }
    if rename > 0 {
        parts.push(format!("{rename} to rename"));
    }
    if parts.is_empty() {
        parts.push("nothing missing".to_owned());
    }
    let images = counted(served + rename + unlisted + missing, "image");
    let (objects, files) = (counted(needs.objects, "object"), counted(needs.files, "file"));
    let mut summary = format!("scan: {}; {images} in {objects} of {files}", parts.join(", "));
    if !needs.skipped.is_empty() {
        // Writing to a text does not fail.
        write!(summary, ", {} skipped", needs.skipped.len()).unwrap_or_default();
    }
    summary
}

/// Returns how many images no line brings in, those left out that were just added.
pub fn open(needs: &Needs, added: &[String]) -> usize {
    let is_open = |need: &&Need| match &need.verdict {
        Verdict::Served { .. } | Verdict::Rename { .. } => false,
        Verdict::Missing(Proposal::Add(line)) => !added.contains(line),
        Verdict::Unlisted(_) | Verdict::Missing(Proposal::Collision { .. } | Proposal::Impossible(_)) => true,
    };
    needs.needs.iter().filter(is_open).count()
}

/// Says in a few words what is the matter with an image.
pub(super) fn reason(need: &Need) -> String {
    match &need.verdict {
        Verdict::Served { line } => format!("line {line} brings it in"),
        Verdict::Rename { line, .. } => format!("line {line} brings it in, but the cluster would pull it from outside"),
        Verdict::Unlisted(Gap::NoLine(_)) => "the cluster asks the registry for it and no line brings it in".to_owned(),
        Verdict::Unlisted(Gap::OtherDigest { line, digest }) => {
            format!("line {line} brings in another digest, {digest}")
        }
        Verdict::Missing(Proposal::Add(_)) => "no line brings it in".to_owned(),
        Verdict::Missing(Proposal::Collision { with: Rival::Line(line), .. }) => {
            format!("no line brings it in, and line {line} has the destination it would get")
        }
        Verdict::Missing(Proposal::Collision { with: Rival::Image(image), .. }) => {
            format!("no line brings it in, and {image} would get the same destination")
        }
        Verdict::Missing(Proposal::Impossible(why)) => format!("no line brings it in, and {why}"),
    }
}

impl Note {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::ImpliedLatest => "no tag is named: this means `latest`, which moves",
            Self::DigestUnknown => "the line names only a tag: whether it holds this digest is not looked up",
        }
    }
}

fn weight(need: &Need) -> u8 {
    match need.verdict {
        Verdict::Served { .. } => 0,
        Verdict::Rename { .. } => 1,
        Verdict::Unlisted(_) | Verdict::Missing(_) => 2,
    }
}

fn show(page: &mut String, file: &str, need: &Need) {
    let (word, advice) = match &need.verdict {
        // What is as it should be is a number, unless there is a note to it.
        Verdict::Served { .. } if need.notes.is_empty() => return,
        Verdict::Served { .. } => ("served", None),
        Verdict::Rename { to, .. } => ("rename", Some(format!("use {to}"))),
        Verdict::Unlisted(Gap::NoLine(like)) => {
            ("missing", like.as_ref().map(|line| format!("if this is meant, add to {file}: {line}")))
        }
        Verdict::Unlisted(Gap::OtherDigest { .. }) => ("missing", None),
        Verdict::Missing(Proposal::Add(line)) => ("missing", Some(format!("add to {file}: {line}"))),
        Verdict::Missing(Proposal::Collision { line, .. }) => {
            ("missing", Some(format!("add to {file}, with another destination: {line}")))
        }
        Verdict::Missing(Proposal::Impossible(_)) => ("missing", None),
    };
    line(page, word, &need.image.to_string());
    line(page, "", &reason(need));
    for note in &need.notes {
        line(page, "", &format!("note: {}", note.text()));
    }
    for place in need.places.iter().take(MOST_PLACES) {
        line(page, "", &at(place));
    }
    let more = need.places.len().saturating_sub(MOST_PLACES);
    if more > 0 {
        line(page, "", &format!("and {more} more"));
    }
    if let Some(advice) = advice {
        line(page, "", &advice);
    }
}

fn line(page: &mut String, word: &str, text: &str) {
    let width = INDENT.len();
    page.push_str(&format!("{word:width$}{}\n", log_line(text)));
}

fn at(place: &Place) -> String {
    let Place { file, document, line, kind, namespace, name, container } = place;
    let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
    let namespace = namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{file}, document {document}{line}: {kind} {namespace}{name}, {container}")
}

fn left(skipped: &Skipped) -> String {
    let mut place = skipped.file.to_string();
    if let Some(document) = skipped.document {
        write!(place, ", document {document}").unwrap_or_default();
    }
    if let Some(line) = skipped.line {
        write!(place, " (line {line})").unwrap_or_default();
    }
    place
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Manifests, Targets, compare};
    use super::*;
    use crate::{images, reference::Registry};

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn pod(name: &str, image: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: web}}\n\
             spec: {{containers: [{{name: c, image: \"{image}\"}}]}}\n"
        )
    }

    /// One image of each kind.
    pub(in super::super) fn sample() -> Needs {
        let list = format!("nginx:1.27 => mirror/nginx\nquay.io/a/b:1@{A} => b\nquay.io/a/c:2 => c/d\n");
        let images = [
            "contoso.azurecr.io/mirror/nginx:1.27",
            "contoso.azurecr.io/mirror/nginx:1.28",
            &format!("contoso.azurecr.io/mirror/nginx:1.27@{A}"),
            &format!("contoso.azurecr.io/b:1@{B}"),
            "nginx:1.27",
            "redis",
            "ghcr.io/c/d:2",
            "quay.io/e/f:1",
            "ghcr.io/e/f:1",
            "Bad",
        ];
        let text: String = images.iter().enumerate().map(|(at, image)| pod(&format!("p{at}"), image)).collect();
        let mut manifests = Manifests::default();
        manifests.read("chart.yaml", (text + "---\na: {{ .Values.a }}\n").as_bytes());
        for at in 0..4 {
            manifests.read(&format!("{at}.yaml"), pod("again", "redis").as_bytes());
        }
        manifests.skip("link.yaml", "a symbolic link out of the tree");
        let targets = Targets::new(vec![Registry::parse("contoso.azurecr.io").unwrap()]);
        compare(manifests, &images::parse(list.as_bytes(), targets.one()).list, &targets)
    }

    #[test]
    fn each_kind_reads_well() {
        insta::assert_snapshot!(text("images.txt", &sample(), &[]));
    }

    #[test]
    fn what_was_added_is_no_longer_missing() {
        let needs = sample();
        let lines = needs.lines();
        assert_eq!(lines, ["docker.io/library/redis:latest => mirror/redis"]);
        assert_eq!((open(&needs, &[]), open(&needs, &lines)), (6, 5));
        let page = text("images.txt", &needs, &lines);
        assert!(page.contains("added     docker.io/library/redis:latest => mirror/redis\n"), "{page}");
        assert!(page.contains("scan: 1 line added to images.txt, 5 missing, 1 to rename; "), "{page}");
    }

    #[test]
    fn no_line_is_a_command_of_a_ci_host() {
        let mut manifests = Manifests::default();
        manifests.read("::error::a\n##[b].yaml", pod("x\u{1b}[2J##vso[task.x]", "::error::").as_bytes());
        manifests.read("##[c].yaml", pod("##[d] ##vso[e]", "nginx").as_bytes());
        let needs = compare(manifests, &images::parse(b"", None).list, &Targets::default());
        for line in text("##[images].txt", &needs, &[]).lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##") && !line.contains('\u{1b}'), "{line}");
        }
    }
}
