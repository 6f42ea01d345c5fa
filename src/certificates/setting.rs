//! Setting: the section `certificates` of `acr-sync.yaml`. Text becomes values here, and nobody is asked.

use crate::{
    reference::{Glob, Reference, Registry},
    tasks::limits,
};
use serde::{Deserialize, de};
use std::{fmt, path::Path};

/// The longest tag that registries take (OCI distribution specification, "Pulling manifests").
pub(super) const LONGEST_TAG: usize = 128;
/// The most entries that are read.
const MOST: usize = 1_000;

/// One of the section `certificates`: images that are made once more with a company's authorities in their trust store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Certificates"))]
#[serde(try_from = "Written")]
pub struct Rule {
    /// The files with the certificates, as they are named in the repository.
    pub authority: Vec<String>,
    /// Patterns over the repositories that lines of the list go to.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub images: Vec<Glob>,
    /// What the new image is called.
    pub naming: Naming,
    /// How it is made.
    pub way: Way,
    /// What the images are made of, where that cannot be seen.
    pub base: Option<Base>,
    /// The agent pool that builds, where ACR Tasks do.
    pub agent_pool: Option<String>,
    /// An image with a shell, by which ACR Tasks make the bundle of one that has none.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub helper: Option<Helper>,
}

/// What the new image is called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Naming {
    /// As the image that it is made of, with this behind its tag.
    Suffix(String),
    /// By this tag, in the same repository.
    Tag(String),
}

/// How the new image is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "CertificatesWay"))]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// By a layer where the image allows it, else by ACR Tasks.
    #[default]
    Auto,
    /// By one layer more, which this program makes.
    Layer,
    /// By a build of ACR Tasks.
    Tasks,
}

/// What an image is made of: where its trust store is, and how a build adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// Debian, and what is made of it.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Alpine, and what is made of it.
    Alpine,
    /// Red Hat Enterprise Linux, its Universal Base Image, Fedora, Azure Linux, Amazon Linux.
    Rhel,
    /// An image without a shell that has a bundle of certificates.
    Distroless,
}

/// An image with a shell, by which ACR Tasks make a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Helper {
    /// `repository:tag` of the registry that the variant goes to.
    Own(String),
    /// Of another registry, which lets everybody in.
    Other(String),
}

impl Helper {
    fn parse(text: &str) -> Result<Self, String> {
        let (first, rest) = text.split_once('/').unwrap_or((text, ""));
        let is_other = !rest.is_empty() && (first.contains(['.', ':']) || first == "localhost");
        let whole = if is_other { text.to_owned() } else { format!("registry.invalid/{text}") };
        let read = whole.parse::<Reference>().map_err(|error| format!("`helper: {text}`: {error}"))?;
        match (read.tag().is_some() || read.has_digest(), is_other) {
            (false, _) => Err(format!("`helper: {text}` has neither a tag nor a digest")),
            (true, true) => Ok(Self::Other(text.to_owned())),
            (true, false) => Ok(Self::Own(text.to_owned())),
        }
    }

    /// Returns it as a Dockerfile of a run of this registry names it.
    pub(super) fn at(&self, registry: &Registry) -> String {
        match self {
            Self::Own(name) => format!("{registry}/{name}"),
            Self::Other(name) => name.clone(),
        }
    }
}

/// Images that are made once more with a company's authorities in their trust store.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// Files of the repository with the authorities' certificates (PEM), such as `certs/root-ca.crt`.
    authority: Vec<String>,
    /// Patterns over the repositories that lines of the list go to, such as `vendor/*`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    images: Vec<Glob>,
    /// What stands behind the image's tag in the tag of the new one, such as `-ca`. Either this or `tag`.
    #[serde(default)]
    suffix: Option<String>,
    /// The tag of the new image, in the same repository. Either this or `suffix`.
    #[serde(default)]
    tag: Option<String>,
    /// `layer`, `tasks`, or `auto` for a layer where the image allows it.
    #[serde(default)]
    way: Way,
    /// `debian`, `ubuntu`, `alpine`, `rhel` or `distroless`, where the images do not say what they are made of.
    #[serde(default)]
    base: Option<Base>,
    /// The agent pool that builds where ACR Tasks do, for registries in closed networks.
    #[serde(default)]
    agent_pool: Option<String>,
    /// An image with a shell, such as `mirror/alpine:3.20` of this registry: where ACR Tasks build, it makes the bundle of an
    /// image that has no shell and cannot be read here.
    #[serde(default)]
    helper: Option<String>,
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { authority, images, suffix, tag, way, base, agent_pool, helper } = written;
        if authority.is_empty() {
            return Err("`authority` names no file with a certificate".to_owned());
        }
        if let Some(file) = authority.iter().find(|file| !is_in_repository(file)) {
            return Err(format!("`{file}` is no path in the repository, such as `certs/root-ca.crt`"));
        }
        if images.is_empty() {
            return Err("`images` means no image".to_owned());
        }
        let is_tag = |text: &str| {
            (1..=LONGEST_TAG).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        let naming = match (suffix, tag) {
            (Some(suffix), None) if is_tag(&suffix) => Naming::Suffix(suffix),
            (None, Some(tag)) if is_tag(&tag) && !tag.starts_with(['.', '-']) => Naming::Tag(tag),
            (Some(text), None) | (None, Some(text)) => {
                return Err(format!("`{text}` is nothing that a tag can have: letters, digits, `.`, `_` and `-`"));
            }
            (None, None) => return Err("either `suffix` or `tag` says what the new image is called".to_owned()),
            (Some(_), Some(_)) => return Err("`suffix` and `tag` exclude each other".to_owned()),
        };
        let helper = helper.map(|helper| Helper::parse(&helper)).transpose()?;
        if helper.is_some() && way == Way::Layer {
            return Err("`helper` is of no use with `way: layer`".to_owned());
        }
        if agent_pool.is_some() && way == Way::Layer {
            return Err("`agent-pool` is of no use with `way: layer`".to_owned());
        }
        let named = |name: String| limits::pool(&name).map_err(|why| format!("`agent-pool: {name}`: {why}"));
        let agent_pool = agent_pool.map(named).transpose()?;
        Ok(Self { authority, images, naming, way, base, agent_pool, helper })
    }
}

/// Returns whether a path stays below the folder that it begins in.
fn is_in_repository(file: &str) -> bool {
    let is_name = |component| matches!(component, std::path::Component::Normal(_));
    !file.is_empty() && !file.contains(char::is_control) && Path::new(file).components().all(is_name)
}

impl Rule {
    /// Returns whether images of a repository are meant.
    pub fn covers(&self, repository: &str) -> bool {
        self.images.iter().any(|glob| glob.matches(repository))
    }

    /// Returns the tag of the image that is made of the one with this tag.
    ///
    /// # Errors
    /// A fragment, for one that no registry would take.
    pub fn tag(&self, tag: &str) -> Result<String, String> {
        let name = match &self.naming {
            Naming::Suffix(suffix) => format!("{tag}{suffix}"),
            Naming::Tag(tag) => tag.clone(),
        };
        match name.len() {
            0..=LONGEST_TAG => Ok(name),
            length => Err(format!("the tag `{name}` has {length} characters, and {LONGEST_TAG} are the most")),
        }
    }
}

/// Reads the section. Two entries that say the same would do everything twice.
///
/// # Errors
/// As the reader of the file.
pub fn read<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<Vec<Rule>, D::Error> {
    let rules = Vec::<Rule>::deserialize(deserializer)?;
    // Each is compared with each, and with every line.
    if rules.len() > MOST {
        return Err(de::Error::custom(format!("{} entries, and {MOST} are read at most", rules.len())));
    }
    for (at, rule) in rules.iter().enumerate() {
        if rules[..at].contains(rule) {
            return Err(de::Error::custom("two entries say the same"));
        }
    }
    Ok(rules)
}

impl fmt::Display for Base {
    /// Writes it as the settings have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debian => "debian",
            Self::Ubuntu => "ubuntu",
            Self::Alpine => "alpine",
            Self::Rhel => "rhel",
            Self::Distroless => "distroless",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<Rule, String> {
        serde_yaml::from_str::<Rule>(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_no_registry_or_repository_takes_is_refused() {
        for (text, why) in [
            ("{ authority: [], images: [a], suffix: -ca }", "names no file"),
            ("{ authority: [../root.crt], images: [a], suffix: -ca }", "`../root.crt` is no path in the repository"),
            ("{ authority: [/etc/root.crt], images: [a], suffix: -ca }", "no path in the repository"),
            ("{ authority: [\"\"], images: [a], suffix: -ca }", "no path in the repository"),
            ("{ authority: [a.crt], images: [], suffix: -ca }", "means no image"),
            ("{ authority: [a.crt], images: [a] }", "either `suffix` or `tag`"),
            ("{ authority: [a.crt], images: [a], suffix: -ca, tag: ca }", "exclude each other"),
            ("{ authority: [a.crt], images: [a], suffix: \"/ca\" }", "nothing that a tag can have"),
            ("{ authority: [a.crt], images: [a], suffix: \"\" }", "nothing that a tag can have"),
            ("{ authority: [a.crt], images: [a], tag: -ca }", "nothing that a tag can have"),
            ("{ authority: [a.crt], images: [a], tag: ca, way: layer, agent-pool: pool }", "of no use"),
            (
                "{ authority: [a.crt], images: [a], tag: ca, agent-pool: a/b }",
                "`agent-pool: a/b`: expected the name of an agent pool: 3 to 20 letters",
            ),
            ("{ authority: [a.crt], images: [a], tag: ca, helper: mirror/alpine }", "neither a tag nor a digest"),
            ("{ authority: [a.crt], images: [a], tag: ca, helper: \"a:1\\nRUN x\" }", "`helper: "),
            ("{ authority: [a.crt], images: [a], tag: ca, way: layer, helper: \"a:1\" }", "of no use"),
            ("{ authority: [a.crt], images: [a], tag: ca, way: build }", "unknown variant"),
            ("{ authority: [a.crt], images: [a], tag: ca, base: suse }", "unknown variant"),
            ("{ authority: [a.crt], images: [a], tag: ca, key: a.key }", "unknown field `key`"),
        ] {
            let error = rule(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn more_entries_than_are_read_are_refused_before_they_are_compared() {
        let entries = |number: usize| {
            let each = (0..number).map(|at| format!("- {{ authority: [a.crt], images: [a], tag: ca-{at} }}\n"));
            let text = format!("certificates:\n{}", each.collect::<String>());
            crate::settings::parse(text.as_bytes())
                .map(|read| read.certificates.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(entries(MOST), Ok(MOST));
        assert!(entries(MOST + 1).unwrap_err().contains("1001 entries, and 1000 are read at most"));
    }

    #[test]
    fn a_tag_is_that_of_the_image_with_the_suffix_or_the_one_that_is_stated() {
        let suffixed = rule("{ authority: [a.crt], images: [\"vendor/*\"], suffix: -ca }").unwrap();
        assert_eq!((suffixed.tag("1.2").unwrap().as_str(), suffixed.covers("vendor/app")), ("1.2-ca", true));
        assert!(suffixed.tag(&"1".repeat(126)).unwrap_err().contains("129 characters"));
        let tagged = rule("{ authority: [a.crt], images: [\"vendor/*\"], tag: internal }").unwrap();
        assert_eq!((tagged.tag("1.2").unwrap().as_str(), tagged.covers("vendor/deep/app")), ("internal", false));
    }

    #[test]
    fn a_helper_is_of_the_registry_itself_unless_it_names_another() {
        let registry = Registry::parse("contosoacr.azurecr.io").unwrap();
        for (text, name) in [
            ("mirror/alpine:3.20", "contosoacr.azurecr.io/mirror/alpine:3.20"),
            ("mcr.microsoft.com/azurelinux/base/core:3.0", "mcr.microsoft.com/azurelinux/base/core:3.0"),
        ] {
            assert_eq!(Helper::parse(text).unwrap().at(&registry), name);
        }
    }
}
