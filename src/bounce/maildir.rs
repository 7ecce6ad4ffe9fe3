//! A Maildir: a file for each message, in `new` or `cur`. What was handled is moved to the folder
//! `.gazetier-handled` in it, which mail programs show as one of the mailbox's folders (Maildir++).

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, lchown},
    path::{Path, PathBuf},
};

use super::{Error, LIMIT};

/// Where handled messages go.
const HANDLED: &str = ".gazetier-handled";

/// A Maildir.
#[derive(Debug)]
pub(super) struct Maildir<'a>(pub &'a Path);

/// A message by the name of its file, such as `new/1764057600.M1P2.host`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(String);

impl Name {
    /// The part of the name that stays the same when the message is moved or marked.
    pub(super) fn unique(&self) -> &str {
        let file = self.0.split_once('/').map_or(self.0.as_str(), |(_, file)| file);
        file.split_once(":2,").map_or(file, |(unique, _)| unique)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Maildir<'_> {
    /// The messages, oldest names first.
    pub(super) fn list(&self) -> Result<Vec<Name>, Error> {
        let mut names = Vec::new();
        for folder in ["new", "cur"] {
            let path = self.0.join(folder);
            let read = |source: io::Error| match source.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Error::NoMailbox {
                    path: self.0.to_owned(),
                    reason: "it is no Maildir: it must have the folders new and cur in it",
                },
                _ => Error::Read { path: path.clone(), source },
            };
            for entry in fs::read_dir(&path).map_err(read)? {
                // A name that is not UTF-8 is no mail server's.
                if let Ok(name) = entry.map_err(read)?.file_name().into_string()
                    && !name.starts_with('.')
                {
                    names.push(Name(format!("{folder}/{name}")));
                }
            }
        }
        names.sort_by(|a, b| a.unique().cmp(b.unique()));
        Ok(names)
    }

    /// A message up to [`LIMIT`]; `None` if it is not there any more.
    pub(super) fn read(&self, name: &Name) -> Result<Option<Vec<u8>>, String> {
        let path = self.0.join(&name.0);
        let read = || {
            // Nobody waits for the writer of a pipe, and a link may lead anywhere.
            if !fs::symlink_metadata(&path)?.is_file() {
                return Err(io::Error::other("it is no file"));
            }
            let mut bytes = Vec::new();
            File::open(&path)?.take(LIMIT as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("it cannot be read: {error}")),
        }
    }

    /// Moves a message to where handled ones are. It is well if another run has moved it.
    pub(super) fn set_aside(&self, name: &Name) -> Result<(), Error> {
        let from = self.0.join(&name.0);
        let file = name.0.split_once('/').map_or(name.0.as_str(), |(_, file)| file);
        // Moved to `cur` it must say which marks it has: it was seen.
        let marks = file.split_once(":2,").map_or("S", |(_, marks)| marks);
        for twin in 0.. {
            let suffix = if twin == 0 { String::new() } else { format!(".{twin}") };
            let to = self.0.join(HANDLED).join("cur").join(format!("{}{suffix}:2,{marks}", name.unique()));
            match move_to(&from, &to) {
                Ok(()) => break,
                // Another message with the same name must not be lost by this one.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(source) => return Err(Error::Write { path: to, source }),
            }
        }
        Ok(())
    }

    /// Makes the folder for handled messages, as the owner's own.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        let base = self.0.join(HANDLED);
        let cannot = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        let owner = fs::metadata(self.0).map_err(cannot(self.0))?;
        let adopt = |path: &Path| {
            let ours = fs::symlink_metadata(path)?;
            let strange = (ours.uid(), ours.gid()) != (owner.uid(), owner.gid());
            if strange { lchown(path, Some(owner.uid()), Some(owner.gid())) } else { Ok(()) }
        };
        for path in [base.clone(), base.join("cur"), base.join("new"), base.join("tmp")] {
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => adopt(&path).map_err(cannot(&path))?,
                // A link may lead anywhere.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if !fs::symlink_metadata(&path).map_err(cannot(&path))?.is_dir() {
                        return Err(cannot(&path)(io::Error::other("it is no folder: put it away")));
                    }
                }
                Err(error) => return Err(cannot(&path)(error)),
            }
        }
        // Tells mail servers that this folder belongs to the mailbox around it.
        let mark: PathBuf = base.join("maildirfolder");
        match File::create_new(&mark) {
            Ok(_) => adopt(&mark).map_err(cannot(&mark)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(cannot(&mark)(error)),
        }
    }
}

/// Moves a file to a name that nothing has yet.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound && !from.exists() => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // A run that was killed between the two steps, or another one that is just doing it.
            let Ok(source) = fs::metadata(from) else { return Ok(()) };
            let target = fs::metadata(to)?;
            if (source.dev(), source.ino()) != (target.dev(), target.ino()) {
                return Err(error);
            }
        }
        // Not every file system has links.
        Err(_) if !to.exists() => return fs::rename(from, to),
        Err(error) => return Err(error),
    }
    match fs::remove_file(from) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
