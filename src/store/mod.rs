//! The column store and the ledger, and the only place with SQL: SQLite and Postgres run the same
//! statements through one body per function.

mod apply;
mod archive;
mod audiences;
mod bounces;
mod bulk_rows;
mod canary;
mod column_entry;
mod column_lists;
mod columns;
mod copying;
mod decisions;
mod desk;
mod editions;
mod error_kinds;
mod exported_columns;
mod fates;
mod feed_columns;
mod feeds;
mod figures;
mod freezing;
mod hubs;
mod key_takeover;
mod leases;
mod letters;
mod list_plan;
mod magazine;
mod migrate;
mod once;
mod open;
mod pace;
mod packed_columns;
mod publications;
mod query;
mod readers;
mod relay_logs;
mod relays;
mod requests;
mod resting;
mod rubriques;
pub mod search;
mod service;
mod sessions;
mod sources;
mod specials;
#[doc(hidden)]
#[allow(missing_docs)]
pub mod sql;
mod subscriber_list;
mod subscribers;
mod suppressions;
mod sync_batches;
mod together;
mod transactions;
mod upkeep;
mod warm_up;

use list_plan::AddressHash;
use query::from_row;
use sqlx::{postgres::PgPool, sqlite::SqlitePool};
use transactions::Tx;

pub use apply::{Applied, ChangeSource, FileChange, MovedFrom, Stamps};
pub use audiences::{EarlierEdition, Preference};
pub use bounces::{BounceKind, BounceNotice, Effect};
pub use canary::CanaryDomain;
pub use column_entry::{AddressConflict, Entry, Put};
pub use columns::{Batched, ListedColumn, RawBody, Repeated, SharedAddress};
pub use copying::{CopyKind, StoreSums, TableSum};
pub use decisions::{Noted, Released, Seen, is_another_list};
pub use editions::Variant;
pub use fates::{DomainFates, Evidence, Fate, NamedLetter, UnknownLetter};
pub use feed_columns::{SharedFeed, SortedFeeds};
pub use feeds::{ColumnPlace, FeedMonth, FeedRecord, Latest, Newest, Published, Span};
pub use figures::DomainFigures;
pub use freezing::{Freeze, NewEdition, NewVariant, Reserve};
pub use hubs::{Ping, PingState, PutOff, SettledPing, Topic};
pub use leases::LeasedBatch;
pub use letters::{Lease, Leased, Mark, Retried, Settlement};
pub use magazine::{Magazine, MagazineName};
pub use pace::{Pace, Queueing};
pub use publications::{Commit, Documents, MAX_PUBLICATION_TIME, Publication, Unfinished};
pub use readers::{BounceRow, Consent, KnownReader, LetterFate, OpenRequest, OtherData, ServiceLetterFate};
pub use relay_logs::{LogPosition, QueueName};
pub use relays::ProviderHours;
pub use requests::{Confirmation, Confirmed, PendingRequest, Request, WantedNewsletter};
pub use resting::RestingDomain;
pub use rubriques::Followed;
pub use service::{ServiceKind, ServiceLease, ServiceLetter, ServiceState};
pub use sessions::DeskSession;
pub use sources::{ColumnTrace, OldFile, SourceFile, SourceState};
pub use specials::{NewPlan, PlannableColumn, SpecialPlan};
pub use subscriber_list::{AllowanceRow, ListedReader, SubscriberPage};
pub use subscribers::{Added, ReadyPart};
pub use suppressions::{Leave, SuppressionRow};
pub use together::{Bundle, StoredVariant, TogetherSubscription, WaitForOthers, WaitingLetter};
pub use upkeep::Tidied;
pub use warm_up::DayAllowance;

pub use crate::model::Reason;
use crate::{
    config::{Connections, StoreUrl},
    model::{EmailAddress, Instant, Key},
};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened.
    #[error("cannot open the store ({place}): {}", open::words(reason))]
    Open {
        /// Which store, without secrets.
        place: String,
        /// Why.
        reason: sqlx::Error,
    },
    /// Its file cannot be made.
    #[error("cannot make the store ({}): {source}{}", path.display(), open::way_out(source))]
    Make {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its tables cannot be brought up to date.
    #[error("cannot prepare the store's tables: {}", open::migration_words(.0))]
    Migrate(sqlx::migrate::MigrateError),
    /// It failed.
    #[error("the store failed: {}", open::words(.0))]
    Sql(sqlx::Error),
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
    /// It belongs to another magazine.
    #[error(
        "the store belongs to the magazine {owner:?} ({address}), and the configuration is of {name:?}: if it is the same \
         magazine, write id = \"{id}\" under [magazine]; if not, give this one a store of its own (store.url, or on \
         Postgres store.schema)"
    )]
    Foreign {
        /// Whose it is.
        owner: String,
        /// Its address.
        address: String,
        /// Its id.
        id: String,
        /// Whose the configuration is.
        name: String,
    },
    /// It is not to be used any more: it has moved, or it is a backup.
    #[error("this store is not used: {0}")]
    Moved(String),
    /// It cannot be copied.
    #[error("the store was not copied: {0}")]
    Copy(String),
    /// What waits outside it to be entered cannot be read.
    #[error("cannot read what waits to be entered: {0}")]
    Spool(std::io::Error),
    /// The machine has no randomness to make a key of.
    #[error("the machine gave no random bytes: {0}")]
    Random(String),
}

// Their causes are told in the words above, and not once more as they are.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migrate(error)
    }
}

/// The store's result.
pub type Result<T> = std::result::Result<T, Error>;

/// An open store.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Backend,
    /// Whether a pooler stands before it: see `open::by_transaction`.
    by_transaction: bool,
    key: Key,
    magazine: Option<Magazine>,
}

#[derive(Debug, Clone)]
enum Backend {
    Sqlite {
        reading: SqlitePool,
        /// With one connection: SQLite has one writer at a time, and those that wait must not keep readers out.
        writing: SqlitePool,
    },
    Postgres(PgPool),
}

/// What every run asks first: see `sql::OPENING`.
#[derive(Default)]
struct Opening {
    migrations: Option<String>,
    key: Option<Vec<u8>>,
    magazine_id: Option<Vec<u8>>,
    magazine_name: Option<String>,
    magazine_address: Option<String>,
    began_at: Option<i64>,
    moved: Option<Vec<u8>>,
}

from_row!(in order Opening { migrations, key, magazine_id, magazine_name, magazine_address, began_at, moved });

impl Store {
    /// Opens the store, makes it if it is a SQLite file that is not there, and brings its tables
    /// up to date.
    pub async fn open(url: &StoreUrl) -> Result<Self> {
        Self::open_with(url, Connections::default()).await
    }

    /// The same, with so many connections to Postgres. A store that has moved is refused.
    pub async fn open_with(url: &StoreUrl, connections: Connections) -> Result<Self> {
        let (store, moved) = Self::open_and_look(url, connections).await?;
        match moved {
            None => Ok(store),
            Some(words) => {
                store.close().await;
                Err(Error::Moved(String::from_utf8_lossy(&words).into_owned()))
            }
        }
    }

    /// The same, whether it has moved or not: to look at it, and to copy it.
    pub async fn open_in_any_case(url: &StoreUrl, connections: Connections) -> Result<Self> {
        Ok(Self::open_and_look(url, connections).await?.0)
    }

    /// Opens it, and says why it is not to be used, if it is not.
    async fn open_and_look(url: &StoreUrl, connections: Connections) -> Result<(Self, Option<Vec<u8>>)> {
        let (pool, by_transaction) = match url {
            StoreUrl::Sqlite(path) => {
                let (reading, writing) = open::sqlite(path).await?;
                (Backend::Sqlite { reading, writing }, false)
            }
            StoreUrl::Postgres { url, schema } => {
                let schema = schema.as_ref().map(crate::model::Slug::as_str);
                let (pool, by_transaction) = open::postgres(url.expose(), schema, connections).await?;
                (Backend::Postgres(pool), by_transaction)
            }
        };
        let mut store = Self { pool, by_transaction, key: Key::new([0; 32]), magazine: None };
        // Nearly always all is there, and a look takes no lock. What cannot be read is not there yet.
        // The connection is given back before it goes on, or the next question would open another.
        let mut connection = store.connection().await?;
        let found: Result<Opening> = connection.query(sql::OPENING).fetch_one().await;
        connection.give_back().await;
        let found = found.unwrap_or_default();
        let magazine = magazine::read(found.magazine_id, found.magazine_name, found.magazine_address, found.began_at)?;
        let done = found.migrations.is_some_and(|done| migrate::is_done(&store, &done));
        if !done {
            if let StoreUrl::Postgres { schema: Some(schema), .. } = url {
                store.make_schema(schema.as_str()).await?;
            }
            migrate::run(&store).await?;
        }
        store.magazine = magazine;
        store.key = match found.key.filter(|_| done) {
            Some(bytes) => read_key(bytes)?,
            None => store.find_key().await?,
        };
        Ok((store, found.moved))
    }

    /// Closes it. SQLite folds its journal into the file: a copy of the file alone is the store as it is, also
    /// where another program has it open meanwhile and the last to close it is not this one.
    pub async fn close(self) {
        self.fold().await;
        if self.by_transaction {
            // What is not committed yet is when its connection has been given back.
            if let Ok(connection) = self.connection().await {
                connection.give_back().await;
            }
        }
        match &self.pool {
            Backend::Sqlite { reading, writing } => {
                reading.close().await;
                writing.close().await;
            }
            Backend::Postgres(pool) => pool.close().await,
        }
    }

    /// Folds SQLite's journal into the file, unless somebody reads it just now: whoever closes the store next does.
    pub async fn fold(&self) {
        if let Backend::Sqlite { reading, .. } = &self.pool
            && let Ok(mut line) = reading.acquire().await
        {
            for statement in ["PRAGMA busy_timeout = 200", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                let _ = sqlx::query(statement).execute(&mut *line).await;
            }
        }
    }

    /// Writes a row as it is: whether the store can be written.
    pub async fn write_a_row(&self) -> Result<()> {
        self.write(sql::WRITE_A_ROW).execute().await?;
        Ok(())
    }

    /// Whether it is a Postgres database.
    pub fn is_postgres(&self) -> bool {
        matches!(self.pool, Backend::Postgres(_))
    }

    /// Whether two transactions may write at once, instead of one waiting for the other. Through a pooler there is
    /// one connection.
    pub fn writes_overlap(&self) -> bool {
        matches!(self.pool, Backend::Postgres(_)) && !self.by_transaction
    }

    /// The key that tokens are made with, as old as the store.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What an address is recognised by, also when the address itself is gone.
    fn hash(&self, address: &EmailAddress) -> Vec<u8> {
        self.address_hash(address).to_vec()
    }

    fn address_hash(&self, address: &EmailAddress) -> AddressHash {
        self.key.sign("address", address.folded().as_bytes())
    }

    /// What a mailbox is recognised by, whatever address of it is used.
    fn mailbox_hash(&self, address: &EmailAddress) -> Vec<u8> {
        self.key.sign("mailbox", address.mailbox().as_bytes()).to_vec()
    }

    /// Makes a schema that is not there. Its name is a slug: it needs no escaping but quotes.
    async fn make_schema(&self, schema: &str) -> Result<()> {
        if let Backend::Postgres(pool) = &self.pool {
            let statement = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(pool).await?;
        }
        Ok(())
    }

    /// Sixteen random bytes.
    fn random() -> Result<[u8; 16]> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
        Ok(bytes)
    }

    async fn find_key(&self) -> Result<Key> {
        let found: Option<Vec<u8>> = self.write(sql::FIND_KEY).fetch_optional().await?;
        let value = match found {
            Some(value) => value,
            None => {
                let mut fresh = [0; 32];
                getrandom::fill(&mut fresh).map_err(|error| Error::Random(error.to_string()))?;
                // Of two first runs at once, one wins; both then read the same key.
                self.write(sql::ADD_KEY).bind(fresh.to_vec()).execute().await?;
                self.write(sql::FIND_KEY).fetch_one().await?
            }
        };
        read_key(value)
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
