//! One statement with its parameters, for whichever backend the store is on, and how its rows are read. What is
//! written over these types is written once for SQLite and Postgres.

use sqlx::{
    Database, Decode, Encode, Pool, Postgres, Row, Sqlite, Type,
    postgres::{PgArguments, PgRow},
    query::Query as SqlxQuery,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{Result, sql::ByDialect};

/// Where a statement runs: on a connection of its own out of a pool, or inside what a connection is at.
pub(super) enum RunOn<'c, D: Database> {
    Pool(&'c Pool<D>),
    Connection(&'c mut D::Connection),
}

/// A statement that is to be run. Parameters are bound in the order of their numbers.
#[must_use]
pub(super) enum Query<'c> {
    Sqlite(SqlxQuery<'static, Sqlite, SqliteArguments>, RunOn<'c, Sqlite>),
    Postgres(SqlxQuery<'static, Postgres, PgArguments>, RunOn<'c, Postgres>),
}

/// Expands one expression for each kind of query: inside, `$executor` is what runs it.
macro_rules! run {
    ($query:expr, |$own:ident, $executor:ident| $run:expr) => {
        match $query {
            Query::Sqlite($own, RunOn::Pool($executor)) => $run,
            Query::Sqlite($own, RunOn::Connection($executor)) => $run,
            Query::Postgres($own, RunOn::Pool($executor)) => $run,
            Query::Postgres($own, RunOn::Connection($executor)) => $run,
        }
    };
}

impl<'c> Query<'c> {
    /// A statement for SQLite.
    pub(super) fn sqlite(statement: impl Into<ByDialect>, place: RunOn<'c, Sqlite>) -> Self {
        Self::Sqlite(sqlx::query(statement.into().sqlite), place)
    }

    /// A statement for Postgres.
    pub(super) fn postgres(statement: impl Into<ByDialect>, place: RunOn<'c, Postgres>) -> Self {
        Self::Postgres(sqlx::query(statement.into().postgres), place)
    }

    /// Gives the next parameter its value.
    pub(super) fn bind<'v>(self, value: impl BindValue<'v>) -> Self {
        match self {
            Self::Sqlite(query, place) => Self::Sqlite(query.bind(value), place),
            Self::Postgres(query, place) => Self::Postgres(query.bind(value), place),
        }
    }

    /// Runs it; says how many rows it changed.
    pub(super) async fn execute(self) -> Result<u64> {
        Ok(run!(self, |query, executor| query.execute(executor).await?.rows_affected()))
    }

    /// Runs it, and reads the one row that must come.
    pub(super) async fn fetch_one<T: FromRow>(self) -> Result<T> {
        Ok(run!(self, |query, executor| query.try_map(|row| T::from_row(&row)).fetch_one(executor).await?))
    }

    /// Runs it, and reads the first row, if one comes.
    pub(super) async fn fetch_optional<T: FromRow>(self) -> Result<Option<T>> {
        Ok(run!(self, |query, executor| query.try_map(|row| T::from_row(&row)).fetch_optional(executor).await?))
    }

    /// Runs it, and reads all rows.
    pub(super) async fn fetch_all<T: FromRow>(self) -> Result<Vec<T>> {
        Ok(run!(self, |query, executor| query.try_map(|row| T::from_row(&row)).fetch_all(executor).await?))
    }

    /// The same in the order of a key: a statement that changes rows returns them in any order.
    pub(super) async fn fetch_sorted<T: FromRow>(self, key: fn(&T) -> i64) -> Result<Vec<T>> {
        let mut rows = self.fetch_all().await?;
        rows.sort_by_key(key);
        Ok(rows)
    }
}

/// What both backends take as a parameter.
pub(super) trait BindValue<'v>:
    Encode<'v, Sqlite> + Type<Sqlite> + Encode<'v, Postgres> + Type<Postgres>
{
}

impl<'v, T: Encode<'v, Sqlite> + Type<Sqlite> + Encode<'v, Postgres> + Type<Postgres>> BindValue<'v> for T {}

/// What both backends give as a value.
pub(super) trait ReadValue:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>> ReadValue for T {}

/// A row of either backend.
pub(super) trait AnyRow {
    /// The value of a column by its name.
    fn named<T: ReadValue>(&self, name: &str) -> sqlx::Result<T>;
    /// The value at a place.
    fn at<T: ReadValue>(&self, place: usize) -> sqlx::Result<T>;
    /// The bytes of the text at a place, which are not copied.
    fn text(&self, place: usize) -> sqlx::Result<Option<&[u8]>>;
}

impl AnyRow for SqliteRow {
    fn named<T: ReadValue>(&self, name: &str) -> sqlx::Result<T> {
        self.try_get(name)
    }

    fn at<T: ReadValue>(&self, place: usize) -> sqlx::Result<T> {
        self.try_get(place)
    }

    fn text(&self, place: usize) -> sqlx::Result<Option<&[u8]>> {
        self.try_get_unchecked(place)
    }
}

impl AnyRow for PgRow {
    fn named<T: ReadValue>(&self, name: &str) -> sqlx::Result<T> {
        self.try_get(name)
    }

    fn at<T: ReadValue>(&self, place: usize) -> sqlx::Result<T> {
        self.try_get(place)
    }

    fn text(&self, place: usize) -> sqlx::Result<Option<&[u8]>> {
        self.try_get_unchecked(place)
    }
}

/// What is read from a row: a struct with a field for each column, see `from_row`, a pair, or a single value.
pub(super) trait FromRow: Sized + Send + Unpin {
    fn from_row(row: &impl AnyRow) -> sqlx::Result<Self>;
}

impl<A: ReadValue + Send + Unpin, B: ReadValue + Send + Unpin> FromRow for (A, B) {
    fn from_row(row: &impl AnyRow) -> sqlx::Result<Self> {
        Ok((row.at(0)?, row.at(1)?))
    }
}

/// Says how a struct is read: each field from the column of its name; or, after `in order`, from the columns as they
/// come, which spares the search for a name where there are many rows.
macro_rules! from_row {
    ($row:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::store::query::FromRow for $row {
            fn from_row(row: &impl $crate::store::query::AnyRow) -> sqlx::Result<Self> {
                Ok(Self { $($field: row.named(stringify!($field))?),+ })
            }
        }
    };
    (in order $row:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::store::query::FromRow for $row {
            fn from_row(row: &impl $crate::store::query::AnyRow) -> sqlx::Result<Self> {
                let mut places = 0..;
                let mut next = || places.next().unwrap_or_default();
                Ok(Self { $($field: row.at(next())?),+ })
            }
        }
    };
    (value $($value:ty),+ $(,)?) => {
        $(impl $crate::store::query::FromRow for $value {
            fn from_row(row: &impl $crate::store::query::AnyRow) -> sqlx::Result<Self> {
                row.at(0)
            }
        })+
    };
}
pub(super) use from_row;

from_row!(value i64, Option<i64>, String, Option<String>, Vec<u8>);
