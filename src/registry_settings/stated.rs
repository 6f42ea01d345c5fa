//! Stated: what `acr-sync.yaml` says of the registry itself. Text becomes values here, and nobody is asked.

use super::{Days, Switch};
use crate::reference::Glob;
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeSet, fmt};

/// The sections about the registry itself, borrowed from wherever they are kept. What is not stated is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated<'a> {
    /// `retention`
    pub retention: Option<Switch<Retention>>,
    /// `soft-delete`
    pub soft_delete: Option<Switch<SoftDelete>>,
    /// `locks`
    pub locks: Option<&'a Locks>,
    /// `replicas`
    pub replicas: Option<&'a [Replica]>,
    /// `registry`
    pub registry: Option<Guards>,
}

/// The section `retention`: manifests without a tag go after a time. Premium; Docker media types only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Retention {
    /// How many days a manifest stays that has lost its last tag, such as `7d`: 0 to 365.
    #[cfg_attr(test, schemars(with = "String"))]
    pub untagged_after: Days<0, 365>,
}

/// The section `soft-delete`: what is deleted can be restored for a time. Not with geo-replicas, cache rules or
/// `retention`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SoftDelete {
    /// How many days: 1 to 90.
    #[cfg_attr(test, schemars(with = "u8"))]
    pub days: Days<1, 90>,
}

/// The section `locks`: tags of the list that are locked when their image is there and proved. Nothing is ever unlocked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "WrittenLocks")]
pub struct Locks {
    /// Patterns over the repositories that lines of the list go to.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub images: Vec<Glob>,
    /// Whether the tag can no longer be deleted.
    pub delete: bool,
    /// Whether the tag can no longer be moved, nor deleted.
    pub write: bool,
}

/// Tags of the list that are locked when their image is there and proved. Nothing is ever unlocked.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenLocks {
    /// Patterns over the repositories that lines of the list go to, such as `prod/**`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    images: Vec<Glob>,
    /// Whether the tag can no longer be deleted.
    #[serde(default = "on")]
    delete: bool,
    /// Whether the tag can no longer be moved, nor deleted.
    #[serde(default = "on")]
    write: bool,
}

fn on() -> bool {
    true
}

impl TryFrom<WrittenLocks> for Locks {
    type Error = &'static str;

    fn try_from(WrittenLocks { images, delete, write }: WrittenLocks) -> Result<Self, Self::Error> {
        if delete || write {
            Ok(Self { images, delete, write })
        } else {
            Err("with `delete: false` and `write: false` nothing is locked")
        }
    }
}

impl Locks {
    /// Returns whether tags of a repository are to be locked.
    pub fn covers(&self, repository: &str) -> bool {
        self.images.iter().any(|glob| glob.matches(repository))
    }
}

/// One of the section `replicas`: a region that the registry is to have a replica in. Premium. A replica that is not
/// listed is reported, and never removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The region as Resource Manager writes it: `westeurope`.
    pub region: String,
    /// Whether it is spread over zones; Azure's own choice where nothing is said. Cannot be changed later.
    pub zone_redundancy: Option<bool>,
}

/// How a replica is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a region, or `{ region: …, zone-redundancy: true }`")]
enum WrittenReplica {
    /// Its region.
    Region(String),
    /// Its region, and more.
    Whole(WholeReplica),
}

/// A replica with all that can be said of it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WholeReplica {
    /// The region, such as `westeurope`.
    region: String,
    /// Whether it is spread over zones; cannot be changed later.
    #[serde(default)]
    zone_redundancy: Option<bool>,
}

impl<'de> Deserialize<'de> for Replica {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (region, zone_redundancy) = match WrittenReplica::deserialize(deserializer)? {
            WrittenReplica::Region(region) => (region, None),
            WrittenReplica::Whole(whole) => (whole.region, whole.zone_redundancy),
        };
        let Some(name) = region_name(&region) else {
            return Err(de::Error::custom(format!("`{region}` is no region of Azure, such as `westeurope`")));
        };
        Ok(Self { region: name, zone_redundancy })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Replica {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Replica".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        WrittenReplica::json_schema(generator)
    }
}

/// Reads the list of replicas, in which no region stands twice.
///
/// # Errors
/// As the deserializer's; a region that stands twice.
pub fn read_replicas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Replica>>, D::Error> {
    let replicas = Option::<Vec<Replica>>::deserialize(deserializer)?;
    let mut seen = BTreeSet::new();
    match replicas.iter().flatten().find(|replica| !seen.insert(&replica.region)) {
        Some(twice) => Err(de::Error::custom(format!("`{}` stands twice", twice.region))),
        None => Ok(replicas),
    }
}

/// Returns a region's one name: `West Europe` is `westeurope` (so the Azure CLI normalises it).
fn region_name(text: &str) -> Option<String> {
    let name: String = text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_lowercase();
    let is_name = (3..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then_some(name)
}

/// The section `registry`: who gets in without an identity, and how much room there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guards {
    /// Whether anybody may pull without signing in.
    pub anonymous_pull: Guard,
    /// Whether the admin account, one password for everything, is enabled.
    pub admin_account: Guard,
}

/// What becomes of a way in that is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// It is reported.
    #[default]
    Report,
    /// The run does not end well while it is open.
    Deny,
    /// It is switched off.
    SwitchOff,
}

impl fmt::Display for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
    struct Sections {
        retention: Option<Switch<Retention>>,
        soft_delete: Option<Switch<SoftDelete>>,
        locks: Option<Locks>,
        #[serde(deserialize_with = "read_replicas")]
        replicas: Option<Vec<Replica>>,
        registry: Option<Guards>,
    }

    fn read(text: &str) -> Sections {
        serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_form_is_read() {
        let Some(Switch::On(retention)) = read("retention: { untagged-after: 7d }").retention else { panic!() };
        assert_eq!((retention.untagged_after.number(), retention.untagged_after.to_string().as_str()), (7, "7 days"));
        assert_eq!(read("retention: off").retention, Some(Switch::Off));
        assert_eq!(read("soft-delete: off").soft_delete, Some(Switch::Off));
        let Some(Switch::On(soft)) = read("soft-delete: { days: 30 }").soft_delete else { panic!() };
        assert_eq!(soft.days.number(), 30);
        let locks = read("locks: { images: [\"prod/**\"], write: false }").locks.unwrap();
        assert!(locks.delete && !locks.write && locks.covers("prod/a/b") && !locks.covers("test/a"));
        let replicas =
            read("replicas: [West Europe, { region: southeastasia, zone-redundancy: true }]").replicas.unwrap();
        assert_eq!((replicas[0].region.as_str(), replicas[0].zone_redundancy), ("westeurope", None));
        assert_eq!((replicas[1].region.as_str(), replicas[1].zone_redundancy), ("southeastasia", Some(true)));
        let guards = read("registry: { anonymous-pull: deny, admin-account: switch-off }").registry.unwrap();
        assert_eq!((guards.anonymous_pull, guards.admin_account), (Guard::Deny, Guard::SwitchOff));
        assert_eq!(read("registry: {}").registry.unwrap().admin_account, Guard::Report);
        assert_eq!(read("{}").replicas, None);
    }

    #[test]
    fn what_the_service_does_not_take_is_refused_here() {
        for (text, why) in [
            ("retention: { untagged-after: 366d }", "the policy takes 0 to 365 days"),
            ("retention: { untagged-after: 2h }", "`2h` is no number of days, such as `7d`"),
            ("retention: {}", "missing field `untagged-after`"),
            ("retention: on", "expected `off`, or the policy's values"),
            ("soft-delete: { days: 0 }", "the policy takes 1 to 90 days"),
            ("soft-delete: { days: 7, keep: 1 }", "unknown field `keep`"),
            ("locks: { images: [], delete: false, write: false }", "nothing is locked"),
            ("locks: { images: [\"a/b:1\"] }", "names a tag"),
            ("replicas: [\"../x\"]", "`../x` is no region"),
            ("replicas: [westeurope, West Europe]", "`westeurope` stands twice"),
            ("replicas: [{ region: westeurope, zones: 3 }]", "a region, or `{ region"),
            ("registry: { admin-account: off }", "unknown variant"),
        ] {
            let error = serde_yaml::from_str::<Sections>(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
