//! Columns from the database of another program. It is asked for a short list first: ids, and when each row was changed;
//! whole rows are fetched of what has changed since. Where a query does not tell that, all rows are compared.

mod connection;
mod fields;
mod statement;

use std::collections::{HashMap, HashSet};

use super::{
    Error, SourceLocation,
    folder::FolderContents,
    records::{ListedRecord, RecordNames, WHOLE_FILE, WaitingRecords},
    source::KnownDocuments,
    wrong,
};
use crate::{
    config::{Source, SqlSource},
    model::column::fingerprint,
};

use connection::{Connection, SqlError, SqlRow};
use fields::FieldPlan;

/// So many rows are asked for by their ids at once.
const IDS_AT_ONCE: usize = 200;

/// Of more than so many and a quarter of all, the whole query is read instead.
const MANY_IDS: usize = 2_000;

/// What the databases of a sync gave, by the sources' names.
pub(super) type SqlContents = HashMap<String, Result<FolderContents, Error>>;

/// Asks the sources that are databases.
pub(super) async fn read_all(sources: &[(&Source, KnownDocuments<'_>)]) -> SqlContents {
    let mut contents = SqlContents::new();
    for (source, known) in sources {
        if let Some(sql) = &source.sql {
            contents.insert(source.name.clone(), documents(source, sql, known).await);
        }
    }
    contents
}

/// The columns of a database.
async fn documents(source: &Source, sql: &SqlSource, known: &KnownDocuments<'_>) -> Result<FolderContents, Error> {
    let wrong = |what: String| {
        let place = SourceLocation { file: source.path.display().to_string(), line: None };
        wrong(&place, what)
    };
    let failed = |error: SqlError| error.into_error(wrong);
    let mut connection = Connection::open(&sql.database).await.map_err(failed)?;
    let statement = connection.dialect().everything(&sql.query);
    let columns = connection.columns(statement).await.map_err(failed)?;
    let plan = FieldPlan::new(sql, &columns).map_err(|what| wrong(format!("{what}: nothing is changed")))?;
    let mut reading =
        SqlReading { sql, plan, known, waiting: WaitingRecords::default(), names: RecordNames::default() };
    let whole = reading.read(&mut connection).await.map_err(failed)?;
    connection.close().await;
    if reading.waiting.is_empty() {
        return Err(wrong("the query gives no row: nothing is changed".to_owned()));
    }
    let files = reading.waiting.into_files(&source.path, whole);
    Ok(FolderContents { files, ..FolderContents::default() })
}

/// A database that is being read.
struct SqlReading<'a> {
    sql: &'a SqlSource,
    plan: FieldPlan,
    known: &'a KnownDocuments<'a>,
    waiting: WaitingRecords,
    names: RecordNames,
}

/// A row of the short list.
struct StampedRow {
    name: String,
    has_id: bool,
    /// Changes when the row does.
    stamp: String,
    /// When it was changed, as the database writes it.
    updated: Option<Vec<u8>>,
}

impl SqlReading<'_> {
    /// Reads what has changed; gives the stamp of the whole.
    async fn read(&mut self, connection: &mut Connection) -> Result<String, SqlError> {
        let dialect = connection.dialect();
        let Some(stamp_fields) = self.plan.stamp() else {
            let statement = dialect.all(&self.sql.query, &self.plan.whole());
            let mut number = 0;
            let mut take = |row: SqlRow| {
                number += 1;
                let listed = self.names.told_apart(self.plan.record(row, number, self.sql));
                self.waiting.take(listed, "", |name, seen| self.known.is_settled(self.known.get(name), seen))
            };
            connection.each_row(statement, &mut take).await?;
            return Ok("rows".to_owned());
        };
        let mut rows = Vec::new();
        let statement = dialect.all(&self.sql.query, &stamp_fields);
        let mut list = |row: SqlRow| {
            rows.push(stamped(row, rows.len() + 1));
            Ok(())
        };
        connection.each_row(statement, &mut list).await?;
        let newest = rows.iter().filter_map(|row| row.updated.as_deref()).max().unwrap_or_default();
        let whole = format!("since {}", data_encoding::HEXLOWER.encode(newest));
        let changed = self.changed(rows)?;
        self.fetch(connection, changed).await?;
        Ok(whole)
    }

    /// Lists the rows that are as they were; gives the stamps of the others.
    fn changed(&mut self, rows: Vec<StampedRow>) -> Result<Changed, SqlError> {
        // In the instant of the last change that was seen, there may have been another one.
        let since = self.known.seen(WHOLE_FILE).and_then(|seen| seen.strip_prefix("since "));
        let since = since.and_then(|since| data_encoding::HEXLOWER.decode(since.as_bytes()).ok());
        let mut changed = Changed { stamps: HashMap::new(), total: rows.len() };
        for row in rows {
            let StampedRow { name, has_id, stamp, updated } = row;
            let told = self.names.told_apart(ListedRecord {
                name: name.clone(),
                line: None,
                record: Ok(Default::default()),
                warnings: Vec::new(),
            });
            if told.name != name || !has_id {
                self.waiting
                    .take(told, "", |name, seen| self.known.is_settled(self.known.get(name), seen))
                    .map_err(SqlError::Taker)?;
                continue;
            }
            // What has no date gets one when it is changed.
            let is_recent = updated.is_some() && updated >= since;
            let seen = self.known.seen(&name).filter(|seen| seen.starts_with(&stamp));
            let settled = seen.filter(|seen| !is_recent && self.known.is_settled(self.known.get(&name), seen));
            match settled {
                Some(seen) => self.waiting.keep(name, seen.to_owned()),
                None => drop(changed.stamps.insert(name, stamp)),
            }
        }
        Ok(changed)
    }

    /// Fetches the rows that have changed.
    async fn fetch(&mut self, connection: &mut Connection, mut changed: Changed) -> Result<(), SqlError> {
        let dialect = connection.dialect();
        let fields = self.plan.whole();
        let statements: Vec<String> = match self.plan.get("id") {
            Some(id) if !changed.are_many() => {
                let names: Vec<String> = changed.stamps.keys().cloned().collect();
                let pieces = names.chunks(IDS_AT_ONCE);
                pieces.map(|ids| dialect.some(&self.sql.query, &fields, id, ids)).collect()
            }
            _ => vec![dialect.all(&self.sql.query, &fields)],
        };
        let mut number = 0;
        let mut take = |row: SqlRow| {
            number += 1;
            let listed = self.plan.record(row, number, self.sql);
            // Ids that differ in their capitals alone are one to some servers.
            let Some(stamp) = changed.stamps.remove(&listed.name) else { return Ok(()) };
            self.waiting.take(listed, &stamp, |name, seen| self.known.is_settled(self.known.get(name), seen))
        };
        for statement in statements {
            connection.each_row(statement, &mut take).await?;
        }
        // A table without transactions may lose a row between the two: the next sync sees that.
        let lost: HashSet<String> = changed.stamps.into_keys().collect();
        for name in lost {
            if let Some(seen) = self.known.seen(&name) {
                let seen = seen.to_owned();
                self.waiting.keep(name, seen);
            }
        }
        Ok(())
    }
}

/// The rows that have changed.
struct Changed {
    /// Their stamps, by their names.
    stamps: HashMap<String, String>,
    /// How many rows there are.
    total: usize,
}

impl Changed {
    /// Whether it costs less to read all.
    fn are_many(&self) -> bool {
        self.stamps.len() > MANY_IDS && self.stamps.len() * 4 > self.total
    }
}

/// A row of the short list.
fn stamped(mut row: SqlRow, number: usize) -> StampedRow {
    let id = row.first().and_then(|id| id.as_deref()).filter(|id| !id.trim_ascii().is_empty());
    let (name, has_id) = (fields::name(id, number), id.is_some());
    let stamp = fingerprint(row.iter().map(|value| value.as_deref().unwrap_or_default()));
    let updated = if row.len() > 1 { row.swap_remove(1) } else { None };
    StampedRow { name, has_id, stamp: format!("{stamp} "), updated }
}
