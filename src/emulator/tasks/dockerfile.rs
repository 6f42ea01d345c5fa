//! Dockerfiles, as far as this stand-in performs them (Docker documentation, "Dockerfile reference").

use std::collections::BTreeMap;

/// An instruction with its arguments, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// In capitals.
    pub(super) name: String,
    pub(super) rest: String,
}

/// Reads the instructions: comments and empty lines left out, continued lines joined.
pub(super) fn read(text: &str) -> Result<Vec<Instruction>, String> {
    let mut instructions = Vec::new();
    let mut joined = String::new();
    for line in text.lines() {
        let line = line.trim_end();
        if line.trim_start().starts_with('#') || line.is_empty() {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(begun) => joined.push_str(begun),
            None => {
                joined.push_str(line);
                let whole = std::mem::take(&mut joined);
                let whole = whole.trim();
                let (name, rest) = whole.split_once(char::is_whitespace).unwrap_or((whole, ""));
                if rest.starts_with("<<") {
                    return Err("the heredoc syntax requires BuildKit".to_owned());
                }
                instructions.push(Instruction { name: name.to_ascii_uppercase(), rest: rest.trim().to_owned() });
            }
        }
    }
    if joined.is_empty() { Ok(instructions) } else { Err("the last line is continued and ends".to_owned()) }
}

/// Puts the values of variables into a text: `$NAME`, `${NAME}`, `${NAME:-DEFAULT}`.
pub(super) fn substituted(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        let (name, default, next) = match behind.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some((inside, next)) => {
                let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
                (name, default, next)
            }
            None => {
                let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
                (&behind[..end], "", &behind[end..])
            }
        };
        let value = variables.get(name).filter(|value| !value.is_empty());
        out.push_str(value.map_or(default, String::as_str));
        rest = next;
    }
    out.push_str(rest);
    out
}

/// Splits words at spaces; quotes hold one together, and `["a", "b"]` is read as JSON.
pub(super) fn words(text: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(text) {
        return list;
    }
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_variables_put_in() {
        let read = read("# x\nARG BASE=debian\nfrom ${BASE}:$TAG\n\nRUN a \\\n  # y\n  && b\n").unwrap();
        assert_eq!(read[1], Instruction { name: "FROM".to_owned(), rest: "${BASE}:$TAG".to_owned() });
        assert_eq!(read[2].rest, "a   && b");
        let variables = [("BASE".to_owned(), "debian".to_owned()), ("TAG".to_owned(), "12".to_owned())].into();
        assert_eq!(substituted("${BASE}:$TAG/${NONE:-x}$", &variables), "debian:12/x");
        assert_eq!(words(r#"a="b c" d"#), ["a=b c", "d"]);
        assert_eq!(words(r#"["/a b", "c"]"#), ["/a b", "c"]);
    }
}
