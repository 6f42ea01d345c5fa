//! Age: how long something has been as it is, as people write it: `30d`, `1d12h`, `1.5h`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// The oldest that can be meant, as at `acr purge`: 150 years.
const MOST_SECONDS: f64 = 150.0 * 365.0 * 86_400.0;

/// A length of time in whole seconds, at most 150 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age(u64);

impl Age {
    /// Makes one from seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns it in seconds.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Age {
    type Err = String;

    /// Reads numbers with the units `d`, `h`, `m` and `s`, the longer unit first, each at most once.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is no age, such as `30d`, `1d12h` or `90m`");
        let (mut rest, mut seconds, mut last) = (text, 0.0, f64::INFINITY);
        if text.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
            let number = &rest[..end];
            let has_digits = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
            let number: f64 = number.parse().ok().filter(|_| has_digits).ok_or_else(wrong)?;
            let unit = match rest.as_bytes()[end] {
                b'd' => 86_400.0,
                b'h' => 3_600.0,
                b'm' => 60.0,
                b's' => 1.0,
                _ => return Err(wrong()),
            };
            if unit >= last {
                return Err(wrong());
            }
            (last, rest) = (unit, &rest[end + 1..]);
            seconds += number * unit;
        }
        if seconds > MOST_SECONDS {
            return Err(format!("`{text}` is more than 150 years"));
        }
        // Within the bound above, and not negative: the whole seconds of it.
        Ok(Self(seconds as u64))
    }
}

impl fmt::Display for Age {
    /// Writes the two longest units that are not zero: `1d12h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.0 / 86_400, 'd'), (self.0 / 3_600 % 24, 'h'), (self.0 / 60 % 60, 'm'), (self.0 % 60, 's')];
        let first = parts.iter().position(|(number, _)| *number > 0).unwrap_or(0);
        for (at, (number, unit)) in parts.iter().enumerate().skip(first).take(2) {
            if at == first || *number > 0 {
                write!(f, "{number}{unit}")?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_the_units_of_go_are_read() {
        for (text, seconds, shown) in [
            ("30d", 30 * 86_400, "30d"),
            ("1d12h", 129_600, "1d12h"),
            ("1.5h", 5_400, "1h30m"),
            ("2d3h6m", 2 * 86_400 + 3 * 3_600 + 360, "2d3h"),
            ("90m", 5_400, "1h30m"),
            ("36h", 129_600, "1d12h"),
            ("0d", 0, "0d"),
            ("45s", 45, "45s"),
        ] {
            let age: Age = text.parse().unwrap();
            let shown = if seconds == 0 { "0d" } else { shown };
            assert_eq!((age.as_seconds(), age.to_string().as_str()), (seconds, shown), "{text}");
        }
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in ["", "30", "d", "30 d", "-1d", "1h1d", "1d1d", "1.d", ".5d", "1w", "500ms", "1e3d", "∞d", "1..5h"]
        {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
        assert!("200000d".parse::<Age>().unwrap_err().contains("150 years"));
    }
}
