//! Readers from lists: CSV with a header, as we and other programs write it, addresses alone, what Sympa dumps, or all that
//! another store knows, as JSON Lines. A list is read as a stream: a million lines take no more memory than a hundred.

pub mod cells;
pub mod dump;
pub mod files;
mod headings;
mod labels;
mod layout;
mod lines;
mod mailbox;
mod programs;
mod states;
pub mod table;
pub mod whole;

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
};

pub use cells::DateOrder;
pub use headings::Field;
pub use states::Word;

use super::{Error, SourceLocation, wrong};
use crate::model::{Choice, HashedAddress, Instant, Key, ListEntry, Rubrique, Slug};

/// So much of a file tells its form.
const HEAD: u64 = 4_096;

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
    /// How dates with slashes are written; if missing, they must be plain from their numbers.
    pub dates: Option<DateOrder>,
    /// Which rubriques tags of another program are, folded; none for a tag that means nothing here.
    pub tags: HashMap<String, Option<Slug>>,
    /// Which newsletters its lists are; none for one that is not to be read.
    pub lists: HashMap<String, Option<Slug>>,
}

impl Layout {
    /// Says which rubrique a tag is.
    pub fn map_tag(&mut self, tag: &str, rubrique: Option<Slug>) {
        self.tags.insert(headings::normalise(tag), rubrique);
    }

    /// Says which newsletter a list is.
    pub fn map_list(&mut self, list: &str, newsletter: Option<Slug>) {
        self.lists.insert(headings::normalise(list), newsletter);
    }

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
    /// Readers of newsletters that lists of another program were said to be.
    pub elsewhere: Vec<(Slug, ListEntry)>,
    /// How many lines are about lists that were said to be none of ours.
    pub passed: u64,
    /// Addresses that are known by their hashes alone.
    pub hashes: Vec<HashedAddress>,
}

impl Part {
    /// Whether the list is at its end.
    pub fn is_empty(&self) -> bool {
        self.lines() == 0
    }

    /// How many lines of the list these are.
    pub fn lines(&self) -> usize {
        self.entries.len()
            + self.hashes.len()
            + self.elsewhere.len()
            + usize::try_from(self.passed).unwrap_or(usize::MAX)
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
    /// Sympa's.
    Dump(Box<dump::Dump<'s, R>>),
}

/// What a list says of itself besides its readers.
#[derive(Debug, Default)]
pub struct About {
    /// Whose it is, if that is known.
    pub program: Option<&'static str>,
    /// How everybody in it stands by the name of the file: the word of the name, and what it means.
    pub by_name: Option<(&'static str, Word)>,
    /// Its tags that no rubrique was named for, and how many readers have each.
    pub tags: Vec<(String, u64)>,
    /// The same of its lists.
    pub lists: Vec<(String, u64)>,
}

impl<'s, R: Read + Seek> List<'s, R> {
    /// Begins to read a list, in whichever form it is.
    pub fn open(mut source: R, file: &str, settings: &'s Settings<'s>) -> Result<Self, Error> {
        let place = SourceLocation { file: file.to_owned(), line: None };
        let unread = |error: std::io::Error| wrong(&place, error);
        let begin = source.stream_position().map_err(unread)?;
        let mut first = Vec::new();
        source.by_ref().take(HEAD).read_to_end(&mut first).map_err(unread)?;
        source.seek(SeekFrom::Start(begin)).map_err(unread)?;
        Ok(match first.as_slice() {
            [b'{', ..] => Self::Whole(Box::new(whole::Whole::open(source, file, settings)?)),
            head if dump::is_dump(&String::from_utf8_lossy(head)) => {
                Self::Dump(Box::new(dump::Dump::open(source, file, settings)))
            }
            _ => Self::Table(Box::new(table::Table::open(source, file, settings)?)),
        })
    }

    /// The key of the store that the list was written from, if it came along.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Table(_) | Self::Dump(_) => None,
            Self::Whole(whole) => whole.key(),
        }
    }

    /// The next lines, so many at the most; none when the list is at its end.
    pub fn take(&mut self, most: usize) -> Result<Part, Error> {
        match self {
            Self::Table(table) => table.take(most),
            Self::Dump(dump) => Ok(Part { entries: dump.take(most)?, ..Part::default() }),
            Self::Whole(whole) => whole.take(most),
        }
    }

    /// What it says of itself, as far as it was read.
    pub fn about(&self) -> About {
        match self {
            Self::Table(table) => table.about(),
            Self::Dump(_) => About { program: Some("Sympa"), ..About::default() },
            Self::Whole(_) => About { program: Some("gazetier"), ..About::default() },
        }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> u64 {
        match self {
            Self::Table(table) => table.position(),
            Self::Dump(dump) => dump.position(),
            Self::Whole(whole) => whole.position(),
        }
    }

    /// The lines that were refused so far, with their numbers. A list with a state that is not known is refused
    /// whole, here at the latest.
    pub fn refused(self) -> Result<Refused, Error> {
        match self {
            Self::Table(table) => table.refused(),
            Self::Dump(dump) => Ok(dump.refused()),
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
