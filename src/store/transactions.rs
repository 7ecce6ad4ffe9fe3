//! The one place where transactions begin, end, and are done again: a body is written once for both backends,
//! and run until no other transaction is in its way.

/// Expands one body for both backends: inside, `$pool` is the pool of one of them. It only reads: where SQLite's
/// writers wait for one another, readers do not.
macro_rules! on {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.pool {
            $crate::store::Backend::Sqlite { reading: $pool, .. } => $body,
            $crate::store::Backend::Postgres($pool) => $body,
        }
    };
}
pub(super) use on;

/// The same for a body that writes.
macro_rules! on_writing {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.pool {
            $crate::store::Backend::Sqlite { writing: $pool, .. } => $body,
            $crate::store::Backend::Postgres($pool) => $body,
        }
    };
}
pub(super) use on_writing;

/// How often a transaction is tried again that others are in the way of.
pub(super) const ATTEMPTS: u32 = 12;

/// Runs a body in a transaction of its own, for both backends, and commits it: `$tx` is the transaction.
/// What the body returns early is not committed. It is run again if another transaction was in the way
/// (a deadlock, a serialization failure), so that it takes nothing that it needs twice.
macro_rules! transact {
    ($store:expr, $begin:ident, $pool:ident, $tx:ident => $body:block) => {
        $crate::store::transactions::on_writing!($store, $pool => {
            let mut attempt = 0;
            loop {
                let work = async {
                    let mut $tx = $crate::store::dialect::$begin($pool).await?;
                    let value = $body;
                    $tx.commit().await?;
                    Ok(value)
                };
                let outcome: $crate::store::Result<_> = work.await;
                match outcome {
                    Err(error) if error.is_conflict() && attempt < $crate::store::transactions::ATTEMPTS => {
                        attempt += 1;
                        $crate::store::transactions::pause(attempt).await;
                    }
                    outcome => break outcome,
                }
            }
        })
    };
}
pub(super) use transact;

/// Before a transaction is tried again: longer each time, and not as long as another program waits.
pub(super) async fn pause(attempt: u32) {
    let spread = u64::from(std::process::id() % 7 + 1);
    tokio::time::sleep(std::time::Duration::from_millis(spread * u64::from(attempt * attempt))).await;
}
