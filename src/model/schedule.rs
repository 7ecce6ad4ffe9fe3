//! When the digest is due.

use std::str::FromStr;

use chrono::{Datelike, Duration, NaiveTime, Weekday};

use super::{Instant, Zone};

/// The hour of the week at which the digest is due, by the magazine's clock: `Mon 07:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    weekday: Weekday,
    time: NaiveTime,
}

/// Why a text is no schedule.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no hour of the week: write a day and a time, such as \"Mon 07:30\"")]
pub struct NotASchedule(String);

impl FromStr for Schedule {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let no = || NotASchedule(text.to_owned());
        let (day, time) = text.trim().split_once(' ').ok_or_else(no)?;
        Ok(Self {
            weekday: day.parse().map_err(|_| no())?,
            time: NaiveTime::parse_from_str(time.trim(), "%H:%M").map_err(|_| no())?,
        })
    }
}

impl Schedule {
    /// The last due hour at or before an instant.
    pub fn last(&self, at: Instant, zone: Zone) -> Instant {
        let today = zone.local(at).date_naive();
        let back = Duration::days(i64::from(today.weekday().days_since(self.weekday)));
        let mut date = today - back;
        loop {
            let due = zone.instant(date.and_time(self.time));
            if due <= at {
                return due;
            }
            date -= Duration::days(7);
        }
    }

    /// The due hour one week of the magazine's calendar after another (or before, for -1): seven
    /// days, and an hour more or less where summer time begins or ends between them.
    pub fn shifted(&self, due: Instant, weeks: i64, zone: Zone) -> Instant {
        zone.instant((zone.local(due).date_naive() + Duration::days(7 * weeks)).and_time(self.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARIS: Zone = Zone(chrono_tz::Europe::Paris);

    fn at(text: &str) -> Instant {
        PARIS.parse(text).expect("an instant")
    }

    #[test]
    fn due_by_the_magazines_clock_in_summer_and_winter() {
        let schedule: Schedule = "Mon 07:30".parse().expect("a schedule");
        assert_eq!(schedule.last(at("2026-11-23T07:29:59"), PARIS), at("2026-11-16T07:30"));
        assert_eq!(schedule.last(at("2026-11-23T07:30"), PARIS), at("2026-11-23T07:30"));
        let before = at("2026-10-19T07:30");
        let after = schedule.shifted(before, 1, PARIS);
        assert_eq!(after, at("2026-10-26T07:30"));
        assert_eq!(after - before, Duration::hours(7 * 24 + 1));
        for wrong in ["07:30", "Lun 07:30", "Mon 25:00", "Mon"] {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
    }
}
