//! Condition: whether the condition of a role assignment lets a repository be pulled, as far as it is understood.
//!
//! The format: Microsoft's article "Azure role assignment condition format and syntax"; attribute and actions of a
//! registry: "ABAC-enabled repository permissions". What is not understood is [`Answer::Unknown`], never yes.

use std::ops::Not;

/// The data action of a pull.
const PULL: &str = "Microsoft.ContainerRegistry/registries/repositories/content/read";
/// The attribute that holds the repository's name.
const NAME: &str = "Microsoft.ContainerRegistry/registries/repositories:name";
/// Parentheses in parentheses: more than anybody writes.
const DEEPEST: usize = 64;

/// Whether a repository is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Answer {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

impl Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl Answer {
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            (Self::Unknown | Self::No, Self::Unknown | Self::No) => Self::Unknown,
        }
    }

    fn and(self, other: Self) -> Self {
        !(!self).or(!other)
    }
}

/// Returns whether a condition lets a repository be pulled.
pub(super) fn lets(condition: &str, repository: &str) -> Answer {
    let mut reader = Reader { rest: condition, repository, depth: 0 };
    match reader.either() {
        Some(answer) if reader.rest.trim().is_empty() => answer,
        _ => Answer::Unknown,
    }
}

/// Reads and answers at once; `None` where the grammar ends.
struct Reader<'a> {
    rest: &'a str,
    repository: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn either(&mut self) -> Option<Answer> {
        let mut answer = self.both()?;
        while self.takes_word("OR") || self.takes("||") {
            answer = answer.or(self.both()?);
        }
        Some(answer)
    }

    fn both(&mut self) -> Option<Answer> {
        let mut answer = self.one()?;
        while self.takes_word("AND") || self.takes("&&") {
            answer = answer.and(self.one()?);
        }
        Some(answer)
    }

    fn one(&mut self) -> Option<Answer> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let answer = if self.takes("!") || self.takes_word("NOT") {
            !self.one()?
        } else if self.takes("(") {
            let answer = self.either()?;
            self.takes(")").then_some(answer)?
        } else if self.takes_word("ActionMatches") {
            let action = self.braced()?;
            is_like(&action, PULL, Case::Ignored).into()
        } else if self.takes_word("SubOperationMatches") {
            self.braced()?;
            Answer::Unknown
        } else if self.takes_word("Exists") {
            let attribute = self.attribute()?;
            if is_name(attribute) { Answer::Yes } else { Answer::Unknown }
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Some(answer)
    }

    /// `@Request[…:name] StringEquals 'a'`, `… ForAnyOfAnyValues:StringStartsWith {'a/', 'b/'}`
    fn comparison(&mut self) -> Option<Answer> {
        let attribute = self.attribute()?;
        let operator = self.token(|c| c.is_ascii_alphanumeric() || c == ':')?;
        let values = self.values()?;
        if !is_name(attribute) {
            return Some(Answer::Unknown);
        }
        // A name has one value, so that any of them is all of them.
        let plain = ["ForAnyOfAnyValues:", "ForAllOfAnyValues:"].iter().find_map(|with| operator.strip_prefix(with));
        let (name, case) = match plain.unwrap_or(operator) {
            name if name.ends_with("IgnoreCase") => (&name[..name.len() - "IgnoreCase".len()], Case::Ignored),
            name => (name, Case::Kept),
        };
        let is_met = |compare: fn(&str, &str, Case) -> bool| values.iter().any(|it| compare(it, self.repository, case));
        let equals = |value: &str, name: &str, case| fold(value, case) == fold(name, case);
        let starts = |value: &str, name: &str, case| fold(name, case).starts_with(&fold(value, case));
        let answer = match name {
            "StringEquals" | "StringNotEquals" => is_met(equals),
            "StringStartsWith" | "StringNotStartsWith" => is_met(starts),
            "StringLike" | "StringNotLike" => is_met(is_like),
            _ => return Some(Answer::Unknown),
        };
        Some(match (name.starts_with("StringNot"), values.len()) {
            (false, _) => answer.into(),
            (true, 1) => !Answer::from(answer),
            // What "not any of" means of several values is written nowhere.
            (true, _) => Answer::Unknown,
        })
    }

    fn attribute(&mut self) -> Option<&'a str> {
        self.takes("@").then_some(())?;
        let source = self.token(|c| c.is_ascii_alphabetic())?;
        self.takes("[").then_some(())?;
        let (attribute, rest) = self.rest.split_once(']')?;
        self.rest = rest;
        // The environment and the principal have other attributes, of any name.
        Some(if ["request", "resource"].contains(&source.to_ascii_lowercase().as_str()) {
            attribute.trim()
        } else {
            ""
        })
    }

    fn values(&mut self) -> Option<Vec<String>> {
        if !self.takes("{") {
            return Some(vec![self.literal()?]);
        }
        let mut values = vec![self.literal()?];
        while self.takes(",") {
            values.push(self.literal()?);
        }
        self.takes("}").then_some(values)
    }

    fn braced(&mut self) -> Option<String> {
        self.takes("{").then_some(())?;
        let value = self.literal()?;
        self.takes("}").then_some(value)
    }

    /// A text between single quotes. One that holds a quote or a backslash itself is not understood.
    fn literal(&mut self) -> Option<String> {
        self.takes("'").then_some(())?;
        let (value, rest) = self.rest.split_once('\'')?;
        self.rest = rest;
        (!value.contains('\\') && !rest.starts_with('\'')).then(|| value.to_owned())
    }

    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start();
        // Within quotes spaces count.
        match rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let is_it = rest[..length].eq_ignore_ascii_case(word);
        if is_it {
            self.rest = &rest[length..];
        }
        is_it
    }

    fn token(&mut self, is_in: impl Fn(char) -> bool) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let length = rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        self.rest = &rest[length..];
        (length > 0).then(|| &rest[..length])
    }
}

#[derive(Clone, Copy)]
enum Case {
    Kept,
    Ignored,
}

fn fold(text: &str, case: Case) -> String {
    match case {
        Case::Kept => text.to_owned(),
        Case::Ignored => text.to_lowercase(),
    }
}

fn is_name(attribute: &str) -> bool {
    attribute.eq_ignore_ascii_case(NAME)
}

/// `*` is any characters, `?` is one.
fn is_like(pattern: &str, text: &str, case: Case) -> bool {
    let (pattern, text) = (fold(pattern, case), fold(text, case));
    let text: Vec<_> = text.chars().collect();
    // Which beginnings of the text the pattern's beginning means.
    let mut means = vec![false; text.len() + 1];
    means[0] = true;
    for sign in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match sign {
                '*' => means[at] || at > 0 && next[at - 1],
                '?' => at > 0 && means[at - 1],
                _ => at > 0 && means[at - 1] && text[at - 1] == sign,
            };
        }
        means = next;
    }
    means[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(rest: &str) -> String {
        format!("@Request[{NAME}] {rest}")
    }

    /// As the portal writes it.
    const PORTAL: &str = "(\n (\n  !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'})\n  \
        AND\n  !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})\n )\n OR \n (\n  \
        @Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWithIgnoreCase 'Prod/'\n )\n)";

    #[test]
    fn what_is_understood_is_answered() {
        use Answer::{No, Unknown, Yes};
        for (condition, repository, expected) in [
            (PORTAL.to_owned(), "prod/app", Yes),
            (PORTAL.to_owned(), "test/app", No),
            (PORTAL.replace("IgnoreCase", ""), "prod/app", No),
            (PORTAL.replace("content/read", "content/write"), "test/app", Yes),
            (PORTAL.replace("/content/read", "/*"), "test/app", No),
            (name("StringEquals 'prod/app'"), "prod/app", Yes),
            (name("StringEquals 'prod/app'"), "prod/app2", No),
            (name("StringEqualsIgnoreCase 'PROD/app'"), "prod/app", Yes),
            (name("stringequals 'prod/app'"), "prod/app", Unknown),
            (name("StringNotEquals 'prod/app'"), "prod/app", No),
            (name("StringNotStartsWithIgnoreCase 'secret/'"), "prod/app", Yes),
            (name("StringLike 'prod/*'"), "prod/a/b", Yes),
            (name("StringLike '*/app?'"), "prod/app1", Yes),
            (name("StringLike '*/app?'"), "prod/app", No),
            (name("ForAnyOfAnyValues:StringEquals {'a', 'prod/app'}"), "prod/app", Yes),
            (name("ForAnyOfAnyValues:StringStartsWith {'a/','b/'}"), "prod/app", No),
            (name("ForAllOfAllValues:StringEquals {'prod/app'}"), "prod/app", Unknown),
            (format!("{} || {}", name("StringEquals 'a'"), name("StringEquals 'b'")), "b", Yes),
            (format!("{} && NOT ({})", name("StringLike '*'"), name("StringEquals 'b'")), "b", No),
            (format!("Exists @Resource[{NAME}] AND {}", name("StringEquals 'a'")), "a", Yes),
            // Of other attributes nothing is known here, and what is known may be enough.
            ("@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00Z'".to_owned(), "a", Unknown),
            (format!("@Environment[{NAME}] StringEquals 'a'"), "a", Unknown),
            (format!("@Principal[x:y] StringEquals 'z' OR {}", name("StringEquals 'a'")), "a", Yes),
            (format!("@Principal[x:y] StringEquals 'z' AND {}", name("StringEquals 'b'")), "a", No),
            ("SubOperationMatches{'x'}".to_owned(), "a", Unknown),
        ] {
            assert_eq!(lets(&condition, repository), expected, "{condition} {repository}");
        }
    }

    #[test]
    fn what_is_not_understood_is_never_a_yes() {
        for condition in [
            String::new(),
            "x".to_owned(),
            name(""),
            name("StringEquals"),
            name("StringEquals a"),
            name("StringEquals 'a"),
            name("StringEquals 'a' 'b'"),
            name("StringEquals 'a''b'"),
            name(r"StringLike 'a\*'"),
            name("StringEquals {'a' 'b'}"),
            name("Equals 'a'"),
            name("StringMatches 'a'"),
            format!("({}", name("StringEquals 'a'")),
            format!("{})", name("StringEquals 'a'")),
            format!("{} XOR {}", name("StringEquals 'a'"), name("StringEquals 'a'")),
            "(".repeat(100_000),
            "!".repeat(100_000),
            "ActionMatches{".to_owned(),
            "@Request[".to_owned(),
            "ä".to_owned(),
        ] {
            assert_eq!(lets(&condition, "a"), Answer::Unknown, "{}", &condition[..condition.len().min(200)]);
        }
    }
}
