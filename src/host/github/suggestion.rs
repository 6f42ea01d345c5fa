//! Suggestion: a line that names a tag, as it reads with the digest that the plan shows, to be taken over by one click.

use super::{
    api::Api,
    comment::{Comment, LONGEST, ours},
    refusal::needs,
};
use crate::{
    host::refusal::ApiError,
    images,
    plan::{Plan, Step},
    reference::{Digest, Registry},
    report::escape,
};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// The most that are posted by one run: each of them notifies people.
const MOST: usize = 20;
/// What they begin with.
const MARKER: &str = "<!-- acr-sync-pin:1 ";
/// What would end the block that the line stands in.
const FENCE: &str = "```";

/// A line of the list, pinned.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pin {
    line: u32,
    /// The whole line as it would be.
    text: String,
    digest: Digest,
}

/// Where suggestions are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The number of the pull request.
    pub number: u64,
    /// Its head.
    pub commit: &'a str,
    /// The list, as GitHub names it.
    pub path: &'a str,
}

/// What people should know of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
}

/// Returns the steps that could be pinned: they write, and their lines have a tag and no digest.
pub(super) fn open(plan: &Plan) -> Vec<&Step> {
    let is_open = |step: &&Step| {
        step.action.is_change() && step.source.tag().is_some() && !step.source.has_digest() && step.digest.is_some()
    };
    plan.steps.iter().filter(is_open).collect()
}

/// Finds the lines of steps in the head's own list: in the merge commit, which is planned, they may stand elsewhere.
pub(super) fn pins(head: &[u8], steps: &[&Step], target: Option<&Registry>) -> Vec<Pin> {
    let parsed = images::parse(head, target);
    let places: HashMap<_, _> =
        parsed.list.entries().iter().map(|entry| (entry.destination.to_string(), entry.line)).collect();
    let lines: Vec<_> = head.split(|&byte| byte == b'\n').collect();
    let pin = |step: &&Step| {
        let line = places.get(&step.destination.to_string())?.get();
        let written = lines.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
        let written = std::str::from_utf8(written.strip_suffix(b"\r").unwrap_or(written)).ok()?;
        let digest = step.source_digest()?;
        Some(Pin { line, text: pinned(written, step, digest, target)?, digest })
    };
    steps.iter().filter_map(pin).collect()
}

/// Writes the digest behind the source, and nothing else; nothing for a line that a suggestion cannot show as it is.
fn pinned(written: &str, step: &Step, digest: Digest, target: Option<&Registry>) -> Option<String> {
    let is_shown = escape::visible(written) == written.replace('\t', " ");
    if written.contains(FENCE) || !is_shown || written.len() > LONGEST / 2 {
        return None;
    }
    let start = written.len() - written.trim_start_matches([' ', '\t']).len();
    let end = written[start..].find([' ', '\t', '=']).map_or(written.len(), |length| start + length);
    let (before, behind) = written.split_at(end);
    let text = format!("{before}@{digest}{behind}");
    // What is read of it must be what was planned.
    let parsed = images::parse(text.as_bytes(), target);
    let [entry] = parsed.list.entries() else { return None };
    let is_same = entry.destination == step.destination && entry.options == step.options;
    (is_same && entry.source == step.source.pinned(digest)).then_some(text)
}

/// Posts what nobody was offered before, each once: one of unknown fate is found by the next run, or made by it.
pub(super) async fn put(api: &Api, place: Place<'_>, pins: &[Pin]) -> Result<Told, ApiError> {
    let mut told = Told::default();
    if pins.is_empty() {
        return Ok(told);
    }
    let path = format!("/pulls/{}/comments", place.number);
    let all = ours(api, api.list(&path).await?, MARKER).await?;
    let known: HashSet<_> = all.iter().filter_map(|comment| comment.body().lines().next()).collect();
    let new: Vec<_> = pins.iter().filter(|pin| !known.contains(marker(place.path, pin).as_str())).collect();
    let mut refused = None;
    let mut refusals = 0;
    let mut posted = Vec::new();
    for pin in new.iter().take(MOST) {
        let comment = json!({
            "commit_id": place.commit, "path": place.path, "line": pin.line, "side": "RIGHT",
            "body": body(place.path, pin),
        });
        match api.post::<Comment>(&path, &comment).await {
            Ok(made) => posted.push((marker(place.path, pin), made.id)),
            Err(error @ ApiError::Refused(_)) => {
                refusals += 1;
                refused.get_or_insert(error);
            }
            Err(error) => {
                told.warnings.push(error.told("a suggestion was not posted", &needs("pull-requests: write")));
                settle(api, &path, &posted).await?;
                return Ok(told);
            }
        }
    }
    settle(api, &path, &posted).await?;
    if let Some(error) = refused {
        let tried = new.len().min(MOST);
        told.warnings.push(format!(
            "{refusals} of {tried} suggestions were not posted: {error}; GitHub takes them only on lines that are in the diff of \
             the pull request"
        ));
    }
    if new.len() > MOST {
        let more = new.len() - MOST;
        told.notes.push(format!("{MOST} lines were suggested to be pinned; {more} more are left to the next run"));
    }
    Ok(told)
}

/// Two runs at once may both have found a line without its suggestion: the first one stays.
async fn settle(api: &Api, path: &str, posted: &[(String, u64)]) -> Result<(), ApiError> {
    if posted.is_empty() {
        return Ok(());
    }
    let all = ours(api, api.list(path).await?, MARKER).await?;
    for (marker, made) in posted {
        let twins = all.iter().filter(|comment| comment.body().lines().next() == Some(marker));
        if twins.map(|comment| comment.id).min().is_some_and(|first| first < *made) {
            api.delete(&format!("/pulls/comments/{made}")).await?;
        }
    }
    Ok(())
}

/// Returns the hidden text by which the same suggestion is known.
fn marker(path: &str, pin: &Pin) -> String {
    format!("{MARKER}{} -->", Digest::of(format!("{path}\n{}", pin.text).as_bytes()))
}

fn body(path: &str, pin: &Pin) -> String {
    let (marker, digest, text) = (marker(path, pin), pin.digest.short(), &pin.text);
    format!(
        "{marker}\nThe plan shows `{digest}` for this tag. Pinned, the line imports nothing else:\n\n\
         {FENCE}suggestion\n{text}\n{FENCE}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        images::Entry,
        plan::{Action, Change, Route},
    };

    fn step(line: &str) -> Step {
        let Entry { line, source, destination, options } =
            images::parse(line.as_bytes(), None).list.entries()[0].clone();
        let (change, action, route) = (Change::Added, Action::Import, Route::ServerSide);
        let digest = Some(Digest::of(b"image"));
        Step {
            line,
            source,
            destination,
            options,
            change,
            digest,
            subset: None,
            image: None,
            action,
            route,
            companions: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn pinned(line: &str) -> Option<String> {
        let digest = Digest::of(b"image");
        super::pinned(line, &step(line), digest, None).map(|text| text.replace(&digest.to_string(), "DIGEST"))
    }

    #[test]
    fn only_the_digest_is_new_in_a_line() {
        for (written, expected) in [
            ("nginx:1.27 => mirror/nginx", "nginx:1.27@DIGEST => mirror/nginx"),
            ("nginx:1.27=>mirror/nginx", "nginx:1.27@DIGEST=>mirror/nginx"),
            ("\t quay.io:443/a/b:v1\t=>  c:d   # why: a@b ", "\t quay.io:443/a/b:v1@DIGEST\t=>  c:d   # why: a@b "),
        ] {
            assert_eq!(pinned(written).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_line_that_could_leave_its_block_is_left_alone() {
        let long = format!("nginx:1 => a # {}", "x".repeat(LONGEST));
        for line in ["nginx:1 => a # ```", "nginx:1 => a # ````@octocat", "nginx:1 => a # \u{200d}", &long] {
            assert_eq!(pinned(line), None, "{line}");
        }
    }

    #[test]
    fn lines_are_found_where_the_head_has_them() {
        let planned = step("nginx:1 => a");
        let find = |head: &str| pins(head.as_bytes(), &[&planned], None).iter().map(|pin| pin.line).collect::<Vec<_>>();
        assert_eq!(find("# first\r\n\r\nnginx:1 => a\r\n"), [3]);
        for other in ["", "nginx:2 => a\n", "nginx:1 => b\n", "nginx => a:1\n"] {
            assert_eq!(find(other), [0; 0], "{other}");
        }
    }

    #[test]
    fn the_same_line_and_digest_are_known_again() {
        let pin = |text: &str| Pin { line: 1, text: text.to_owned(), digest: Digest::of(b"image") };
        let text = body("images.txt", &pin("a"));
        assert_eq!(text.lines().next(), Some(marker("images.txt", &pin("a")).as_str()));
        assert!(text.ends_with("```suggestion\na\n```\n"), "{text}");
        for (path, line) in [("images.txt", "b"), ("other.txt", "a")] {
            assert_ne!(marker(path, &pin(line)), marker("images.txt", &pin("a")));
        }
    }
}
