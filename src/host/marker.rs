//! Marker: the hidden text by which a post of ours is found again. Two lists of one pull request have two, and so have two
//! shards of one list.

use crate::plan::Shard;
use std::fmt;

const OPENING: &str = "<!-- acr-sync ";
const CLOSING: &str = " -->";
const SHARD: &str = " shard ";

/// What a post begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    /// What is the same for every shard of the list, and for the list as a whole.
    opening: String,
    shard: Option<Shard>,
}

impl Marker {
    /// Makes the marker of a list, which `key` names, or of one of its shards.
    pub(super) fn new(key: &str, shard: Option<Shard>) -> Self {
        Self { opening: format!("{OPENING}{}", unlike_others(key.trim())), shard }
    }

    /// Returns what the posts of all shards begin with, and possibly those of other lists.
    pub(super) fn opening(&self) -> &str {
        &self.opening
    }

    pub(super) fn shard(&self) -> Option<Shard> {
        self.shard
    }

    /// Returns the marker of a post about the same list; none where it is about another.
    pub(super) fn of(&self, body: &str) -> Option<Self> {
        let (shard, _) = body.strip_prefix(&self.opening)?.split_once(CLOSING)?;
        let shard = match shard.strip_prefix(SHARD) {
            Some(shard) => Some(shard.parse().ok()?),
            None if shard.is_empty() => None,
            None => return None,
        };
        let found = Self { opening: self.opening.clone(), shard };
        body.starts_with(&found.to_string()).then_some(found)
    }

    /// Returns how the list is divided, in words.
    pub(super) fn division(&self) -> String {
        self.shard.map_or_else(|| "as a whole".to_owned(), |shard| format!("in {} shards", shard.count()))
    }

    /// Returns whether posts are about the same parts of the list.
    pub(super) fn divides_like(&self, other: &Self) -> bool {
        self.shard.map(Shard::count) == other.shard.map(Shard::count)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.opening)?;
        if let Some(shard) = self.shard {
            write!(f, "{SHARD}{shard}")?;
        }
        f.write_str(CLOSING)
    }
}

/// Writes a text so that nothing in it ends a comment, and no other text is written the same.
fn unlike_others(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        // Two hyphens could end the comment (HTML, 13.6), and so could `>` behind one.
        if c.is_alphanumeric() || "./_ ".contains(c) || (c == '-' && !written.ends_with('-')) {
            written.push(c);
        } else {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| written.push_str(&format!("%{byte:02X}")));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(key: &str) -> String {
        Marker::new(key, None).to_string()
    }

    #[test]
    fn a_marker_cannot_end_its_comment_early() {
        assert_eq!(marker("a-->b.txt "), "<!-- acr-sync a-%2D%3Eb.txt -->");
        for key in ["--", "---", "a--!>b", "<!--", "-->\n", "a\u{200b}-", "%2D%2D"] {
            let marker = marker(key);
            let inner = marker.strip_prefix("<!-- ").unwrap().strip_suffix(" -->").unwrap();
            assert!(!inner.contains("--") && !inner.contains(['<', '>', '\n', '\u{200b}']), "{marker}");
        }
    }

    #[test]
    fn no_two_lists_have_one_marker() {
        let keys = ["images-prod.txt", "images_prod.txt", "a+b", "a-b", "a--b", "a-%2Db", "a%2D-b", "ä", "%C3%A4"];
        let markers: std::collections::BTreeSet<_> = keys.map(marker).into();
        assert_eq!(markers.len(), keys.len(), "{markers:?}");
    }

    #[test]
    fn posts_of_the_same_list_are_known_by_their_shards_and_those_of_another_are_not() {
        let ours = Marker::new("images.txt a.azurecr.io", "2/3".parse().ok());
        assert_eq!(ours.to_string(), "<!-- acr-sync images.txt a.azurecr.io shard 2/3 -->");
        let shard = |body: &str| ours.of(body).map(|found| found.shard().map(|shard| shard.to_string()));
        let start = "<!-- acr-sync images.txt a.azurecr.io";
        assert_eq!(shard(&format!("{start} --> <!-- run 7 -->")), Some(None));
        assert_eq!(shard(&format!("{start} shard 1/4 --> text")), Some(Some("1/4".to_owned())));
        for other in [" b.azurecr.io -->", ".example.com -->", " shard 4/3 -->", " shard 02/3 -->", " shard 2/3", "-->"]
        {
            assert_eq!(shard(&format!("{start}{other}")), None, "{other}");
        }
        assert_eq!(shard(&format!(" {start} -->")), None);
    }
}
