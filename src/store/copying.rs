//! A whole store in another one: as a backup, or to move from SQLite to Postgres and back. All rows are read as of one
//! instant, whatever runs meanwhile, and are compared by counts and hashes before the copy is one.

mod rows;

use std::collections::BTreeMap;

use super::{Backend, Error, Result, Store};
use rows::{Catalog, Reader, Writer};

/// Under which name a store says that it is not to be used any more.
pub(super) const MOVED: &str = "moved";

/// Tables of which a store that nobody has used has no rows.
const USED: [&str; 3] = ["columns", "subscribers", "editions"];

/// What a table came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableSum {
    pub rows: u64,
    /// The sum of the hashes of all rows: the same in whatever order they come.
    hash: [u64; 4],
}

impl TableSum {
    /// A few digits of the hash, for people.
    pub fn digits(&self) -> String {
        format!("{:016x}", self.hash[0])
    }

    fn add(&mut self, row: [u8; 32]) {
        self.rows += 1;
        for (sum, part) in self.hash.iter_mut().zip(row.chunks_exact(8)) {
            let part = part.try_into().map(u64::from_le_bytes).unwrap_or_default();
            *sum = sum.wrapping_add(part);
        }
    }
}

/// What all tables came to, by name.
pub type StoreSums = BTreeMap<String, TableSum>;

/// What becomes of the store that is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyKind<'a> {
    /// The copy takes its place: it says where it has moved to, and is not used any more.
    Move { from: &'a str, to: &'a str },
    /// The copy is put away: it says so, and must be restored before it is used.
    Backup(&'a str),
    /// The copy is used, and what it came from stays as it is.
    Restore,
}

impl Store {
    /// Copies all that is in it into another one that nobody has used yet.
    pub async fn copy_into(&self, target: &Self, kind: CopyKind<'_>) -> Result<StoreSums> {
        if let CopyKind::Move { to, .. } = kind {
            // From here on nobody begins anything with it.
            self.mark(&format!("it has moved to {to}")).await?;
        }
        let copied = self.copy_rows(target, kind).await;
        if copied.is_err() && matches!(kind, CopyKind::Move { .. }) {
            self.unmark().await?;
        }
        copied
    }

    async fn copy_rows(&self, target: &Self, kind: CopyKind<'_>) -> Result<StoreSums> {
        let mut reader = Reader::begin(&self.pool).await?;
        let catalog = reader.catalog().await?;
        if let CopyKind::Move { .. } = kind
            && reader.count("letters", "state IN ('leased', 'sending')").await? > 0
        {
            return Err(Error::Copy(
                "letters are being sent: wait until `gazetier digest status` has none on the way".into(),
            ));
        }
        let mut writer = Writer::begin(&target.pool).await?;
        // It is written in the order that the target wants: Postgres does not refer from letters to their variants.
        let theirs = writer.catalog().await?;
        if theirs != catalog {
            return Err(Error::Copy(
                "the two stores have different tables: let one version of gazetier open both".into(),
            ));
        }
        for table in USED {
            if writer.count(table).await? > 0 {
                return Err(Error::Copy(format!("the store to copy into is in use: its table {table} has rows")));
            }
        }
        for table in theirs.order().iter().rev() {
            writer.clear(table).await?;
        }
        let mut sums = StoreSums::new();
        for table in theirs.order() {
            let sum = reader.copy(&catalog, table, &mut writer).await?;
            sums.insert(table.clone(), sum);
        }
        let numbers = reader.numbers().await?;
        writer.count_on(&numbers).await?;
        writer.forget_mark().await?;
        // As it is in the copy, before it is one.
        for table in catalog.order() {
            let there = writer.sum(&catalog, table).await?;
            let mut here = sums.get(table).copied().unwrap_or_default();
            if table == "secrets" {
                // The mark is not of the copy.
                here = reader.sum_of_secrets(&catalog).await?;
                sums.insert(table.clone(), here);
            }
            if there != here {
                let what = format!("the copy of {table} has {} rows and not {}, or others", there.rows, here.rows);
                return Err(Error::Copy(what));
            }
        }
        match kind {
            CopyKind::Backup(words) => writer.mark(words).await?,
            // Where folders are is said in other words there: who reads them next reads them from then on.
            CopyKind::Move { .. } | CopyKind::Restore => writer.clear("sources").await?,
        }
        writer.commit().await?;
        Ok(sums)
    }

    /// Counts and hashes all rows, as of one instant.
    pub async fn sums(&self) -> Result<StoreSums> {
        let mut reader = Reader::begin(&self.pool).await?;
        let catalog = reader.catalog().await?;
        let mut sums = StoreSums::new();
        for table in catalog.order() {
            sums.insert(table.clone(), reader.sum(&catalog, table).await?);
        }
        Ok(sums)
    }

    /// What SQLite finds wrong with its file; nothing on Postgres, which looks itself.
    pub async fn damage(&self) -> Result<Vec<String>> {
        let Backend::Sqlite { reading, .. } = &self.pool else { return Ok(Vec::new()) };
        let found: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check(20)").fetch_all(reading).await?;
        let mut damage: Vec<String> = found.into_iter().map(|(words,)| words).filter(|words| words != "ok").collect();
        let broken: Vec<(String, String)> =
            sqlx::query_as("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 20")
                .fetch_all(reading)
                .await?;
        damage.extend(
            broken
                .into_iter()
                .map(|(table, parent)| format!("a row of {table} names one of {parent} that is not there")),
        );
        Ok(damage)
    }

    /// Says that it is not to be used any more.
    async fn mark(&self, words: &str) -> Result<()> {
        self.write(super::sql::MARK_MOVED).bind(words.as_bytes().to_vec()).execute().await?;
        Ok(())
    }

    /// Takes that back.
    pub async fn unmark(&self) -> Result<()> {
        self.write(super::sql::UNMARK_MOVED).execute().await?;
        Ok(())
    }

    /// Why it is not to be used, if it is not.
    pub async fn moved(&self) -> Result<Option<String>> {
        let found: Option<Vec<u8>> = self.read(super::sql::FIND_MOVED).fetch_optional().await?;
        Ok(found.map(|words| String::from_utf8_lossy(&words).into_owned()))
    }
}

impl Catalog {
    /// The tables, each behind those that it refers to.
    fn order(&self) -> &[String] {
        &self.order
    }
}
