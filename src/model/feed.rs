//! Names of feeds, and the months that their history is kept in.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::{Instant, Slug};

/// Which columns a feed is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeedKey {
    /// All columns.
    All,
    /// Those of a rubrique.
    Rubrique(Slug),
    /// Those of a byline.
    Byline(Slug),
    /// Those of a tag.
    Tag(Slug),
    /// Those that the configuration chooses.
    Selection(Slug),
}

impl FeedKey {
    /// As the store writes it, and as the folder of its files is called: empty for all columns.
    pub fn key(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Rubrique(slug) => slug.to_string(),
            Self::Byline(slug) => format!("byline/{slug}"),
            Self::Tag(slug) => format!("tag/{slug}"),
            Self::Selection(slug) => format!("selection/{slug}"),
        }
    }

    /// Reads a key as the store wrote it; `None` if it is none.
    pub fn from_key(key: &str) -> Option<Self> {
        let slug = |slug: &str| Slug::parse(slug).ok();
        match key.split_once('/') {
            None if key.is_empty() => Some(Self::All),
            None => slug(key).map(Self::Rubrique),
            Some((folder, name)) => Self::in_folder(folder, slug(name)?),
        }
    }

    /// The feed of a name in a folder of its kind; `None` if there is no such kind.
    pub fn in_folder(folder: &str, slug: Slug) -> Option<Self> {
        match folder {
            "byline" => Some(Self::Byline(slug)),
            "tag" => Some(Self::Tag(slug)),
            "selection" => Some(Self::Selection(slug)),
            _ => None,
        }
    }

    /// The feeds that a column is in by its rubrique; in which others it is, [`super::FeedRules`] say.
    pub fn of_rubrique(rubrique: Option<&Slug>) -> impl Iterator<Item = Self> {
        [Some(Self::All), rubrique.cloned().map(Self::Rubrique)].into_iter().flatten()
    }
}

/// A calendar month of UTC, such as `2026-11`: feeds close by it, whatever clock the magazine has,
/// so that a change of clock moves no column from one archive to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// The month of an instant.
    pub fn of(at: Instant) -> Self {
        Self { year: at.year(), month: at.month() }
    }

    /// Reads a month as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let date = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
        Some(Self { year: date.year(), month: date.month() })
    }

    /// Its first instant.
    pub fn start(self) -> Instant {
        let date = NaiveDate::from_ymd_opt(self.year, self.month, 1).unwrap_or_default();
        date.and_time(NaiveTime::MIN).and_utc()
    }

    /// Its last instant, in the milliseconds that the store keeps.
    pub fn end(self) -> Instant {
        let next = match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        };
        next.start() - chrono::Duration::milliseconds(1)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A column that readers have seen and that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The id that readers know.
    pub guid: String,
    /// When it was withdrawn.
    pub when: Instant,
}
