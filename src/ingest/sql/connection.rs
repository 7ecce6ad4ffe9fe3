//! A connection to another program's database. All of a sync is one transaction that cannot write, so that the list of
//! columns and their texts are of one moment. Values come as the server writes them, whatever their type.

use std::{future::Future, path::Path, time::Duration};

use futures_util::{Stream, TryStreamExt};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection as _, Decode, Executor, MySql, MySqlConnection, PgConnection,
    Row, SqlSafeStr, Sqlite, SqliteConnection, Statement, TypeInfo, ValueRef,
    mysql::{MySqlConnectOptions, MySqlRow},
    postgres::{PgConnectOptions, PgRow},
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::statement::{ColumnKind, Dialect, SqlColumn};
use crate::{config::SqlDatabase, ingest::Error};

/// How long a server is waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a row is waited for: a query of an export may sort a while before its first one.
const ROW_TIMEOUT: Duration = Duration::from_secs(60);

/// In characters: more of a server's words helps nobody.
const MAX_WORDS_CHARS: usize = 400;

/// A row's values, as the server writes them.
pub(super) type SqlRow = Vec<Option<Vec<u8>>>;

/// Takes rows as they come.
pub(super) type RowSink<'s> = dyn FnMut(SqlRow) -> Result<(), Error> + Send + 's;

/// Why a database gave no rows.
pub(super) enum SqlError {
    Sqlx(sqlx::Error),
    Silent(Duration),
    /// Who took the rows failed.
    Taker(Error),
}

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlx(error)
    }
}

impl SqlError {
    /// In words for who runs the program: no statement, no login.
    pub(super) fn into_error(self, wrong: impl FnOnce(String) -> Error) -> Error {
        match self {
            Self::Taker(error) => error,
            Self::Silent(time) => wrong(format!("no answer within {} seconds: nothing is changed", time.as_secs())),
            Self::Sqlx(error) => wrong(format!("{}: nothing is changed", words(&error))),
        }
    }
}

/// An error in one line.
fn words(error: &sqlx::Error) -> String {
    let words = match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => "connection refused".into(),
        sqlx::Error::Io(error) => format!("the connection broke off: {error}"),
        sqlx::Error::Protocol(_) => "the server's answer broke off, or it is another database".to_owned(),
        error if error.to_string().contains("RSA") => {
            "the server wants the password in a way that is safe with TLS alone: write ?ssl-mode=REQUIRED behind the \
             address, or give the user mysql_native_password"
                .to_owned()
        }
        error => error.to_string(),
    };
    words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS_CHARS).collect()
}

/// An open database, in a transaction that cannot write.
pub(super) enum Connection {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
    Sqlite(SqliteConnection),
}

impl Connection {
    pub(super) async fn open(database: &SqlDatabase) -> Result<Self, SqlError> {
        within(CONNECT_TIMEOUT, async {
            Ok(match database {
                SqlDatabase::Sqlite(file) => Self::Sqlite(sqlite(file).await?),
                SqlDatabase::Postgres(url) => Self::Postgres(postgres(url.expose()).await?),
                SqlDatabase::Mysql(url) => Self::Mysql(mysql(url.expose()).await?),
            })
        })
        .await
    }

    /// How it wants its statements.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Mysql(_) => Dialect::Mysql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// What a statement would give. More than one statement is refused by the server.
    pub(super) async fn columns(&mut self, statement: String) -> Result<Vec<SqlColumn>, SqlError> {
        let statement = AssertSqlSafe(statement).into_sql_str();
        within(ROW_TIMEOUT, async {
            Ok(match self {
                Self::Postgres(line) => columns(line.prepare(statement).await?.columns()),
                Self::Mysql(line) => columns(line.prepare(statement).await?.columns()),
                Self::Sqlite(line) => columns(line.prepare(statement).await?.columns()),
            })
        })
        .await
    }

    /// Gives each row of a statement to the sink, as it comes.
    pub(super) async fn each_row(&mut self, statement: String, take: &mut RowSink<'_>) -> Result<(), SqlError> {
        let rows = sqlx::raw_sql(AssertSqlSafe(statement));
        match self {
            Self::Postgres(line) => drain(rows.fetch(line), postgres_values, take).await,
            Self::Mysql(line) => drain(rows.fetch(line), mysql_values, take).await,
            Self::Sqlite(line) => drain(rows.fetch(line), sqlite_values, take).await,
        }
    }

    /// Ends it. Nothing was written: nothing is lost if that fails.
    pub(super) async fn close(self) {
        let _ = match self {
            Self::Postgres(line) => line.close().await,
            Self::Mysql(line) => line.close().await,
            Self::Sqlite(line) => line.close().await,
        };
    }
}

async fn postgres(url: &str) -> sqlx::Result<PgConnection> {
    // A pooler takes no other parameter at the start.
    let options: PgConnectOptions = url.parse()?;
    let mut line = options.extra_float_digits(None).statement_cache_capacity(0).connect().await?;
    line.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    line.execute("SET LOCAL TimeZone TO 'UTC'").await?;
    line.execute("SET LOCAL DateStyle TO 'ISO'").await?;
    Ok(line)
}

async fn mysql(url: &str) -> sqlx::Result<MySqlConnection> {
    // What its statements mean, the server's own settings say.
    let options: MySqlConnectOptions = url.parse()?;
    let options = options.pipes_as_concat(false).no_engine_substitution(false).statement_cache_capacity(0);
    let mut line = options.connect().await?;
    // The usual 1,024 characters would cut a list of names.
    line.execute("SET SESSION group_concat_max_len = 1048576").await?;
    line.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    line.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
    Ok(line)
}

async fn sqlite(file: &Path) -> sqlx::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(Duration::from_secs(10));
    let mut line = options.connect().await?;
    line.execute("PRAGMA query_only = ON").await?;
    line.execute("BEGIN").await?;
    Ok(line)
}

/// Waits no longer than this.
async fn within<T>(time: Duration, work: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
    tokio::time::timeout(time, work).await.unwrap_or(Err(SqlError::Silent(time)))
}

async fn drain<R>(
    mut rows: impl Stream<Item = sqlx::Result<R>> + Unpin,
    values: fn(&R) -> sqlx::Result<SqlRow>,
    take: &mut RowSink<'_>,
) -> Result<(), SqlError> {
    while let Some(row) = within(ROW_TIMEOUT, async { Ok(rows.try_next().await?) }).await? {
        take(values(&row)?).map_err(SqlError::Taker)?;
    }
    Ok(())
}

fn columns<C: Column>(columns: &[C]) -> Vec<SqlColumn> {
    let column = |column: &C| {
        let name = column.type_info().name().to_ascii_uppercase();
        let kind = match name.as_str() {
            "BOOL" => ColumnKind::Bool,
            // Postgres writes its offset, MySQL does not.
            "TIMESTAMP" if std::any::type_name::<C::Database>() == std::any::type_name::<MySql>() => {
                ColumnKind::UtcTime
            }
            name if name.ends_with("[]") => ColumnKind::Array,
            _ => ColumnKind::Text,
        };
        SqlColumn { name: column.name().to_owned(), kind }
    };
    columns.iter().map(column).collect()
}

fn decode_error(error: sqlx::error::BoxDynError) -> sqlx::Error {
    sqlx::Error::Decode(error)
}

fn postgres_values(row: &PgRow) -> sqlx::Result<SqlRow> {
    let value = |index| {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            return Ok(None);
        }
        Ok(Some(value.as_bytes().map_err(decode_error)?.to_vec()))
    };
    (0..row.len()).map(value).collect()
}

fn mysql_values(row: &MySqlRow) -> sqlx::Result<SqlRow> {
    let value = |index| {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            return Ok(None);
        }
        Ok(Some(<&[u8] as Decode<MySql>>::decode(value).map_err(decode_error)?.to_vec()))
    };
    (0..row.len()).map(value).collect()
}

fn sqlite_values(row: &SqliteRow) -> sqlx::Result<SqlRow> {
    let value = |index| {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            return Ok(None);
        }
        // A number is a text as SQLite writes it.
        Ok(Some(<Vec<u8> as Decode<Sqlite>>::decode(value).map_err(decode_error)?))
    };
    (0..row.len()).map(value).collect()
}
