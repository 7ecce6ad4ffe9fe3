//! The one place where transactions begin, end, and are done again if another one was in their way.

use std::time::Duration;

use sqlx::{Postgres, Sqlite, Transaction, pool::PoolConnection};

use super::{
    Backend, Result, Store,
    query::{Query, RunOn},
    sql::ByDialect,
};

/// Begins a transaction that will write. SQLite takes its write lock at once: a transaction that read first could
/// not be made to wait any more, only to fail.
const BEGIN: ByDialect = ByDialect { sqlite: "BEGIN IMMEDIATE", postgres: "BEGIN" };

/// Begins one that writes what it found missing, or that must not be overtaken by what it did not see: one at a time
/// on both backends. For Postgres, any number serves that nobody else locks in our database; this one reads "gaze".
const BEGIN_ALONE: ByDialect =
    ByDialect { sqlite: "BEGIN IMMEDIATE", postgres: "BEGIN; SELECT pg_advisory_xact_lock(1734441573)" };

/// 16 MB for SQLite's one connection that writes: with its usual 2 MB, each page would be read and written several
/// times over in one commit. And its journal is folded into the file after 8,000 pages, not after each commit.
const MANY_PAGES: &str = "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 8000";

/// How often a transaction is tried again that others are in the way of.
const MAX_REPEATS: u32 = 12;

/// A transaction on either backend. Rules of the store are functions over it.
pub(super) enum Tx<'p> {
    Sqlite(Transaction<'p, Sqlite>),
    Postgres(Transaction<'p, Postgres>),
}

impl Tx<'_> {
    /// A statement inside the transaction.
    pub(super) fn query(&mut self, statement: impl Into<ByDialect>) -> Query<'_> {
        match self {
            Self::Sqlite(tx) => Query::sqlite(statement, RunOn::Connection(&mut **tx)),
            Self::Postgres(tx) => Query::postgres(statement, RunOn::Connection(&mut **tx)),
        }
    }

    /// Makes room for a transaction that writes pages all over the indexes, as a long list of hashes does.
    pub(super) async fn expect_many_pages(&mut self) -> Result<()> {
        if let Self::Sqlite(_) = self {
            self.query(MANY_PAGES).execute().await?;
        }
        Ok(())
    }

    /// Ends it: what is written stays.
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A connection of its own, out of transactions.
pub(super) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Connection {
    pub(super) fn query(&mut self, statement: impl Into<ByDialect>) -> Query<'_> {
        match self {
            Self::Sqlite(connection) => Query::sqlite(statement, RunOn::Connection(&mut **connection)),
            Self::Postgres(connection) => Query::postgres(statement, RunOn::Connection(&mut **connection)),
        }
    }

    /// Waits until it is back in its pool: who asks the next question would open another one before.
    pub(super) async fn give_back(self) {
        match self {
            Self::Sqlite(mut connection) => connection.return_to_pool().await,
            Self::Postgres(mut connection) => connection.return_to_pool().await,
        }
    }
}

impl Store {
    /// Runs work in a transaction of its own, which it commits: what it leaves uncommitted is not written. It is run
    /// again if another transaction was in the way (a deadlock, a serialization failure).
    pub(super) async fn transact<'s, T, F>(&'s self, work: impl Fn(Tx<'s>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        repeated(|| async { work(self.begin(BEGIN).await?).await }).await
    }

    /// The same, and no other such transaction runs meanwhile.
    pub(super) async fn transact_alone<'s, T, F>(&'s self, work: impl Fn(Tx<'s>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        repeated(|| async { work(self.begin(BEGIN_ALONE).await?).await }).await
    }

    async fn begin(&self, begin: ByDialect) -> Result<Tx<'_>> {
        Ok(match &self.pool {
            Backend::Sqlite { writing, .. } => Tx::Sqlite(writing.begin_with(begin.sqlite).await?),
            Backend::Postgres(pool) => Tx::Postgres(pool.begin_with(begin.postgres).await?),
        })
    }

    /// A statement that only reads: where SQLite's writers wait for one another, readers do not.
    pub(super) fn read(&self, statement: impl Into<ByDialect>) -> Query<'_> {
        match &self.pool {
            Backend::Sqlite { reading, .. } => Query::sqlite(statement, RunOn::Pool(reading)),
            Backend::Postgres(pool) => Query::postgres(statement, RunOn::Pool(pool)),
        }
    }

    /// A connection for several statements that only read.
    pub(super) async fn connection(&self) -> Result<Connection> {
        Ok(match &self.pool {
            Backend::Sqlite { reading, .. } => Connection::Sqlite(reading.acquire().await?),
            Backend::Postgres(pool) => Connection::Postgres(pool.acquire().await?),
        })
    }

    /// A statement that writes, and is a transaction by itself.
    pub(super) fn write(&self, statement: impl Into<ByDialect>) -> Query<'_> {
        match &self.pool {
            Backend::Sqlite { writing, .. } => Query::sqlite(statement, RunOn::Pool(writing)),
            Backend::Postgres(pool) => Query::postgres(statement, RunOn::Pool(pool)),
        }
    }
}

/// Does something again as long as another transaction is in its way, a while later each time, and not as long as
/// another program waits.
pub(super) async fn repeated<T, F: Future<Output = Result<T>>>(work: impl Fn() -> F) -> Result<T> {
    let mut repeats = 0;
    loop {
        match work().await {
            Err(error) if error.is_conflict() && repeats < MAX_REPEATS => {
                repeats += 1;
                let spread = u64::from(std::process::id() % 7 + 1);
                tokio::time::sleep(Duration::from_millis(spread * u64::from(repeats * repeats))).await;
            }
            outcome => return outcome,
        }
    }
}
