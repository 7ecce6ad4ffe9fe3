//! Where letters come back to, if `gazetier run` is to read it.

use std::path::{Path, PathBuf};

use super::{
    bounds,
    check::{ConfigRefusal, refuse},
    raw,
};

/// A mailbox in one of the two forms that mail servers write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbox {
    /// A folder with a file for each message.
    Maildir(PathBuf),
    /// A file with all messages.
    Mbox(PathBuf),
}

/// The mailbox that is read at each run, if there is one.
pub(super) fn check(raw: raw::RawBounces, base: &Path) -> Result<Option<Inbox>, ConfigRefusal> {
    let path = |key, text: &str| match text.trim() {
        "" => Err(refuse(key, "it is empty: write the path of the mailbox, or leave the key out")),
        text => bounds::path(key, base, text),
    };
    match (raw.maildir, raw.mbox) {
        (None, None) => Ok(None),
        (Some(folder), None) => Ok(Some(Inbox::Maildir(path("bounces.maildir", &folder)?))),
        (None, Some(file)) => Ok(Some(Inbox::Mbox(path("bounces.mbox", &file)?))),
        (Some(_), Some(_)) => Err(refuse("bounces.mbox", "bounces.maildir is there already: keep one of the two")),
    }
}
