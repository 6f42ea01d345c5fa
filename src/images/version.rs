//! Version: the numbers in a tag, by which tags are compared.
//!
//! Tags are not Semantic Versioning: they have a `v` or none, two numbers or four, leading zeros in dates, and a suffix
//! that names a variant (`-alpine`) as often as a release candidate. So the rules are few and our own.

use std::{cmp::Ordering, ops::RangeInclusive};

/// More numbers than any tag has that is a version.
const MOST_NUMBERS: usize = 6;

/// `[v]NUMBER[.NUMBER…][-SUFFIX]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version<'a> {
    numbers: Vec<u64>,
    /// What stands behind the first `-`; empty for none.
    pub(super) suffix: &'a str,
}

impl<'a> Version<'a> {
    /// Reads a whole text; what is no version is none.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (numbers, suffix) = match text.split_once('-') {
            Some((_, "")) => return None,
            Some((numbers, suffix)) => (numbers, suffix),
            None => (text, ""),
        };
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let numbers = numbers.split('.').map(number).collect::<Option<Vec<u64>>>()?;
        (numbers.len() <= MOST_NUMBERS).then_some(Self { numbers, suffix })
    }

    /// Returns the number at a place; those that are not written are zero.
    fn number(&self, place: usize) -> u64 {
        self.numbers.get(place).copied().unwrap_or(0)
    }

    /// Compares the numbers alone.
    pub(super) fn compare_numbers(&self, other: &Self) -> Ordering {
        (0..MOST_NUMBERS)
            .map(|place| self.number(place).cmp(&other.number(place)))
            .find(|it| it.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// Returns whether the other is at least this one, and no number of it up to a place differs.
    fn admits(&self, other: &Self, kept: RangeInclusive<usize>) -> bool {
        self.suffix == other.suffix
            && kept.into_iter().all(|place| self.number(place) == other.number(place))
            && other.compare_numbers(self).is_ge()
    }

    /// `^`: the first number that is not zero stays, and those before it; where all written ones are zero, they stay.
    pub(super) fn is_compatible_with(&self, other: &Self) -> bool {
        let first = self.numbers.iter().position(|&number| number > 0).unwrap_or(self.numbers.len().saturating_sub(1));
        self.admits(other, 0..=first)
    }

    /// `~`: the first two numbers stay, or the one that is written.
    pub(super) fn is_close_to(&self, other: &Self) -> bool {
        self.admits(other, 0..=self.numbers.len().saturating_sub(1).min(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version<'_> {
        Version::read(text).unwrap()
    }

    #[test]
    fn a_version_is_numbers_with_points_and_perhaps_a_suffix() {
        for (text, numbers, suffix) in [
            ("1", vec![1], ""),
            ("v1.15.2", vec![1, 15, 2], ""),
            ("2024.08.2", vec![2024, 8, 2], ""),
            ("1.27-alpine", vec![1, 27], "alpine"),
            ("v1.16.0-rc.1", vec![1, 16, 0], "rc.1"),
        ] {
            assert_eq!(version(text), Version { numbers, suffix }, "{text}");
        }
        for text in
            ["", "v", "latest", "1.", ".1", "1.x", "1_2", "1-", "vv1", "1.2.3.4.5.6.7", "99999999999999999999", "+1"]
        {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_caret_keeps_the_first_number_that_is_not_zero() {
        for (pattern, yes, no) in [
            ("1.15", vec!["1.15", "v1.15.2", "1.16", "1.99.9"], vec!["1.14.9", "2.0", "1", "1.16-rc.1"]),
            ("1", vec!["1", "1.0.1", "1.15"], vec!["0.9", "2"]),
            ("0.3.1", vec!["0.3.1", "0.3.9"], vec!["0.3.0", "0.4", "1.0"]),
            ("0.0.3", vec!["0.0.3", "0.0.3.1"], vec!["0.0.4", "0.0.2"]),
            ("0", vec!["0.0.1", "0.9"], vec!["1"]),
            ("1.27-alpine", vec!["1.27.1-alpine", "1.28-alpine"], vec!["1.27.1", "1.27.1-alpine3.20"]),
        ] {
            for tag in yes {
                assert!(version(pattern).is_compatible_with(&version(tag)), "^{pattern} {tag}");
            }
            for tag in no {
                assert!(!version(pattern).is_compatible_with(&version(tag)), "^{pattern} {tag}");
            }
        }
    }

    #[test]
    fn a_tilde_keeps_the_first_two_numbers() {
        for (pattern, yes, no) in [
            ("1.15", vec!["1.15", "1.15.9"], vec!["1.16", "1.14.9", "2.15"]),
            ("1.15.2", vec!["1.15.2", "1.15.3"], vec!["1.15.1", "1.16"]),
            ("1", vec!["1", "1.9"], vec!["2", "0.9"]),
        ] {
            for tag in yes {
                assert!(version(pattern).is_close_to(&version(tag)), "~{pattern} {tag}");
            }
            for tag in no {
                assert!(!version(pattern).is_close_to(&version(tag)), "~{pattern} {tag}");
            }
        }
    }
}
