//! What is known of the sources: who reads them, the files they were read from, and what was told
//! of them.

use std::collections::{HashMap, HashSet};

use super::{Result, ServiceLetter, Store, instant, millis, query::from_row, sql};
use crate::model::Instant;

/// A file that a source was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
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

// There are many.
from_row!(in order SourceFile { source, path, column_key, content, seen, due_at, refused });

/// A file that a version before sources had names wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldFile {
    /// Where it is, from where the program was started.
    pub path: String,
    /// The column that it gave.
    pub column_key: Option<String>,
}

from_row!(OldFile { path, column_key });

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnTrace {
    /// Its source.
    pub source: String,
    /// Its name there.
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

from_row!(in order ColumnTrace { source, key, guid, content, title, url, published_at, withdrawn_at });

/// What a sync begins with: see `sql::SOURCE_STATE`.
struct SourceStateRow {
    places: Option<String>,
    notices: Option<String>,
    old_files: i64,
    without_content: i64,
}

from_row!(in order SourceStateRow { places, notices, old_files, without_content });

impl Store {
    /// What is known of the sources.
    pub async fn source_state(&self) -> Result<SourceState> {
        let mut connection = self.connection().await?;
        let row: SourceStateRow = connection.query(sql::SOURCE_STATE).fetch_one().await?;
        let listed = |text: Option<String>| -> Vec<String> {
            text.iter().flat_map(|text| text.split('\u{1e}')).map(str::to_owned).collect()
        };
        let place = |text: String| text.split_once('\u{1f}').map(|(name, place)| (name.into(), place.into()));
        let mut state = SourceState {
            places: listed(row.places).into_iter().filter_map(place).collect(),
            notices: listed(row.notices).into_iter().collect(),
            without_content: row.without_content > 0,
            ..SourceState::default()
        };
        for file in connection.query(sql::SOURCE_FILES).fetch_all::<SourceFile>().await? {
            let path = file.path.clone();
            match state.files.get_mut(&file.source) {
                Some(files) => files.insert(path, file),
                None => state.files.entry(file.source.clone()).or_default().insert(path, file),
            };
        }
        if row.old_files > 0 {
            state.old_files = connection.query(sql::OLD_FILES).fetch_all().await?;
        }
        Ok(state)
    }

    /// Takes a source for a place: one that nobody reads, or one that the place named last reads.
    /// Says whether it is taken; of two at once, one gets it.
    pub async fn take_source(&self, name: &str, place: &str, instead_of: Option<&str>, at: Instant) -> Result<bool> {
        let query = match instead_of {
            None => self.write(sql::ADD_SOURCE).bind(name).bind(place).bind(millis(at)),
            Some(before) => self.write(sql::TAKE_SOURCE).bind(name).bind(place).bind(millis(at)).bind(before),
        };
        Ok(query.execute().await? == 1)
    }

    /// By whom a source is read.
    pub async fn source_place(&self, name: &str) -> Result<Option<String>> {
        self.read(sql::SOURCE_PLACE).bind(name).fetch_optional().await
    }

    /// Gives a source another name, with its columns and its files. Says whether it was there under
    /// the old name, and not yet under the new one.
    pub async fn rename_source(&self, from: &str, to: &str) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let query = tx.query(sql::RENAME_SOURCE).bind(from).bind(to);
            if query.execute().await? == 0 {
                return Ok(false);
            }
            tx.query(sql::MOVE_ALL_COLUMNS).bind(from).bind(to).execute().await?;
            tx.query(sql::MOVE_ALL_FILES).bind(from).bind(to).execute().await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Forgets a source that has no columns any more, and its files; false if it has some.
    pub async fn forget_source(&self, name: &str) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            // Another sync may have read columns there since it was looked at.
            let forgotten = tx.query(sql::DROP_SOURCE).bind(name).execute().await? == 1;
            if forgotten {
                tx.query(sql::DROP_FILES).bind(name).execute().await?;
            }
            tx.commit().await?;
            Ok(forgotten)
        })
        .await
    }

    /// Takes over what an older version wrote of files: `files` are they as this one would write
    /// them, each with its old path, `kind` is what all sources of their kind were called.
    pub async fn adopt_files(&self, kind: &str, files: &[(String, SourceFile)]) -> Result<()> {
        self.transact_alone(async |mut tx| {
            for (old, file) in files {
                tx.query(sql::DROP_OLD_FILE).bind(old).execute().await?;
                tx.put_file(file).await?;
                if let Some(key) = &file.column_key {
                    let query = tx.query(sql::MOVE_COLUMN).bind(kind).bind(key).bind(&file.source).bind(key);
                    query.execute().await?;
                }
            }
            tx.commit().await
        })
        .await
    }

    /// Forgets what an older version wrote of files that belong to no source.
    pub async fn forget_old_files(&self, paths: &[String]) -> Result<()> {
        self.transact(async |mut tx| {
            for path in paths {
                tx.query(sql::DROP_OLD_FILE).bind(path).execute().await?;
            }
            tx.commit().await
        })
        .await
    }

    /// How many columns each source has, withdrawn ones not counted.
    pub async fn column_counts(&self) -> Result<Vec<(String, i64)>> {
        self.read(sql::COLUMN_SOURCES).fetch_all().await
    }

    /// Columns by source and name, as far as they are there.
    pub async fn traces(&self, names: &[(String, String)]) -> Result<Vec<ColumnTrace>> {
        let mut found = Vec::new();
        for (source, key) in names {
            let query = self.read(sql::COLUMN_TRACE).bind(source).bind(key);
            found.extend(query.fetch_optional().await?);
        }
        Ok(found)
    }

    /// All columns of a source.
    pub async fn traces_of(&self, source: &str) -> Result<Vec<ColumnTrace>> {
        self.read(sql::TRACES_OF_SOURCE).bind(source).fetch_all().await
    }

    /// All columns that have left the feeds.
    pub async fn withdrawn_traces(&self) -> Result<Vec<ColumnTrace>> {
        self.read(sql::WITHDRAWN_TRACES).fetch_all().await
    }

    /// A column's standfirst and body.
    pub async fn column_text(&self, source: &str, key: &str) -> Result<Option<(String, String)>> {
        self.read(sql::COLUMN_TEXT).bind(source).bind(key).fetch_optional().await
    }

    /// Notes that something was told; says whether it was not told before.
    pub async fn tell_notice(&self, what: &str, at: Instant) -> Result<bool> {
        Ok(self.write(sql::ADD_NOTICE).bind(what).bind(millis(at)).execute().await? == 1)
    }

    /// The same, with letters that tell it: queued in the commit that notes it.
    pub async fn tell_notice_by_mail(&self, what: &str, at: Instant, letters: &[ServiceLetter]) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            if tx.query(sql::ADD_NOTICE).bind(what).bind(millis(at)).execute().await? == 0 {
                return Ok(false);
            }
            for letter in letters {
                self.queue_letter(&mut tx, letter).await?;
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// When the newest column of each source was published, withdrawn ones not counted.
    pub async fn newest_of_sources(&self) -> Result<Vec<(String, Instant)>> {
        let rows: Vec<(String, i64)> = self.read(sql::NEWEST_OF_SOURCES).fetch_all().await?;
        rows.into_iter().map(|(source, at)| Ok((source, instant(at)?))).collect()
    }

    /// The files that could not be taken, and why; a hundred at the most.
    pub async fn refused_files(&self) -> Result<Vec<(String, String)>> {
        self.read(sql::REFUSED_FILES).fetch_all().await
    }

    /// Forgets what was told under names that begin so, but for those that still stand: what is
    /// mended and breaks again is told again.
    pub async fn forget_notices(&self, prefix: &str, keep: &[String]) -> Result<()> {
        let told: Vec<String> = self.read(sql::NOTICES).fetch_all().await?;
        for what in told.iter().filter(|what| what.starts_with(prefix) && !keep.contains(what)) {
            self.write(sql::DROP_NOTICE).bind(what).execute().await?;
        }
        Ok(())
    }
}
