//! Records as they come, on their way to those who make columns of them. What is as it was does not wait.

use std::{io, path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{ListedRecord, RecordPosition, WHOLE_FILE, spool_error};
use crate::{
    ingest::{
        Error,
        folder::FoundFile,
        spool::{ByteSpool, SpoolPosition},
    },
    model::{ColumnRecord, column::fingerprint},
};

/// A record as it waits.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WaitingRecord {
    pub(super) line: Option<usize>,
    pub(super) record: Result<ColumnRecord, String>,
    pub(super) warnings: Vec<String>,
}

/// The records of a source.
#[derive(Debug, Default)]
pub struct CollectedRecords {
    spool: ByteSpool,
    listed: Vec<CollectedRecord>,
}

#[derive(Debug)]
struct CollectedRecord {
    name: String,
    /// While it is the same, so is the record.
    seen: String,
    bytes: u64,
    /// Where it waits, unless it is as it was.
    position: Option<SpoolPosition>,
}

impl CollectedRecords {
    /// Takes the next record; what is settled does not wait.
    pub fn take(&mut self, listed: ListedRecord, is_settled: impl FnOnce(&str, &str) -> bool) -> Result<(), Error> {
        let ListedRecord { name, line, record, warnings } = listed;
        let fields = serde_json::to_vec(&record).map_err(|error| spool_error(error.into()))?;
        let seen = fingerprint([&fields]);
        let position = match is_settled(&name, &seen) {
            true => None,
            false => {
                let waiting = serde_json::to_vec(&WaitingRecord { line, record, warnings });
                let kept = waiting.map_err(io::Error::from).and_then(|bytes| self.spool.put(&bytes));
                Some(kept.map_err(spool_error)?)
            }
        };
        self.listed.push(CollectedRecord { name, seen, bytes: fields.len() as u64, position });
        Ok(())
    }

    /// The records as documents of their source, which is known by `whole` itself.
    pub fn into_files(self, path: &Path, whole: String) -> Vec<FoundFile> {
        let spool = Arc::new(self.spool);
        let found = |record: CollectedRecord| FoundFile {
            path: path.to_owned(),
            name: record.name,
            seen: record.seen,
            size: record.bytes,
            record: record.position.map(|position| RecordPosition { spool: Arc::clone(&spool), position }),
        };
        let mut files: Vec<FoundFile> = self.listed.into_iter().map(found).collect();
        let name = WHOLE_FILE.to_owned();
        // Last: who is killed between two pieces reads the source once more.
        files.push(FoundFile { path: path.to_owned(), name, seen: whole, size: 0, record: None });
        files
    }
}
