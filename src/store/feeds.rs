//! What was last published, and what has changed since: a run with nothing new asks two questions
//! and goes.

use sqlx::{FromRow, postgres::PgRow, sqlite::SqliteRow};

use super::{Error, Result, Store, Topic, Unfinished, instant, millis, on, on_writing, pack::Packed, sql};
use crate::model::{Column, ColumnId, FeedKey, Instant, Month, Slug, Tombstone, column::fingerprint};

/// What was last published of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What it was made of.
    pub fingerprint: String,
    /// Up to which revision of the columns.
    pub revision: i64,
    /// At which instant.
    pub at: Instant,
    /// When it told its readers that it had changed last.
    pub told: Instant,
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
    /// Whether it was over and its archive closed then.
    pub closed: bool,
    /// How many archive documents were written of it.
    pub documents: i64,
    /// How many columns those hold, the oldest of the month.
    pub held: i64,
    /// A fingerprint of these.
    pub heads: String,
}

/// What a run asks first.
#[derive(Debug)]
pub struct Latest {
    /// Counts the commits that changed columns.
    pub revision: i64,
    /// What was last published.
    pub published: Option<Published>,
    /// Feeds in which a column's time has come since.
    pub come_out: Vec<FeedKey>,
    /// Publications that are under way or whose program died: what is on the disk may be anything.
    pub unfinished: Vec<Unfinished>,
    /// How the feeds' folder looked when nothing was missing in it.
    pub seen: Option<String>,
}

/// The newest columns of a feed.
#[derive(Debug)]
pub struct Newest {
    /// Newest first.
    pub columns: Vec<Column>,
    /// Their fingerprint: see [`Store::feed_heads`].
    pub heads: String,
}

/// A column's place in the order of publication.
pub type Place = (Instant, ColumnId);

/// A feed's new standing, to be remembered.
#[derive(Debug)]
pub struct Standing {
    /// Which feed, by its key.
    pub feed: String,
    /// What had been published of it when it was looked at.
    pub before: Option<Published>,
    /// What was published of it.
    pub published: Published,
    /// Its months as they now stand.
    pub months: Vec<FeedMonth>,
    /// What hubs may have to be told of.
    pub topics: Vec<Topic>,
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

/// What either backend can give as a row.
trait OneRow: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> OneRow for T {}

/// A statement in its three forms.
type Forms = [&'static str; 3];

const HEADS: Forms = [sql::HEADS_OF_ALL, sql::HEADS_OF_RUBRIQUE, sql::HEADS_OF_BYLINE];
const NEWEST: Forms = [sql::NEWEST_OF_ALL, sql::NEWEST_OF_RUBRIQUE, sql::NEWEST_OF_BYLINE];
const OLDEST: Forms = [sql::OLDEST_OF_ALL, sql::OLDEST_OF_RUBRIQUE, sql::OLDEST_OF_BYLINE];
const OLDEST_HEADS: Forms = [sql::OLDEST_HEADS_OF_ALL, sql::OLDEST_HEADS_OF_RUBRIQUE, sql::OLDEST_HEADS_OF_BYLINE];
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

/// A month as the store gives it; one that no column is left of has no heads.
fn month(row: &str) -> Option<FeedMonth> {
    let mut values = row.split(' ');
    let month = Month::parse(values.next()?)?;
    let mut number = || values.next()?.parse::<i64>().ok();
    let (revision, columns, closed) = (number()?, number()?, number()? == 1);
    let (documents, held) = (number()?, number()?);
    let heads = values.next().unwrap_or_default().to_owned();
    Some(FeedMonth { month, revision, columns, closed, documents, held, heads })
}

/// A row of what was published.
type Row = (String, i64, i64, i64);

fn read_published((fingerprint, revision, at, told): Row) -> Result<Published> {
    Ok(Published { fingerprint, revision, at: instant(at)?, told: instant(told)? })
}

impl Store {
    /// What was last published under a name, and what is new by an instant. Asked over one connection,
    /// which is given back before it goes on: nearly every run asks nothing else.
    pub async fn latest(&self, name: &str, at: Instant) -> Result<Latest> {
        type Text = Option<String>;
        type Row = (i64, Text, Option<i64>, Option<i64>, Option<i64>, Text, Text, Text);
        let (number, fingerprint, revision, published_at, told_at, came, unfinished, seen): Row = on!(self, pool => {
            let mut line = pool.acquire().await?;
            let row = sqlx::query_as(sql::LATEST).bind(name).bind(millis(at)).fetch_one(&mut *line).await;
            line.return_to_pool().await;
            row?
        });
        let published = match (fingerprint, revision, published_at, told_at) {
            (Some(fingerprint), Some(revision), Some(at), Some(told)) => {
                Some(read_published((fingerprint, revision, at, told))?)
            }
            _ => None,
        };
        let feeds = came.as_deref().unwrap_or_default().split_terminator(',').flat_map(|column| {
            let mut slugs = column.split(' ').map(|text| Slug::parse(text).ok());
            let (rubrique, byline) = (slugs.next().flatten(), slugs.next().flatten());
            FeedKey::of_column(rubrique.as_ref(), byline.as_ref()).collect::<Vec<_>>()
        });
        let unfinished = unfinished.as_deref().unwrap_or_default().split_terminator(',').map(Unfinished::read);
        Ok(Latest {
            revision: number,
            published,
            come_out: feeds.collect(),
            unfinished: unfinished.collect::<Result<_>>()?,
            seen,
        })
    }

    /// Remembers how the feeds' folder looks.
    pub async fn put_seen(&self, seen: &str) -> Result<()> {
        on_writing!(self, pool => { sqlx::query(sql::PUT_SEEN).bind(seen).execute(pool).await?; });
        Ok(())
    }

    /// How many commits have changed columns; whoever gets an answer knows that the store gives them.
    pub async fn revision(&self) -> Result<i64> {
        Ok(on!(self, pool => sqlx::query_scalar(sql::REVISION).fetch_one(pool).await?))
    }

    /// What was last published of a feed.
    pub async fn published(&self, feed: &FeedKey) -> Result<Option<Published>> {
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(sql::FEED_STATE).bind(feed.key()).fetch_optional(pool).await?
        });
        row.map(read_published).transpose()
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

    /// The months of a feed, oldest first.
    pub async fn feed_months(&self, feed: &FeedKey) -> Result<Vec<FeedMonth>> {
        let packed: Option<String> = on!(self, pool => {
            sqlx::query_scalar(sql::FEED_MONTHS).bind(feed.key()).fetch_one(pool).await?
        });
        let rows = packed.as_deref().unwrap_or_default().split_terminator(',');
        rows.map(|row| month(row).ok_or_else(|| Error::Corrupt { what: "month", value: row.to_owned() })).collect()
    }

    /// A fingerprint of the newest columns of a feed, read from an index alone: it changes when a
    /// column comes, goes or is edited.
    pub async fn feed_heads(&self, feed: &FeedKey, span: Span, limit: u32) -> Result<String> {
        let (heads,): (Option<String>,) = self.newest_of(HEADS, feed, span, limit).await?;
        Ok(fingerprint(heads))
    }

    /// The newest columns of a feed in a span of time, with their heads.
    pub async fn newest(&self, feed: &FeedKey, span: Span, limit: u32) -> Result<Newest> {
        let packed: Packed = self.newest_of(NEWEST, feed, span, limit).await?;
        Ok(Newest { columns: packed.columns?, heads: fingerprint(packed.heads) })
    }

    /// The oldest columns of a feed in a span of time, or from behind a place in it on; newest first.
    pub async fn oldest(&self, feed: &FeedKey, span: Span, after: Option<Place>, limit: u32) -> Result<Vec<Column>> {
        self.oldest_of::<Packed>(OLDEST, feed, span, after, limit.into()).await?.columns
    }

    /// A fingerprint of the oldest columns of a feed in a span of time, read from an index alone, and
    /// the place of the last of them; `None` if there are not that many.
    pub async fn oldest_heads(&self, feed: &FeedKey, span: Span, count: i64) -> Result<Option<(String, Place)>> {
        let (heads,): (Option<String>,) = self.oldest_of(OLDEST_HEADS, feed, span, None, count).await?;
        let Some(heads) = heads.filter(|heads| i64::try_from(heads.split(',').count()) == Ok(count)) else {
            return Ok(None);
        };
        let last = heads.rsplit(',').next().unwrap_or_default();
        let place = match last.split(' ').collect::<Vec<_>>()[..] {
            [id, _, published] => id.parse().ok().zip(published.parse().ok()),
            _ => None,
        };
        let (id, published) = place.ok_or_else(|| Error::Corrupt { what: "head", value: last.to_owned() })?;
        Ok(Some((fingerprint([&heads]), (instant(published)?, ColumnId(id)))))
    }

    async fn newest_of<T: OneRow>(&self, forms: Forms, feed: &FeedKey, span: Span, limit: u32) -> Result<T> {
        let (statement, slug) = form(forms, feed);
        Ok(on!(self, pool => {
            let query = sqlx::query_as(statement).bind(millis(span.from)).bind(millis(span.until));
            let query = query.bind(i64::from(limit));
            match slug {
                Some(slug) => query.bind(slug.as_str()).fetch_one(pool).await?,
                None => query.fetch_one(pool).await?,
            }
        }))
    }

    async fn oldest_of<T: OneRow>(
        &self,
        forms: Forms,
        feed: &FeedKey,
        span: Span,
        after: Option<Place>,
        limit: i64,
    ) -> Result<T> {
        let (statement, slug) = form(forms, feed);
        // No column has the key 0.
        let (published, id) = after.map_or((millis(span.from), 0), |(published, id)| (millis(published), id.0));
        Ok(on!(self, pool => {
            let query = sqlx::query_as(statement).bind(published).bind(id).bind(millis(span.until)).bind(limit);
            match slug {
                Some(slug) => query.bind(slug.as_str()).fetch_one(pool).await?,
                None => query.fetch_one(pool).await?,
            }
        }))
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
}
