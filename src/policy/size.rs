//! Size: a number of bytes, as people write it: `500 MB`, `2GiB`.

use serde::{Deserialize, de};

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1000),
    ("MB", 1000 * 1000),
    ("GB", 1000 * 1000 * 1000),
    ("TB", 1000 * 1000 * 1000 * 1000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl Size {
    /// Reads a whole number and its unit.
    ///
    /// # Errors
    /// What is wrong with it, a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim());
        let bytes = unit.and_then(|(_, bytes)| number.parse::<u64>().ok()?.checked_mul(*bytes));
        bytes
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no size: a whole number and a unit are, such as `500 MB` or `2GiB`"))
    }

    /// Returns the bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_number_and_a_unit() {
        for (text, bytes) in [("1B", 1), ("500 MB", 500_000_000), ("2GiB", 2 << 30), (" 3 kB ", 3000)] {
            assert_eq!(Size::parse(text).map(Size::bytes), Ok(bytes), "{text}");
        }
        for text in ["", "2", "GiB", "2 gib", "1.5 GB", "-1 MB", "0 MB", "99999999999999999999 B", "99999999999 TiB"] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
    }
}
