//! Name: what a connected registry or a token is called.

use serde::{Deserialize, de};
use std::{
    fmt,
    hash::{Hash, Hasher},
};

/// The name of a connected registry or a token, in the case in which it was written. Case makes no difference.
#[derive(Debug, Clone)]
pub struct Name(Box<str>);

impl Name {
    /// Reads a name. The service's description of connected registries has letters and digits only; its articles and tools
    /// take dashes as well.
    ///
    /// # Errors
    /// What is wrong with it, a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_name = (5..=50).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if is_name {
            Ok(Self(text.into()))
        } else {
            Err(format!("`{text}` is no name: 5 to 50 letters, digits and dashes"))
        }
    }

    /// Returns it as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this is another spelling of a name.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for Name {}

impl Hash for Name {
    /// Two spellings of one name have one hash.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn two_spellings_are_one_name_wherever_it_is_looked_up() {
        let names = ["Vessel-1", "vessel-1", "vessel-2"].map(|text| Name::parse(text).unwrap());
        assert_eq!(names.into_iter().collect::<HashSet<_>>().len(), 2);
    }
}
