//! Puts files where readers fetch them: whole or not at all, and only when they differ, so that
//! a file's date says when it changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use memchr::memmem;

use super::{
    Error, forms, pack,
    target::{LocalFolder, Target},
};
use crate::{
    config::{Config, FORMS},
    model::FeedKey,
};

/// The forms in which a file lies beside itself for servers that send it compressed.
const COMPRESSED_SUFFIXES: [&str; 2] = ["br", "gz"];

/// For files that are packed once and read often.
const BROTLI_QUALITY: i32 = 6;

/// So many files, or bytes, are put into their places together.
const BATCH_FILES: usize = 192;
const BATCH_BYTES: usize = 24_000_000;

/// The files of the feeds, where this program publishes them.
pub(super) type FeedFiles = StagedFiles<LocalFolder>;

/// Files of one target that are to be replaced together.
#[derive(Debug)]
pub(super) struct StagedFiles<T: Target> {
    target: T,
    precompress: bool,
    /// Written beside their places, and not in them yet; each with whether it leads to others, which must be in their
    /// places before it.
    staged: Vec<(T::Staged, bool)>,
    bytes: usize,
    /// To be removed when all is in its place.
    gone: Vec<String>,
}

/// Archive documents that are on the disk, by their names, each with the names of its files; none where nobody has
/// looked for these.
#[derive(Debug, Default)]
pub(super) struct ArchiveDocuments {
    documents: BTreeMap<String, Option<BTreeSet<String>>>,
    precompress: bool,
}

impl ArchiveDocuments {
    /// Whether a document is known to be there, with all its files.
    pub(super) fn has(&self, name: &str) -> bool {
        self.documents.get(name).and_then(Option::as_ref).is_some_and(|files| {
            let beside = |form: &str, end: &&str| files.contains(&format!("{form}.{end}"));
            let whole = |form: &str| !self.precompress || COMPRESSED_SUFFIXES.iter().all(|end| beside(form, end));
            FORMS.iter().all(|form| files.contains(*form) && whole(form))
        })
    }

    /// The names of the documents of which any file is there, as far as that is known.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let has_any = |files: &BTreeSet<String>| FORMS.iter().any(|form| files.contains(*form));
        let may_be = move |files: &Option<BTreeSet<String>>| files.as_ref().is_none_or(has_any);
        self.documents.iter().filter(move |(_, files)| may_be(files)).map(|(name, _)| name.as_str())
    }
}

/// A point in the work, to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Savepoint {
    staged: usize,
    gone: usize,
}

impl<T: Target> StagedFiles<T> {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            target: T::new(config),
            precompress: config.feeds.precompress,
            staged: Vec::new(),
            bytes: 0,
            gone: Vec::new(),
        }
    }

    /// Whether a file is there, with all it should have beside it.
    pub(super) fn has(&self, name: &str) -> bool {
        let is_packed = |form: &str| self.target.has(&beside(name, form));
        self.target.has(name) && (!self.precompress || COMPRESSED_SUFFIXES.into_iter().all(is_packed))
    }

    /// The archive documents of a feed that are there. A folder that cannot be read has none. Where all are written
    /// anew, their files need not be looked for.
    pub(super) fn documents(&self, feed: &FeedKey, with_files: bool) -> ArchiveDocuments {
        let folder = forms::archive_folder(feed);
        let files = |name: &str| with_files.then(|| self.target.names(&format!("{folder}/{name}")).collect());
        let documents = self.target.names(&folder).map(|name| (name.clone(), files(&name)));
        ArchiveDocuments { documents: documents.collect(), precompress: self.precompress }
    }

    /// Whether an archive document is one that gazetier wrote: somebody may keep others there.
    pub(super) fn is_ours(&self, feed: &FeedKey, name: &str) -> bool {
        let marked = |path: &String| memmem::find(&self.target.read(path), b">gazetier</generator>").is_some();
        forms::paths(feed, Some(name)).iter().any(marked)
    }

    /// The bytes of a file, or none.
    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        self.target.read(name)
    }

    /// Writes a file beside its place, for [`Self::commit`] to put it there, unless the place holds these bytes already;
    /// says whether it did. What leads to others comes into its place after them: it is last.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8], is_last: bool) -> Result<bool, Error> {
        let wrote = self.stage(name, bytes, is_last)?;
        if self.precompress {
            for form in COMPRESSED_SUFFIXES {
                let beside = beside(name, form);
                if wrote || !self.target.has(&beside) {
                    let packed = if form == "gz" { pack::gzip(bytes) } else { pack::brotli(bytes, BROTLI_QUALITY) };
                    let wrong = |source| Error::Write { path: PathBuf::from(&beside), source };
                    self.stage(&beside, &packed.map_err(wrong)?, is_last)?;
                }
            }
        }
        Ok(wrote)
    }

    fn stage(&mut self, name: &str, bytes: &[u8], is_last: bool) -> Result<bool, Error> {
        if self.target.holds(name, bytes)? {
            return Ok(false);
        }
        self.staged.push((self.target.stage(name, bytes)?, is_last));
        self.bytes += bytes.len();
        Ok(true)
    }

    /// Removes a file, with what lies beside it, and the folder that it was the last in, when the other
    /// files are in their places.
    pub(super) fn remove(&mut self, name: String) {
        self.gone.extend(COMPRESSED_SUFFIXES.map(|form| beside(&name, form)));
        self.gone.push(name);
    }

    pub(super) fn savepoint(&self) -> Savepoint {
        Savepoint { staged: self.staged.len(), gone: self.gone.len() }
    }

    /// Forgets what came since.
    pub(super) fn roll_back(&mut self, savepoint: Savepoint) {
        self.staged.truncate(savepoint.staged);
        self.gone.truncate(savepoint.gone);
    }

    /// Whether as much is staged as should be put into its place together.
    pub(super) fn is_full(&self) -> bool {
        self.staged.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES
    }

    /// Puts the files in their places. A reader sees the old file or the new one, never half: first
    /// all bytes go to the disk, then each file takes its name; what leads to others after these have
    /// theirs on the disk. Last, what nothing leads to any more is removed. No file takes its place before
    /// `announced`, which may be waited for while bytes go to the disk.
    pub(super) fn commit(&mut self, announced: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        self.bytes = 0;
        let staged = std::mem::take(&mut self.staged);
        let gone = std::mem::take(&mut self.gone);
        self.target.flush(staged.iter().map(|(file, _)| file))?;
        announced()?;
        let (last, first): (Vec<_>, Vec<_>) = staged.into_iter().partition(|(_, is_last)| *is_last);
        for group in [first, last] {
            self.target.replace(group.into_iter().map(|(file, _)| file).collect())?;
        }
        self.target.remove(&gone)
    }

    /// Takes away what programs that died have left beside the places of files.
    pub(super) fn remove_leftovers(&self) {
        self.target.remove_leftovers();
    }

    /// Folders in which folders were made, for [`Self::sync_folders`] at the end.
    pub(super) fn take_parents(&mut self) -> BTreeSet<PathBuf> {
        self.target.take_parents()
    }

    pub(super) fn sync_folders(&self, folders: &BTreeSet<PathBuf>) -> Result<(), Error> {
        self.target.sync_folders(folders)
    }
}

fn beside(name: &str, form: &str) -> String {
    format!("{name}.{form}")
}
