//! What is known of the sources: who reads them, the files they were read from, and what was told
//! of them.

use std::collections::{HashMap, HashSet};

use super::{Result, Store, apply::FileSteps, millis, on, on_writing, sql, transact};
use crate::model::Instant;

/// A file that a source was read from.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SourceFile {
    /// The source's name.
    pub source: String,
    /// Where it is below the source's folder.
    pub path: String,
    /// The name in its source of the column that it gave, if it gave one.
    pub column_key: Option<String>,
    /// A stamp of its bytes and of what reads them.
    pub content: String,
    /// A stamp of its size and times: while it is the same, the file need not be opened.
    pub seen: String,
    /// In milliseconds: when it must be read again though it is the same.
    pub due_at: Option<i64>,
    /// Why it could not be taken, if it could not.
    pub refused: Option<String>,
}

/// A file that a version before sources had names wrote down.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OldFile {
    /// Where it is, from where the program was started.
    pub path: String,
    /// The column that it gave.
    pub column_key: Option<String>,
}

/// All that a sync begins with.
#[derive(Debug, Default)]
pub struct SourceState {
    /// By whom each source is read.
    pub places: HashMap<String, String>,
    /// The files of each source, by path.
    pub files: HashMap<String, HashMap<String, SourceFile>>,
    /// What was told already.
    pub notices: HashSet<String>,
    /// What an older version wrote down.
    pub old_files: Vec<OldFile>,
    /// Whether there are columns whose words have no fingerprint yet.
    pub without_content: bool,
}

/// A column whose file has gone, or whose source is no longer configured.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ColumnTrace {
    /// Its source.
    pub source: String,
    /// Its name there.
    #[sqlx(rename = "source_key")]
    pub key: String,
    /// The id that readers know it by.
    pub guid: String,
    /// The fingerprint of its words.
    pub content: String,
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
    /// In milliseconds: when it was published.
    pub published_at: i64,
    /// In milliseconds: when it left the feeds.
    pub withdrawn_at: Option<i64>,
}

impl Store {
    /// What is known of the sources.
    pub async fn source_state(&self) -> Result<SourceState> {
        let mut state = SourceState::default();
        on!(self, pool => {
            let mut line = pool.acquire().await?;
            let query = sqlx::query_as(sql::SOURCE_STATE);
            let (places, notices, old, bare): (Option<String>, Option<String>, i64, i64) =
                query.fetch_one(&mut *line).await?;
            let listed = |text: Option<String>| -> Vec<String> {
                text.iter().flat_map(|text| text.split('\u{1e}')).map(str::to_owned).collect()
            };
            let place = |text: String| text.split_once('\u{1f}').map(|(name, place)| (name.into(), place.into()));
            state.places = listed(places).into_iter().filter_map(place).collect();
            state.notices = listed(notices).into_iter().collect();
            state.without_content = bare > 0;
            // By place: names would be looked up for each of many rows.
            type Row = (String, String, Option<String>, String, String, Option<i64>, Option<String>);
            let files: Vec<Row> = sqlx::query_as(sql::SOURCE_FILES).fetch_all(&mut *line).await?;
            for (source, path, column_key, content, seen, due_at, refused) in files {
                let file = SourceFile { source, path: path.clone(), column_key, content, seen, due_at, refused };
                match state.files.get_mut(&file.source) {
                    Some(files) => files.insert(path, file),
                    None => state.files.entry(file.source.clone()).or_default().insert(path, file),
                };
            }
            if old > 0 {
                state.old_files = sqlx::query_as(sql::OLD_FILES).fetch_all(&mut *line).await?;
            }
        });
        Ok(state)
    }

    /// Takes a source for a place: one that nobody reads, or one that the place named last reads.
    /// Says whether it is taken; of two at once, one gets it.
    pub async fn take_source(&self, name: &str, place: &str, instead_of: Option<&str>, at: Instant) -> Result<bool> {
        on_writing!(self, pool => {
            let query = match instead_of {
                None => sqlx::query(sql::ADD_SOURCE).bind(name).bind(place).bind(millis(at)),
                Some(before) => sqlx::query(sql::TAKE_SOURCE).bind(name).bind(place).bind(millis(at)).bind(before),
            };
            Ok(query.execute(pool).await?.rows_affected() == 1)
        })
    }

    /// By whom a source is read.
    pub async fn source_place(&self, name: &str) -> Result<Option<String>> {
        Ok(on!(self, pool => sqlx::query_scalar(sql::SOURCE_PLACE).bind(name).fetch_optional(pool).await?))
    }

    /// Gives a source another name, with its columns and its files. Says whether it was there under
    /// the old name, and not yet under the new one.
    pub async fn rename_source(&self, from: &str, to: &str) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            let query = sqlx::query(sql::RENAME_SOURCE).bind(from).bind(to);
            if query.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            sqlx::query(sql::MOVE_ALL_COLUMNS).bind(from).bind(to).execute(&mut *tx).await?;
            sqlx::query(sql::MOVE_ALL_FILES).bind(from).bind(to).execute(&mut *tx).await?;
            true
        })
    }

    /// Forgets a source that has no columns any more, and its files; false if it has some.
    pub async fn forget_source(&self, name: &str) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            // Another sync may have read columns there since it was looked at.
            let forgotten = sqlx::query(sql::DROP_SOURCE).bind(name).execute(&mut *tx).await?.rows_affected() == 1;
            if forgotten {
                sqlx::query(sql::DROP_FILES).bind(name).execute(&mut *tx).await?;
            }
            forgotten
        })
    }

    /// Takes over what an older version wrote of files: `files` are they as this one would write
    /// them, each with its old path, `kind` is what all sources of their kind were called.
    pub async fn adopt_files(&self, kind: &str, files: &[(String, SourceFile)]) -> Result<()> {
        transact!(self, begin_alone, pool, tx => {
            for (old, file) in files {
                sqlx::query(sql::DROP_OLD_FILE).bind(old).execute(&mut *tx).await?;
                tx.put_file(file).await?;
                if let Some(key) = &file.column_key {
                    let query = sqlx::query(sql::MOVE_COLUMN).bind(kind).bind(key).bind(&file.source).bind(key);
                    query.execute(&mut *tx).await?;
                }
            }
        })
    }

    /// Forgets what an older version wrote of files that belong to no source.
    pub async fn forget_old_files(&self, paths: &[String]) -> Result<()> {
        transact!(self, begin, pool, tx => {
            for path in paths {
                sqlx::query(sql::DROP_OLD_FILE).bind(path).execute(&mut *tx).await?;
            }
        })
    }

    /// How many columns each source has, withdrawn ones not counted.
    pub async fn column_counts(&self) -> Result<Vec<(String, i64)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::COLUMN_SOURCES).fetch_all(pool).await?))
    }

    /// Columns by source and name, as far as they are there.
    pub async fn traces(&self, names: &[(String, String)]) -> Result<Vec<ColumnTrace>> {
        let mut found = Vec::new();
        on!(self, pool => {
            for (source, key) in names {
                let query = sqlx::query_as(sql::COLUMN_TRACE).bind(source).bind(key);
                found.extend(query.fetch_optional(pool).await?);
            }
        });
        Ok(found)
    }

    /// All columns of a source.
    pub async fn traces_of(&self, source: &str) -> Result<Vec<ColumnTrace>> {
        Ok(on!(self, pool => sqlx::query_as(sql::TRACES_OF_SOURCE).bind(source).fetch_all(pool).await?))
    }

    /// All columns that have left the feeds.
    pub async fn withdrawn_traces(&self) -> Result<Vec<ColumnTrace>> {
        Ok(on!(self, pool => sqlx::query_as(sql::WITHDRAWN_TRACES).fetch_all(pool).await?))
    }

    /// A column's standfirst and body.
    pub async fn column_text(&self, source: &str, key: &str) -> Result<Option<(String, String)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::COLUMN_TEXT).bind(source).bind(key).fetch_optional(pool).await?))
    }

    /// Notes that something was told; says whether it was not told before.
    pub async fn tell_notice(&self, what: &str, at: Instant) -> Result<bool> {
        on_writing!(self, pool => {
            let query = sqlx::query(sql::ADD_NOTICE).bind(what).bind(millis(at));
            Ok(query.execute(pool).await?.rows_affected() == 1)
        })
    }

    /// Forgets what was told under names that begin so, but for those that still stand: what is
    /// mended and breaks again is told again.
    pub async fn forget_notices(&self, prefix: &str, keep: &[String]) -> Result<()> {
        let told: Vec<String> = on!(self, pool => sqlx::query_scalar(sql::NOTICES).fetch_all(pool).await?);
        for what in told.iter().filter(|what| what.starts_with(prefix) && !keep.contains(what)) {
            on_writing!(self, pool => sqlx::query(sql::DROP_NOTICE).bind(what).execute(pool).await?.rows_affected());
        }
        Ok(())
    }
}
