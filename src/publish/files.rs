//! Puts files where readers fetch them: whole or not at all, and only when they differ, so that
//! a file's date says when it changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use memchr::memmem;
use tempfile::TempPath;

use super::{Error, forms, pack};
use crate::{
    config::{Config, FORMS},
    model::FeedKey,
};

/// The forms in which a file lies beside itself for servers that send it compressed.
const COMPRESSED_SUFFIXES: [&str; 2] = ["br", "gz"];

/// For files that are packed once and read often.
const BROTLI_QUALITY: i32 = 6;

/// How the name of a file begins that is not in its place yet.
const STAGED_PREFIX: &str = ".press-";

/// So many files, or bytes, are put into their places together.
const BATCH_FILES: usize = 192;
const BATCH_BYTES: usize = 24_000_000;

/// From so many files on, the whole file system is brought to the disk at once, not each by itself.
const SYNC_FS_FILES: usize = 24;

/// Files below one folder that are to be replaced together.
#[derive(Debug)]
pub(super) struct StagedFolder {
    root: PathBuf,
    precompress: bool,
    /// Written beside their places, and not in them yet.
    staged: Vec<StagedFile>,
    bytes: usize,
    /// To be removed when all is in its place.
    gone: Vec<String>,
    /// Folders in which folders were made, of which the disk may not know yet. Most are the same for
    /// all feeds: they are for the end.
    pub(super) parents: BTreeSet<PathBuf>,
}

/// A file beside its place.
#[derive(Debug)]
struct StagedFile {
    file: TempPath,
    place: PathBuf,
    /// Whether it leads to others, which must be in their places before it.
    is_last: bool,
}

/// Archive documents that are on the disk, by their names, each with the names of its files.
#[derive(Debug, Default)]
pub(super) struct ArchiveDocuments {
    documents: BTreeMap<String, BTreeSet<String>>,
    precompress: bool,
}

impl ArchiveDocuments {
    /// Whether a document is there, with all its files.
    pub(super) fn has(&self, name: &str) -> bool {
        self.documents.get(name).is_some_and(|files| {
            let beside = |form: &str, end: &&str| files.contains(&format!("{form}.{end}"));
            let whole = |form: &str| !self.precompress || COMPRESSED_SUFFIXES.iter().all(|end| beside(form, end));
            FORMS.iter().all(|form| files.contains(*form) && whole(form))
        })
    }

    /// The names of the documents of which any file is there.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let has_any = |files: &BTreeSet<String>| FORMS.iter().any(|form| files.contains(*form));
        self.documents.iter().filter(move |(_, files)| has_any(files)).map(|(name, _)| name.as_str())
    }
}

/// A place in the work of a folder, to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Savepoint {
    staged: usize,
    gone: usize,
}

impl StagedFolder {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            root: config.feeds.path.clone(),
            precompress: config.feeds.precompress,
            staged: Vec::new(),
            bytes: 0,
            gone: Vec::new(),
            parents: BTreeSet::new(),
        }
    }

    /// Whether a file is there, with all it should have beside it.
    pub(super) fn has(&self, name: &str) -> bool {
        let path = self.root.join(name);
        path.is_file() && (!self.precompress || COMPRESSED_SUFFIXES.iter().all(|form| beside(&path, form).is_file()))
    }

    /// The archive documents of a feed that are there. A folder that cannot be read has none.
    pub(super) fn documents(&self, feed: &FeedKey) -> ArchiveDocuments {
        let folder = self.root.join(forms::archive_folder(feed));
        let documents = names(&folder).map(|name| (name.clone(), names(&folder.join(name)).collect()));
        ArchiveDocuments { documents: documents.collect(), precompress: self.precompress }
    }

    /// Whether an archive document is one that gazetier wrote: somebody may keep others there.
    pub(super) fn is_ours(&self, feed: &FeedKey, name: &str) -> bool {
        let marked = |path: &String| {
            let text = fs::read(self.root.join(path)).unwrap_or_default();
            memmem::find(&text, b">gazetier</generator>").is_some()
        };
        forms::paths(feed, Some(name)).iter().any(marked)
    }

    /// Writes a file beside its place, for [`Self::land`] to put it there, unless the place holds these
    /// bytes already; says whether it did. What `is_last` to others comes into its place after them.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8], is_last: bool) -> Result<bool, Error> {
        let path = self.root.join(name);
        let wrote = self.stage(&path, bytes, is_last)?;
        if self.precompress {
            let wrong = |path: &Path| {
                let path = path.to_owned();
                move |source| Error::Write { path, source }
            };
            for form in COMPRESSED_SUFFIXES {
                let path = beside(&path, form);
                if wrote || !path.is_file() {
                    let packed = if form == "gz" { pack::gzip(bytes) } else { pack::brotli(bytes, BROTLI_QUALITY) };
                    self.stage(&path, &packed.map_err(wrong(&path))?, is_last)?;
                }
            }
        }
        Ok(wrote)
    }

    fn stage(&mut self, path: &Path, bytes: &[u8], is_last: bool) -> Result<bool, Error> {
        let wrong = |source| Error::Write { path: path.to_owned(), source };
        match fs::metadata(path) {
            Ok(meta) if meta.len() == bytes.len() as u64 && fs::read(path).map_err(wrong)? == bytes => {
                return Ok(false);
            }
            _ => {}
        }
        let parent = path.parent().unwrap_or(&self.root);
        if !parent.is_dir() {
            make_folder(parent).map_err(wrong)?;
            let parents = parent.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
            self.parents.extend(parents.map(Path::to_owned));
        }
        let mut file = tempfile::Builder::new().prefix(STAGED_PREFIX).tempfile_in(parent).map_err(wrong)?;
        file.write_all(bytes).map_err(wrong)?;
        // A web server must be able to read it, whatever the umask of who runs us.
        file.as_file().set_permissions(Permissions::from_mode(0o644)).map_err(wrong)?;
        self.bytes += bytes.len();
        // Closed: there may be more of them than a program may have open.
        self.staged.push(StagedFile { file: file.into_temp_path(), place: path.to_owned(), is_last });
        Ok(true)
    }

    /// Removes a file, with what lies beside it, and the folder that it was the last in, when the other
    /// files are in their places.
    pub(super) fn remove(&mut self, name: String) {
        self.gone.push(name);
    }

    /// Where the work is now.
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
    /// theirs on the disk. Last, what nothing leads to any more is removed.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.bytes = 0;
        let (last, led): (Vec<StagedFile>, Vec<StagedFile>) =
            std::mem::take(&mut self.staged).into_iter().partition(|staged| staged.is_last);
        let gone = std::mem::take(&mut self.gone);
        let files: Vec<&Path> = last.iter().chain(&led).map(|staged| &*staged.file).collect();
        self.flush(&files, |path| File::open(path)?.sync_data())?;
        for staged in [led, last] {
            let mut touched = BTreeSet::new();
            for StagedFile { file, place, .. } in staged {
                file.persist(&place).map_err(|error| Error::Write { path: place.clone(), source: error.error })?;
                touched.extend(place.parent().map(Path::to_owned));
            }
            self.sync_folders(&touched)?;
        }
        let mut touched = BTreeSet::new();
        for name in gone {
            remove(&self.root.join(name), &mut touched)?;
        }
        self.sync_folders(&touched)
    }

    /// Takes away what programs that died have left beside the places of files.
    pub(super) fn remove_leftovers(&self) {
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for name in names(&folder).collect::<Vec<_>>() {
                let path = folder.join(&name);
                // Whatever cannot be taken away is in nobody's way.
                match fs::symlink_metadata(&path) {
                    Ok(meta) if meta.is_dir() => folders.push(path),
                    Ok(meta) if meta.is_file() && name.starts_with(STAGED_PREFIX) => {
                        let _ = fs::remove_file(path);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Brings to the disk which names are in folders.
    pub(super) fn sync_folders(&self, folders: &BTreeSet<PathBuf>) -> Result<(), Error> {
        let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
        self.flush(&folders, |path| File::open(path)?.sync_all())
    }

    fn flush(&self, paths: &[&Path], each: impl Fn(&Path) -> io::Result<()>) -> Result<(), Error> {
        if paths.len() >= SYNC_FS_FILES {
            let whole = File::open(&self.root).and_then(|root| Ok(rustix::fs::syncfs(&root)?));
            return whole.map_err(|source| Error::Write { path: self.root.clone(), source });
        }
        paths.iter().try_for_each(|path| each(path).map_err(|source| Error::Write { path: (*path).to_owned(), source }))
    }
}

/// The names in a folder, as far as they are text; none if it cannot be read.
fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// Removes a file, with what lies beside it, and the folder that it was the last in.
fn remove(path: &Path, touched: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    for path in COMPRESSED_SUFFIXES.map(|form| beside(path, form)).into_iter().chain([path.to_owned()]) {
        match fs::remove_file(&path) {
            Ok(()) => touched.extend(path.parent().map(Path::to_owned)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Write { path, source }),
        }
    }
    // Whatever else is in it keeps it.
    if let Some(parent) = path.parent().filter(|parent| fs::remove_dir(parent).is_ok()) {
        touched.remove(parent);
        touched.extend(parent.parent().map(Path::to_owned));
    }
    Ok(())
}

/// Makes a folder, and those above it, that a web server can read, whatever the umask.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(0o755)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Err(error), make_folder)?;
            make_folder(path)
        }
        // Another worker of ours was quicker, or another program.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

fn beside(path: &Path, form: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(form);
    name.into()
}
