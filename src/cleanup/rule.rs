//! Rule: what `cleanup` of `acr-sync.yaml` says of some repositories. Text becomes values here, and nobody is asked.

use super::{Age, TagFilter};
use crate::reference::Glob;
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// The most rules of a file: each is held against every repository and tag.
pub const MOST_RULES: usize = 200;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Written")]
#[cfg_attr(test, schemars(with = "Written"))]
pub struct Rule {
    /// The repositories it is about.
    pub repositories: Vec<Glob>,
    /// The tags that it may take away; none where it is about manifests without a tag alone.
    pub tags: Option<TagFilter>,
    /// How long a tag must stand for what it stands for, or a manifest be there, before it may go.
    pub older_than: Option<Age>,
    /// How many of the newest tags that it means stay, whatever their age.
    pub keep: usize,
    /// Whether manifests go that no tag stands for.
    pub untagged: bool,
    /// How much of a repository may go by one plan.
    pub share: Share,
    /// Whether its author means it, however much goes.
    pub confirm: bool,
}

/// How much of a repository's tags, and of its manifests, may go by one plan, in per cent: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u8")]
pub struct Share(u8);

impl Share {
    /// Returns whether so many of a whole are more than this.
    pub fn is_exceeded(self, going: usize, all: usize) -> bool {
        going as u128 * 100 > all as u128 * u128::from(self.0)
    }
}

impl Default for Share {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u8> for Share {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if (1..=100).contains(&number) { Ok(Self(number)) } else { Err("`share` is 1 to 100 per cent") }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// Tags and manifests that nobody needs any more. Never goes: what is locked, what `images.txt` brings in, what a tag
/// that stays needs, and what refers to it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// A pattern over repositories, such as `app/*`, or several.
    repositories: Patterns,
    /// A regular expression over whole tags; with `^` alone over their beginning, with `$` alone over their end. `all` for
    /// every tag.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(default)]
    tags: Option<TagFilter>,
    /// How old a tag or manifest must be, such as `30d`, `1d12h` or `90m`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(default)]
    older_than: Option<Age>,
    /// How many of the newest tags that `tags` means stay, whatever their age.
    #[serde(default)]
    keep: usize,
    /// Whether manifests of that age go that no tag stands for.
    #[serde(default)]
    untagged: bool,
    /// How many per cent of a repository's tags, or of its manifests, may go by one plan.
    #[cfg_attr(test, schemars(with = "u8", range(min = 1, max = 100)))]
    #[serde(default)]
    share: Share,
    /// Whether it is meant, however much goes.
    #[serde(default)]
    confirm: bool,
}

/// One pattern, or several.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a pattern over repositories, such as `app/*`, or a list of such")]
enum Patterns {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { repositories, tags, older_than, keep, untagged, share, confirm } = written;
        let repositories = match repositories {
            Patterns::One(pattern) => vec![pattern],
            Patterns::Several(patterns) => patterns,
        };
        let repositories = repositories.iter().map(|text| Glob::parse(text)).collect::<Result<Vec<_>, _>>()?;
        if repositories.is_empty() {
            return Err("`repositories` names none".to_owned());
        }
        match &tags {
            None if !untagged => return Err("it asks for nothing: give `tags`, or `untagged: true`".to_owned()),
            None if keep > 0 => return Err("`keep` counts tags: give `tags`".to_owned()),
            Some(_) if older_than.is_none() && keep == 0 => {
                return Err("it means every tag, however new: give `older-than`, `keep`, or both".to_owned());
            }
            None | Some(_) => {}
        }
        if untagged && older_than.is_none() {
            return Err("`untagged` needs `older-than`: what is being pushed has no tag yet".to_owned());
        }
        let is_everywhere = repositories.iter().any(|glob| matches!(glob.as_str(), "**" | "*" | "**/*"));
        if tags.as_ref().is_some_and(TagFilter::is_all) && is_everywhere && !confirm {
            return Err("it means every tag of every repository: if that is meant, add `confirm: true`".to_owned());
        }
        Ok(Self { repositories, tags, older_than, keep, untagged, share, confirm })
    }
}

impl Rule {
    /// Returns whether the rule is about a repository.
    pub fn covers(&self, repository: &str) -> bool {
        self.repositories.iter().any(|glob| glob.matches(repository))
    }

    /// Returns whether the rule means a tag by its name.
    pub fn means(&self, tag: &str) -> bool {
        self.tags.as_ref().is_some_and(|filter| filter.matches(tag))
    }
}

/// Reads the list of rules.
///
/// # Errors
/// As the deserializer's; more rules than are read.
pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Rule>, D::Error> {
    let rules = Vec::<Rule>::deserialize(deserializer)?;
    if rules.len() > MOST_RULES {
        return Err(de::Error::custom(format!("there are {} rules, at most {MOST_RULES} are read", rules.len())));
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<Rule, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_is_read_with_what_is_left_open() {
        let all =
            rule("{ repositories: \"app/*\", tags: \"^ci-\", older-than: 30d, keep: 10, untagged: true }").unwrap();
        assert!(all.covers("app/web") && !all.covers("app/web/x") && all.means("ci-1") && !all.means("1.0"));
        assert_eq!((all.older_than.unwrap().to_string(), all.keep, all.untagged), ("30d".to_owned(), 10, true));
        assert_eq!((all.share.to_string(), all.confirm), ("50 %".to_owned(), false));
        let several = rule("{ repositories: [a, \"b/**\"], untagged: true, older-than: 7d, share: 90 }").unwrap();
        assert!(several.covers("a") && several.covers("b/c/d") && !several.means("latest"));
        assert!(rule("{ repositories: \"**\", tags: all, keep: 1, confirm: true }").is_ok());
    }

    #[test]
    fn a_rule_that_asks_for_too_much_or_nothing_is_refused() {
        for (text, why) in [
            ("{ tags: a, keep: 1 }", "missing field `repositories`"),
            ("{ repositories: [], tags: a, keep: 1 }", "names none"),
            ("{ repositories: a }", "asks for nothing"),
            ("{ repositories: a, tags: a }", "however new"),
            ("{ repositories: a, untagged: true }", "`untagged` needs `older-than`"),
            ("{ repositories: a, untagged: true, older-than: 1d, keep: 3 }", "`keep` counts tags"),
            ("{ repositories: a, tags: \".*\", keep: 1 }", "means every tag; if that is meant"),
            ("{ repositories: \"**\", tags: all, keep: 1 }", "every tag of every repository"),
            ("{ repositories: a, tags: a, older-than: 30 }", "is no age"),
            ("{ repositories: a, tags: a, keep: -1 }", "invalid type: integer `-1`"),
            ("{ repositories: a, tags: a, keep: 1, share: 0 }", "`share` is 1 to 100 per cent"),
            ("{ repositories: a, tags: a, keep: 1, dry-run: true }", "unknown field `dry-run`"),
            ("{ repositories: \"a:1\", tags: a, keep: 1, ago: 1d }", "unknown field `ago`"),
            ("{ repositories: \"a/b:1\", tags: a, keep: 1 }", "names a tag"),
            ("{ repositories: 7, tags: a, keep: 1 }", "a pattern over repositories"),
        ] {
            let error = rule(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_share_is_exceeded_by_more_than_it_and_not_by_it() {
        let half = Share::default();
        for (going, all, expected) in [(0, 0, false), (1, 2, false), (2, 3, true), (50, 100, false), (51, 100, true)] {
            assert_eq!(half.is_exceeded(going, all), expected, "{going} of {all}");
        }
    }
}
