//! Who gets which letter of an edition. Each reader gets a newsletter's columns once: a letter covers the editions from the
//! reader's mark up to its own, the mark excluded. So readers who want fewer letters get more in each.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Duration, NaiveDate, NaiveTime, Weekday};

use super::{Choice, Instant, Schedule, Zone, schedule::Span};

/// How often a reader wants a letter of a newsletter; never more often than it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rhythm {
    /// Each edition.
    #[default]
    Each,
    /// The first of a day.
    Daily,
    /// The first from this day of the week on.
    Weekly(Weekday),
    /// The first of a month.
    Monthly,
}

/// How many hours of a schedule are looked at to find the one before at which a rhythm was due: a month of hours.
const MAX_HOURS: usize = 24 * 32;

impl Rhythm {
    /// All there are.
    pub fn all() -> Vec<Self> {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        let weekly = [Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(Self::Weekly);
        [Self::Each, Self::Daily].into_iter().chain(weekly).chain([Self::Monthly]).collect()
    }

    /// Those that make fewer letters of a schedule than it has hours.
    pub fn slower_than(schedule: &Schedule) -> Vec<Self> {
        let slower = |rhythm: &Self| match rhythm {
            Self::Each => false,
            Self::Daily => schedule.repeats_in(Span::Day),
            Self::Weekly(_) => schedule.repeats_in(Span::Week),
            Self::Monthly => schedule.repeats_in(Span::Month),
        };
        Self::all().into_iter().filter(slower).collect()
    }

    /// The first day of the span for which there is one letter, with a day in it.
    fn first_day(self, date: NaiveDate) -> NaiveDate {
        match self {
            Self::Each | Self::Daily => date,
            Self::Weekly(day) => date - Duration::days(i64::from(date.weekday().days_since(day))),
            Self::Monthly => date.with_day(1).unwrap_or(date),
        }
    }

    /// Whether an hour of a schedule is the first of a span.
    fn begins(self, hour: Instant, schedule: &Schedule, zone: &Zone) -> bool {
        let day = |at: Instant| zone.local(at).date_naive();
        self == Self::Each || day(schedule.previous(hour, zone)) < self.first_day(day(hour))
    }

    /// Whether a letter is due with an edition: at one of the schedule's hours after `closed`, up to which all was
    /// drawn up, and up to the edition's cutoff.
    pub fn is_due(self, closed: Option<Instant>, cutoff: Instant, schedule: &Schedule, zone: &Zone) -> bool {
        if schedule.is_published() {
            let day = |at: Instant| zone.local(at).date_naive();
            return self == Self::Each || closed.is_none_or(|closed| day(closed) < self.first_day(day(cutoff)));
        }
        let hours = std::iter::successors(Some(cutoff), |hour| Some(schedule.previous(*hour, zone)));
        let mut hours =
            hours.take(MAX_HOURS).take_while(|hour| *hour == cutoff || closed.is_some_and(|closed| *hour > closed));
        hours.any(|hour| self.begins(hour, schedule, zone))
    }

    /// The last hour before a cutoff at which a letter was due by the schedule.
    pub fn due_before(self, cutoff: Instant, schedule: &Schedule, zone: &Zone) -> Instant {
        if schedule.is_published() {
            let first = self.first_day(zone.local(cutoff - Duration::milliseconds(1)).date_naive());
            return zone.instant(first.and_time(NaiveTime::MIN)).min(schedule.previous(cutoff, zone));
        }
        let hours =
            std::iter::successors(Some(schedule.previous(cutoff, zone)), |hour| Some(schedule.previous(*hour, zone)));
        let mut hours = hours.take(MAX_HOURS);
        let first = hours.next().unwrap_or(cutoff);
        std::iter::once(first).chain(hours).find(|hour| self.begins(*hour, schedule, zone)).unwrap_or(first)
    }
}

impl fmt::Display for Rhythm {
    /// As the store and forms write it; nothing for each edition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each => Ok(()),
            Self::Daily => f.write_str("daily"),
            Self::Weekly(day) => write!(f, "weekly-{}", day.to_string().to_lowercase()),
            Self::Monthly => f.write_str("monthly"),
        }
    }
}

impl FromStr for Rhythm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::all().into_iter().find(|rhythm| rhythm.to_string() == text);
        known.ok_or_else(|| format!("{text:?} is no rhythm: write \"daily\", \"weekly-mon\" or \"monthly\""))
    }
}

/// Readers who get the same letter of every edition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReaderGroup {
    pub rhythm: Rhythm,
    pub choice: Choice,
    /// Editions up to this cutoff are not for them any more, or not yet: the last one before they chose their rhythm, or
    /// the end of a pause. The epoch for who never chose.
    pub after: Instant,
    /// Up to which cutoff they have had everything when they chose …
    pub mark: Instant,
    /// … and which editions beside, by their numbers in the store.
    pub had: Vec<i64>,
}

impl ReaderGroup {
    /// Those who get each edition, and always have.
    pub fn of(choice: Choice) -> Self {
        Self { rhythm: Rhythm::Each, choice, after: Instant::UNIX_EPOCH, mark: Instant::UNIX_EPOCH, had: Vec::new() }
    }
}

/// What a variant of an edition is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Audience {
    pub choice: Choice,
    /// Which earlier editions' columns it holds beside the edition's own: the cutoff of the oldest in milliseconds, a dot,
    /// and what tells this set from others. Empty for none.
    pub earlier: String,
}

impl Audience {
    /// The edition's own columns, for a choice of rubriques.
    pub fn of(choice: Choice) -> Self {
        Self { choice, earlier: String::new() }
    }

    /// As the store and the desk's addresses write it.
    pub fn key(&self) -> String {
        match self.earlier.as_str() {
            "" => self.choice.key(),
            earlier => format!("{}@{earlier}", self.choice.key()),
        }
    }

    /// Reads a key again; what is none is dropped.
    pub fn from_key(key: &str) -> Self {
        let (choice, earlier) = key.split_once('@').unwrap_or((key, ""));
        Self { choice: Choice::from_key(choice), earlier: earlier.to_owned() }
    }

    /// The cutoff of the oldest edition whose columns it holds beside the edition's own.
    pub fn oldest(&self) -> Option<Instant> {
        let (oldest, _) = self.earlier.split_once('.')?;
        Instant::from_timestamp_millis(oldest.parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rhythms_go_there_and_back() {
        for rhythm in Rhythm::all() {
            assert_eq!(rhythm.to_string().parse(), Ok(rhythm));
        }
        assert!("weekly".parse::<Rhythm>().is_err());
    }

    #[test]
    fn a_rhythm_is_due_at_the_first_hour_of_its_span_or_with_the_next_edition_after_it() {
        let zone: Zone = "Europe/Paris".parse().expect("a zone");
        let at = |text: &str| zone.parse(text).expect("an instant");
        let schedule: Schedule = "weekdays 07:30,18:00".parse().expect("a schedule");
        let due = |rhythm: &str, closed: &str, cutoff: &str| {
            let rhythm: Rhythm = rhythm.parse().expect("a rhythm");
            rhythm.is_due(Some(at(closed)), at(cutoff), &schedule, &zone)
        };
        // 2026-11-30 is a Monday.
        for (rhythm, closed, cutoff, expected) in [
            ("", "2026-11-30T07:30", "2026-11-30T18:00", true),
            ("daily", "2026-11-30T07:30", "2026-11-30T18:00", false),
            ("daily", "2026-11-27T18:00", "2026-11-30T07:30", true),
            ("weekly-mon", "2026-11-27T18:00", "2026-11-30T07:30", true),
            ("weekly-sun", "2026-11-27T18:00", "2026-11-30T07:30", true),
            ("weekly-tue", "2026-11-27T18:00", "2026-11-30T07:30", false),
            ("monthly", "2026-11-27T18:00", "2026-11-30T07:30", false),
            ("monthly", "2026-11-30T18:00", "2026-12-01T07:30", true),
            // The first hours were missed.
            ("monthly", "2026-11-27T18:00", "2026-12-02T18:00", true),
            ("weekly-mon", "2026-11-27T18:00", "2026-12-02T18:00", true),
            ("daily", "2026-11-27T18:00", "2026-12-02T18:00", true),
            ("weekly-thu", "2026-11-27T18:00", "2026-12-02T18:00", false),
        ] {
            assert_eq!(due(rhythm, closed, cutoff), expected, "{rhythm} {closed} {cutoff}");
        }
        let before = |rhythm: Rhythm| rhythm.due_before(at("2026-11-30T18:00"), &schedule, &zone);
        assert_eq!(before(Rhythm::Each), at("2026-11-30T07:30"));
        assert_eq!(before(Rhythm::Daily), at("2026-11-30T07:30"));
        assert_eq!(before(Rhythm::Weekly(Weekday::Tue)), at("2026-11-24T07:30"));
        assert_eq!(before(Rhythm::Monthly), at("2026-11-02T07:30"));
    }

    #[test]
    fn audiences_go_there_and_back() {
        let humeur = Choice::from_key("edito,humeur");
        let earlier = "1700000000000.0a1b2c3d".to_owned();
        let since = Audience { choice: humeur.clone(), earlier };
        assert_eq!(since.oldest(), Instant::from_timestamp_millis(1_700_000_000_000));
        for audience in [Audience::of(Choice::all()), Audience::of(humeur), since] {
            assert_eq!(Audience::from_key(&audience.key()), audience);
        }
    }
}
