//! What the folders of the sources hold now, beside what is known of them.

use std::{
    collections::{HashMap, HashSet},
    io,
    num::NonZero,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    Error, SyncContext,
    spool::{self, Spool},
};
use crate::{
    config::Source,
    ingest::{
        self, ImportContext, ImportResult, SourceLocation, Warning,
        clean::CLEANER,
        folder::{self, FolderContents, FoundFile},
        markdown,
        records::WHOLE_FILE,
        source::{self, KnownDocuments, SourceDocument},
        spool::{SpoolPosition, folder as spool_folder},
    },
    model::{Draft, Instant, column::fingerprint},
    store::SourceFile,
};

/// So many files, or bytes of them, are read at once: what was made of them is then laid aside.
const BATCH_FILES: usize = 2048;
const BATCH_BYTES: u64 = 8 << 20;

/// A thread more is begun for so many files.
const FILES_PER_THREAD: usize = 16;

/// A file that was opened because something about it is new.
#[derive(Debug)]
pub(super) struct ReadFile<'a> {
    pub(super) source: &'a Source,
    /// What was known of it.
    pub(super) before: Option<&'a SourceFile>,
    /// What is known of it now.
    pub(super) after: SourceFile,
    /// Its column; none if it is as it was, or cannot be taken.
    pub(super) column: Option<SpooledColumn>,
    pub(super) warnings: Vec<Warning>,
    /// Whether it is a file that lies among columns and is none.
    pub(super) is_no_column: bool,
}

/// A column that was read. All of it waits in the spool.
#[derive(Debug)]
pub(super) struct SpooledColumn {
    pub(super) facts: markdown::GivenFields,
    pub(super) published: Instant,
    pub(super) updated: Instant,
    pub(super) position: SpoolPosition,
}

impl ReadFile<'_> {
    /// As messages name it.
    pub(super) fn shown(&self) -> String {
        self.source.shown(&self.after.path)
    }

    /// Whether why it is refused is news.
    pub(super) fn is_news(&self) -> bool {
        let told = self.before.map(|before| (&before.content, &before.refused));
        told != Some((&self.after.content, &self.after.refused))
    }

    /// The column that was read, by its name.
    pub(super) fn taken(&self) -> Option<(&str, &SpooledColumn)> {
        self.after.column_key.as_deref().zip(self.column.as_ref())
    }

    /// The column that this file gave and gives no more.
    pub(super) fn left_key(&self) -> Option<&str> {
        let before = self.before?.column_key.as_deref()?;
        (self.taken()?.0 != before).then_some(before)
    }
}

/// What one source's folder holds.
#[derive(Debug)]
pub(super) struct SourceScan<'a> {
    pub(super) source: &'a Source,
    pub(super) read: Vec<ReadFile<'a>>,
    /// Files that were known and are not there any more.
    pub(super) gone: Vec<SourceFile>,
    pub(super) passed_over: Vec<folder::SkippedEntry>,
    /// Whether no file is left, of more than one.
    pub(super) emptied: bool,
    /// Who has each name: files that are there, by their columns' names.
    owners: HashMap<String, KeyOwner<'a>>,
}

/// A file that has a name for its column.
#[derive(Debug, Clone, Copy)]
enum KeyOwner<'a> {
    /// One that is known, by its path.
    Known(&'a str),
    /// One that was read now, by its place.
    Read(usize),
}

impl SourceScan<'_> {
    /// The path of a file that has a name.
    fn path(&self, owner: KeyOwner<'_>) -> String {
        match owner {
            KeyOwner::Known(path) => path.to_owned(),
            KeyOwner::Read(place) => self.read.get(place).map(|read| read.after.path.clone()).unwrap_or_default(),
        }
    }

    /// Whether a file that is there has this name.
    pub(super) fn has(&self, key: &str) -> bool {
        self.owners.contains_key(key)
    }
}

/// Whether a document is no column's but stands for all of a source's file.
fn is_whole_file(source: &Source, name: &str) -> bool {
    source.kind.is_one_file() && name == WHOLE_FILE
}

/// Counts up when more of a file is read than before.
const READER: &str = "2";

/// What makes a column of a file's bytes: when it changes, all files are read again.
pub(super) fn reader_version(config: &str) -> String {
    fingerprint([&CLEANER.to_string(), READER, env!("CARGO_PKG_VERSION"), env!("GAZETIER_LOCALES"), config])
}

/// Looks through what a source's folder holds and opens what is new or has changed. `known` is what is
/// known of its files; what is read of columns goes into the spool.
pub(super) fn scan<'a>(
    source: &'a Source,
    contents: FolderContents,
    known: KnownDocuments<'a>,
    context: SyncContext<'_>,
    spool: &mut Spool,
) -> Result<SourceScan<'a>, Error> {
    let documents = contents.files.iter().filter(|file| !is_whole_file(source, &file.name)).count();
    let keeps_all = contents.unchanged || contents.partial;
    let emptied = !keeps_all && documents == 0 && known.files.is_some_and(|known| known.len() > 1);
    let gone = match keeps_all {
        true => contents.left.iter().filter_map(|name| known.get(name)).cloned().collect(),
        false => gone(&contents.files, known.files),
    };
    let mut opened = Vec::new();
    for file in contents.files {
        let before = known.get(&file.name);
        if !known.is_settled(before, &file.seen) {
            opened.push(FileToRead { source, file, before, due: known.is_due(before) });
        }
    }
    let mut scan = SourceScan {
        source,
        read: Vec::with_capacity(opened.len()),
        gone,
        passed_over: contents.passed_over,
        emptied,
        owners: HashMap::new(),
    };
    // Nearly always nothing is new, and nobody asks.
    if !(opened.is_empty() && scan.gone.is_empty()) {
        let gone: HashSet<&str> = scan.gone.iter().map(|file| &*file.path).collect();
        let there = known.files.into_iter().flat_map(HashMap::values).filter(|file| !gone.contains(&*file.path));
        scan.owners = there.filter_map(|file| Some((file.column_key.clone()?, KeyOwner::Known(&file.path)))).collect();
    }
    context.progress.found.fetch_add(opened.len() as u64, Ordering::Relaxed);
    let mut opened = opened.into_iter().peekable();
    while opened.peek().is_some() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES
            && batch.len() < BATCH_FILES
            && let Some(next) = opened.next()
        {
            bytes += next.file.size;
            batch.push(next);
        }
        for (read, column) in read_all(&batch, known.reader_version, context) {
            scan.take(read, column, spool)?;
        }
    }
    Ok(scan)
}

/// The known files that are not there any more, in order.
fn gone(files: &[FoundFile], known: Option<&HashMap<String, SourceFile>>) -> Vec<SourceFile> {
    let Some(known) = known else { return Vec::new() };
    if files.iter().filter(|file| known.contains_key(&file.name)).count() == known.len() {
        return Vec::new();
    }
    let here: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let mut gone: Vec<SourceFile> = known.values().filter(|file| !here.contains(&*file.path)).cloned().collect();
    gone.sort_by(|a, b| a.path.cmp(&b.path));
    gone
}

/// A file that is to be opened.
#[derive(Debug)]
struct FileToRead<'a> {
    source: &'a Source,
    file: FoundFile,
    before: Option<&'a SourceFile>,
    due: bool,
}

/// Reads files on all processors; gives them in their order.
fn read_all<'a>(
    batch: &[FileToRead<'a>],
    reader_version: &str,
    context: SyncContext<'_>,
) -> impl Iterator<Item = (ReadFile<'a>, Option<ParsedColumn>)> + use<'a> {
    let most = std::thread::available_parallelism().map_or(1, NonZero::get).min(8);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, opened)) = next_of(batch, &next) {
            done.extend(read(opened, reader_version, context.import_context()).map(|read| (index, read)));
            context.progress.read.fetch_add(1, Ordering::Relaxed);
        }
        done
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..most.min(batch.len().div_ceil(FILES_PER_THREAD))).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, read)| read)
}

/// The next of a batch that no thread has taken.
fn next_of<'b, T>(batch: &'b [T], next: &AtomicUsize) -> Option<(usize, &'b T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, batch.get(index)?))
}

impl<'a> SourceScan<'a> {
    /// Takes a file that was read, unless another has its column's name.
    fn take(&mut self, mut read: ReadFile<'a>, column: Option<ParsedColumn>, spool: &mut Spool) -> Result<(), Error> {
        if let Some(ParsedColumn { key, facts, published, updated, bytes }) = column {
            let owner = self.owners.get(&key).map(|owner| self.path(*owner));
            match owner.filter(|owner| *owner != read.after.path) {
                Some(owner) => {
                    let twin = read.source.shown(&owner);
                    let what = if facts.given_id { "has the id" } else { "is the column" };
                    let shown = read.shown();
                    read.after.refused =
                        Some(format!("{shown}: it {what} {key:?} of {twin}: give one of them another"));
                    read.after.column_key = read.before.and_then(|before| before.column_key.clone());
                }
                None => {
                    let position =
                        spool.put(&bytes).map_err(|source| Error::Spool { folder: spool_folder(), source })?;
                    read.column = Some(SpooledColumn { facts, published, updated, position });
                    if let Some(left) = read.left_key()
                        && self.owners.get(left).is_some_and(|owner| self.path(*owner) == read.after.path)
                    {
                        self.owners.remove(left);
                    }
                    self.owners.insert(key, KeyOwner::Read(self.read.len()));
                }
            }
        }
        self.read.push(read);
        Ok(())
    }
}

/// A column that was read, on its way into the spool.
struct ParsedColumn {
    key: String,
    facts: markdown::GivenFields,
    published: Instant,
    updated: Instant,
    bytes: Vec<u8>,
}

/// Opens a file, and reads its column if that is not what it was; nothing if it has just gone.
fn read<'a>(
    opened: &FileToRead<'a>,
    reader_version: &str,
    context: ImportContext<'_>,
) -> Option<(ReadFile<'a>, Option<ParsedColumn>)> {
    let FileToRead { source, file, before, due } = opened;
    let mut read = ReadFile {
        source,
        before: *before,
        after: SourceFile {
            source: source.name.clone(),
            path: file.name.clone(),
            column_key: before.and_then(|before| before.column_key.clone()),
            content: String::new(),
            seen: format!("{} {reader_version}", file.seen),
            due_at: before.and_then(|before| before.due_at),
            refused: None,
        },
        column: None,
        warnings: Vec::new(),
        is_no_column: false,
    };
    if is_whole_file(source, &file.name) {
        read.after.content.clone_from(&file.seen);
        return Some((read, None));
    }
    let bytes = match file.bytes() {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(source) => {
            read.after.refused = Some(ingest::Error::Read { path: file.path.clone(), source }.to_string());
            return Some((read, None));
        }
    };
    // A record is the same wherever it stands in its file.
    let content = if file.record.is_some() { file.seen.as_bytes() } else { &bytes };
    read.after.content = fingerprint([reader_version.as_bytes(), content]);
    // Touched, or copied anew: what is in it was taken already.
    if !due && before.is_some_and(|before| before.content == read.after.content && before.refused.is_none()) {
        return Some((read, None));
    }
    let key = if file.record.is_some() { file.name.clone() } else { folder::key(&file.path, Some(&source.path)) };
    match column(&bytes, &file.path, &key, source, context) {
        Ok((column, warnings)) => {
            read.after.column_key = Some(column.key.clone());
            read.after.due_at = column.facts.due.map(|due| due.timestamp_millis());
            read.warnings = warnings;
            Some((read, Some(column)))
        }
        // One that was a column is told: its column stays as it is.
        Err(ingest::Error::NoColumn { .. }) if read.after.column_key.is_none() => {
            read.is_no_column = true;
            Some((read, None))
        }
        Err(why) => {
            read.after.refused = Some(why.to_string());
            Some((read, None))
        }
    }
}

/// The column in a file, or why it cannot be taken.
fn column(
    bytes: &[u8],
    path: &Path,
    key: &str,
    source: &Source,
    context: ImportContext<'_>,
) -> Result<(ParsedColumn, Vec<Warning>), ingest::Error> {
    let wrong = |message: String| {
        let place = SourceLocation { file: path.display().to_string(), line: None };
        ingest::Error::Wrong { place, message }
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| wrong(format!("not UTF-8 at byte {}: save it as UTF-8", error.valid_up_to())))?;
    let mut own = ImportResult::default();
    let document = SourceDocument { path, key, text };
    let facts = source::open(source).read(document, context, &mut own)?;
    let draft: Draft = own.drafts.pop().ok_or_else(|| wrong("it holds no column".to_owned()))?;
    let bytes = spool::encode(&draft).map_err(|error| wrong(error.to_string()))?;
    let Draft { key, published, updated, .. } = draft;
    Ok((ParsedColumn { key, facts, published, updated, bytes }, own.warnings))
}
