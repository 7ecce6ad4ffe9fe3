//! Looks for a text in everything that the store keeps: whoever was erased wants to know that nothing is left.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sqlx::AssertSqlSafe;

use super::{Backend, Result, Store};
use crate::config::StoreUrl;

/// The columns of Postgres tables that can hold a text.
const TEXT_COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
    WHERE table_schema = current_schema() AND data_type IN ('text', 'bytea') ORDER BY table_name, column_name";

/// How much of a file is looked at in one go.
const CHUNK_BYTES: usize = 1 << 20;

/// The files of a SQLite store that are there: the store itself, and what SQLite keeps beside it.
pub fn files(url: &StoreUrl) -> Vec<PathBuf> {
    let StoreUrl::Sqlite(path) = url else { return Vec::new() };
    let beside = |end: &str| {
        let mut name = path.clone().into_os_string();
        name.push(end);
        PathBuf::from(name)
    };
    let all = [path.clone(), beside("-wal"), beside("-shm"), beside("-journal")];
    all.into_iter().filter(|path| path.is_file()).collect()
}

/// How often a text stands in a file, in whatever case of ASCII letters.
pub fn count_in_file(path: &Path, text: &str) -> io::Result<usize> {
    let needle = text.to_ascii_lowercase();
    if needle.is_empty() {
        return Ok(0);
    }
    let finder = memchr::memmem::Finder::new(needle.as_bytes());
    let mut file = File::open(path)?;
    let (mut kept, mut count) = (Vec::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(count);
        }
        kept.extend(chunk[..read].iter().map(u8::to_ascii_lowercase));
        count += finder.find_iter(&kept).count();
        // It may stand across the end.
        let keep = kept.len().min(needle.len() - 1);
        kept.drain(..kept.len() - keep);
    }
}

impl Store {
    /// The columns of a Postgres store, as `table.column`, in whose rows a text stands; none of a SQLite store,
    /// whose files tell more: see [`files`].
    pub async fn columns_with(&self, text: &str) -> Result<Vec<String>> {
        let Backend::Postgres(pool) = &self.pool else { return Ok(Vec::new()) };
        let columns: Vec<(String, String, String)> = sqlx::query_as(TEXT_COLUMNS).fetch_all(pool).await?;
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let mut found = Vec::new();
        for (table, column, kind) in columns {
            let name = quoted(&column);
            let content = match kind.as_str() {
                "bytea" => format!("encode({name}, 'escape')"),
                _ => name,
            };
            let statement = format!(
                "SELECT EXISTS (SELECT 1 FROM {} WHERE position(lower($1) IN lower({content})) > 0)",
                quoted(&table)
            );
            if sqlx::query_scalar::<_, bool>(AssertSqlSafe(statement)).bind(text).fetch_one(pool).await? {
                found.push(format!("{table}.{column}"));
            }
        }
        Ok(found)
    }

    /// Writes a SQLite store anew, without what its pages keep of rows that are no more. Whoever else is at work in
    /// the store waits meanwhile.
    pub async fn rewrite(&self) -> Result<()> {
        if let Backend::Sqlite { writing: pool, .. } = &self.pool {
            sqlx::query("VACUUM").execute(pool).await?;
        }
        self.fold().await;
        Ok(())
    }
}
