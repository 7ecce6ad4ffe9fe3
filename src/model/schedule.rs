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
    pub fn last(&self, at: Instant, zone: &Zone) -> Instant {
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

    /// How long before this hour the other one comes, by the week's calendar: less than a week, nothing if they are
    /// one.
    pub fn behind(&self, other: &Self) -> Duration {
        let days = i64::from(self.weekday.days_since(other.weekday));
        let apart = Duration::days(days) + (self.time - other.time);
        if apart < Duration::zero() { apart + Duration::days(7) } else { apart }
    }

    /// The due hour one week of the magazine's calendar after another (or before, for -1): seven
    /// days, and an hour more or less where summer time begins or ends between them.
    pub fn shifted(&self, due: Instant, weeks: i64, zone: &Zone) -> Instant {
        zone.instant((zone.local(due).date_naive() + Duration::days(7 * weeks)).and_time(self.time))
    }

    /// The instant a span of time before a due hour; its days are days of the calendar. An hour
    /// that the clocks skipped counts as the hour that it should have been.
    pub fn before(&self, due: Instant, span: Duration, zone: &Zone) -> Instant {
        let meant = zone.local(due).date_naive().and_time(self.time);
        // An edition of an older schedule was due at another time of day.
        let local = if zone.instant(meant) == due { meant } else { zone.local(due).naive_local() };
        let days = Duration::days(span.num_days());
        zone.instant(local - days) - (span - days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Zone {
        "Europe/Paris".parse().expect("a zone")
    }

    fn at(text: &str) -> Instant {
        paris().parse(text).expect("an instant")
    }

    #[test]
    fn due_by_the_magazines_clock_in_summer_and_winter() {
        let schedule: Schedule = "Mon 07:30".parse().expect("a schedule");
        assert_eq!(schedule.last(at("2026-11-23T07:29:59"), &paris()), at("2026-11-16T07:30"));
        assert_eq!(schedule.last(at("2026-11-23T07:30"), &paris()), at("2026-11-23T07:30"));
        let before = at("2026-10-19T07:30");
        let after = schedule.shifted(before, 1, &paris());
        assert_eq!(after, at("2026-10-26T07:30"));
        assert_eq!(after - before, Duration::hours(7 * 24 + 1));
        let week = Duration::days(7);
        assert_eq!(schedule.before(after, week, &paris()), before);
        assert_eq!(schedule.before(after, week + Duration::minutes(90), &paris()), at("2026-10-19T06:00"));
        assert_eq!(schedule.before(at("2026-10-26T18:00"), week, &paris()), at("2026-10-19T18:00"));
        let night: Schedule = "Sun 02:30".parse().expect("a schedule");
        assert_eq!(night.last(at("2026-03-29T12:00"), &paris()), at("2026-03-29T03:30"));
        assert_eq!(night.before(at("2026-03-29T03:30"), week, &paris()), at("2026-03-22T02:30"));
        let ahead = |proof: &str| schedule.behind(&proof.parse().expect("a schedule"));
        assert_eq!(ahead("Sun 18:00"), Duration::minutes(13 * 60 + 30));
        assert_eq!(ahead("Mon 07:30"), Duration::zero());
        assert_eq!(ahead("Mon 07:31"), Duration::days(7) - Duration::minutes(1));
        assert_eq!(ahead("Wed 07:30"), Duration::days(5));
        for wrong in ["07:30", "Lun 07:30", "Mon 25:00", "Mon"] {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
    }
}
