//! The ledger's life: an edition's letters are leased, handed to the relay and settled. What the relay may have taken is never sent again by itself.

mod carrier;
mod clerk;
pub mod clock;
pub mod dkim;
mod domains;
pub mod erase;
pub mod folder;
pub mod post;
mod refusals;
mod relays;
mod round;
pub(crate) mod verdict;
pub(crate) mod wire;

use crate::{edition::render, store};

/// Why letters could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A letter cannot be written.
    #[error(transparent)]
    Render(#[from] render::Error),
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
    /// Nobody writes the ledger any more.
    #[error("the ledger cannot be written")]
    Ledger,
    /// A worker of ours stopped without an answer.
    #[error("a worker broke off: {0}")]
    Worker(#[from] tokio::task::JoinError),
}
