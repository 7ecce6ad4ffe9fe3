//! What comes back: reports of mail servers, complaints, wishes to leave by mail. A message is read
//! from a pipe, a Maildir or an mbox, understood, and takes effect in the store; then it is set
//! aside. What is not understood stays where it is, and is told of. docs/BOUNCES.md says the rest.

mod handle;
mod lock;
mod maildir;
mod mbox;
mod mime;
mod proof;
mod report;
mod summary;
mod understand;

use std::{io, path::PathBuf};

pub use handle::Bounces;
pub use summary::{Left, Summary};

use crate::store;

/// As much of a message is read: reports stand before the letter that they return.
const LIMIT: usize = 1024 * 1024;

/// How many messages take effect in one transaction.
const BATCH: usize = 100;

/// Why a mailbox could not be read, or not be left as it should be. What it holds takes effect when
/// it is read again, and only once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The mailbox or a part of it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was handled cannot be set aside.
    #[error("cannot write {}: {source}; nothing is lost: read the mailbox again once it can be written", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no mailbox.
    #[error("{}: {reason}", path.display())]
    NoMailbox {
        /// The path.
        path: PathBuf,
        /// What it is instead, and what to do.
        reason: &'static str,
    },
    /// Another program has it.
    #[error("{} is locked by another program: run again", path.display())]
    Locked {
        /// The mailbox.
        path: PathBuf,
    },
}
