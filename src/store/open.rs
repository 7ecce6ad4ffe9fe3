//! Connects to a store: makes a SQLite file that nobody else can read, opens one that cannot be
//! written to be read, and says in plain words why a Postgres server cannot be had.

use std::{
    fs::{OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{Access, AtFlags, CWD, accessat},
    io::Errno,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};
use tracing::log::LevelFilter;

use super::{Error, Result};
use crate::config::Connections;

/// How often a SQLite file that another program is just making is tried.
const MAX_OPEN_ATTEMPTS: usize = 250;

/// How long a connection to Postgres is waited for when the store is opened.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one is waited for later, when others have them all or the server is just restarted.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the server's own word is waited for, to tell it.
const DIAGNOSIS_TIMEOUT: Duration = Duration::from_secs(2);

/// How long one waits inside this program until it may write: longer than another program is waited for.
const WRITE_LOCK_TIMEOUT: Duration = Duration::from_secs(90);

/// Connections to a SQLite file. One that was left in the middle of a commit (the disk was full) is
/// not used again: sqlx still counts a transaction there that SQLite has ended by itself.
fn sqlite_pool() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(4)
        // A file does not hang up: no connection needs to be tried before it is used.
        .test_before_acquire(false)
        .before_acquire(|line, _| Box::pin(async move { Ok(!line.is_in_transaction()) }))
}

/// Opens a SQLite file, and makes it if it is not there: connections to read, and one to write, which is opened
/// when it is needed.
pub(super) async fn sqlite(path: &Path) -> Result<(SqlitePool, SqlitePool)> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        // A column is longer than a page of 4 KiB; rows are handed over in one go.
        .page_size(16_384)
        .row_buffer_size(512)
        // A `sent` that a power cut takes back would repeat a letter.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(60))
        .foreign_keys(true)
        // What is erased is overwritten, in the file as well.
        .pragma("secure_delete", "ON")
        // A statement that waits for another program is nobody's business.
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1));
    let options = if is_writable(path)? {
        options.journal_mode(SqliteJournalMode::Wal)
    } else {
        // Without a journal beside it, nobody is writing; and none can be made.
        options.read_only(true).immutable(!beside(path, "-wal").exists())
    };
    let mut pool = sqlite_pool().connect_with(options.clone()).await;
    // Who makes the file keeps the others from it for a moment, whatever their patience.
    for _ in 0..MAX_OPEN_ATTEMPTS {
        match &pool {
            Err(sqlx::Error::Database(error)) if error.message().contains("locked") => {}
            _ => break,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        pool = sqlite_pool().connect_with(options.clone()).await;
    }
    let reading = pool.map_err(|reason| Error::Open { place: path.display().to_string(), reason })?;
    let writing = sqlite_pool().max_connections(1).acquire_timeout(WRITE_LOCK_TIMEOUT).connect_lazy_with(options);
    Ok((reading, writing))
}

/// Whether a SQLite file can be written. One that is not there is made, for its owner alone, whatever
/// the umask: it holds addresses, and the key that tokens are made with.
fn is_writable(path: &Path) -> Result<bool> {
    let make = |source| Error::Make { path: path.to_owned(), source };
    // Not opened to find out: closing it again would give up the locks that this program has on it.
    match accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS) {
        Ok(()) => return Ok(true),
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) if path.exists() => return Ok(false),
        // Whatever else is wrong comes up when it is made.
        Err(_) => {}
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(0o600)).map_err(make)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(make(error)),
    }
    Ok(true)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// What to do about a file that cannot be made.
pub(super) fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => ": make its folder first",
        ErrorKind::PermissionDenied => ": run as the owner of its folder, or let who runs this write there",
        ErrorKind::ReadOnlyFilesystem => ": name a place in store.url that can be written",
        _ => "",
    }
}

/// Connections to a Postgres database, and whether a pooler gives them out by transaction.
pub(super) async fn postgres(url: &str, schema: Option<&str>, connections: Connections) -> Result<(PgPool, bool)> {
    let options: PgConnectOptions = url.parse().map_err(|reason| Error::Open { place: "postgres".into(), reason })?;
    let place = match options.get_socket() {
        Some(socket) => format!("postgres at {}", socket.display()),
        None => format!("postgres at {}:{}", options.get_host(), options.get_port()),
    };
    let options = options.log_slow_statements(LevelFilter::Debug, Duration::from_secs(1));
    let opened = if connections.pooler {
        by_transaction(&options, schema).await.map(|pool| (pool, true))
    } else {
        match direct(&options, schema, connections.most).await {
            // No server says that, only a pooler before it.
            Err(sqlx::Error::Database(error)) if error.message().contains("unsupported startup parameter") => {
                by_transaction(&options, schema).await.map(|pool| (pool, true))
            }
            opened => opened.map(|pool| (pool, false)),
        }
    };
    match opened {
        Ok(pool) => Ok(pool),
        Err(sqlx::Error::PoolTimedOut) => Err(Error::Open { place, reason: diagnosis(&options).await }),
        Err(reason) => Err(Error::Open { place, reason }),
    }
}

/// Connections to the server itself.
async fn direct(options: &PgConnectOptions, schema: Option<&str>, most: u32) -> sqlx::Result<PgPool> {
    // Who falls asleep in the middle of a commit must not hold the others up for ever.
    let options = options.clone().options([("idle_in_transaction_session_timeout", "60s")]);
    let options = options.options(schema.map(|schema| ("search_path", schema)));
    let most = if most > 1 { available(&options, most).await? } else { most };
    connect(PgPoolOptions::new().max_connections(most), options).await
}

/// A connection to a pooler that may give us another server for each transaction. So everything is done
/// in transactions, also what is one statement, because it is prepared in one step and executed in the
/// next; and what others of us left prepared on that server is thrown away. There is one connection: what
/// is asked next waits until the transaction before it is committed, which is when it is given back.
async fn by_transaction(options: &PgConnectOptions, schema: Option<&str>) -> sqlx::Result<PgPool> {
    // A schema's name is a slug: it needs no escaping but quotes.
    let path = schema.map(|schema| format!("; SET LOCAL search_path TO \"{schema}\"")).unwrap_or_default();
    let begin = format!("BEGIN; DEALLOCATE ALL{path}");
    let (first, next) = (begin.clone(), begin);
    let options = options.clone().extra_float_digits(None).statement_cache_capacity(0);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_connect(move |line, _| {
            let begin = AssertSqlSafe(first.clone());
            Box::pin(async move { line.execute(begin).await.map(|_| ()) })
        })
        .before_acquire(move |line, _| {
            let begin = AssertSqlSafe(next.clone());
            Box::pin(async move { line.execute(begin).await.map(|_| true) })
        })
        .after_release(|line, _| Box::pin(async move { line.execute("COMMIT").await.map(|_| true) }));
    connect(pool, options).await
}

async fn connect(pool: PgPoolOptions, options: PgConnectOptions) -> sqlx::Result<PgPool> {
    let opening = pool.acquire_timeout(ACQUIRE_TIMEOUT).connect_with(options);
    tokio::time::timeout(OPEN_TIMEOUT, opening).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// How many connections the server gives, up to so many. Where there are not enough, half of them are
/// left to others: a connection that is not given is waited for, though another of ours be free.
async fn available(options: &PgConnectOptions, most: u32) -> sqlx::Result<u32> {
    let mut held = Vec::new();
    while u32::try_from(held.len()).is_ok_and(|held| held < most) {
        match tokio::time::timeout(DIAGNOSIS_TIMEOUT, PgConnection::connect_with(options)).await {
            Ok(Ok(line)) => held.push(line),
            Ok(Err(error)) if held.is_empty() && !is_passing(&error) => return Err(error),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    let count = u32::try_from(held.len()).unwrap_or(most);
    for line in held {
        let _ = line.close().await;
    }
    Ok(if count < most { (count / 2).max(1) } else { most })
}

/// Whether a connection may be had a little later: the server starts, or has too many.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("53300" | "57P03")),
        _ => false,
    }
}

/// Why no connection came: what the pool had from the server, and keeps to itself.
async fn diagnosis(options: &PgConnectOptions) -> sqlx::Error {
    match tokio::time::timeout(DIAGNOSIS_TIMEOUT, PgConnection::connect_with(options)).await {
        Ok(Err(error)) => error,
        Ok(Ok(_)) | Err(_) => sqlx::Error::PoolTimedOut,
    }
}

/// An error of the database in words for who runs the program: no statement, no name of a type.
pub(super) fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("53300") => format!("too many connections: {}", error.message()),
            _ => error.message().to_owned(),
        },
        sqlx::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        sqlx::Error::Io(error) => format!("the connection broke off: {error}"),
        sqlx::Error::Protocol(_) => "the server's answer broke off, or it is no Postgres".to_owned(),
        sqlx::Error::PoolTimedOut => "no answer, or no connection came free, in time".to_owned(),
        sqlx::Error::ColumnDecode { index, .. } => format!("a value of {index} cannot be read"),
        sqlx::Error::RowNotFound => "a row that must be there is missing".to_owned(),
        error => error.to_string(),
    }
}

/// Why the tables could not be made or brought up to date.
pub(super) fn migration_words(error: &sqlx::migrate::MigrateError) -> String {
    use sqlx::migrate::MigrateError::{Execute, ExecuteMigration, VersionMismatch, VersionMissing};
    match error {
        VersionMissing(_) => "they were made by a newer gazetier: run that one".to_owned(),
        VersionMismatch(number) => format!("step {number} was made by another gazetier: run that one"),
        Execute(error) => words(error),
        ExecuteMigration(error, number) => format!("step {number}: {}", words(error)),
        error => error.to_string(),
    }
}

/// Whether nothing can be written where the database lies: it is full, or read-only.
pub(super) fn is_unwritable(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    match error.code().as_deref() {
        // Postgres: the disk is full, a server that only repeats another one.
        Some("53100" | "25006") => true,
        Some(code) if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() => {
            // Of SQLite's codes, the last byte is the kind: read-only, full, no leave; an error of
            // writing, growing, cutting or bringing to the disk.
            const WRITE_ERROR_CODES: [u32; 6] = [778, 1034, 1290, 1546, 4618, 4874];
            code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 3 | 8 | 13) || WRITE_ERROR_CODES.contains(&code))
        }
        _ => false,
    }
}

/// Whether the connection is lost, and another one may be had: the server was restarted, or ended it.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        // What sqlx makes of an end where it expects an answer is the second.
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            // Ended by an administrator, a restart or a timeout, or by a pooler.
            error.code().is_some_and(|code| code.starts_with("57P0") || code.starts_with("08") || code == "25P03")
        }
        _ => false,
    }
}

/// Whether it was lost while it was made. A server that is not there, or has no connection free, has been
/// waited for already.
pub(super) fn is_lost_at_first(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
        ),
        sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}
