//! Days: a time in the only unit that the service's policies know.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, str::FromStr};

/// A number of days, at least as low and at most as high as a policy takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days<const LEAST: u16, const MOST: u16>(u16);

impl<const LEAST: u16, const MOST: u16> Days<LEAST, MOST> {
    /// Returns the number.
    pub fn number(self) -> u16 {
        self.0
    }

    fn of(number: u64) -> Result<Self, String> {
        let number = u16::try_from(number).ok().filter(|number| (LEAST..=MOST).contains(number));
        number.map(Self).ok_or_else(|| format!("the policy takes {LEAST} to {MOST} days"))
    }
}

impl<const LEAST: u16, const MOST: u16> FromStr for Days<LEAST, MOST> {
    type Err = String;

    /// Reads `7d`, or `7`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('d').unwrap_or(text).parse();
        number.map_or_else(|_| Err(format!("`{text}` is no number of days, such as `7d`")), Self::of)
    }
}

impl<const LEAST: u16, const MOST: u16> fmt::Display for Days<LEAST, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(u64::from(self.0)))
    }
}

/// Returns days in words.
pub(super) fn told(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

impl<'de, const LEAST: u16, const MOST: u16> Deserialize<'de> for Days<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const LEAST: u16, const MOST: u16>;

        impl<const LEAST: u16, const MOST: u16> de::Visitor<'_> for Visitor<LEAST, MOST> {
            type Value = Days<LEAST, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{LEAST} to {MOST} days, such as `7d`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Days::of(number).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
