//! Rows of any table, read and written as they are. There are three types of values in a store: numbers, texts and bytes.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Postgres, Row, Sqlite, Transaction};

use super::{MOVED, TableSum};
use crate::store::{Backend, Error, Result};

/// So many values are written with one statement.
const MAX_VALUES: usize = 900;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Bytes,
}

impl Kind {
    fn named(name: &str) -> Result<Self> {
        match name {
            "BIGINT" | "INTEGER" => Ok(Self::Number),
            "TEXT" => Ok(Self::Text),
            "BLOB" | "BYTEA" => Ok(Self::Bytes),
            other => Err(Error::Copy(format!("a column has the type {other}, which no store has"))),
        }
    }
}

#[derive(Debug, Clone)]
enum Cell {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    /// Its bytes, so that no two rows have the same.
    fn feed(&self, hasher: &mut Sha256) {
        let (tag, bytes): (u8, Option<Vec<u8>>) = match self {
            Self::Number(number) => (1, number.map(|number| number.to_le_bytes().to_vec())),
            Self::Text(text) => (2, text.as_ref().map(|text| text.as_bytes().to_vec())),
            Self::Bytes(bytes) => (3, bytes.clone()),
        };
        match bytes {
            None => hasher.update([tag, 0]),
            Some(bytes) => {
                hasher.update([tag, 1]);
                hasher.update((bytes.len() as u64).to_le_bytes());
                hasher.update(&bytes);
            }
        }
    }
}

fn hash(row: &[Cell]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    row.iter().for_each(|cell| cell.feed(&mut hasher));
    hasher.finalize().into()
}

/// The tables of a store, with their columns.
#[derive(Debug, Clone)]
pub(super) struct Catalog {
    tables: BTreeMap<String, BTreeMap<String, Kind>>,
    pub(super) order: Vec<String>,
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        self.tables == other.tables
    }
}

impl Catalog {
    fn new(columns: Vec<(String, String, String)>, references: &[(String, String)]) -> Result<Self> {
        let mut tables: BTreeMap<String, BTreeMap<String, Kind>> = BTreeMap::new();
        for (table, column, kind) in columns {
            tables.entry(table).or_default().insert(column, Kind::named(&kind)?);
        }
        let mut order: Vec<String> = Vec::new();
        while order.len() < tables.len() {
            let is_ready = |table: &&String| {
                !order.contains(table)
                    && references.iter().all(|(from, to)| from != *table || to == from || order.contains(to))
            };
            match tables.keys().find(is_ready) {
                Some(table) => order.push(table.clone()),
                None => return Err(Error::Copy("tables refer to each other in a circle".into())),
            }
        }
        Ok(Self { tables, order })
    }

    fn columns(&self, table: &str) -> Vec<(&str, Kind)> {
        let columns = self.tables.get(table).into_iter().flatten();
        columns.map(|(name, kind)| (name.as_str(), *kind)).collect()
    }

    fn select(&self, table: &str) -> String {
        let names: Vec<String> = self.columns(table).iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("SELECT {} FROM \"{table}\"", names.join(", "))
    }
}

/// A transaction on either backend.
enum Line {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Expands for each backend: `$line` is its connection.
macro_rules! on {
    ($own:expr, |$line:ident| $run:expr) => {
        match $own {
            Line::Sqlite(tx) => {
                let $line = &mut **tx;
                $run
            }
            Line::Postgres(tx) => {
                let $line = &mut **tx;
                $run
            }
        }
    };
}

/// The values of a row, in the order of its columns.
macro_rules! cells {
    ($row:expr, $columns:expr) => {{
        let mut cells = Vec::with_capacity($columns.len());
        for (place, (_, kind)) in $columns.iter().enumerate() {
            cells.push(match kind {
                Kind::Number => Cell::Number($row.try_get(place)?),
                Kind::Text => Cell::Text($row.try_get(place)?),
                Kind::Bytes => Cell::Bytes($row.try_get(place)?),
            });
        }
        cells
    }};
}

const SQLITE_COLUMNS: &str = "SELECT m.name, p.name, upper(p.type) FROM sqlite_master m JOIN pragma_table_info(m.name) p \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND m.name NOT LIKE '~_sqlx%' ESCAPE '~'";
const SQLITE_REFERENCES: &str = "SELECT m.name, f.\"table\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
    WHERE m.type = 'table'";
const SQLITE_NUMBERS: &str = "SELECT name, CAST(seq AS INTEGER) FROM sqlite_sequence";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, upper(data_type::text) \
    FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '~_sqlx%' ESCAPE '~'";
const POSTGRES_REFERENCES: &str = "SELECT a.relname::text, b.relname::text FROM pg_constraint c \
    JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid \
    WHERE c.contype = 'f' AND a.relnamespace = current_schema()::regnamespace";
const POSTGRES_NUMBERS: &str = "SELECT t.relname::text, COALESCE(pg_sequence_last_value(s.oid::regclass), 0)::bigint \
    FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('i', 'a') AND d.refobjsubid > 0 \
    JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S' AND t.relnamespace = current_schema()::regnamespace";

const SQLITE_COUNTED: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'";
const POSTGRES_COUNTED: &str = "SELECT t.relname::text, a.attname::text FROM pg_class s \
    JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('i', 'a') AND d.refobjsubid > 0 \
    JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid \
    WHERE s.relkind = 'S' AND t.relnamespace = current_schema()::regnamespace";

impl Line {
    async fn catalog(&mut self) -> Result<Catalog> {
        let (columns, references) = match self {
            Self::Sqlite(tx) => (
                sqlx::query_as(SQLITE_COLUMNS).fetch_all(&mut **tx).await?,
                sqlx::query_as(SQLITE_REFERENCES).fetch_all(&mut **tx).await?,
            ),
            Self::Postgres(tx) => (
                sqlx::query_as(POSTGRES_COLUMNS).fetch_all(&mut **tx).await?,
                sqlx::query_as(POSTGRES_REFERENCES).fetch_all(&mut **tx).await?,
            ),
        };
        Catalog::new(columns, &references)
    }

    async fn count(&mut self, table: &str, condition: &str) -> Result<i64> {
        let statement = format!("SELECT COUNT(*) FROM \"{table}\" WHERE {condition}");
        let (count,): (i64,) = on!(self, |line| sqlx::query_as(AssertSqlSafe(statement)).fetch_one(line).await?);
        Ok(count)
    }

    async fn sum(&mut self, catalog: &Catalog, table: &str, condition: &str) -> Result<TableSum> {
        let columns = catalog.columns(table);
        let statement = format!("{}{condition}", catalog.select(table));
        let mut sum = TableSum::default();
        on!(self, |line| {
            let mut rows = sqlx::query(AssertSqlSafe(statement)).fetch(line);
            while let Some(row) = rows.try_next().await? {
                sum.add(hash(&cells!(row, columns)));
            }
        });
        Ok(sum)
    }

    async fn execute(&mut self, statement: String) -> Result<()> {
        on!(self, |line| sqlx::query(AssertSqlSafe(statement)).execute(line).await.map(drop)?);
        Ok(())
    }
}

/// Reads a store as it is at one instant.
pub(super) struct Reader(Line);

impl Reader {
    pub(super) async fn begin(pool: &Backend) -> Result<Self> {
        Ok(Self(match pool {
            Backend::Sqlite { reading, .. } => Line::Sqlite(reading.begin().await?),
            Backend::Postgres(pool) => {
                Line::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        }))
    }

    pub(super) async fn catalog(&mut self) -> Result<Catalog> {
        self.0.catalog().await
    }

    pub(super) async fn count(&mut self, table: &str, condition: &str) -> Result<i64> {
        self.0.count(table, condition).await
    }

    pub(super) async fn sum(&mut self, catalog: &Catalog, table: &str) -> Result<TableSum> {
        self.0.sum(catalog, table, "").await
    }

    /// The same of the secrets, without the mark.
    pub(super) async fn sum_of_secrets(&mut self, catalog: &Catalog) -> Result<TableSum> {
        self.0.sum(catalog, "secrets", &format!(" WHERE name <> '{MOVED}'")).await
    }

    /// The number that each table's counter stands at.
    pub(super) async fn numbers(&mut self) -> Result<Vec<(String, i64)>> {
        Ok(match &mut self.0 {
            Line::Sqlite(tx) => sqlx::query_as(SQLITE_NUMBERS).fetch_all(&mut **tx).await?,
            Line::Postgres(tx) => sqlx::query_as(POSTGRES_NUMBERS).fetch_all(&mut **tx).await?,
        })
    }

    /// Writes all rows of a table into another store.
    pub(super) async fn copy(&mut self, catalog: &Catalog, table: &str, writer: &mut Writer) -> Result<TableSum> {
        let columns = catalog.columns(table);
        let at_once = (MAX_VALUES / columns.len().max(1)).max(1);
        let mut sum = TableSum::default();
        let mut waiting: Vec<Vec<Cell>> = Vec::new();
        on!(&mut self.0, |line| {
            let mut rows = sqlx::query(AssertSqlSafe(catalog.select(table))).fetch(line);
            while let Some(row) = rows.try_next().await? {
                let row = cells!(row, columns);
                sum.add(hash(&row));
                waiting.push(row);
                if waiting.len() == at_once {
                    writer.insert(table, &columns, std::mem::take(&mut waiting)).await?;
                }
            }
        });
        writer.insert(table, &columns, waiting).await?;
        Ok(sum)
    }
}

/// Writes a store, all at once.
pub(super) struct Writer(Line);

impl Writer {
    pub(super) async fn begin(pool: &Backend) -> Result<Self> {
        Ok(Self(match pool {
            Backend::Sqlite { writing, .. } => Line::Sqlite(writing.begin_with("BEGIN IMMEDIATE").await?),
            Backend::Postgres(pool) => Line::Postgres(pool.begin().await?),
        }))
    }

    pub(super) async fn catalog(&mut self) -> Result<Catalog> {
        self.0.catalog().await
    }

    pub(super) async fn count(&mut self, table: &str) -> Result<i64> {
        self.0.count(table, "1 = 1").await
    }

    pub(super) async fn sum(&mut self, catalog: &Catalog, table: &str) -> Result<TableSum> {
        self.0.sum(catalog, table, "").await
    }

    pub(super) async fn clear(&mut self, table: &str) -> Result<()> {
        self.0.execute(format!("DELETE FROM \"{table}\"")).await
    }

    async fn insert(&mut self, table: &str, columns: &[(&str, Kind)], rows: Vec<Vec<Cell>>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let mut place = 0;
        let mut values = Vec::with_capacity(rows.len());
        for _ in &rows {
            let marks: Vec<String> = columns
                .iter()
                .map(|_| {
                    place += 1;
                    format!("${place}")
                })
                .collect();
            values.push(format!("({})", marks.join(", ")));
        }
        let statement = format!("INSERT INTO \"{table}\" ({}) VALUES {}", names.join(", "), values.join(", "));
        on!(&mut self.0, |line| {
            let mut query = sqlx::query(AssertSqlSafe(statement));
            for cell in rows.into_iter().flatten() {
                query = match cell {
                    Cell::Number(number) => query.bind(number),
                    Cell::Text(text) => query.bind(text),
                    Cell::Bytes(bytes) => query.bind(bytes),
                };
            }
            query.execute(line).await?;
        });
        Ok(())
    }

    /// Has counters go on where those of the other store stand: no number is given a second time.
    pub(super) async fn count_on(&mut self, numbers: &[(String, i64)]) -> Result<()> {
        match &mut self.0 {
            Line::Sqlite(tx) => {
                let counted: Vec<(String,)> = sqlx::query_as(SQLITE_COUNTED).fetch_all(&mut **tx).await?;
                for (table, number) in numbers.iter().filter(|(table, _)| counted.iter().any(|(name,)| name == table)) {
                    sqlx::query("DELETE FROM sqlite_sequence WHERE name = $1").bind(table).execute(&mut **tx).await?;
                    let put = "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)";
                    sqlx::query(put).bind(table).bind(number).execute(&mut **tx).await?;
                }
            }
            Line::Postgres(tx) => {
                let counted: Vec<(String, String)> = sqlx::query_as(POSTGRES_COUNTED).fetch_all(&mut **tx).await?;
                for (table, column) in counted {
                    let number = numbers.iter().find(|(name, _)| *name == table).map_or(0, |(_, number)| *number);
                    let statement = format!(
                        "SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), \
                         GREATEST(highest, $1, 1), GREATEST(highest, $1) > 0) \
                         FROM (SELECT COALESCE(MAX(\"{column}\"), 0) AS highest FROM \"{table}\") AS found"
                    );
                    sqlx::query(AssertSqlSafe(statement)).bind(number).execute(&mut **tx).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes the mark out that the other store has.
    pub(super) async fn forget_mark(&mut self) -> Result<()> {
        self.0.execute(format!("DELETE FROM secrets WHERE name = '{MOVED}'")).await
    }

    pub(super) async fn mark(&mut self, words: &str) -> Result<()> {
        let statement = "INSERT INTO secrets (name, value) VALUES ('moved', $1)";
        let words = words.as_bytes().to_vec();
        on!(&mut self.0, |line| sqlx::query(statement).bind(words).execute(line).await.map(drop)?);
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<()> {
        match self.0 {
            Line::Sqlite(tx) => tx.commit().await?,
            Line::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
