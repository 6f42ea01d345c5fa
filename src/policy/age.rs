//! Age: how long ago an image was made, and how old it may be.

use crate::plan::{ImageFacts, Objection};
use serde::{Deserialize, de};
use time::{Duration, OffsetDateTime};

/// Images that are made reproducibly are dated 1970 or 1980; the first of all was made in March 2013.
const FIRST_IMAGE: i64 = 1_362_096_000;
/// Clocks that are this much ahead are still believed.
const CLOCK: Duration = Duration::hours(1);

/// How old an image may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(Duration);

/// What holds for an image that does not say when it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AgeUnknown {
    /// Its line is blocked.
    #[default]
    Block,
    /// It is as good as a young one.
    Allow,
}

impl Age {
    /// Reads a whole number of days, weeks or hours.
    ///
    /// # Errors
    /// What is wrong with it, a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let hours = text.trim().char_indices().last().and_then(|(at, unit)| {
            let hours = match unit {
                'h' => 1,
                'd' => 24,
                'w' => 7 * 24,
                _ => return None,
            };
            text.trim()[..at].parse::<u32>().ok().map(|number| i64::from(number) * hours)
        });
        hours
            .filter(|hours| *hours > 0)
            .map(|hours| Self(Duration::hours(hours)))
            .ok_or_else(|| format!("`{text}` is no age: a whole number and a unit are, such as `180d`, `26w` or `36h`"))
    }

    /// Objects to an image whose youngest platform is older. What is not known could only be younger.
    pub(super) fn objection(
        self,
        image: Option<&ImageFacts>,
        now: OffsetDateTime,
        unknown: AgeUnknown,
    ) -> Option<Objection> {
        let asked = image.and_then(|image| image.created.as_deref()).unwrap_or_default();
        let is_known = |made: &OffsetDateTime| made.unix_timestamp() >= FIRST_IMAGE && *made <= now + CLOCK;
        let known: Vec<_> = asked.iter().flatten().copied().filter(is_known).collect();
        let youngest = known.iter().max();
        if youngest.is_some_and(|made| now - *made <= self.0) {
            return None;
        }
        match (youngest, unknown) {
            (Some(made), _) if known.len() == asked.len() => {
                Some(Objection::Age { made: made.date().to_string(), most_days: self.0.whole_days() })
            }
            (_, AgeUnknown::Block) => Some(Objection::Undated),
            (_, AgeUnknown::Allow) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::format_description::well_known::Rfc3339;

    fn at(text: &str) -> OffsetDateTime {
        OffsetDateTime::parse(text, &Rfc3339).unwrap()
    }

    #[test]
    fn an_age_has_a_number_and_a_unit() {
        for (text, hours) in [("180d", 180 * 24), ("2w", 14 * 24), ("36h", 36), (" 1d ", 24)] {
            assert_eq!(Age::parse(text), Ok(Age(Duration::hours(hours))), "{text}");
        }
        for text in ["", "180", "d", "1.5d", "-1d", "0d", "6m", "1y", "99999999999d", "dé"] {
            assert!(Age::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_youngest_platform_counts_and_what_says_nothing_is_not_known() {
        let now = at("2026-11-26T12:00:00Z");
        let (young, old) = ("2026-11-20T00:00:00.123456789Z", "2026-01-01T00:00:00Z");
        let of = |dates: &[&str], unknown| {
            let created = dates.iter().map(|text| OffsetDateTime::parse(text, &Rfc3339).ok()).collect();
            let image = ImageFacts { created: Some(created), ..ImageFacts::default() };
            Age::parse("180d").unwrap().objection(Some(&image), now, unknown)
        };
        let is_old = |found: Option<Objection>| matches!(found, Some(Objection::Age { .. }));
        let is_undated = |found: Option<Objection>| found == Some(Objection::Undated);
        let block = AgeUnknown::Block;
        assert_eq!(of(&[young], block), None);
        assert_eq!(of(&[old, young], block), None);
        assert!(is_old(of(&[old, old], block)));
        // To the very hour.
        assert_eq!(of(&["2026-05-30T12:00:00Z"], block), None);
        assert!(is_old(of(&["2026-05-30T11:59:59Z"], block)));
        for undated in
            ["", "1970-01-01T00:00:00Z", "1980-01-01T00:00:01Z", "2026-11-26T13:00:01Z", "9999-12-31T23:59:59Z"]
        {
            assert!(is_undated(of(&[undated], block)), "{undated}");
            assert_eq!(of(&[undated], AgeUnknown::Allow), None, "{undated}");
            // It may be the younger one.
            assert!(is_undated(of(&[undated, old], block)), "{undated}");
            assert_eq!(of(&[undated, young], block), None, "{undated}");
        }
        assert!(is_undated(of(&[], block)));
        assert!(is_undated(Age::parse("1d").unwrap().objection(None, now, block)));
    }
}
