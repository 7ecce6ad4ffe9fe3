//! Where published files lie: what the writing of feeds needs of that place, and the folder on the disk that a web
//! server reads. Another place, such as a bucket, is one more type with [`Target`], and the one line of
//! [`super::files::FeedFiles`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use tempfile::TempPath;

use super::Error;
use crate::{config::Config, store::MAX_PUBLICATION_TIME};

/// How the name of a file begins that is not in its place yet.
pub(super) const STAGED_PREFIX: &str = ".press-";

/// From so many files on, the whole file system is brought to the disk at once, not each by itself.
const SYNC_FS_FILES: usize = 24;

/// A place for files, by their paths below it.
pub(super) trait Target {
    /// A file that is written and not in its place yet. One that is dropped is gone.
    type Staged;

    fn new(config: &Config) -> Self;

    fn has(&self, name: &str) -> bool;

    /// Whether a file is there and holds these bytes.
    fn holds(&self, name: &str, bytes: &[u8]) -> Result<bool, Error>;

    /// The bytes of a file; none if it cannot be read.
    fn read(&self, name: &str) -> Vec<u8>;

    /// The names in a folder, as far as they are text; none if it cannot be read.
    fn names(&self, folder: &str) -> impl Iterator<Item = String>;

    /// Writes a file, for [`Self::replace`] to put it into its place.
    fn stage(&mut self, name: &str, bytes: &[u8]) -> Result<Self::Staged, Error>;

    /// Makes sure that the bytes of staged files outlive a crash.
    fn flush<'a>(&self, staged: impl Iterator<Item = &'a Self::Staged>) -> Result<(), Error>
    where
        Self::Staged: 'a;

    /// Gives staged files their places: a reader sees the old file or the new one, never half. The places outlive a
    /// crash when this returns.
    fn replace(&mut self, staged: Vec<Self::Staged>) -> Result<(), Error>;

    /// Removes files, and the folders that they were the last in.
    fn remove(&mut self, names: &[String]) -> Result<(), Error>;

    /// Takes away what programs that died have left.
    fn remove_leftovers(&self);

    /// Folders in which folders were made, of which the disk may not know yet. Most are the same for all feeds: they are
    /// for the end, for [`Self::sync_folders`].
    fn take_parents(&mut self) -> BTreeSet<PathBuf>;

    /// Brings to the disk which names are in folders.
    fn sync_folders(&self, folders: &BTreeSet<PathBuf>) -> Result<(), Error>;
}

/// The folder of `feeds.path`.
#[derive(Debug)]
pub(super) struct LocalFolder {
    root: PathBuf,
    parents: BTreeSet<PathBuf>,
}

/// A file beside its place.
#[derive(Debug)]
pub(super) struct StagedFile {
    file: TempPath,
    place: PathBuf,
}

impl Target for LocalFolder {
    type Staged = StagedFile;

    fn new(config: &Config) -> Self {
        Self { root: config.feeds.path.clone(), parents: BTreeSet::new() }
    }

    fn has(&self, name: &str) -> bool {
        self.root.join(name).is_file()
    }

    fn holds(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        let path = self.root.join(name);
        match fs::metadata(&path) {
            Ok(meta) if meta.len() == bytes.len() as u64 => match fs::read(&path) {
                Ok(found) => Ok(found == bytes),
                Err(source) => Err(Error::Write { path, source }),
            },
            _ => Ok(false),
        }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.join(name)).unwrap_or_default()
    }

    fn names(&self, folder: &str) -> impl Iterator<Item = String> {
        names(&self.root.join(folder))
    }

    fn stage(&mut self, name: &str, bytes: &[u8]) -> Result<StagedFile, Error> {
        let place = self.root.join(name);
        let wrong = |source| Error::Write { path: place.clone(), source };
        let parent = place.parent().unwrap_or(&self.root);
        if !parent.is_dir() {
            make_folder(parent).map_err(wrong)?;
            let above = parent.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
            self.parents.extend(above.map(Path::to_owned));
        }
        let mut file = tempfile::Builder::new().prefix(STAGED_PREFIX).tempfile_in(parent).map_err(wrong)?;
        file.write_all(bytes).map_err(wrong)?;
        // A web server must be able to read it, whatever the umask of who runs us.
        file.as_file().set_permissions(Permissions::from_mode(0o644)).map_err(wrong)?;
        // Closed: there may be more of them than a program may have open.
        Ok(StagedFile { file: file.into_temp_path(), place })
    }

    fn flush<'a>(&self, staged: impl Iterator<Item = &'a StagedFile>) -> Result<(), Error> {
        let files: Vec<&Path> = staged.map(|staged| &*staged.file).collect();
        self.bring_to_disk(&files, |path| File::open(path)?.sync_data())
    }

    fn replace(&mut self, staged: Vec<StagedFile>) -> Result<(), Error> {
        // Of files in one folder, any tells what time it is there.
        let mut folders = BTreeMap::new();
        for StagedFile { file, place } in staged {
            file.persist(&place).map_err(|error| Error::Write { path: place.clone(), source: error.error })?;
            folders.extend(place.parent().map(Path::to_owned).map(|folder| (folder, place)));
        }
        folders.iter().for_each(|(folder, place)| remove_old_leftovers(folder, place));
        self.sync_folders(&folders.into_keys().collect())
    }

    fn remove(&mut self, names: &[String]) -> Result<(), Error> {
        let (mut touched, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for name in names {
            let path = self.root.join(name);
            let folder = path.parent().map(Path::to_owned);
            match fs::remove_file(&path) {
                Ok(()) => touched.extend(folder.clone()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::Write { path, source }),
            }
            folders.extend(folder);
        }
        // Whatever else is in a folder keeps it.
        for folder in folders.iter().filter(|folder| fs::remove_dir(folder).is_ok()) {
            touched.remove(folder);
            touched.extend(folder.parent().map(Path::to_owned));
        }
        self.sync_folders(&touched)
    }

    fn remove_leftovers(&self) {
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

    fn take_parents(&mut self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.parents)
    }

    fn sync_folders(&self, folders: &BTreeSet<PathBuf>) -> Result<(), Error> {
        let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
        self.bring_to_disk(&folders, |path| File::open(path)?.sync_all())
    }
}

impl LocalFolder {
    fn bring_to_disk(&self, paths: &[&Path], each: impl Fn(&Path) -> io::Result<()>) -> Result<(), Error> {
        if paths.len() >= SYNC_FS_FILES {
            let whole = File::open(&self.root).and_then(|root| Ok(rustix::fs::syncfs(&root)?));
            return whole.map_err(|source| Error::Write { path: self.root.clone(), source });
        }
        paths.iter().try_for_each(|path| each(path).map_err(|source| Error::Write { path: (*path).to_owned(), source }))
    }
}

/// Takes away what programs have left in a folder that died before the store knew of them: what is older than any
/// publication takes, by the time of a file that was just written there.
fn remove_old_leftovers(folder: &Path, place: &Path) {
    let written = |path: &Path| fs::symlink_metadata(path).and_then(|meta| meta.modified());
    let Ok(now) = written(place) else { return };
    for name in names(folder).filter(|name| name.starts_with(STAGED_PREFIX)) {
        let path = folder.join(name);
        let age = written(&path).ok().and_then(|then| TimeDelta::from_std(now.duration_since(then).ok()?).ok());
        if age.is_some_and(|age| age > MAX_PUBLICATION_TIME) {
            // Whatever cannot be taken away is in nobody's way.
            let _ = fs::remove_file(path);
        }
    }
}

fn names(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
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
