//! What was last published, and what has changed since: a run with nothing new asks for the
//! revision and goes.

use std::collections::HashMap;

use super::{News, Result, Store, begin, hubs::queue_pings, instant, millis, on, sql};
use crate::model::{Column, FeedKey, Instant, Month, Slug, Tombstone, column::fingerprint};

/// What was last published of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What it was made of.
    pub fingerprint: String,
    /// Up to which revision of the columns.
    pub revision: i64,
    /// At which instant.
    pub at: Instant,
}

/// A month of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedMonth {
    /// Which.
    pub month: Month,
    /// When a column of it last changed.
    pub revision: i64,
    /// How many columns it had when it was last published.
    pub columns: i64,
    /// Whether its archive was closed then.
    pub closed: bool,
}

/// A feed's new standing, to be remembered.
#[derive(Debug)]
pub struct Standing {
    /// Which feed, by its key.
    pub feed: String,
    /// What was published of it.
    pub published: Published,
    /// Its months as they now stand.
    pub months: Vec<FeedMonth>,
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// From.
    pub from: Instant,
    /// To.
    pub until: Instant,
}

impl Span {
    /// From the beginning of time.
    pub fn until(until: Instant) -> Self {
        Self { from: Instant::UNIX_EPOCH - chrono::Duration::days(365_000), until }
    }
}

/// A statement in its three forms.
type Forms = [&'static str; 3];

const HEADS: Forms = [sql::HEADS_OF_ALL, sql::HEADS_OF_RUBRIQUE, sql::HEADS_OF_BYLINE];
const NEWEST: Forms = [sql::NEWEST_OF_ALL, sql::NEWEST_OF_RUBRIQUE, sql::NEWEST_OF_BYLINE];
const COUNT: Forms = [sql::COUNT_OF_ALL, sql::COUNT_OF_RUBRIQUE, sql::COUNT_OF_BYLINE];
const WITHDRAWN: Forms = [sql::WITHDRAWN_OF_ALL, sql::WITHDRAWN_OF_RUBRIQUE, sql::WITHDRAWN_OF_BYLINE];

/// The form of a statement for a feed, and the slug it wants.
fn form(forms: Forms, feed: &FeedKey) -> (&'static str, Option<&Slug>) {
    match feed {
        FeedKey::All => (forms[0], None),
        FeedKey::Rubrique(slug) => (forms[1], Some(slug)),
        FeedKey::Byline(slug) => (forms[2], Some(slug)),
    }
}

impl Store {
    /// Counts the commits that changed columns.
    pub async fn revision(&self) -> Result<i64> {
        Ok(on!(self, pool => sqlx::query_scalar(sql::REVISION).fetch_one(pool).await?))
    }

    /// What was last published, by feed.
    pub async fn published(&self) -> Result<HashMap<String, Published>> {
        type Row = (String, String, i64, i64);
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(sql::FEED_STATES).fetch_all(pool).await?);
        let read =
            |(feed, fingerprint, revision, at): Row| Ok((feed, Published { fingerprint, revision, at: instant(at)? }));
        rows.into_iter().map(read).collect()
    }

    /// Feeds of which a column has changed since a revision.
    pub async fn touched_feeds(&self, since: i64) -> Result<Vec<FeedKey>> {
        let rows: Vec<String> = on!(self, pool => {
            sqlx::query_scalar(sql::TOUCHED_FEEDS).bind(since).fetch_all(pool).await?
        });
        Ok(rows.iter().filter_map(|key| FeedKey::from_key(key)).collect())
    }

    /// Feeds with a month before this one whose archive is not closed.
    pub async fn feeds_to_close(&self, month: Month) -> Result<Vec<FeedKey>> {
        let rows: Vec<String> = on!(self, pool => {
            sqlx::query_scalar(sql::FEEDS_TO_CLOSE).bind(month.to_string()).fetch_all(pool).await?
        });
        Ok(rows.iter().filter_map(|key| FeedKey::from_key(key)).collect())
    }

    /// Every feed that ever had a column.
    pub async fn feed_keys(&self) -> Result<Vec<FeedKey>> {
        let rows: Vec<String> = on!(self, pool => sqlx::query_scalar(sql::FEED_NAMES).fetch_all(pool).await?);
        Ok(rows.iter().filter_map(|key| FeedKey::from_key(key)).collect())
    }

    /// Feeds in which a column's time has come, after an instant and until another.
    pub async fn feeds_come_out(&self, after: Instant, until: Instant) -> Result<Vec<FeedKey>> {
        type Row = (Option<String>, Option<String>, i64);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::CAME_OUT).bind(millis(after)).bind(millis(until)).fetch_all(pool).await?
        });
        let slug = |text: &Option<String>| text.as_deref().and_then(|text| Slug::parse(text).ok());
        let feeds = rows.iter().flat_map(|(rubrique, byline, _)| {
            FeedKey::of_column(slug(rubrique).as_ref(), slug(byline).as_ref()).collect::<Vec<_>>()
        });
        Ok(feeds.collect())
    }

    /// The months of a feed, oldest first.
    pub async fn feed_months(&self, feed: &FeedKey) -> Result<Vec<FeedMonth>> {
        type Row = (String, i64, i64, i64);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::FEED_MONTHS).bind(feed.key()).fetch_all(pool).await?
        });
        let read = |(month, revision, columns, closed): Row| {
            Month::parse(&month).map(|month| FeedMonth { month, revision, columns, closed: closed == 1 })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// A fingerprint of the newest columns of a feed, read from an index alone: it changes when a
    /// column comes, goes or is edited.
    pub async fn feed_heads(&self, feed: &FeedKey, span: Span, limit: u32) -> Result<String> {
        let (statement, slug) = form(HEADS, feed);
        let heads: Vec<(i64, String)> = on!(self, pool => {
            let query = sqlx::query_as(statement).bind(millis(span.from)).bind(millis(span.until));
            let query = query.bind(i64::from(limit));
            match slug {
                Some(slug) => query.bind(slug.as_str()).fetch_all(pool).await?,
                None => query.fetch_all(pool).await?,
            }
        });
        Ok(fingerprint(heads.iter().flat_map(|(id, print)| [id.to_be_bytes().to_vec(), print.clone().into_bytes()])))
    }

    /// The newest columns of a feed in a span of time.
    pub async fn newest(&self, feed: &FeedKey, span: Span, limit: u32) -> Result<Vec<Column>> {
        let (statement, slug) = form(NEWEST, feed);
        let rows: Vec<super::columns::Row> = on!(self, pool => {
            let query = sqlx::query_as(statement).bind(millis(span.from)).bind(millis(span.until));
            let query = query.bind(i64::from(limit));
            match slug {
                Some(slug) => query.bind(slug.as_str()).fetch_all(pool).await?,
                None => query.fetch_all(pool).await?,
            }
        });
        rows.into_iter().map(Column::try_from).collect()
    }

    /// How many columns a feed has in a span of time.
    pub async fn count(&self, feed: &FeedKey, span: Span) -> Result<i64> {
        let (statement, slug) = form(COUNT, feed);
        Ok(on!(self, pool => {
            let query = sqlx::query_scalar(statement).bind(millis(span.from)).bind(millis(span.until));
            match slug {
                Some(slug) => query.bind(slug.as_str()).fetch_one(pool).await?,
                None => query.fetch_one(pool).await?,
            }
        }))
    }

    /// The columns of a feed that were withdrawn last.
    pub async fn withdrawn(&self, feed: &FeedKey, limit: u32) -> Result<Vec<Tombstone>> {
        let (statement, slug) = form(WITHDRAWN, feed);
        let rows: Vec<(String, i64)> = on!(self, pool => {
            let query = sqlx::query_as(statement).bind(i64::from(limit));
            match slug {
                Some(slug) => query.bind(slug.as_str()).fetch_all(pool).await?,
                None => query.fetch_all(pool).await?,
            }
        });
        rows.into_iter().map(|(guid, when)| Ok(Tombstone { guid, when: instant(when)? })).collect()
    }

    /// Remembers that feeds are on disk as they now stand, and what hubs are to be told of them, in
    /// one commit.
    pub async fn put_published(&self, standings: &[Standing], news: News<'_>) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            for Standing { feed, published, months } in standings {
                sqlx::query(sql::PUT_FEED_STATE)
                    .bind(feed)
                    .bind(&published.fingerprint)
                    .bind(published.revision)
                    .bind(millis(published.at))
                    .execute(&mut *tx)
                    .await?;
                for month in months {
                    sqlx::query(sql::PUT_MONTH)
                        .bind(feed)
                        .bind(month.month.to_string())
                        .bind(month.columns)
                        .bind(i64::from(month.closed))
                        .execute(&mut *tx)
                        .await?;
                }
            }
            queue_pings!(tx, news);
            tx.commit().await?;
        });
        Ok(())
    }
}
