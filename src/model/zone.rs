//! The magazine's clock: a time zone, and how the people of the house write an instant.

use std::fmt;

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::Instant;

/// The magazine's time zone, such as `Europe/Paris`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub Tz);

/// Why a text is no instant.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no instant: write 2026-11-23T08:00, 2026-11-23, or 2026-11-23T08:00:00+01:00")]
pub struct NotAnInstant(String);

impl Zone {
    /// Reads an instant: RFC 3339 with its offset, or a date with or without a time of day by
    /// this zone's clock.
    pub fn parse(&self, text: &str) -> Result<Instant, NotAnInstant> {
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
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
    /// its first coming; one that the clocks skip means as much later as they skip.
    pub fn instant(&self, local: NaiveDateTime) -> Instant {
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
            LocalResult::None => {
                // No zone skips more than a day; the offset of the day before counts.
                let before = local - Duration::days(1);
                let offset = match self.0.from_local_datetime(&before) {
                    LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc() - before.and_utc(),
                    LocalResult::None => Duration::zero(),
                };
                local.and_utc() + offset
            }
        }
    }

    /// What this zone's clocks show at an instant.
    pub fn local(&self, at: Instant) -> DateTime<Tz> {
        at.with_timezone(&self.0)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_instants_by_the_magazines_clock() {
        let paris = Zone(chrono_tz::Europe::Paris);
        let of = |text: &str| paris.parse(text).map(|at| at.to_rfc3339()).ok();
        assert_eq!(of("2026-11-23T08:00").as_deref(), Some("2026-11-23T07:00:00+00:00"));
        assert_eq!(of("2026-07-01").as_deref(), Some("2026-06-30T22:00:00+00:00"));
        assert_eq!(of("2026-11-23T08:00:00Z").as_deref(), Some("2026-11-23T08:00:00+00:00"));
        assert_eq!(of("2026-03-29T02:30").as_deref(), Some("2026-03-29T01:30:00+00:00"));
        assert_eq!(of("2026-10-25T02:30").as_deref(), Some("2026-10-25T00:30:00+00:00"));
        assert_eq!(of("next week"), None);
    }
}
