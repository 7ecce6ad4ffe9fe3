//! When a reader wants letters to come, within what the magazine offers: a letter waits for that after its edition's hour.
//! What it holds is fixed before.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Duration, NaiveTime, Weekday};

use super::{Instant, Zone};

/// An hour by the magazine's clock, a day of the week, or both. Neither for letters as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DeliveryTime {
    pub day: Option<Weekday>,
    pub hour: Option<NaiveTime>,
}

impl DeliveryTime {
    /// The first such instant at or after that of an edition.
    pub fn first_from(self, at: Instant, zone: &Zone) -> Instant {
        let local = zone.local(at).naive_local();
        // Without an hour of its own, at that of the edition.
        let hour = self.hour.unwrap_or(local.time());
        let days = (0..=8).map(|ahead| local.date() + Duration::days(ahead));
        let wanted = days.filter(|date| self.day.is_none_or(|day| date.weekday() == day));
        wanted.map(|date| zone.instant(date.and_time(hour))).find(|due| *due >= at).unwrap_or(at)
    }
}

impl fmt::Display for DeliveryTime {
    /// As the store writes it; nothing for letters as they come.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.day.map(|day| day.to_string().to_lowercase());
        let hour = self.hour.map(|hour| hour.format("%H:%M").to_string());
        f.write_str(&day.into_iter().chain(hour).collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for DeliveryTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut time = Self::default();
        for word in text.split_whitespace() {
            match (NaiveTime::parse_from_str(word, "%H:%M"), word.parse()) {
                (Ok(hour), _) => time.hour = Some(hour),
                (_, Ok(day)) => time.day = Some(day),
                _ => return Err(format!("{text:?} is no time: write \"18:00\", \"sat\" or \"sat 18:00\"")),
            }
        }
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_waits_for_the_first_such_hour_and_day() {
        let zone: Zone = "Europe/Paris".parse().expect("a zone");
        let at = |text: &str| zone.parse(text).expect("an instant");
        // 2026-11-23 is a Monday; the clocks change on 2026-10-25.
        for (wish, edition, due) in [
            ("", "2026-11-23T07:30", "2026-11-23T07:30"),
            ("18:00", "2026-11-23T07:30", "2026-11-23T18:00"),
            ("07:30", "2026-11-23T07:30", "2026-11-23T07:30"),
            ("07:00", "2026-11-23T07:30", "2026-11-24T07:00"),
            ("sat", "2026-11-23T07:30", "2026-11-28T07:30"),
            ("mon", "2026-11-23T07:30", "2026-11-23T07:30"),
            ("mon 07:00", "2026-11-23T07:30", "2026-11-30T07:00"),
            ("sun 18:00", "2026-10-19T07:30", "2026-10-25T18:00"),
        ] {
            let time: DeliveryTime = wish.parse().expect("a time");
            assert_eq!(time.first_from(at(edition), &zone), at(due), "{wish} {edition}");
            assert_eq!(time.to_string(), wish);
        }
        assert!("demain".parse::<DeliveryTime>().is_err());
    }
}
