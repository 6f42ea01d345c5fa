//! Nearest: which tags a mistyped one was probably meant to be.

/// Returns up to `most` tags that differ least from `meant`, the nearest first.
pub fn nearest(meant: &str, tags: &[String], most: usize) -> Vec<String> {
    let mut ranked: Vec<_> = tags
        .iter()
        // Signatures and attestations are tags too, but nobody means them.
        .filter(|tag| !tag.starts_with("sha256-"))
        .map(|tag| (strsim::levenshtein(meant, tag), common_start(meant, tag), tag))
        .collect();
    ranked.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)).then(b.2.cmp(a.2)));
    ranked.into_iter().take(most).map(|(_, _, tag)| tag.clone()).collect()
}

fn common_start(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_signatures_not_at_all() {
        let tags: Vec<String> = ["v1.11.1", "v1.11.2", "v1.10.4", "latest", "sha256-00.sig"].map(String::from).into();
        assert_eq!(nearest("v1.11.10", &tags, 2), ["v1.11.1", "v1.11.2"]);
        assert_eq!(nearest("1.11.2", &tags, 1), ["v1.11.2"]);
        assert_eq!(nearest("x", &[], 3), Vec::<String>::new());
    }
}
