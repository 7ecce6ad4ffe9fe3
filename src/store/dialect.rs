//! What the two backends say differently, beside their statements: how a transaction begins.

use sqlx::{Database, Pool, Transaction};

use super::{Result, sql};

/// What the two backends say differently.
pub(super) trait Dialect: Database {
    /// Begins a transaction that will write. SQLite takes its write lock at once: a transaction
    /// that read first could not be made to wait any more, only to fail.
    const BEGIN: &'static str;
    /// The same for one that writes what it found missing, or that must not be overtaken by what
    /// it did not see: one at a time on both backends.
    const BEGIN_ALONE: &'static str;
    /// What makes room for a transaction that writes pages all over the indexes, as a long list of hashes does.
    const MANY_PAGES: Option<&'static str>;
    /// Its wording of a statement.
    fn wording(two: sql::Two) -> &'static str;
}

impl Dialect for sqlx::Sqlite {
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const BEGIN_ALONE: &'static str = Self::BEGIN;
    // 16 MB for this connection, of which there may be four: with its usual 2 MB, each page would be read and
    // written several times over in one commit. And its journal is folded into the file after 8,000 pages, not
    // after each commit.
    const MANY_PAGES: Option<&'static str> = Some("PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 8000");

    fn wording(two: sql::Two) -> &'static str {
        two.sqlite
    }
}

impl Dialect for sqlx::Postgres {
    const BEGIN: &'static str = "BEGIN";
    // Any number serves that nobody else locks in our database; this one reads "gaze".
    const BEGIN_ALONE: &'static str = "BEGIN; SELECT pg_advisory_xact_lock(1734441573)";
    const MANY_PAGES: Option<&'static str> = None;

    fn wording(two: sql::Two) -> &'static str {
        two.postgres
    }
}

/// A statement in the words of a pool's backend.
pub(super) fn worded<D: Dialect>(_: &Pool<D>, two: sql::Two) -> &'static str {
    D::wording(two)
}

pub(super) fn for_many_pages<D: Dialect>(_: &Pool<D>) -> Option<&'static str> {
    D::MANY_PAGES
}

pub(super) async fn begin<D: Dialect>(pool: &Pool<D>) -> Result<Transaction<'_, D>> {
    Ok(pool.begin_with(D::BEGIN).await?)
}

pub(super) async fn begin_alone<D: Dialect>(pool: &Pool<D>) -> Result<Transaction<'_, D>> {
    Ok(pool.begin_with(D::BEGIN_ALONE).await?)
}
