//! When a newsletter is due.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Duration, NaiveDate, NaiveTime, Weekday};

use super::{Instant, Period, Zone};

/// How far apart two hours of a schedule may be, in days: a month, or as many weeks as [`MAX_WEEKS`].
const MAX_GAP_DAYS: i64 = 400;

/// A schedule may be due every so many weeks at the most.
const MAX_WEEKS: i64 = 52;

const MINUTE_MILLIS: i64 = 60_000;

/// A schedule may have so many hours in a day.
const MAX_TIMES: usize = 24;

/// No month has more days.
const LONGEST_MONTH_DAYS: i64 = 31;

/// The hours at which a newsletter is due, by the magazine's clock: `Mon 07:30`, `Mon,Thu 07:30`, `weekdays 07:30`, `daily
/// 07:30,18:00`, `monthly 1 07:30`, `monthly last 18:00`, `every 2 weeks Mon 07:30 from 2026-11-23`; or `published`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    days: Days,
    /// In order, without repeats; never empty.
    times: Vec<NaiveTime>,
}

/// The days of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    /// These days of the week, counted from Monday …
    Week {
        days: [bool; 7],
        /// … in every so-manieth week …
        every: i64,
        /// … counted from the week of this day.
        from: NaiveDate,
    },
    /// This day of each month; in a shorter month, its last.
    Month(u32),
    /// Whenever something is published: each minute is an hour of its own, and nothing is sent where nothing is new.
    Published,
}

/// A span of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Day,
    Week,
    Month,
}

/// How often a newsletter comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowOften {
    Day,
    Weekdays,
    Week,
    /// Several times a week.
    Several,
    /// Every so many weeks.
    Weeks(i64),
    Month,
    /// Whenever something is published.
    Published,
}

/// Why a text is no schedule.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no schedule: write days and a time, such as \"Mon 07:30\", \"Mon,Thu 07:30\", \"weekdays 07:30\", \
     \"daily 07:30\", \"monthly 1 07:30\", \"published\" or \"every 2 weeks Mon 07:30 from 2026-11-23\""
)]
pub struct NotASchedule(String);

impl FromStr for Schedule {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        parse(text).ok_or_else(|| NotASchedule(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Schedule> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words == ["published"] {
        return Some(Schedule { days: Days::Published, times: vec![NaiveTime::MIN] });
    }
    let (days, times) = match words.as_slice() {
        ["monthly", day, times] => {
            let day = if *day == "last" { 31 } else { day.parse().ok().filter(|day| (1..=31).contains(day))? };
            (Days::Month(day), times)
        }
        ["every", weeks, "weeks", days, times, "from", from] => {
            let every = weeks.parse().ok().filter(|weeks| (1..=MAX_WEEKS).contains(weeks))?;
            let from =
                NaiveDate::parse_from_str(from, "%Y-%m-%d").ok().filter(|day| (1900..3000).contains(&day.year()))?;
            (Days::Week { days: weekdays(days)?, every, from: monday_of(from) }, times)
        }
        [days, times] => (Days::Week { days: weekdays(days)?, every: 1, from: NaiveDate::default() }, times),
        _ => return None,
    };
    let times = times.split(',').map(|time| NaiveTime::parse_from_str(time, "%H:%M").ok());
    let mut times: Vec<NaiveTime> = times.collect::<Option<_>>()?;
    times.sort_unstable();
    times.dedup();
    (times.len() <= MAX_TIMES).then_some(Schedule { days, times })
}

/// `Mon`, `Mon,Thu`, `Mon-Fri`, `weekdays`, `daily`.
fn weekdays(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    let text = match text {
        "daily" => "Mon-Sun",
        "weekdays" => "Mon-Fri",
        text => text,
    };
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let last: Weekday = last.parse().ok()?;
        let mut day: Weekday = first.parse().ok()?;
        days[place(day)] = true;
        while day != last {
            day = day.succ();
            days[place(day)] = true;
        }
    }
    Some(days)
}

/// A day of the week counted from Monday.
fn place(day: Weekday) -> usize {
    day.num_days_from_monday() as usize
}

fn monday_of(date: NaiveDate) -> NaiveDate {
    date - Duration::days(i64::from(date.weekday().num_days_from_monday()))
}

impl Days {
    fn include(&self, date: NaiveDate) -> bool {
        match self {
            Self::Week { days, every, from } => {
                let weeks = (monday_of(date) - *from).num_days().div_euclid(7);
                days[place(date.weekday())] && weeks.rem_euclid(*every) == 0
            }
            Self::Month(day) => date.day() == (*day).min(u32::from(date.num_days_in_month())),
            Self::Published => true,
        }
    }
}

impl Schedule {
    /// The last due hour at or before an instant.
    pub fn last(&self, at: Instant, zone: &Zone) -> Instant {
        if self.is_published() {
            return at - Duration::milliseconds(at.timestamp_millis().rem_euclid(MINUTE_MILLIS));
        }
        // A day more: what the clocks skipped is due later than it says.
        let today = zone.local(at).date_naive() + Duration::days(1);
        let days = (0..MAX_GAP_DAYS).map(|back| today - Duration::days(back)).filter(|date| self.days.include(*date));
        let mut hours = days.flat_map(|date| self.hours_of(date, zone).into_iter().rev());
        hours.find(|due| *due <= at).unwrap_or(at)
    }

    /// The hours of a day. One that the clocks skip may come after the one that follows it.
    fn hours_of(&self, date: NaiveDate, zone: &Zone) -> Vec<Instant> {
        let mut hours: Vec<Instant> = self.times.iter().map(|time| zone.instant(date.and_time(*time))).collect();
        hours.sort_unstable();
        hours
    }

    /// The first due hour after an instant.
    pub fn next(&self, after: Instant, zone: &Zone) -> Instant {
        if self.is_published() {
            return self.last(after, zone) + Duration::milliseconds(MINUTE_MILLIS);
        }
        let today = zone.local(after).date_naive() - Duration::days(1);
        let days = (0..MAX_GAP_DAYS).map(|ahead| today + Duration::days(ahead)).filter(|date| self.days.include(*date));
        let mut hours = days.flat_map(|date| self.hours_of(date, zone));
        hours.find(|due| *due > after).unwrap_or(after)
    }

    /// Whether it is due whenever something is published.
    pub fn is_published(&self) -> bool {
        self.days == Days::Published
    }

    /// Whether it can have more than one hour in a span, from whatever day weeks are counted.
    pub fn repeats_in(&self, span: Span) -> bool {
        let in_a_week = |days: &[bool; 7]| days.iter().filter(|day| **day).count() * self.times.len();
        match (&self.days, span) {
            (Days::Published, _) => true,
            (Days::Month(_), _) | (Days::Week { .. }, Span::Day) => self.times.len() > 1,
            (Days::Week { days, .. }, Span::Week) => in_a_week(days) > 1,
            (Days::Week { days, every, .. }, Span::Month) => in_a_week(days) > 1 || every * 7 < LONGEST_MONTH_DAYS,
        }
    }

    /// Whether a day has one hour at the most.
    pub fn is_once_a_day(&self) -> bool {
        self.times.len() == 1 && !self.is_published()
    }

    /// The last due hour before an instant.
    pub fn previous(&self, before: Instant, zone: &Zone) -> Instant {
        self.last(before - Duration::milliseconds(1), zone)
    }

    /// Whether it has an hour at this instant.
    pub fn is_due_at(&self, at: Instant, zone: &Zone) -> bool {
        self.last(at, zone) == at
    }

    /// How often it comes, for readers.
    pub fn often(&self) -> HowOften {
        match &self.days {
            Days::Month(_) => HowOften::Month,
            Days::Published => HowOften::Published,
            Days::Week { every, .. } if *every > 1 => HowOften::Weeks(*every),
            Days::Week { days, .. } => match (days.iter().filter(|day| **day).count(), days) {
                (7, _) => HowOften::Day,
                (5, [.., false, false]) => HowOften::Weekdays,
                (1, _) => HowOften::Week,
                _ => HowOften::Several,
            },
        }
    }

    /// What the edition of an hour is named after.
    pub fn period(&self, cutoff: Instant, zone: &Zone) -> Period {
        match &self.days {
            Days::Month(_) => Period::of_month(cutoff, zone),
            Days::Week { days, .. } if self.times.len() == 1 && days.iter().filter(|day| **day).count() == 1 => {
                Period::of_week(cutoff, zone)
            }
            Days::Week { .. } | Days::Published => Period::of_day(cutoff, zone),
        }
    }

    /// The instant a span of time before a due hour; its days are days of the calendar. An hour
    /// that the clocks skipped counts as the hour that it should have been.
    pub fn before(&self, due: Instant, span: Duration, zone: &Zone) -> Instant {
        let date = zone.local(due).date_naive();
        let meant = self.times.iter().map(|time| date.and_time(*time)).find(|meant| zone.instant(*meant) == due);
        // An edition of an older schedule was due at another time of day.
        let local = meant.unwrap_or_else(|| zone.local(due).naive_local());
        let days = Duration::days(span.num_days());
        zone.instant(local - days) - (span - days)
    }

    /// The longest time, by the clocks, for which an hour of this schedule comes before one of the other, which has it for
    /// its last: looked at over a hundred of them.
    pub fn longest_before(&self, other: &Self, zone: &Zone) -> Duration {
        let mut hour = Instant::UNIX_EPOCH + Duration::days(20_000);
        let mut longest = Duration::zero();
        for _ in 0..100 {
            hour = other.next(hour, zone);
            let local = |at: Instant| zone.local(at).naive_local();
            longest = longest.max(local(hour) - local(self.previous(hour, zone)));
        }
        longest
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.days {
            Days::Week { days, every, .. } => {
                if *every > 1 {
                    write!(f, "every {every} weeks ")?;
                }
                let all = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
                let names: Vec<&str> = all.iter().zip(days).filter(|(_, on)| **on).map(|(name, _)| *name).collect();
                f.write_str(&names.join(","))?;
            }
            Days::Month(day) => write!(f, "monthly {day}")?,
            Days::Published => return f.write_str("published"),
        }
        let times: Vec<String> = self.times.iter().map(|time| time.format("%H:%M").to_string()).collect();
        write!(f, " {}", times.join(","))
    }
}

#[cfg(test)]
mod tests;
