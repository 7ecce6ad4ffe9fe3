//! Files that hold many columns: exports of other systems, tables. A reader goes through the file once and gives a
//! record for each column; records that are new or have changed wait in a spool until they are taken, so that
//! memory does not grow with the file.

mod collected;
pub mod csv;
mod draft;
pub mod feed;
pub mod ghost;
pub mod jsonl;
mod spooled;
mod standfirst;
pub mod wordpress;
mod xml;

use std::{collections::HashMap, io, path::Path, sync::Arc};

use super::{
    Error, ImportContext, ImportResult, SourceLocation,
    folder::{self, FolderContents},
    markdown::GivenFields,
    remote::FetchedFeed,
    source::{ColumnSource, KnownDocuments, SourceDocument},
    spool::{self, ByteSpool, SpoolPosition},
    wrong,
};
use crate::{
    config::{Source, SourceKind},
    model::ColumnRecord,
};

pub use collected::CollectedRecords;
use collected::WaitingRecord;
pub use draft::read_record;
pub use spooled::SpooledColumns;

/// Under this name the store keeps the stamp of the whole file.
pub const WHOLE_FILE: &str = ".";

/// The date of a draft that has none: it is not taken, and nobody reads it.
const NO_DATE: &str = "1970-01-01";

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

/// Where a record waits.
#[derive(Debug, Clone)]
pub struct RecordPosition {
    spool: Arc<ByteSpool>,
    position: SpoolPosition,
}

impl RecordPosition {
    /// The record, as it was written.
    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        self.spool.get(self.position)
    }
}

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
        };
        Some(Self { source, path, reader, fetched: None })
    }

    /// A feed that was fetched.
    pub fn fetched(source: &'a Source, fetched: &'a FetchedFeed) -> Self {
        Self { source, path: &source.path, reader: &feed::read, fetched: Some(fetched) }
    }

    /// Goes through what it holds. Each name comes once: of two records with one id, the second is refused.
    fn read_records(&self, sink: &mut RecordSink<'_>) -> Result<(), Error> {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let sink = &mut |mut listed: ListedRecord| {
            let name = listed.name.clone();
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            if *count > 1 || name == WHOLE_FILE {
                listed.record = Err(format!("another record has the id {name:?} already: give one of them another"));
                listed.name = format!("{name} ({count})");
            }
            sink(listed)
        };
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
        let mut collected = CollectedRecords::default();
        self.read_records(&mut |listed: ListedRecord| {
            collected.take(listed, |name, seen| known.is_settled(known.get(name), seen))
        })?;
        // Half of a file that is being written anew would withdraw the other half.
        if self.fetched.is_none() && folder::seen_at(path).map_err(read_error)? != seen {
            let place = SourceLocation { file: self.source.path.display().to_string(), line: None };
            return Err(wrong(&place, "it changed while it was read: nothing is changed, and the next run reads it"));
        }
        let files = collected.into_files(path, seen);
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

/// Records cannot wait on the disk.
fn spool_error(error: io::Error) -> Error {
    let place = SourceLocation { file: spool::folder().display().to_string(), line: None };
    let message = format!("records cannot wait here: {error}: make room, or name another folder in TMPDIR");
    wrong(&place, message)
}

#[cfg(test)]
mod tests;
