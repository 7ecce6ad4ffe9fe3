//! Handles what comes back by mail: delivery reports, complaints, requests to unsubscribe. A message is read from a pipe,
//! a Maildir or an mbox, understood and recorded in the store; then it is set aside. A message that is not understood
//! stays where it is, and is named. docs/BOUNCES.md says the rest.

mod evidence;
mod explain;
mod handle;
mod leaving;
mod lock;
mod maildir;
mod mbox;
mod meaning;
mod mime;
mod notification;
mod proof;
pub mod relay_log;
mod report;
mod summary;
mod texts;

use std::{io, path::PathBuf};

pub use evidence::{Fact, Place, Sign};
pub use explain::{Explanation, RecipientExplanation, explain};
pub use handle::BounceHandler;
pub use summary::{LeftMessage, Summary};

use crate::{edition, store};

/// The rest of a longer message is not read: a report stands before the letter that it returns.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// How many messages are recorded in one transaction.
const BATCH_MESSAGES: usize = 100;

/// Why a mailbox could not be read or changed. Its messages take effect when it is read again, and only once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A letter that asks to confirm cannot be written.
    #[error(transparent)]
    Render(#[from] edition::render::Error),
    /// The letters that tell editors of a rest cannot be written.
    #[error(transparent)]
    Edition(#[from] edition::Error),
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The mailbox or a part of it.
        path: PathBuf,
        source: io::Error,
    },
    /// Handled messages cannot be set aside.
    #[error("cannot write {}: {source}; nothing is lost: read the mailbox again once it can be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}: {reason}", path.display())]
    NoMailbox {
        path: PathBuf,
        /// What it is instead, and what to do.
        reason: &'static str,
    },
    /// By another program.
    #[error("{} is locked by another program: run again", path.display())]
    Locked { path: PathBuf },
}
