//! Files that hold many columns: exports of other systems, tables. A reader goes through the file once and gives a
//! record for each column; records that are new or have changed wait in a spool until they are taken, so that
//! memory does not grow with the file.

pub mod csv;
mod draft;
pub mod feed;
pub mod ghost;
pub mod jsonl;
mod spooled;
mod standfirst;
mod waiting;
pub mod wordpress;
mod xml;

use std::path::Path;

use super::{
    Error, ImportContext, ImportResult, SourceLocation,
    folder::{self, FolderContents},
    markdown::GivenFields,
    remote::FetchedFeed,
    source::{ColumnSource, KnownDocuments, SourceDocument},
    wrong,
};
use crate::{
    config::{Source, SourceKind},
    model::ColumnRecord,
};

pub use draft::read_record;
pub use spooled::SpooledColumns;
pub use waiting::RecordPosition;
pub(super) use waiting::{RecordNames, WaitingRecords};
use waiting::{WaitingRecord, spool_error};

/// Under this name the store keeps the stamp of the whole file.
pub const WHOLE_FILE: &str = ".";

/// The date of a draft that has none: it is not taken, and nobody reads it.
pub(super) const NO_DATE: &str = "1970-01-01";

/// A record as its file gives it.
#[derive(Debug)]
pub struct ListedRecord {
    /// What it is called, as far as that is known: its id, or where it stands.
    pub name: String,
    /// Its line in the file, counted from 1, where lines mean something.
    pub line: Option<usize>,
    /// Its fields, or why it cannot be taken.
    pub record: Result<ColumnRecord, String>,
    /// What of it is not taken.
    pub warnings: Vec<String>,
}

/// Takes the records of a file as they come.
pub type RecordSink<'s> = dyn FnMut(ListedRecord) -> Result<(), Error> + 's;

/// Goes through a file and gives each record to the sink.
pub type RecordReader = dyn Fn(&Source, &Path, &mut RecordSink<'_>) -> Result<(), Error>;

/// A source that is one file with many columns.
pub struct RecordFile<'a> {
    pub source: &'a Source,
    /// What is read; messages call it as the source does.
    pub path: &'a Path,
    pub reader: &'a RecordReader,
    /// What was fetched, if it is no file.
    fetched: Option<&'a FetchedFeed>,
}

impl<'a> RecordFile<'a> {
    /// A source's file; none if the source is no file with many columns.
    pub fn new(source: &'a Source, path: &'a Path) -> Option<Self> {
        let reader: &RecordReader = match source.kind {
            SourceKind::Markdown => return None,
            SourceKind::Jsonl => &jsonl::read,
            SourceKind::Csv => &csv::read,
            SourceKind::Wordpress => &wordpress::read,
            SourceKind::Ghost => &ghost::read,
            SourceKind::Feed => &feed::read,
            SourceKind::Sql => &no_file,
        };
        Some(Self { source, path, reader, fetched: None })
    }

    /// A feed that was fetched.
    pub fn fetched(source: &'a Source, fetched: &'a FetchedFeed) -> Self {
        Self { source, path: &source.path, reader: &feed::read, fetched: Some(fetched) }
    }

    /// Goes through what it holds. Each name comes once: of two records with one id, the second is refused.
    fn read_records(&self, sink: &mut RecordSink<'_>) -> Result<(), Error> {
        let mut names = RecordNames::default();
        let sink = &mut |listed: ListedRecord| sink(names.told_apart(listed));
        match self.fetched {
            None => (self.reader)(self.source, self.path, sink),
            Some(fetched) => feed::read_bytes(self.source, &fetched.body, Some(&fetched.address), sink),
        }
    }
}

impl ColumnSource for RecordFile<'_> {
    type Details = GivenFields;

    fn documents(&self, known: &KnownDocuments<'_>) -> Result<FolderContents, Error> {
        let path = self.path;
        let read_error = |source| Error::Read { path: self.source.path.clone(), source };
        let seen = match self.fetched {
            None => folder::seen_at(path).map_err(read_error)?,
            Some(fetched) => fetched.seen.clone(),
        };
        if known.is_settled(known.get(WHOLE_FILE), &seen) && !known.wants_reading() {
            return Ok(FolderContents { unchanged: true, ..FolderContents::default() });
        }
        let mut waiting = WaitingRecords::default();
        self.read_records(&mut |listed: ListedRecord| {
            waiting.take(listed, "", |name, seen| known.is_settled(known.get(name), seen))
        })?;
        // Half of a file that is being written anew would withdraw the other half.
        if self.fetched.is_none() && folder::seen_at(path).map_err(read_error)? != seen {
            let place = SourceLocation { file: self.source.path.display().to_string(), line: None };
            return Err(wrong(&place, "it changed while it was read: nothing is changed, and the next run reads it"));
        }
        let files = waiting.into_files(path, seen);
        Ok(FolderContents { files, partial: self.source.kind.is_partial(), ..FolderContents::default() })
    }

    fn read(
        &self,
        document: SourceDocument<'_>,
        context: ImportContext<'_>,
        result: &mut ImportResult,
    ) -> Result<GivenFields, Error> {
        let file = self.source.path.display().to_string();
        let waiting: Result<WaitingRecord, _> = serde_json::from_str(document.text);
        let place = |line| SourceLocation { file: file.clone(), line };
        let WaitingRecord { line, record, warnings } = waiting.map_err(|error| wrong(&place(None), error))?;
        let place = SourceLocation { file: if line.is_some() { file } else { self.source.shown(document.key) }, line };
        let record = record.map_err(|why| wrong(&place, why))?;
        for warning in warnings {
            result.warn(&place, warning);
        }
        read_record(record, self.source, &place, context, result)
    }
}

/// The text of a post as WordPress keeps it: its HTML, its standfirst, and what is not taken of it.
pub(super) fn post_body(content: &str) -> (String, String, Vec<String>) {
    wordpress::post_body(content)
}

/// A database is no file: its rows come by another way.
fn no_file(source: &Source, _: &Path, _: &mut RecordSink<'_>) -> Result<(), Error> {
    let place = SourceLocation { file: source.path.display().to_string(), line: None };
    Err(wrong(&place, "a database is read by a sync alone"))
}

#[cfg(test)]
mod tests;
