//! Rules: a `.dockerignore`, read and matched as Docker documents it ("Build context", ".dockerignore files").
//!
//! It is another grammar than that of `.gitignore`: a pattern without a slash holds for the root alone, a folder that is
//! left out can have files taken in again, and `!` in the last pattern that matches decides.

use regex::Regex;

/// What version control keeps, which no build needs; a later `!.git` takes it in again.
const KEPT_BY_OTHERS: &str = "**/.git\n**/.hg\n**/.svn\n**/.bzr\n";

/// Which paths are left out.
#[derive(Debug)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: Regex,
    /// Whether what matches is taken in again.
    takes_in: bool,
    /// What stands before the first component that is a pattern.
    stem: Vec<String>,
}

impl Rules {
    /// Reads the text of a `.dockerignore`, without which there are those of version control all the same.
    ///
    /// # Errors
    /// The number of a line, and what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let own = KEPT_BY_OTHERS.lines().map(|line| (0, line));
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let given = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let rule = |(number, line): (usize, &str)| {
            // A `#` counts at the very beginning of a line alone.
            let line = if line.starts_with('#') { "" } else { line.trim() };
            Rule::parse(line).map_err(|why| (number, why)).transpose()
        };
        own.chain(given).filter_map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// Returns whether a path is left out; its parts are separated by `/`. The last rule that matches it, or a folder
    /// that it is in, decides.
    pub(super) fn leave_out(&self, path: &str) -> bool {
        self.0.iter().rev().find(|rule| rule.matches(path)).is_some_and(|rule| !rule.takes_in)
    }

    /// Returns whether something below a folder that is left out may be taken in again.
    pub(super) fn may_take_in_below(&self, folder: &str) -> bool {
        let can =
            |rule: &Rule| rule.takes_in && rule.stem.iter().zip(folder.split('/')).all(|(stem, part)| stem == part);
        self.0.iter().any(can)
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Option<Self>, String> {
        let (takes_in, pattern) = match line.strip_prefix('!') {
            Some("") => return Err("`!` without a pattern".to_owned()),
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let parts = cleaned(pattern);
        if parts.is_empty() {
            return Ok(None);
        }
        let stem = parts.iter().take_while(|part| !part.contains(['*', '?', '[', '\\'])).map(|part| (*part).to_owned());
        let stem = stem.collect();
        let expression = expression(&parts.join("/"))?;
        let pattern = Regex::new(&expression).map_err(|_| format!("`{line}` is no pattern"))?;
        Ok(Some(Self { pattern, takes_in, stem }))
    }

    fn matches(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders.chain([path]).any(|path| self.pattern.is_match(path))
    }
}

/// Returns the parts of a pattern, without those that say nothing; `..` takes one back (Go, `filepath.Clean`).
fn cleaned(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

/// Writes a pattern as a regular expression: `*` and `?` stay within a part, `**` is any number of parts.
fn expression(pattern: &str) -> Result<String, String> {
    let mut expression = "(?s)^".to_owned();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                expression.push_str(if rest.peek().is_none() { ".*" } else { "(.*/)?" });
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => class(&mut rest, &mut expression).ok_or_else(|| format!("`{pattern}` has a `[` without its `]`"))?,
            '\\' => {
                let literal = rest.next().ok_or_else(|| format!("`{pattern}` ends with a `\\`"))?;
                expression.push_str(&regex::escape(&literal.to_string()));
            }
            c => expression.push_str(&regex::escape(&c.to_string())),
        }
    }
    expression.push('$');
    Ok(expression)
}

/// Writes `[abc]`, `[a-z]` or `[^a]`; nothing where it has no end, or nothing in it.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, expression: &mut String) -> Option<()> {
    expression.push('[');
    if rest.next_if_eq(&'^').is_some() {
        expression.push('^');
    }
    let mut is_empty = true;
    loop {
        match rest.next()? {
            ']' if is_empty => return None,
            ']' => break,
            '\\' => expression.push_str(&regex::escape(&rest.next()?.to_string())),
            '-' => expression.push('-'),
            // What a regular expression reads in a class and Docker does not.
            c @ ('[' | '&' | '~' | '^') => expression.extend(['\\', c]),
            c => expression.push(c),
        }
        is_empty = false;
    }
    expression.push(']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out<'a>(text: &str, paths: &[&'a str]) -> Vec<&'a str> {
        let rules = Rules::parse(text).unwrap();
        paths.iter().copied().filter(|path| rules.leave_out(path)).collect()
    }

    #[test]
    fn the_examples_of_dockers_manual_hold() {
        for (pattern, out, kept) in [
            ("*/temp*", &["somedir/temporary.txt", "somedir/temp", "somedir/temp/x"][..], &["temp", "a/b/temp"][..]),
            ("*/*/temp*", &["somedir/subdir/temporary.txt"], &["somedir/temp"]),
            ("temp?", &["tempa", "tempb", "tempa/x"], &["temp", "tempab", "a/tempa"]),
            ("**/*.go", &["a.go", "a/b/c.go"], &["a.gox"]),
            ("*.md\n!README.md", &["CHANGES.md"], &["README.md", "a/x.md"]),
            ("*.md\n!README*.md\nREADME-secret.md", &["README-secret.md", "x.md"], &["README.md"]),
            ("*.md\nREADME-secret.md\n!README*.md", &["x.md"], &["README.md", "README-secret.md"]),
            ("/foo/bar/", &["foo/bar", "foo/bar/x"], &["x/foo/bar"]),
            ("foo/bar", &["foo/bar"], &["foo"]),
        ] {
            assert_eq!(left_out(pattern, out), out, "{pattern}");
            assert_eq!(left_out(pattern, kept), [""; 0], "{pattern}");
        }
    }

    #[test]
    fn where_git_says_otherwise_docker_is_followed() {
        // Git: at any depth. Docker: in the root.
        assert_eq!(left_out("target", &["target/x", "a/target/x"]), ["target/x"]);
        // Git: never again below a folder that is ignored. Docker: the last one decides.
        assert_eq!(left_out("*\n!src", &["Cargo.toml", "src", "src/main.rs"]), ["Cargo.toml"]);
        assert_eq!(left_out("src\n!src/main.rs", &["src", "src/lib.rs", "src/main.rs"]), ["src", "src/lib.rs"]);
        // Git: a `#` may be escaped by a backslash and a space at the end counts. Docker: spaces go.
        assert_eq!(left_out("  a  \n # b\n", &["a", "# b", "b"]), ["a", "# b"]);
        // Git has no `**` within a part. Docker takes it for any number of parts.
        assert_eq!(left_out("a**z", &["az", "ab/cz", "ab/c", "bz"]), ["az"]);
        assert_eq!(left_out("a/**", &["a", "a/b", "a/b/c"]), ["a/b", "a/b/c"]);
        // Neither braces nor other signs of regular expressions mean anything.
        assert_eq!(left_out("{a,b}\nx.y", &["a", "{a,b}", "xzy", "x.y"]), ["{a,b}", "x.y"]);
    }

    #[test]
    fn classes_and_escapes_are_read() {
        assert_eq!(left_out("[a-c]x\n[^d]y", &["ax", "dx", "dy", "ay"]), ["ax", "ay"]);
        assert_eq!(left_out("\\*\n[\\]]\n[&&a]", &["*", "a", "b", "]"]), ["*", "a", "]"]);
        assert_eq!(left_out("a/../b/./c//d/", &["b/c/d", "a"]), ["b/c/d"]);
        assert_eq!(left_out("\u{feff}# note\n\n.\n/\n", &["# note", "a"]), [""; 0]);
        for (text, line) in [("a\n!", 2), ("[", 1), ("x[]", 1), ("a\\", 1), ("[b-a]", 1)] {
            assert_eq!(Rules::parse(text).unwrap_err().0, line, "{text}");
        }
    }

    #[test]
    fn what_version_control_keeps_is_left_out_unless_it_is_wanted() {
        assert_eq!(left_out("", &[".git/config", "a/.svn", ".github/x"]), [".git/config", "a/.svn"]);
        assert_eq!(left_out("!.git", &[".git/config"]), [""; 0]);
    }

    #[test]
    fn a_folder_is_not_searched_where_nothing_in_it_can_be_taken_in() {
        let rules = Rules::parse("*\n!src/deep\n![x]/y").unwrap();
        let searched = ["node_modules", "src", "src/deep", "src/deep/more", "src/flat"];
        let searched: Vec<_> = searched.into_iter().filter(|folder| rules.may_take_in_below(folder)).collect();
        assert_eq!(searched.len(), 5, "a pattern without a stem could be anywhere");
        let rules = Rules::parse("*\n!src/deep").unwrap();
        assert!(!rules.may_take_in_below("node_modules") && !rules.may_take_in_below("src/flat"));
        assert!(rules.may_take_in_below("src") && rules.may_take_in_below("src/deep/more"));
    }
}
