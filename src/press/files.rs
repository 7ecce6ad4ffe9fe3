//! Puts files where readers fetch them: whole or not at all, and only when they differ, so that
//! a file's date says when it changed.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::Error;

/// The forms in which a file lies beside itself for servers that send it compressed.
const COMPRESSED: [&str; 2] = ["br", "gz"];

/// Files below one folder that are to be replaced together.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    precompress: bool,
    /// Written beside their places, and not in them yet.
    staged: Vec<(NamedTempFile, PathBuf)>,
    /// Folders in which names have changed.
    touched: BTreeSet<PathBuf>,
    landed: Landed,
}

/// What landed.
#[derive(Debug, Default)]
pub(super) struct Landed {
    /// How many files were written.
    pub(super) written: usize,
    /// Folders in which folders were made, for [`sync_all`].
    pub(super) above: BTreeSet<PathBuf>,
}

impl Folder {
    pub(super) fn new(root: &Path, precompress: bool) -> Self {
        Self {
            root: root.to_owned(),
            precompress,
            staged: Vec::new(),
            touched: BTreeSet::new(),
            landed: Landed::default(),
        }
    }

    /// Whether a file is there, with all it should have beside it.
    pub(super) fn has(&self, name: &str) -> bool {
        let path = self.root.join(name);
        path.is_file() && (!self.precompress || COMPRESSED.iter().all(|form| beside(&path, form).is_file()))
    }

    /// Writes a file beside its place, for [`Self::land`] to put it there, unless the place holds these
    /// bytes already.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.root.join(name);
        let wrote = self.stage(&path, bytes)?;
        if self.precompress {
            let wrong = |path: &Path| {
                let path = path.to_owned();
                move |source| Error::Write { path, source }
            };
            for form in COMPRESSED {
                let path = beside(&path, form);
                if wrote || !path.is_file() {
                    let packed = if form == "gz" { gzip(bytes) } else { brotli(bytes) };
                    self.stage(&path, &packed.map_err(wrong(&path))?)?;
                }
            }
        }
        self.landed.written += usize::from(wrote);
        Ok(())
    }

    fn stage(&mut self, path: &Path, bytes: &[u8]) -> Result<bool, Error> {
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
            let above = parent.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
            self.landed.above.extend(above.map(Path::to_owned));
        }
        let mut file = tempfile::Builder::new().prefix(".press-").tempfile_in(parent).map_err(wrong)?;
        file.write_all(bytes).map_err(wrong)?;
        // A web server must be able to read it, whatever the umask of who runs us.
        file.as_file().set_permissions(Permissions::from_mode(0o644)).map_err(wrong)?;
        self.staged.push((file, path.to_owned()));
        Ok(true)
    }

    /// Puts the files in their places. A reader sees the old file or the new one, never half: first
    /// all bytes go to the disk, then each file takes its name.
    pub(super) fn land(&mut self) -> Result<(), Error> {
        for (file, path) in &self.staged {
            file.as_file().sync_data().map_err(|source| Error::Write { path: path.clone(), source })?;
        }
        for (file, path) in self.staged.drain(..) {
            file.persist(&path).map_err(|error| Error::Write { path: path.clone(), source: error.error })?;
            self.touched.extend(path.parent().map(Path::to_owned));
        }
        Ok(())
    }

    /// Removes a file, with what lies beside it, and the folder that it was the last in.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), Error> {
        let path = self.root.join(name);
        for path in COMPRESSED.map(|form| beside(&path, form)).into_iter().chain([path.clone()]) {
            match fs::remove_file(&path) {
                Ok(()) => {
                    self.touched.extend(path.parent().map(Path::to_owned));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::Write { path, source }),
            }
        }
        // Whatever else is in it keeps it.
        if let Some(parent) = path.parent().filter(|parent| fs::remove_dir(parent).is_ok()) {
            self.touched.remove(parent);
            self.touched.extend(parent.parent().map(Path::to_owned));
        }
        Ok(())
    }

    /// Lands what is left, and brings the new names to the disk, but for those of folders.
    pub(super) fn sync(mut self) -> Result<Landed, Error> {
        self.land()?;
        sync_all(self.touched)?;
        Ok(self.landed)
    }
}

/// Makes a folder, and those above it, that a web server can read, whatever the umask.
fn make_folder(path: &Path) -> io::Result<()> {
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

/// Brings to the disk which names are in folders.
pub(super) fn sync_all(folders: impl IntoIterator<Item = PathBuf>) -> Result<(), Error> {
    folders.into_iter().try_for_each(|path| {
        let synced = File::open(&path).and_then(|folder| folder.sync_all());
        synced.map_err(|source| Error::Write { path, source })
    })
}

fn beside(path: &Path, form: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(form);
    name.into()
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // No name and no time in the header: equal bytes give equal bytes.
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 3), flate2::Compression::new(6));
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(bytes.len() / 4);
    let parameters = brotli::enc::BrotliEncoderParams { quality: 6, ..Default::default() };
    brotli::BrotliCompress(&mut io::Cursor::new(bytes), &mut packed, &parameters)?;
    Ok(packed)
}
