//! The files of a source's folder. Each file counts once, whatever links lead to it; what is no
//! regular file is never opened.

use std::{
    collections::HashSet,
    fs::{self, Metadata},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileTypeExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::{Error, records::RecordPosition};

/// A document of a source: a file of its folder, or a record of its file.
#[derive(Debug)]
pub struct FoundFile {
    /// The file.
    pub path: PathBuf,
    /// As the store knows it: the path below the folder, or the record's id.
    pub name: String,
    /// While this is the same, nobody has changed it: of a file's size and times, or of a record's fields.
    pub seen: String,
    pub size: u64,
    /// Where a record waits; none for a file by itself.
    pub record: Option<RecordPosition>,
}

impl FoundFile {
    /// What is in it.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        match &self.record {
            None => fs::read(&self.path),
            Some(record) => record.bytes(),
        }
    }
}

#[derive(Debug)]
pub struct SkippedEntry {
    /// Below the folder.
    pub name: String,
    /// Why, and what to do.
    pub why: String,
}

#[derive(Debug, Default)]
pub struct FolderContents {
    /// Its files, in the order of their names.
    pub files: Vec<FoundFile>,
    /// Whether nothing has changed since it was read last: then no file is listed.
    pub unchanged: bool,
    /// Whether it lists only the newest, or what has changed: what is missing is not gone.
    pub partial: bool,
    /// What is gone of a list that is partial, by the names that the store knows.
    pub left: Vec<String>,
    pub passed_over: Vec<SkippedEntry>,
}

/// A file or folder, whatever it is called.
type FileIdentity = (u64, u64);

struct FolderWalk<'a> {
    root: &'a Path,
    /// Without links.
    full_root: PathBuf,
    follow_links: bool,
    /// Links, looked at when all that is there itself has been seen.
    links: Vec<PathBuf>,
    folders: HashSet<FileIdentity>,
    files: HashSet<FileIdentity>,
    contents: FolderContents,
}

/// Finds the files of a folder and of the folders in it. Links that lead out of it are followed only
/// if that is wanted; what begins with a dot or an underscore is not read, but for `_posts`.
pub fn contents(folder: &Path, follow_links: bool) -> Result<FolderContents, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Read { path, source }
    };
    let full_root = folder.canonicalize().map_err(failed(folder))?;
    let mut walk = FolderWalk {
        root: folder,
        full_root,
        follow_links,
        links: Vec::new(),
        folders: HashSet::new(),
        files: HashSet::new(),
        contents: FolderContents::default(),
    };
    let mut folders = vec![folder.to_owned()];
    loop {
        while let Some(next) = folders.pop() {
            let own = fs::metadata(&next).map_err(failed(&next))?;
            if !walk.folders.insert(identity(&own)) {
                continue;
            }
            // In the order of names, so that of two names of one file the same is always first.
            let mut entries =
                fs::read_dir(&next).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed(&next))?;
            entries.sort_by_cached_key(fs::DirEntry::file_name);
            for entry in entries {
                // Jekyll keeps what is published in `_posts`.
                let name = entry.file_name();
                if matches!(name.as_bytes().first(), Some(b'.' | b'_')) && name != "_posts" {
                    continue;
                }
                let path = entry.path();
                match entry.file_type().map_err(failed(&path))? {
                    kind if kind.is_symlink() => walk.links.push(path),
                    kind if kind.is_dir() => folders.push(path),
                    _ if is_markdown(&path) => {
                        // By its name in the folder: its whole path takes longer.
                        let meta = entry.metadata();
                        walk.take(path, meta);
                    }
                    _ => {}
                }
            }
        }
        let mut links = std::mem::take(&mut walk.links);
        if links.is_empty() {
            break;
        }
        links.sort();
        folders.extend(links.into_iter().rev().filter_map(|link| walk.follow(link)));
    }
    // Folder by folder, as paths are compared.
    let parts = |file: &FoundFile| file.name.clone().into_bytes().into_iter().map(|b| if b == b'/' { 0 } else { b });
    walk.contents.files.sort_by_cached_key(|file| parts(file).collect::<Vec<u8>>());
    Ok(walk.contents)
}

/// A file by itself, as the contents of a folder.
pub fn single(path: &Path) -> Result<FolderContents, Error> {
    let meta = fs::metadata(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = FoundFile { path: path.to_owned(), name, seen: seen(&meta), size: meta.len(), record: None };
    Ok(FolderContents { files: vec![file], ..FolderContents::default() })
}

impl FolderWalk<'_> {
    /// Takes a file, if it is one that can be read.
    fn take(&mut self, path: PathBuf, meta: io::Result<Metadata>) {
        // A file that has gone since its folder was read is gone.
        let Ok(meta) = meta else { return };
        let kind = meta.file_type();
        if !kind.is_file() {
            let what = if kind.is_fifo() {
                "a pipe"
            } else if kind.is_socket() {
                "a socket"
            } else {
                "a device"
            };
            self.pass_over(&path, format!("it is {what}, not a file"));
        } else if self.files.insert(identity(&meta)) {
            let name = self.name(&path);
            self.contents.files.push(FoundFile { name, seen: seen(&meta), size: meta.len(), path, record: None });
        }
    }

    /// A link: gives the folder that it leads to, if that must be read.
    fn follow(&mut self, link: PathBuf) -> Option<PathBuf> {
        let target = match link.canonicalize() {
            Ok(target) => target,
            Err(_) if !is_markdown(&link) => return None,
            Err(error) => {
                self.pass_over(&link, format!("the link leads nowhere: {error}"));
                return None;
            }
        };
        let meta = fs::metadata(&target).ok()?;
        if !meta.is_dir() && !is_markdown(&link) {
            return None;
        }
        if !target.starts_with(&self.full_root) && !self.follow_links {
            let why = format!(
                "the link leads out of {}: write `follow_links = true` into this source if that is meant",
                self.root.display()
            );
            self.pass_over(&link, why);
            return None;
        }
        // A folder above is being read already; one that holds the source would bring in all else.
        if meta.is_dir() {
            return (!self.full_root.starts_with(&target)).then_some(link);
        }
        self.take(link, Ok(meta));
        None
    }

    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn pass_over(&mut self, path: &Path, why: String) {
        let name = self.name(path);
        self.contents.passed_over.push(SkippedEntry { name, why });
    }
}

fn identity(meta: &Metadata) -> FileIdentity {
    (meta.dev(), meta.ino())
}

/// What tells whether a file must be opened again.
fn seen(meta: &Metadata) -> String {
    let (written, changed) = ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
    format!("{} {}.{}.{}.{} {}", meta.len(), written.0, written.1, changed.0, changed.1, meta.ino())
}

/// The same of a file by its path; none if it is not there.
pub fn seen_at(path: &Path) -> io::Result<String> {
    Ok(seen(&fs::metadata(path)?))
}

/// A fingerprint of a file's bytes and of what reads them, whatever its size.
pub fn content_at(path: &Path, make: &str) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(make);
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 65_536];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(data_encoding::HEXLOWER.encode(&hash.finalize()[..16]))
}

/// Whether a file's name promises Markdown.
pub fn is_markdown(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    matches!(ending.as_deref(), Some("md" | "markdown"))
}

/// A file's name in the source: its path in the source's folder without the ending, or, for a file
/// elsewhere, its bare name. A folder that holds its column as `index.md` is that column. Two
/// spellings of an accent are one name.
pub fn key(path: &Path, folder: Option<&Path>) -> String {
    let inside = folder.and_then(|folder| path.strip_prefix(folder).ok()).map(Path::to_owned);
    let path = inside.unwrap_or_else(|| path.file_name().map(PathBuf::from).unwrap_or_default());
    let key: String = path.with_extension("").to_string_lossy().replace('\\', "/").nfc().collect();
    key.strip_suffix("/index").map(str::to_owned).unwrap_or(key)
}
