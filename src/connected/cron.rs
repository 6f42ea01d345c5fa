//! Cron: when a connected registry synchronises, five fields in UTC.
//!
//! The forms that all crons share: `*`, numbers, ranges, steps and lists. What one of them has alone (names, `L`, `@hourly`,
//! seconds) is refused.

use serde::{Deserialize, de};
use std::fmt;
use time::{Date, OffsetDateTime, Time, Weekday, ext::NumericalDuration};

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    written: Box<str>,
    /// Bit n is value n, for minute, hour, day of the month, month, day of the week (Sunday is 0).
    fields: [u64; 5],
    /// Whether days of the month and days of the week are both restricted: then either will do (POSIX, `crontab`).
    either_day: bool,
}

const FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];

impl Cron {
    /// Reads five fields.
    ///
    /// # Errors
    /// What is wrong with them, a fragment; also where no day there is ever fits.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split_ascii_whitespace().collect();
        if parts.len() != FIELDS.len() {
            return Err(format!(
                "`{text}` is no schedule: it has {} fields, and needs five: minute, hour, day of the month, month, day of \
                 the week, such as `30 * * * *`",
                parts.len()
            ));
        }
        let mut fields = [0; 5];
        for ((field, part), (name, low, high)) in fields.iter_mut().zip(&parts).zip(FIELDS) {
            *field = set(part, low, high)
                .ok_or_else(|| format!("`{text}` is no schedule: `{part}` is no {name} ({low} to {high})"))?;
        }
        // Sunday has two numbers.
        fields[4] = fields[4] & 0x7f | fields[4] >> 7 & 1;
        let either_day = !parts[2].starts_with('*') && !parts[4].starts_with('*');
        let cron = Self { written: parts.join(" ").into(), fields, either_day };
        let start = OffsetDateTime::UNIX_EPOCH;
        if cron.next(start).is_none() {
            return Err(format!("`{text}` is no schedule: no such day ever comes"));
        }
        Ok(cron)
    }

    /// Returns the first start after a time, to the minute; none where no such day comes within nine years.
    pub fn next(&self, after: OffsetDateTime) -> Option<OffsetDateTime> {
        let after = after.to_offset(time::UtcOffset::UTC);
        let mut date = after.date();
        // The longest way from one 29 February to the next.
        for _ in 0..366 * 9 {
            if self.has_day(date) {
                let starts = (0..24 * 60_u32).filter(|minute| self.has(1, minute / 60) && self.has(0, minute % 60));
                let mut starts =
                    starts.map(|minute| date.with_time(Time::MIDNIGHT).assume_utc() + i64::from(minute).minutes());
                if let Some(start) = starts.find(|start| *start > after) {
                    return Some(start);
                }
            }
            date = date.next_day()?;
        }
        None
    }

    /// Returns whether it starts every minute, so that the connection is never closed.
    pub fn is_always(&self) -> bool {
        FIELDS.iter().zip(self.fields).take(2).all(|((_, low, high), field)| field == span(*low, *high, 1))
            && self.fields[2] == span(1, 31, 1)
            && self.fields[3] == span(1, 12, 1)
            && self.fields[4] == span(0, 6, 1)
    }

    fn has(&self, field: usize, value: u32) -> bool {
        self.fields[field] >> value & 1 == 1
    }

    fn has_day(&self, date: Date) -> bool {
        let by_month = self.has(2, u32::from(date.day()));
        let by_week = self.has(4, u32::from(Weekday::number_days_from_sunday(date.weekday())));
        let is_day = if self.either_day { by_month || by_week } else { by_month && by_week };
        is_day && self.has(3, u32::from(u8::from(date.month())))
    }

    /// Returns it as it was written, with single spaces.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

fn span(low: u32, high: u32, step: u32) -> u64 {
    (low..=high).step_by(step as usize).fold(0, |set, value| set | 1 << value)
}

fn set(part: &str, low: u32, high: u32) -> Option<u64> {
    let number = |text: &str| {
        let is_short = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| is_short && (low..=high).contains(number))
    };
    part.split(',').try_fold(0, |set, item| {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| (1..=high).contains(step))?),
            None => (item, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((first, last)) => (number(first)?, number(last)?),
            // `5/10` means something else in every cron.
            None if item.contains('/') => return None,
            None => (number(range)?, number(range)?),
        };
        (first <= last).then(|| set | span(first, last, step))
    })
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Cron {
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
    fn a_schedule_starts_when_every_cron_would_start_it() {
        for (cron, after, expected) in [
            ("30 * * * *", "2026-03-01T10:30:00Z", "2026-03-01T11:30:00Z"),
            ("30 * * * *", "2026-03-01T10:29:59Z", "2026-03-01T10:30:00Z"),
            ("* * * * *", "2026-03-01T10:30:10Z", "2026-03-01T10:31:00Z"),
            ("0 9 * * *", "2026-12-31T09:00:00Z", "2027-01-01T09:00:00Z"),
            ("*/20 8-9 * * 1-5", "2026-03-06T09:45:00Z", "2026-03-09T08:00:00Z"),
            ("0 0 */10 * *", "2026-02-22T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            // Both days restricted: the 13th, and every Friday.
            ("0 0 13 * 5", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z"),
            ("0 0 * * 7", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z"),
            ("0 12 * * *", "2026-03-01T13:00:00+02:00", "2026-03-01T12:00:00Z"),
        ] {
            assert_eq!(Cron::parse(cron).unwrap().next(at(after)), Some(at(expected)), "{cron} after {after}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_its_field() {
        for (text, why) in [
            ("", "it has 0 fields"),
            ("30 * * *", "it has 4 fields"),
            ("0 30 * * * *", "it has 6 fields"),
            ("@hourly", "it has 1 fields"),
            ("60 * * * *", "`60` is no minute (0 to 59)"),
            ("* 24 * * *", "`24` is no hour"),
            ("* * 0 * *", "`0` is no day of the month"),
            ("* * * JAN *", "`JAN` is no month"),
            ("* * * * 8", "`8` is no day of the week"),
            ("5-1 * * * *", "`5-1` is no minute"),
            ("5/10 * * * *", "`5/10` is no minute"),
            ("*/0 * * * *", "`*/0` is no minute"),
            ("1,,2 * * * *", "`1,,2` is no minute"),
            ("-1 * * * *", "`-1` is no minute"),
            ("+1 * * * *", "`+1` is no minute"),
            ("*/99999999999 * * * *", "is no minute"),
            ("0 0 31 2 *", "no such day ever comes"),
        ] {
            let error = Cron::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn spaces_do_not_matter() {
        assert_eq!(Cron::parse(" 30  *\t* * * ").unwrap().as_str(), "30 * * * *");
        assert!(Cron::parse("*/1 * * * *").unwrap().is_always());
        assert!(!Cron::parse("30 * * * *").unwrap().is_always());
    }
}
