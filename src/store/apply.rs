//! What a sync found goes into one transaction, which compares each file with what the sync read of
//! it at the beginning.

use std::{collections::HashMap, io, ops::Range};

use super::{
    Error, Result, Store, Tx,
    column_entry::{AddressConflict, ColumnBatch, Entry, Put},
    millis,
    query::Query,
    sources::SourceFile,
    sql,
};
use crate::model::{EARLIEST, Instant};

/// So many changes are loaded and looked up at once.
const CHANGES_AT_ONCE: usize = 240;

/// What a sync found, a piece at a time: there may be more than memory should hold. A piece may be asked
/// for more than once.
pub trait ChangeSource {
    /// A piece that was loaded.
    type Loaded;
    /// How many changes there are.
    fn count(&self) -> usize;
    /// When the first and the last of their columns want to be updated.
    fn updates(&self) -> Option<(Instant, Instant)>;
    /// Loads a piece, by its place in the list.
    fn load(&self, range: Range<usize>) -> io::Result<Self::Loaded>;
    /// The changes of a piece, in order.
    fn changes<'c>(&'c self, piece: &'c Self::Loaded) -> Vec<FileChange<'c>>;
}

/// ChangeSource that are in memory.
struct ChangesInMemory<'a>(&'a [FileChange<'a>]);

impl ChangeSource for ChangesInMemory<'_> {
    type Loaded = Range<usize>;

    fn count(&self) -> usize {
        self.0.len()
    }

    fn updates(&self) -> Option<(Instant, Instant)> {
        let updates = || self.0.iter().filter_map(|change| Some(change.entry?.draft.updated));
        updates().min().zip(updates().max())
    }

    fn load(&self, range: Range<usize>) -> io::Result<Range<usize>> {
        Ok(range)
    }

    fn changes<'c>(&'c self, piece: &'c Range<usize>) -> Vec<FileChange<'c>> {
        self.0.get(piece.clone()).unwrap_or_default().to_vec()
    }
}

/// A column that is found elsewhere: what it was until now.
#[derive(Debug, Clone, Copy)]
pub struct MovedFrom<'a> {
    /// Its source.
    pub source: &'a str,
    /// Its name there.
    pub key: &'a str,
    /// The file that it had, by source and path, with the content stamp when the sync began.
    pub file: Option<(&'a str, &'a str, &'a str)>,
}

/// The fingerprints of a column.
#[derive(Debug, Clone, Copy)]
pub struct Stamps<'a> {
    /// Of all that readers can see.
    pub fingerprint: &'a str,
    /// Of its words.
    pub content: &'a str,
}

/// What a sync found of one file.
#[derive(Debug, Clone, Default)]
pub struct FileChange<'a> {
    /// The source's name.
    pub source: &'a str,
    /// Where it is below the source's folder.
    pub path: &'a str,
    /// Its content stamp when the sync began; none if the file was not known.
    pub before: Option<&'a str>,
    /// What is to be remembered; none if it is gone.
    pub after: Option<&'a SourceFile>,
    /// The column in it.
    pub entry: Option<Entry<'a>>,
    /// The column's fingerprints, if they are made already.
    pub stamps: Option<Stamps<'a>>,
    /// What this column was until now.
    pub moved_from: Option<MovedFrom<'a>>,
    /// The column that is gone with it, by its name in the source.
    pub withdraw: Option<&'a str>,
}

/// What a sync's transaction came to.
#[derive(Debug, Default)]
pub struct Applied {
    /// What became of each file's column; none where there is none, and where the file was left.
    pub outcomes: Vec<Option<Put>>,
    /// How many columns were withdrawn.
    pub withdrawn: usize,
    /// How many files another sync has written meanwhile: they are left to the next run.
    pub left: usize,
    /// Files that were refused because of what the store holds, by their place in the list.
    pub refused: Vec<(usize, Error)>,
    /// Columns that wanted an address that another one has.
    pub conflicts: Vec<AddressConflict>,
}

/// Binds the values of a file in the order of `PUT_FILE`.
pub(super) fn bind_file<'c>(query: Query<'c>, file: &SourceFile) -> Query<'c> {
    let query = query.bind(&file.source).bind(&file.path).bind(&file.column_key);
    query.bind(&file.content).bind(&file.seen).bind(file.due_at).bind(&file.refused)
}

/// The steps of a transaction that writes down what a sync found.
impl Tx<'_> {
    pub(super) async fn put_file(&mut self, file: &SourceFile) -> Result<()> {
        bind_file(self.query(sql::PUT_FILE), file).execute().await?;
        Ok(())
    }

    async fn drop_file(&mut self, source: &str, path: &str) -> Result<()> {
        self.query(sql::DROP_FILE).bind(source).bind(path).execute().await?;
        Ok(())
    }

    async fn content_of(&mut self, source: &str, path: &str) -> Result<Option<String>> {
        let query = self.query(sql::FILE_CONTENT).bind(source).bind(path);
        query.fetch_optional().await
    }

    async fn place_of(&mut self, source: &str) -> Result<Option<String>> {
        self.query(sql::SOURCE_PLACE).bind(source).fetch_optional().await
    }

    pub(super) async fn is_as_read(&mut self, change: &FileChange<'_>) -> Result<bool> {
        if self.content_of(change.source, change.path).await?.as_deref() != change.before {
            return Ok(false);
        }
        let Some((source, path, before)) = change.moved_from.and_then(|moved| moved.file) else { return Ok(true) };
        Ok(self.content_of(source, path).await?.as_deref() == Some(before))
    }

    pub(super) async fn apply_change(
        &mut self,
        index: usize,
        change: &FileChange<'_>,
        at: Instant,
        batch: &mut ColumnBatch,
        applied: &mut Applied,
    ) -> Result<()> {
        let mut outcome = None;
        let mut refused = None;
        if let (Some(moved), Some(entry)) = (change.moved_from, &change.entry) {
            let query = self.query(sql::MOVE_COLUMN).bind(moved.source).bind(moved.key);
            query.bind(&entry.draft.source).bind(&entry.draft.key).execute().await?;
            if let Some((source, path, _)) = moved.file {
                self.drop_file(source, path).await?;
            }
        }
        if let Some(entry) = &change.entry {
            match self.put_entry(entry, at, batch).await {
                Ok(put) => outcome = Some(put),
                Err(error @ Error::Clash { .. }) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        if let Some(key) = change.withdraw {
            applied.withdrawn += usize::from(self.withdraw_column(change.source, key, at, batch).await?);
        }
        match (change.after, &refused) {
            (None, _) => self.drop_file(change.source, change.path).await?,
            (Some(file), None) => self.put_file(file).await?,
            (Some(file), Some(error)) => {
                let why = Some(error.to_string());
                self.put_file(&SourceFile { refused: why, column_key: None, ..file.clone() }).await?;
            }
        }
        applied.outcomes.push(outcome);
        applied.refused.extend(refused.map(|error| (index, error)));
        Ok(())
    }
}

impl Store {
    /// Writes down what a sync found: columns, what they are called, which are withdrawn, and the
    /// stamps of the files. A file that another sync has written since this one began, or of a
    /// source that another place has taken over, is left as it is. `places` are those that this sync
    /// reads for.
    pub async fn apply(
        &self,
        changes: &[FileChange<'_>],
        places: &HashMap<String, String>,
        at: Instant,
    ) -> Result<Applied> {
        self.apply_all(&ChangesInMemory(changes), places, at).await
    }

    /// The same, of changes that are loaded a piece at a time; in one transaction.
    pub async fn apply_all(
        &self,
        changes: &impl ChangeSource,
        places: &HashMap<String, String>,
        at: Instant,
    ) -> Result<Applied> {
        let count = changes.count();
        if count == 0 {
            return Ok(Applied::default());
        }
        let asked = || changes.updates().map(|(first, last)| [first, last].map(|at| millis(at.max(EARLIEST))).to_vec());
        self.transact_alone(async |mut tx| {
            let mut applied = Applied::default();
            if count > CHANGES_AT_ONCE {
                tx.query(sql::FOR_MANY_ROWS).execute().await?;
            }
            let mut batch = tx.batch(asked().unwrap_or_default()).await?;
            let mut ours: HashMap<String, bool> = HashMap::new();
            for first in (0..count).step_by(CHANGES_AT_ONCE) {
                let piece = changes.load(first..count.min(first + CHANGES_AT_ONCE)).map_err(Error::Spool)?;
                let piece = changes.changes(&piece);
                for change in &piece {
                    if !ours.contains_key(change.source) {
                        let mine = tx.place_of(change.source).await?.as_ref() == places.get(change.source);
                        ours.insert(change.source.to_owned(), mine);
                    }
                }
                tx.apply_piece(first, &piece, &ours, at, &mut batch, &mut applied).await?;
            }
            tx.put_touched(&batch).await?;
            applied.conflicts = batch.conflicts;
            tx.commit().await?;
            Ok(applied)
        })
        .await
    }
}
