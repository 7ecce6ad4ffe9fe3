//! What columns are read from: a folder with a file for each, or a file with many ([`super::records`]).

use std::{collections::HashMap, path::Path};

use super::{
    Error, ImportContext, ImportResult,
    folder::FolderContents,
    markdown::{GivenFields, MarkdownFolder},
    records::{RecordFile, WHOLE_FILE},
};
use crate::{config::Source, model::Instant, store::SourceFile};

/// A document of a source: a file of its folder, or a page.
#[derive(Debug, Clone, Copy)]
pub struct SourceDocument<'a> {
    pub path: &'a Path,
    /// Its name in the source.
    pub key: &'a str,
    pub text: &'a str,
}

/// What is known of a source's documents.
#[derive(Debug, Clone, Copy, Default)]
pub struct KnownDocuments<'a> {
    /// By their names.
    pub files: Option<&'a HashMap<String, SourceFile>>,
    /// Names what makes columns of documents.
    pub reader_version: &'a str,
    pub at: Instant,
    /// Whether what was refused is looked at again though it is the same.
    pub by_hand: bool,
}

impl<'a> KnownDocuments<'a> {
    pub fn get(&self, name: &str) -> Option<&'a SourceFile> {
        self.files.and_then(|files| files.get(name))
    }

    /// Whether something comes true now in a document.
    pub fn is_due(&self, known: Option<&SourceFile>) -> bool {
        known.and_then(|known| known.due_at).is_some_and(|due| due <= self.at.timestamp_millis())
    }

    /// Whether a document was read as it is: what is seen of it, then what reads it.
    pub fn is_seen(&self, known: Option<&SourceFile>, seen: &str) -> bool {
        let stamp = known.and_then(|known| known.seen.strip_prefix(seen)).and_then(|rest| rest.strip_prefix(' '));
        stamp.is_some_and(|rest| rest == self.reader_version)
    }

    /// What was seen of a document when it was read as it would be now.
    pub fn seen(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.seen.strip_suffix(self.reader_version)?.strip_suffix(' ')
    }

    /// Whether a document need not be opened.
    pub fn is_settled(&self, known: Option<&SourceFile>, seen: &str) -> bool {
        known.is_some_and(|known| known.refused.is_none()) && self.is_seen(known, seen) && !self.is_due(known)
    }

    /// Whether something in a file that is the same must be read again.
    pub fn wants_reading(&self) -> bool {
        let mut files = self.files.into_iter().flat_map(HashMap::values);
        files.any(|known| self.is_due(Some(known)) || (self.by_hand && known.refused.is_some()))
    }
}

/// What is known of the records of a source, for another thread.
#[derive(Debug, Default)]
pub struct KnownRecords {
    /// What was seen of the whole source.
    pub whole: Option<String>,
    /// Whether something in it must be read again though it is the same.
    pub wants_reading: bool,
    /// Its records by their names; with what was seen of those that need not be read again.
    pub seen: HashMap<String, Option<String>>,
}

impl KnownRecords {
    pub fn of(known: &KnownDocuments<'_>) -> Self {
        let files = known.files.into_iter().flatten().filter(|(name, _)| *name != WHOLE_FILE);
        let settled = |name: &str, file: &SourceFile| {
            let seen = known.seen(name).filter(|_| file.refused.is_none() && !known.is_due(Some(file)));
            seen.map(str::to_owned)
        };
        Self {
            whole: known.seen(WHOLE_FILE).map(str::to_owned),
            wants_reading: known.wants_reading(),
            seen: files.map(|(name, file)| (name.clone(), settled(name, file))).collect(),
        }
    }

    /// Whether a record need not be read.
    pub fn is_settled(&self, name: &str, seen: &str) -> bool {
        self.seen.get(name).and_then(Option::as_deref) == Some(seen)
    }
}

/// Something that columns are read from.
pub trait ColumnSource {
    /// What a document says beside its columns.
    type Details;

    /// The documents that there are, and what is passed over.
    fn documents(&self, known: &KnownDocuments<'_>) -> Result<FolderContents, Error>;

    /// Reads the columns of a document.
    fn read(
        &self,
        document: SourceDocument<'_>,
        context: ImportContext<'_>,
        result: &mut ImportResult,
    ) -> Result<Self::Details, Error>;
}

/// The reader for a source of the configuration.
pub fn open(source: &Source) -> Box<dyn ColumnSource<Details = GivenFields> + '_> {
    match RecordFile::new(source, &source.path) {
        Some(file) => Box::new(file),
        None => Box::new(MarkdownFolder(source)),
    }
}
