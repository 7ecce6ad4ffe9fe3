//! The one place where transactions begin, end, and are done again: a body is written once for both backends,
//! and run until no other transaction is in its way.

use sqlx::{Database, Pool, Transaction};

use super::{Result, sql};

/// Expands one body for both backends: inside, `$pool` is the pool of one of them.
macro_rules! on {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.pool {
            $crate::store::Backend::Sqlite($pool) => $body,
            $crate::store::Backend::Postgres($pool) => $body,
        }
    };
}
pub(super) use on;

/// How often a transaction is tried again that others are in the way of.
pub(super) const ATTEMPTS: u32 = 12;

/// Runs a body in a transaction of its own, for both backends, and commits it: `$tx` is the transaction.
/// What the body returns early is not committed. It is run again if another transaction was in the way
/// (a deadlock, a serialization failure), so that it takes nothing that it needs twice.
macro_rules! transact {
    ($store:expr, $begin:ident, $pool:ident, $tx:ident => $body:block) => {
        $crate::store::transactions::on!($store, $pool => {
            let mut attempt = 0;
            loop {
                let work = async {
                    let mut $tx = $crate::store::transactions::$begin($pool).await?;
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

/// What the two backends say differently.
pub(super) trait Dialect: Database {
    /// Begins a transaction that will write. SQLite takes its write lock at once: a transaction
    /// that read first could not be made to wait any more, only to fail.
    const BEGIN: &'static str;
    /// The same for one that writes what it found missing, or that must not be overtaken by what
    /// it did not see: one at a time on both backends.
    const BEGIN_ALONE: &'static str;
    /// Its wording of a statement.
    fn wording(two: sql::Two) -> &'static str;
}

impl Dialect for sqlx::Sqlite {
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const BEGIN_ALONE: &'static str = Self::BEGIN;

    fn wording(two: sql::Two) -> &'static str {
        two.sqlite
    }
}

impl Dialect for sqlx::Postgres {
    const BEGIN: &'static str = "BEGIN";
    // Any number serves that nobody else locks in our database; this one reads "gaze".
    const BEGIN_ALONE: &'static str = "BEGIN; SELECT pg_advisory_xact_lock(1734441573)";

    fn wording(two: sql::Two) -> &'static str {
        two.postgres
    }
}

/// A statement in the words of a pool's backend.
pub(super) fn worded<D: Dialect>(_: &Pool<D>, two: sql::Two) -> &'static str {
    D::wording(two)
}

pub(super) async fn begin<D: Dialect>(pool: &Pool<D>) -> Result<Transaction<'_, D>> {
    Ok(pool.begin_with(D::BEGIN).await?)
}

pub(super) async fn begin_alone<D: Dialect>(pool: &Pool<D>) -> Result<Transaction<'_, D>> {
    Ok(pool.begin_with(D::BEGIN_ALONE).await?)
}
