//! The clock that leases end by: the database's, which all machines that share it have in common.

use crate::{
    model::Instant,
    store::{Result, Store},
};

/// The database's clock: read once, it goes on by this machine's steady clock, whatever anybody sets.
#[derive(Debug, Clone, Copy)]
pub struct LeaseClock {
    read: Instant,
    since: tokio::time::Instant,
}

impl LeaseClock {
    /// Reads the database's clock.
    pub async fn read(store: &Store) -> Result<Self> {
        Ok(Self { read: store.clock().await?, since: tokio::time::Instant::now() })
    }

    /// What it says now.
    pub fn now(&self) -> Instant {
        self.read + self.since.elapsed()
    }
}
