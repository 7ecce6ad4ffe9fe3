//! The ledger's life: an edition is drawn up and frozen, its letters are leased, handed to the
//! relay and settled. What the relay may have taken is never sent again by itself.

mod carrier;
mod clerk;
pub mod clock;
pub mod decide;
pub mod dkim;
mod domains;
pub mod editors;
pub mod erase;
pub mod hubs;
pub mod outbox;
pub mod plan;
pub mod post;
mod refusals;
mod relays;
pub mod restored;
mod round;
pub mod service;
mod verdict;
mod wire;

use crate::{digest, model, store};

/// Why letters could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The edition could not be drawn up, or a letter not written.
    #[error(transparent)]
    Digest(#[from] digest::Error),
    /// The relay is out of reach, or wants none of our letters; they stay in the queue.
    #[error("the relay {relay} cannot be used: {reason}; the letters wait in the ledger, run again")]
    Relay {
        /// Which.
        relay: String,
        /// Why.
        reason: String,
    },
    /// The folder of a `file:` relay cannot be written.
    #[error("cannot write {}: {source}; the letters wait in the ledger, run again", path.display())]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store changed again and again while the edition was drawn up.
    #[error("the store changes too fast to freeze {0}: run again")]
    Restless(model::Period),
    /// Nobody writes the ledger any more.
    #[error("the ledger cannot be written")]
    Ledger,
    /// A worker of ours stopped without an answer.
    #[error("a worker broke off: {0}")]
    Worker(#[from] tokio::task::JoinError),
}
