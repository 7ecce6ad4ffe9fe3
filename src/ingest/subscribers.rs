//! Readers from lists: CSV with a header, as we and other programs write it, or all that another store knows, as
//! JSON Lines. A list is read as a stream: a million lines take no more memory than a hundred.

pub mod cells;
mod headings;
mod lines;
mod states;
pub mod table;
pub mod whole;

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
};

pub use headings::Field;
pub use states::Word;

use super::{Error, SourceLocation, wrong};
use crate::model::{Choice, HashedAddress, Instant, Key, ListEntry, Rubrique, Slug};

/// How many refused lines are told one by one; of the others, how many.
const TOLD: usize = 1_000;

/// How a list is laid out, where it does not say so itself.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The headings of columns; none for a field that is not to be read.
    pub map: HashMap<Field, Option<String>>,
    /// What words in the column of states mean, folded: see [`Layout::map_word`].
    pub words: HashMap<String, Word>,
    /// What stands between cells; guessed from the header if missing.
    pub delimiter: Option<u8>,
}

impl Layout {
    /// Says what a word in the column of states means.
    pub fn map_word(&mut self, word: &str, meaning: Word) {
        self.words.insert(headings::normalise(word), meaning);
    }
}

/// What lists are read with.
#[derive(Debug)]
pub struct Settings<'a> {
    /// The configuration's.
    pub rubriques: &'a [Rubrique],
    /// How the list is laid out.
    pub layout: Layout,
    /// No date in a list is later than this.
    pub latest: Instant,
}

impl Settings<'_> {
    /// Refuses a reader of the future: what came back before that day would never count.
    fn judge(&self, entry: &ListEntry) -> Result<(), String> {
        let own = [("since", entry.since), ("joined", entry.joined), ("returned", entry.returned)];
        let suppressed = entry.suppression.and_then(|suppression| suppression.since);
        let consents = entry.consents.iter().flat_map(|c| [("consent", Some(c.asked)), ("consent", Some(c.confirmed))]);
        let dates = own.into_iter().chain([("suppressed", suppressed)]).chain(consents);
        let late = dates.filter_map(|(name, at)| Some((name, at?))).find(|(_, at)| *at > self.latest);
        late.map_or(Ok(()), |(name, at)| Err(format!("{name}: {at} lies in the future: write when it was")))
    }
}

/// Some of what a list holds.
#[derive(Debug, Default)]
pub struct Part {
    /// Readers.
    pub entries: Vec<ListEntry>,
    /// Addresses that are known by their hashes alone.
    pub hashes: Vec<HashedAddress>,
}

impl Part {
    /// Whether the list is at its end.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.hashes.is_empty()
    }
}

/// Lines that were refused.
#[derive(Debug, Default)]
pub struct Refused {
    /// The first of them, each with its reason.
    pub told: Vec<super::Warning>,
    /// How many there are in all.
    pub count: usize,
}

/// A list that is being read.
pub enum List<'s, R: Read + Seek> {
    /// CSV.
    Table(Box<table::Table<'s, R>>),
    /// JSON Lines.
    Whole(Box<whole::Whole<'s, R>>),
}

impl<'s, R: Read + Seek> List<'s, R> {
    /// Begins to read a list, in whichever form it is.
    pub fn open(mut source: R, file: &str, settings: &'s Settings<'s>) -> Result<Self, Error> {
        let place = SourceLocation { file: file.to_owned(), line: None };
        let unread = |error: std::io::Error| wrong(&place, error);
        let begin = source.stream_position().map_err(unread)?;
        let mut first = Vec::new();
        source.by_ref().take(1).read_to_end(&mut first).map_err(unread)?;
        source.seek(SeekFrom::Start(begin)).map_err(unread)?;
        Ok(match first.as_slice() {
            b"{" => Self::Whole(Box::new(whole::Whole::open(source, file, settings)?)),
            _ => Self::Table(Box::new(table::Table::open(source, file, settings)?)),
        })
    }

    /// The key of the store that the list was written from, if it came along.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Table(_) => None,
            Self::Whole(whole) => whole.key(),
        }
    }

    /// The next lines, so many at the most; none when the list is at its end.
    pub fn take(&mut self, most: usize) -> Result<Part, Error> {
        match self {
            Self::Table(table) => Ok(Part { entries: table.take(most)?, hashes: Vec::new() }),
            Self::Whole(whole) => whole.take(most),
        }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> u64 {
        match self {
            Self::Table(table) => table.position(),
            Self::Whole(whole) => whole.position(),
        }
    }

    /// The lines that were refused so far, with their numbers. A list with a state that is not known is refused
    /// whole, here at the latest.
    pub fn refused(self) -> Result<Refused, Error> {
        match self {
            Self::Table(table) => table.refused(),
            Self::Whole(whole) => Ok(whole.refused()),
        }
    }
}

/// Labels or slugs with semicolons, commas or bars between; none means all.
fn choice(cell: &str, rubriques: &[Rubrique]) -> Result<Choice, String> {
    let labels = cell.split([';', ',', '|']).map(str::trim).filter(|label| !label.is_empty());
    let slugs: Result<Vec<Slug>, String> = labels
        .map(|label| {
            let found = Rubrique::find(rubriques, label).map(|rubrique| rubrique.slug.clone());
            found.ok_or_else(|| format!("{label:?} is no rubrique of the configuration"))
        })
        .collect();
    Ok(Choice::of(slugs?))
}
