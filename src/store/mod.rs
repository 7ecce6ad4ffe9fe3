//! The column store and the ledger, and the only place with SQL: SQLite and Postgres run the same
//! statements through one body per function.

mod apply;
mod archive;
mod bounces;
mod columns;
mod desk;
mod editions;
mod feeds;
mod hubs;
mod letters;
mod migrate;
mod pack;
mod put;
mod readers;
mod relays;
mod service;
mod sources;
#[doc(hidden)]
#[allow(missing_docs)]
pub mod sql;
mod subscribers;
mod suppressions;

use sqlx::{
    Connection, Database, Pool, Transaction,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};

pub use apply::{Applied, FileChange, MovedFrom};
pub use bounces::{Effect, Notice, Return};
pub use columns::{Batched, ListedColumn, SharedAddress};
pub use editions::{Freeze, NewEdition, NewVariant, Variant};
pub use feeds::{FeedMonth, Latest, Newest, Place, Published, Span, Standing};
pub use hubs::{News, Ping, PingState, PutOff, SettledPing, Topic};
pub use letters::{Batch, Lease, Leased, Mark, Settlement};
pub use put::{Entry, Put, Twin};
pub use readers::{Confirmed, Consent, Known, Request, Wish};
pub use service::{ServiceLease, ServiceLetter, ServiceState};
pub use sources::{ColumnTrace, OldFile, SourceFile, SourceState};
pub use subscribers::{Added, Listed};
pub use suppressions::{Leave, Reason};

use crate::{
    config::StoreUrl,
    model::{EmailAddress, Instant, Key},
};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened.
    #[error("cannot open the store ({place}): {source}")]
    Open {
        /// Which store, without secrets.
        place: String,
        /// Why.
        source: sqlx::Error,
    },
    /// Its tables cannot be brought up to date.
    #[error("cannot prepare the store's tables: {0}; was it made by a newer gazetier?")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// It failed.
    #[error("the store failed: {0}")]
    Sql(#[from] sqlx::Error),
    /// It holds what gazetier never wrote.
    #[error("the store holds a {what} that cannot be read: {value:?}")]
    Corrupt {
        /// What was looked for.
        what: &'static str,
        /// What was there.
        value: String,
    },
    /// Two columns would have one id for readers.
    #[error("the column {key:?} has the guid {guid:?}, as {owner:?} has already: give one of them another")]
    Clash {
        /// The id.
        guid: String,
        /// The name in its source of the column that was to be added.
        key: String,
        /// That of the column that has it.
        owner: String,
    },
    /// The machine has no randomness to make a key of.
    #[error("the machine gave no random bytes: {0}")]
    Random(String),
}

/// The store's result.
pub type Result<T> = std::result::Result<T, Error>;

/// An open store.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Backend,
    key: Key,
}

#[derive(Debug, Clone)]
enum Backend {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Connections to a SQLite file. One that was left in the middle of a commit (the disk was full) is
/// not used again: sqlx still counts a transaction there that SQLite has ended by itself.
fn sqlite_pool() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(4)
        // A file does not hang up: no connection needs to be tried before it is used.
        .test_before_acquire(false)
        .before_acquire(|line, _| Box::pin(async move { Ok(!line.is_in_transaction()) }))
}

/// How often a SQLite file that another program is just making is tried.
const FIRST_OPENINGS: usize = 250;

/// Expands one body for both backends: inside, `$pool` is the pool of one of them.
macro_rules! on {
    ($store:expr, $pool:ident => $body:expr) => {
        match &$store.pool {
            $crate::store::Backend::Sqlite($pool) => $body,
            $crate::store::Backend::Postgres($pool) => $body,
        }
    };
}
use on;

/// What the two backends say differently.
trait Dialect: Database {
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
fn worded<D: Dialect>(_: &Pool<D>, two: sql::Two) -> &'static str {
    D::wording(two)
}

async fn begin<D: Dialect>(pool: &Pool<D>) -> Result<Transaction<'_, D>> {
    Ok(pool.begin_with(D::BEGIN).await?)
}

async fn begin_alone<D: Dialect>(pool: &Pool<D>) -> Result<Transaction<'_, D>> {
    Ok(pool.begin_with(D::BEGIN_ALONE).await?)
}

impl Store {
    /// Opens the store, makes it if it is a SQLite file that is not there, and brings its tables
    /// up to date.
    pub async fn open(url: &StoreUrl) -> Result<Self> {
        let pool = match url {
            StoreUrl::Sqlite(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    // A column is longer than a page of 4 KiB; rows are handed over in one go.
                    .page_size(16_384)
                    .row_buffer_size(512)
                    .journal_mode(SqliteJournalMode::Wal)
                    // A `sent` that a power cut takes back would repeat a letter.
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(std::time::Duration::from_secs(60))
                    .foreign_keys(true);
                let mut pool = sqlite_pool().connect_with(options.clone()).await;
                // Who makes the file keeps the others from it for a moment, whatever their patience.
                for _ in 0..FIRST_OPENINGS {
                    match &pool {
                        Err(sqlx::Error::Database(error)) if error.message().contains("locked") => {}
                        _ => break,
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    pool = sqlite_pool().connect_with(options.clone()).await;
                }
                Backend::Sqlite(pool.map_err(|source| Error::Open { place: path.display().to_string(), source })?)
            }
            StoreUrl::Postgres(url) => {
                let open = |source| Error::Open { place: "postgres".into(), source };
                let options: PgConnectOptions = url.expose().parse().map_err(open)?;
                // Who falls asleep in the middle of a commit must not hold the others up for ever.
                let options = options.options([("idle_in_transaction_session_timeout", "60s")]);
                let place = format!("postgres at {}", options.get_host());
                let pool = PgPoolOptions::new()
                    .max_connections(8)
                    .acquire_timeout(std::time::Duration::from_secs(10))
                    .connect_with(options)
                    .await;
                Backend::Postgres(pool.map_err(|source| Error::Open { place, source })?)
            }
        };
        let mut store = Self { pool, key: Key::new([0; 32]) };
        let migrations = migrate::all(&store);
        // Nearly always all is there, and a look takes no lock. What cannot be read is not there yet.
        // The connection is given back before it goes on, or the next question would open another.
        let (done, key): (Option<String>, Option<Vec<u8>>) = on!(store, pool => {
            let mut line = pool.acquire().await?;
            let found = sqlx::query_as(worded(pool, sql::OPENING)).fetch_one(&mut *line).await;
            line.return_to_pool().await;
            found.unwrap_or_default()
        });
        let done = done.is_some_and(|done| migrate::is_done(&done, &migrations));
        if !done {
            migrate::run(&store, migrations).await?;
        }
        store.key = match key.filter(|_| done) {
            Some(bytes) => read_key(bytes)?,
            None => store.find_key().await?,
        };
        Ok(store)
    }

    /// Closes it, so that SQLite can fold its journal into the file.
    pub async fn close(self) {
        on!(self, pool => pool.close().await);
    }

    /// The key that tokens are made with, as old as the store.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What an address is recognised by, also when the address itself is gone.
    fn hash(&self, address: &EmailAddress) -> Vec<u8> {
        self.key.sign("address", address.folded().as_bytes()).to_vec()
    }

    async fn find_key(&self) -> Result<Key> {
        on!(self, pool => {
            let found: Option<Vec<u8>> = sqlx::query_scalar(sql::FIND_KEY).fetch_optional(pool).await?;
            let value = match found {
                Some(value) => value,
                None => {
                    let mut fresh = [0; 32];
                    getrandom::fill(&mut fresh).map_err(|error| Error::Random(error.to_string()))?;
                    // Of two first runs at once, one wins; both then read the same key.
                    sqlx::query(sql::ADD_KEY).bind(fresh.to_vec()).execute(pool).await?;
                    sqlx::query_scalar(sql::FIND_KEY).fetch_one(pool).await?
                }
            };
            read_key(value)
        })
    }
}

/// The key as the store wrote it.
fn read_key(bytes: Vec<u8>) -> Result<Key> {
    let bytes = bytes.try_into().map_err(|_| Error::Corrupt { what: "key", value: "(secret)".into() })?;
    Ok(Key::new(bytes))
}

/// An instant as the store writes it.
fn millis(at: Instant) -> i64 {
    at.timestamp_millis()
}

/// An instant as the store wrote it.
fn instant(millis: i64) -> Result<Instant> {
    Instant::from_timestamp_millis(millis).ok_or_else(|| Error::Corrupt { what: "instant", value: millis.to_string() })
}
