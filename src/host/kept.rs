//! Kept: the plan's digests, hidden in the post until the merge asks what was reviewed.
//!
//! `<!-- acr-sync-plan:1 {"-":"marks of removals","repository:tag":"digest"} -->`, in the first line, where no foreign text can stand.
//! Whoever may edit comments in the repository may edit it too; so a digest in the list itself is stronger.

use crate::{
    plan::{Mark, Reviewed},
    reference::Digest,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::BTreeMap;

const OPENING: &str = "<!-- acr-sync-plan:1 ";
const CLOSING: &str = " -->";
/// Where the marks of removals stand, eight bytes each.
const REMOVALS: &str = "-";

/// Writes the block, or nothing if it needs more than `room` bytes: the table below has its needs too.
pub(super) fn block(reviewed: &Reviewed, room: usize) -> Option<String> {
    let digests: BTreeMap<_, _> =
        reviewed.iter().filter_map(|(destination, digest)| Some((destination, packed(digest)?))).collect();
    let mut json = serde_json::to_value(&digests).ok()?;
    let removals: Vec<u8> = reviewed.removals().flat_map(|mark| mark.0.to_be_bytes()).collect();
    if !removals.is_empty() {
        // No destination has this name.
        json[REMOVALS] = URL_SAFE_NO_PAD.encode(removals).into();
    }
    let json = json.to_string();
    // Two hyphens could end the comment (HTML, 13.6), and so could no other way to write them.
    let json = json.replace("--", "-\\u002d").replace('<', "\\u003c").replace('>', "\\u003e");
    let block = format!("{OPENING}{json}{CLOSING}");
    (block.len() <= room).then_some(block)
}

/// Reads the block of a post of ours.
pub(super) fn read(comment: &str, marker: &str) -> Option<Reviewed> {
    // One line is ours alone: the marker, the run, the block.
    let first = comment.strip_prefix(marker)?.lines().next()?;
    let block = first.trim_start().strip_prefix("<!-- run ")?.split_once(CLOSING)?.1.strip_prefix(' ')?;
    let block = block.strip_prefix(OPENING)?;
    let (json, _) = block.split_once(CLOSING)?;
    let mut digests: BTreeMap<String, String> = serde_json::from_str(json).ok()?;
    let removals = URL_SAFE_NO_PAD.decode(digests.remove(REMOVALS).unwrap_or_default()).ok()?;
    let (removals, rest) = removals.as_chunks::<8>();
    if !rest.is_empty() {
        return None;
    }
    let digests = digests.into_iter().map(|(destination, digest)| Some((destination, unpacked(&digest)?)));
    let reviewed = Reviewed::of(digests.collect::<Option<Vec<_>>>()?);
    Some(reviewed.with_removals(removals.iter().map(|bytes| Mark(u64::from_be_bytes(*bytes)))))
}

/// 43 characters instead of 71: a comment has room for half as many lines again.
fn packed(digest: Digest) -> Option<String> {
    let text = digest.to_string();
    let hex = text.strip_prefix("sha256:")?;
    let byte = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<_>> = (0..hex.len()).step_by(2).map(byte).collect();
    Some(URL_SAFE_NO_PAD.encode(bytes?))
}

fn unpacked(text: &str) -> Option<Digest> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKER: &str = "<!-- acr-sync images.txt -->";

    fn reviewed(count: usize) -> Reviewed {
        let name = |index: usize| format!("team/a--b---{index}:v1.0--rc");
        Reviewed::of((0..count).map(|index| (name(index), Digest::of(&index.to_le_bytes()))))
    }

    #[test]
    fn what_is_written_is_read_and_never_ends_early() {
        let block = block(&reviewed(100), 44_000).unwrap();
        assert_eq!(block.matches("--").count(), 2, "{block}");
        assert_eq!(read(&format!("{MARKER} <!-- run 7 --> {block}\n### acr-sync plan"), MARKER), Some(reviewed(100)));
    }

    #[test]
    fn two_thousand_removals_fit_beside_a_hundred_lines() {
        let marks: Vec<_> = (0..2_000).map(|index| Mark::of(&format!("untag a:{index}"))).collect();
        let kept = reviewed(100).with_removals(marks.clone());
        let block = block(&kept, 44_000).unwrap();
        let read = read(&format!("{MARKER} <!-- run 7 --> {block}"), MARKER).unwrap();
        assert_eq!(read, kept);
        assert!(marks.iter().all(|mark| read.lists(*mark)) && !read.lists(Mark::of("untag a:2000")));
    }

    #[test]
    fn five_hundred_lines_fit_and_a_whole_registry_is_left_out() {
        assert!(block(&reviewed(500), 44_000).is_some());
        assert_eq!(block(&reviewed(5_000), 44_000), None);
    }

    #[test]
    fn what_others_wrote_further_down_is_no_plan() {
        let block = block(&reviewed(1), 44_000).unwrap();
        for comment in [
            format!("{MARKER}\n### {block}"),
            format!("{block} {MARKER}"),
            format!("{MARKER} {block}"),
            format!("{MARKER} <!-- run 7 -->\n{block}"),
            format!("{MARKER} <!-- run 7 --> {}", block.replace(':', ";")),
            format!("{MARKER} <!-- run 7 --> {OPENING}{{\"a:1\":\"short\"}}{CLOSING}"),
            MARKER.to_owned(),
        ] {
            assert_eq!(read(&comment, MARKER), None, "{comment}");
        }
    }
}
