//! Span: a length of time in the form of ISO 8601 that the service takes: `PT1H`, `P2D`, `P1DT12H`.

use serde::{Deserialize, de};
use std::fmt;
use time::Duration;

/// A length of time, as it was written. Two are the same when they are equally long.
#[derive(Debug, Clone)]
pub struct Span {
    written: Box<str>,
    seconds: u64,
}

impl Span {
    /// Reads `P[nW][nD][T[nH][nM][nS]]`; months and years have no length.
    ///
    /// # Errors
    /// What is wrong with it, a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let seconds = seconds(text)
            .ok_or_else(|| format!("`{text}` is no length of time, such as `PT1H` (one hour) or `P2D` (two days)"))?;
        Ok(Self { written: text.into(), seconds })
    }

    /// Returns it as a number.
    pub fn duration(&self) -> Duration {
        Duration::seconds(self.seconds.try_into().unwrap_or(i64::MAX))
    }

    /// Returns it as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

fn seconds(text: &str) -> Option<u64> {
    const UNITS: [(char, bool, u64); 5] =
        [('W', false, 604_800), ('D', false, 86_400), ('H', true, 3_600), ('M', true, 60), ('S', true, 1)];
    let mut rest = text.strip_prefix('P')?;
    let (mut total, mut in_time, mut first) = (0_u64, false, 0);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|time| !in_time && !time.is_empty()) {
            (in_time, rest) = (true, time);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = (rest[..end].parse::<u64>().ok()?, rest[end..].chars().next()?);
        let place = UNITS.iter().position(|(name, is_time, _)| *name == unit && *is_time == in_time)?;
        // Each unit once, the longest first.
        if place < first {
            return None;
        }
        first = place + 1;
        total = total.checked_add(number.checked_mul(UNITS[place].2)?)?;
        rest = &rest[end + 1..];
    }
    (first > 0).then_some(total)
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        self.seconds == other.seconds
    }
}

impl Eq for Span {}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_length_is_the_same_however_it_is_written() {
        for (one, other) in [("PT1H", "PT60M"), ("P2D", "PT48H"), ("P1W", "P7D"), ("P1DT12H", "PT36H")] {
            assert_eq!(Span::parse(one), Span::parse(other));
        }
    }

    #[test]
    fn what_has_no_length_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "1H",
            "P1H",
            "PT1D",
            "P1M",
            "P1Y",
            "PT1H1H",
            "PT1M1H",
            "PT1.5H",
            "p1d",
            "P1DT",
            "PT99999999999999999999S",
        ] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }
}
