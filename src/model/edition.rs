//! An edition of a newsletter: what it covers, and what has become of it.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Duration};

use sha2::{Digest, Sha256};

use super::{Instant, Slug, Zone};

/// When something is done, and what the machine's own clock says meanwhile: `--at` sets the one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The instant that counts.
    pub at: Instant,
    /// The machine's clock.
    pub clock: Instant,
}

impl Now {
    /// What lies behind this is in the future for certain: a clock was wrong when it was written.
    pub fn horizon(&self) -> Instant {
        self.at.max(self.clock) + Duration::days(1)
    }
}

/// What an edition is known by: its newsletter and the instant up to which its columns were published.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EditionKey {
    /// The newsletter's name.
    pub newsletter: Slug,
    /// The instant of its cutoff.
    pub cutoff: Instant,
}

impl EditionKey {
    /// 24 bits that addresses for bounces name it by; where another edition has them, the next ones.
    pub fn mark(&self) -> i64 {
        let hash = Sha256::digest(format!("{} {}", self.newsletter, self.cutoff.timestamp_millis()));
        i64::from(u32::from_be_bytes([0, hash[0], hash[1], hash[2]]))
    }
}

/// What an edition is named after, such as `2026-W47`: the ISO 8601 week in which most of the seven days before its
/// cutoff lie; its day, if there are several in a week, or the month in which most of the days before it lie. A label for
/// people, behind the name of the newsletter, if that is not the digest: where a week has several editions of a
/// newsletter, the later ones have a number behind it, `2026-W47-2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period(String);

/// What stands behind the day in the label of a special edition.
const SPECIAL: &str = "-special";

impl Period {
    /// The week of the edition with this cutoff.
    pub fn of_week(cutoff: Instant, zone: &Zone) -> Self {
        let week = (zone.local(cutoff).naive_local() - Duration::hours(84)).iso_week();
        Self(format!("{:04}-W{:02}", week.year(), week.week()))
    }

    /// Its day.
    pub fn of_day(cutoff: Instant, zone: &Zone) -> Self {
        Self(zone.local(cutoff).format("%Y-%m-%d").to_string())
    }

    /// The month that ends with it.
    pub fn of_month(cutoff: Instant, zone: &Zone) -> Self {
        Self((zone.local(cutoff) - Duration::days(15)).format("%Y-%m").to_string())
    }

    /// The same behind the name of a newsletter.
    pub fn named(&self, newsletter: &Slug) -> Self {
        Self(format!("{newsletter}-{self}"))
    }

    /// The same of a special edition.
    pub fn special(&self) -> Self {
        Self(format!("{self}{SPECIAL}"))
    }

    /// Whether it is the period of a special edition.
    pub fn is_special(&self) -> bool {
        self.0.contains(SPECIAL)
    }

    /// The same with a number, from 2 on, for a further edition in one week.
    pub fn numbered(&self, count: usize) -> Self {
        Self(format!("{self}-{count}"))
    }

    /// Reads a period as the store wrote it.
    pub fn from_key(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// Whether it is the period of a week, or that of a further edition in it.
    pub fn is_in(&self, week: &Self) -> bool {
        self.0.strip_prefix(&week.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// The period as text; fit for a file's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What has become of an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditionState {
    /// Its bytes and recipients are fixed; nothing is sent yet.
    Frozen,
    /// Its letters are going out.
    Sending,
    /// No letter is left to send.
    Sent,
    /// It was too late or somebody stopped it: it waits for a word from the editors.
    Held,
}

impl EditionState {
    /// As the store writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Held => "held",
        }
    }
}

impl FromStr for EditionState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Frozen, Self::Sending, Self::Sent, Self::Held]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no state of an edition"))
    }
}

/// An edition as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The store's key.
    pub id: i64,
    /// The newsletter's name.
    pub newsletter: Slug,
    /// What addresses for bounces name it by.
    pub mark: i64,
    /// Counted from 1, for readers.
    pub number: i64,
    /// What it is called.
    pub period: Period,
    /// It holds columns published at or after this instant (and late ones) …
    pub since: Instant,
    /// … and before or at this one.
    pub cutoff: Instant,
    /// What has become of it.
    pub state: EditionState,
    /// The subject of its letters.
    pub subject: String,
    /// The date that its letters carry.
    pub dated: Instant,
    /// Whether its bytes and recipients are fixed. One that is held over its hour keeps its columns
    /// before it has letters.
    pub is_frozen: bool,
}

impl Edition {
    /// What it is known by.
    pub fn key(&self) -> EditionKey {
        EditionKey { newsletter: self.newsletter.clone(), cutoff: self.cutoff }
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
    fn the_week_is_the_one_that_ends() {
        assert_eq!(Period::of_week(at("2026-11-23T07:30"), &paris()).as_str(), "2026-W47");
        assert_eq!(Period::of_week(at("2026-11-20T17:00"), &paris()).as_str(), "2026-W47");
        assert_eq!(Period::of_week(at("2027-01-04T07:30"), &paris()).as_str(), "2026-W53");
    }
}
