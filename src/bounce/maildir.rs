//! A Maildir: one file for each message, in `new` or `cur`. Handled messages are moved to its folder `.gazetier-handled`,
//! which mail programs show as one of the mailbox's folders (Maildir++).

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, lchown},
    path::{Path, PathBuf},
};

use super::{Error, MAX_MESSAGE_BYTES};

const HANDLED_FOLDER: &str = ".gazetier-handled";

#[derive(Debug)]
pub(super) struct Maildir<'a>(pub &'a Path);

/// The name of a message's file, such as `new/1764057600.M1P2.host`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MaildirName(String);

impl MaildirName {
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
    /// All messages, oldest first.
    pub(super) fn list(&self) -> Result<Vec<MaildirName>, Error> {
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
                // Mail servers write no name that is not UTF-8.
                if let Ok(name) = entry.map_err(read)?.file_name().into_string()
                    && !name.starts_with('.')
                {
                    names.push(MaildirName(format!("{folder}/{name}")));
                }
            }
        }
        names.sort_by(|a, b| a.unique().cmp(b.unique()));
        Ok(names)
    }

    /// A message up to [`MAX_MESSAGE_BYTES`]; `None` if it is not there any more.
    pub(super) fn read(&self, name: &MaildirName) -> Result<Option<Vec<u8>>, String> {
        let path = self.0.join(&name.0);
        let read = || {
            // A pipe would block, and a link may lead anywhere.
            if !fs::symlink_metadata(&path)?.is_file() {
                return Err(io::Error::other("it is no file"));
            }
            let mut bytes = Vec::new();
            File::open(&path)?.take(MAX_MESSAGE_BYTES as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("it cannot be read: {error}")),
        }
    }

    /// Moves a message to the handled ones. If another run has moved it, that is no error.
    pub(super) fn set_aside(&self, name: &MaildirName) -> Result<(), Error> {
        let from = self.0.join(&name.0);
        let file = name.0.split_once('/').map_or(name.0.as_str(), |(_, file)| file);
        // A name in `cur` must have flags; S says that the message was seen.
        let flags = file.split_once(":2,").map_or("S", |(_, flags)| flags);
        for copy in 0.. {
            let suffix = if copy == 0 { String::new() } else { format!(".{copy}") };
            let to = self.0.join(HANDLED_FOLDER).join("cur").join(format!("{}{suffix}:2,{flags}", name.unique()));
            match move_to(&from, &to) {
                Ok(()) => break,
                // This must not replace another message of the same name.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(source) => return Err(Error::Write { path: to, source }),
            }
        }
        Ok(())
    }

    /// Creates the folder for handled messages, owned by the owner of the mailbox.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        let base = self.0.join(HANDLED_FOLDER);
        let write_error = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        let owner = fs::metadata(self.0).map_err(write_error(self.0))?;
        let take_owner = |path: &Path| {
            let ours = fs::symlink_metadata(path)?;
            let is_foreign = (ours.uid(), ours.gid()) != (owner.uid(), owner.gid());
            if is_foreign { lchown(path, Some(owner.uid()), Some(owner.gid())) } else { Ok(()) }
        };
        for path in [base.clone(), base.join("cur"), base.join("new"), base.join("tmp")] {
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => take_owner(&path).map_err(write_error(&path))?,
                // A link may lead anywhere.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if !fs::symlink_metadata(&path).map_err(write_error(&path))?.is_dir() {
                        return Err(write_error(&path)(io::Error::other("it is no folder: put it away")));
                    }
                }
                Err(error) => return Err(write_error(&path)(error)),
            }
        }
        // Tells mail servers that this folder is part of the mailbox.
        let marker: PathBuf = base.join("maildirfolder");
        match File::create_new(&marker) {
            Ok(_) => take_owner(&marker).map_err(write_error(&marker)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(write_error(&marker)(error)),
        }
    }
}

/// Moves a file to a name that is not taken.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound && !from.exists() => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // A run was killed between the two steps, or another one is between them now.
            let Ok(source) = fs::metadata(from) else { return Ok(()) };
            let target = fs::metadata(to)?;
            if (source.dev(), source.ino()) != (target.dev(), target.ino()) {
                return Err(error);
            }
        }
        // Not all file systems have hard links.
        Err(_) if !to.exists() => return fs::rename(from, to),
        Err(error) => return Err(error),
    }
    match fs::remove_file(from) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
