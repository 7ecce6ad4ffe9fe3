//! What a sync has to write down: the files that are gone, then those that were read, whose columns come
//! out of the spool a piece at a time.

use std::{
    collections::{HashMap, HashSet},
    io,
    ops::Range,
};

use super::{
    moves::{self, MovedColumns},
    scan::{ReadFile, SourceScan},
    spool::{Spool, StampedDraft},
};
use crate::{
    model::Instant,
    store::{ChangeSource, Entry, FileChange, MovedFrom, Stamps},
};

/// All that a sync found.
#[derive(Debug)]
pub(super) struct SyncChanges<'a> {
    /// What is gone comes first: its address is free then.
    gone: Vec<FileChange<'a>>,
    read: Vec<&'a ReadFile<'a>>,
    scans: &'a [SourceScan<'a>],
    moved: &'a MovedColumns,
    /// Columns that are elsewhere now, by what they were.
    elsewhere: HashSet<(&'a str, &'a str)>,
    spool: &'a Spool,
}

impl<'a> SyncChanges<'a> {
    pub(super) fn new(
        gone: Vec<FileChange<'a>>,
        scans: &'a [SourceScan<'a>],
        moved: &'a MovedColumns,
        spool: &'a Spool,
    ) -> Self {
        let read = scans.iter().flat_map(|scan| &scan.read).collect();
        let elsewhere = moved.values().map(|was| (&*was.trace.source, &*was.trace.key)).collect();
        Self { gone, read, scans, moved, elsewhere, spool }
    }

    /// The file that was read, of a change by its place in the list.
    pub(super) fn read(&self, index: usize) -> Option<&'a ReadFile<'a>> {
        self.read.get(index.checked_sub(self.gone.len())?).copied()
    }

    /// A column's file, as messages name it, if it was read now.
    pub(super) fn shown(&self, source: &str, key: &str) -> Option<String> {
        let of = |read: &&&ReadFile<'_>| read.source.name == source && read.taken().is_some_and(|(own, _)| own == key);
        self.read.iter().find(of).map(|read| read.shown())
    }

    /// What is to be written of a file that was read.
    fn change<'c>(&'c self, read: &'c ReadFile<'_>, stamped: Option<&'c StampedDraft>) -> FileChange<'c> {
        let entry = stamped.zip(read.column.as_ref()).map(|(stamped, column)| Entry {
            draft: &stamped.draft,
            given_guid: column.facts.given_guid,
            given_url: column.facts.given_url,
        });
        let was = entry.and_then(|entry| moves::before(self.moved, &entry.draft.source, &entry.draft.key));
        let moved_from = was.map(|was| MovedFrom {
            source: &was.trace.source,
            key: &was.trace.key,
            file: was.file.as_ref().map(|file| (&*file.source, &*file.path, &*file.content)),
        });
        // The column that the file gave before, unless that is elsewhere now.
        let is_elsewhere = |key: &str| {
            let of_source = |scan: &&SourceScan<'_>| scan.source.name == read.source.name;
            self.elsewhere.contains(&(read.source.name.as_str(), key))
                || self.scans.iter().filter(of_source).any(|scan| scan.has(key))
        };
        FileChange {
            source: &read.after.source,
            path: &read.after.path,
            before: read.before.map(|before| &*before.content),
            after: Some(&read.after),
            entry,
            stamps: stamped.map(|stamped| Stamps { fingerprint: &stamped.fingerprint, content: &stamped.content }),
            moved_from,
            withdraw: read.left_key().filter(|key| !is_elsewhere(key)),
        }
    }
}

impl ChangeSource for SyncChanges<'_> {
    type Loaded = (Range<usize>, HashMap<usize, StampedDraft>);

    fn count(&self) -> usize {
        self.gone.len() + self.read.len()
    }

    fn updates(&self) -> Option<(Instant, Instant)> {
        let updates = || self.read.iter().filter_map(|read| Some(read.column.as_ref()?.updated));
        updates().min().zip(updates().max())
    }

    fn load(&self, range: Range<usize>) -> io::Result<Self::Loaded> {
        let mut columns = HashMap::new();
        for index in range.clone() {
            if let Some((read, column)) = self.read(index).and_then(|read| Some((read, read.column.as_ref()?))) {
                columns.insert(index, self.spool.get(column.position, &read.source.name)?);
            }
        }
        Ok((range, columns))
    }

    fn changes<'c>(&'c self, (range, columns): &'c Self::Loaded) -> Vec<FileChange<'c>> {
        let change = |index| match self.read(index) {
            None => self.gone.get(index).cloned().unwrap_or_default(),
            Some(read) => self.change(read, columns.get(&index)),
        };
        range.clone().map(change).collect()
    }
}
