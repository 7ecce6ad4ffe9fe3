//! Sends the letters of an edition: they are leased from the ledger, given to a relay and settled by its reply. A letter
//! that a relay may have accepted is never sent again by itself.

pub(crate) mod backoff;
pub mod canary;
mod choice;
pub mod clock;
pub mod dkim;
mod domains;
pub mod file_relay;
mod job;
mod ledger;
mod limits;
pub mod probe;
mod read_ahead;
mod refusals;
mod relays;
pub mod sender;
mod session;
pub(crate) mod single;
mod smtp;
mod smtp_sender;
mod verdict;
pub mod warm_up;

use crate::{edition::render, store};

/// Why letters could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Render(#[from] render::Error),
    /// No relay can be reached or accepts letters; they stay in the queue.
    #[error("the relay {relay} cannot be used: {reason}; the letters wait in the ledger, run again")]
    Relay { relay: String, reason: String },
    /// The folder of a `file:` relay cannot be written.
    #[error("cannot write {}: {source}; the letters wait in the ledger, run again", path.display())]
    Write { path: std::path::PathBuf, source: std::io::Error },
    /// The task that writes the ledger has ended.
    #[error("the ledger cannot be written")]
    Ledger,
    #[error("a worker broke off: {0}")]
    Worker(#[from] tokio::task::JoinError),
}
