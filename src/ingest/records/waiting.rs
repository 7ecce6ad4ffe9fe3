//! Records that wait between their reading and their taking. What is as it was is not kept: it is not looked at again.

use std::{collections::HashMap, io, path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{ListedRecord, WHOLE_FILE};
use crate::{
    ingest::{
        Error, SourceLocation,
        folder::FoundFile,
        spool::{self, ByteSpool, SpoolPosition},
        wrong,
    },
    model::{ColumnRecord, column::fingerprint},
};

/// Where a record waits.
#[derive(Debug, Clone)]
pub struct RecordPosition {
    spool: Arc<ByteSpool>,
    position: SpoolPosition,
}

impl RecordPosition {
    /// The record, as it was written.
    pub(in crate::ingest) fn bytes(&self) -> io::Result<Vec<u8>> {
        self.spool.get(self.position)
    }
}

/// A record as it waits.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WaitingRecord {
    pub(super) line: Option<usize>,
    pub(super) record: Result<ColumnRecord, String>,
    pub(super) warnings: Vec<String>,
}

/// The records of a source.
#[derive(Debug, Default)]
pub(in crate::ingest) struct WaitingRecords {
    spool: ByteSpool,
    listed: Vec<(String, String, u64, Option<SpoolPosition>)>,
}

impl WaitingRecords {
    /// Keeps a record, unless it was taken as it is. What was seen of it is its content, behind what else tells that it is
    /// the same.
    pub(in crate::ingest) fn take(
        &mut self,
        listed: ListedRecord,
        stamp: &str,
        is_settled: impl FnOnce(&str, &str) -> bool,
    ) -> Result<(), Error> {
        let ListedRecord { name, line, record, warnings } = listed;
        let fields = serde_json::to_vec(&record).map_err(|error| spool_error(error.into()))?;
        let seen = format!("{stamp}{}", fingerprint([&fields]));
        // What is as it was is not looked at again.
        let position = match is_settled(&name, &seen) {
            true => None,
            false => {
                let waiting = serde_json::to_vec(&WaitingRecord { line, record, warnings });
                let put = waiting.map_err(io::Error::from).and_then(|bytes| self.spool.put(&bytes));
                Some(put.map_err(spool_error)?)
            }
        };
        self.listed.push((name, seen, fields.len() as u64, position));
        Ok(())
    }

    /// Lists one that was not read, because it is as it was.
    pub(in crate::ingest) fn keep(&mut self, name: String, seen: String) {
        self.listed.push((name, seen, 0, None));
    }

    /// Whether there is none.
    pub(in crate::ingest) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// All of them, and the stamp of the whole.
    pub(in crate::ingest) fn into_files(self, path: &Path, whole: String) -> Vec<FoundFile> {
        let spool = Arc::new(self.spool);
        let found = |(name, seen, size, position): (String, String, u64, Option<SpoolPosition>)| FoundFile {
            path: path.to_owned(),
            name,
            seen,
            size,
            record: position.map(|position| RecordPosition { spool: Arc::clone(&spool), position }),
        };
        let mut files: Vec<FoundFile> = self.listed.into_iter().map(found).collect();
        let name = WHOLE_FILE.to_owned();
        // Last: who is killed between two pieces reads the whole once more.
        files.push(FoundFile { path: path.to_owned(), name, seen: whole, size: 0, record: None });
        files
    }
}

/// Tells records apart. Each name comes once: of two records with one id, the second is refused.
#[derive(Debug, Default)]
pub(in crate::ingest) struct RecordNames(HashMap<String, usize>);

impl RecordNames {
    /// A record under a name that no other one has.
    pub(in crate::ingest) fn told_apart(&mut self, mut listed: ListedRecord) -> ListedRecord {
        let name = listed.name.clone();
        let count = self.0.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 || name == WHOLE_FILE {
            listed.record = Err(format!("another record has the id {name:?} already: give one of them another"));
            listed.name = format!("{name} ({count})");
        }
        listed
    }
}

/// Records cannot wait on the disk.
pub(super) fn spool_error(error: io::Error) -> Error {
    let place = SourceLocation { file: spool::folder().display().to_string(), line: None };
    let message = format!("records cannot wait here: {error}: make room, or name another folder in TMPDIR");
    wrong(&place, message)
}
