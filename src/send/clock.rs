//! The clock by which leases end: the database's, which is the same for all machines that share it.

use crate::{
    model::Instant,
    store::{Result, Store},
};

/// The database's clock. It is read once and goes on by this machine's monotonic clock, so that setting the time does
/// not change it.
#[derive(Debug, Clone, Copy)]
pub struct LeaseClock {
    read: Instant,
    since: tokio::time::Instant,
}

impl LeaseClock {
    pub async fn read(store: &Store) -> Result<Self> {
        Ok(Self { read: store.clock().await?, since: tokio::time::Instant::now() })
    }

    pub fn now(&self) -> Instant {
        self.read + self.since.elapsed()
    }
}
