//! A week's digest: what it covers, and what has become of it.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Duration};

use super::{Instant, Zone};

/// The week an edition is named after, such as `2026-W47`: the ISO 8601 week in which most of the
/// seven days before its cutoff lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period(String);

impl Period {
    /// The period of the edition with this cutoff.
    pub fn of(cutoff: Instant, zone: &Zone) -> Self {
        let week = (zone.local(cutoff).naive_local() - Duration::hours(84)).iso_week();
        Self(format!("{:04}-W{:02}", week.year(), week.week()))
    }

    /// Reads a period as the store wrote it.
    pub fn from_key(key: &str) -> Self {
        Self(key.to_owned())
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
    /// Counted from 1.
    pub number: i64,
    /// The week it is named after.
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
        assert_eq!(Period::of(at("2026-11-23T07:30"), &paris()).as_str(), "2026-W47");
        assert_eq!(Period::of(at("2026-11-20T17:00"), &paris()).as_str(), "2026-W47");
        assert_eq!(Period::of(at("2027-01-04T07:30"), &paris()).as_str(), "2026-W53");
    }
}
