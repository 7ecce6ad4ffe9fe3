//! What was last published, and what has changed since: a run with nothing new asks two questions
//! and goes.

use super::{
    Error, Result, Store, Topic, Unfinished, instant, millis,
    packed_columns::Packed,
    query::{FromRow, Query, from_row},
    sql,
};
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
    /// By which rules columns are sorted into feeds, and up to which revision.
    pub sorted: Option<(String, i64)>,
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
pub type ColumnPlace = (Instant, ColumnId);

/// A feed's new standing, to be remembered.
#[derive(Debug)]
pub struct FeedRecord {
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

/// A statement in its three forms.
type ByFeedKind = [&'static str; 3];

const HEADS: ByFeedKind = [sql::HEADS_OF_ALL, sql::HEADS_OF_RUBRIQUE, sql::HEADS_OF_SORTED];
const NEWEST: ByFeedKind = [sql::NEWEST_OF_ALL, sql::NEWEST_OF_RUBRIQUE, sql::NEWEST_OF_SORTED];
const OLDEST: ByFeedKind = [sql::OLDEST_OF_ALL, sql::OLDEST_OF_RUBRIQUE, sql::OLDEST_OF_SORTED];
const OLDEST_HEADS: ByFeedKind = [sql::OLDEST_HEADS_OF_ALL, sql::OLDEST_HEADS_OF_RUBRIQUE, sql::OLDEST_HEADS_OF_SORTED];
const COUNT: ByFeedKind = [sql::COUNT_OF_ALL, sql::COUNT_OF_RUBRIQUE, sql::COUNT_OF_SORTED];
const WITHDRAWN: ByFeedKind = [sql::WITHDRAWN_OF_ALL, sql::WITHDRAWN_OF_RUBRIQUE, sql::WITHDRAWN_OF_SORTED];

/// The form of a statement for a feed, and the name that it wants: the rubrique's, or the feed's own.
fn form(forms: ByFeedKind, feed: &FeedKey) -> (&'static str, Option<String>) {
    match feed {
        FeedKey::All => (forms[0], None),
        FeedKey::Rubrique(slug) => (forms[1], Some(slug.to_string())),
        FeedKey::Byline(_) | FeedKey::Tag(_) | FeedKey::Selection(_) => (forms[2], Some(feed.key())),
    }
}

/// Gives the last parameter the name, where a feed has one.
fn bind_name(query: Query<'_>, name: Option<String>) -> Query<'_> {
    match name {
        Some(name) => query.bind(name),
        None => query,
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

/// What was last published of a feed.
struct PublishedRow {
    fingerprint: String,
    revision: i64,
    published_at: i64,
    told_at: i64,
}

from_row!(PublishedRow { fingerprint, revision, published_at, told_at });

impl TryFrom<PublishedRow> for Published {
    type Error = Error;

    fn try_from(row: PublishedRow) -> Result<Self> {
        let (at, told) = (instant(row.published_at)?, instant(row.told_at)?);
        Ok(Self { fingerprint: row.fingerprint, revision: row.revision, at, told })
    }
}

/// What a run asks first: see `sql::LATEST`.
struct LatestRow {
    number: i64,
    fingerprint: Option<String>,
    revision: Option<i64>,
    published_at: Option<i64>,
    told_at: Option<i64>,
    come_out: Option<String>,
    also_out: Option<String>,
    unfinished: Option<String>,
    seen: Option<String>,
    sorted: Option<String>,
}

from_row! {
    in order LatestRow {
        number, fingerprint, revision, published_at, told_at, come_out, also_out, unfinished, seen, sorted
    }
}

impl Store {
    /// What was last published under a name, and what is new by an instant. Asked over one connection,
    /// which is given back before it goes on: nearly every run asks nothing else.
    pub async fn latest(&self, name: &str, at: Instant) -> Result<Latest> {
        let mut connection = self.connection().await?;
        let row = connection.query(sql::LATEST).bind(name).bind(millis(at)).fetch_one().await;
        connection.give_back().await;
        let row: LatestRow = row?;
        let published = match (row.fingerprint, row.revision, row.published_at, row.told_at) {
            (Some(fingerprint), Some(revision), Some(published_at), Some(told_at)) => {
                Some(Published::try_from(PublishedRow { fingerprint, revision, published_at, told_at })?)
            }
            _ => None,
        };
        // A column without a rubrique is an empty word.
        let rubriques = row.come_out.iter().flat_map(|slugs| slugs.split(',')).map(|slug| Slug::parse(slug).ok());
        let mut come_out: Vec<FeedKey> =
            rubriques.flat_map(|slug| FeedKey::of_rubrique(slug.as_ref()).collect::<Vec<_>>()).collect();
        let others = row.also_out.as_deref().unwrap_or_default().split_terminator(',');
        come_out.extend(others.filter_map(FeedKey::from_key));
        let sorted = row.sorted.as_deref().and_then(|sorted| sorted.split_once(' '));
        let sorted = sorted.and_then(|(rules, revision)| Some((rules.to_owned(), revision.parse().ok()?)));
        let unfinished = row.unfinished.as_deref().unwrap_or_default().split_terminator(',').map(Unfinished::read);
        Ok(Latest {
            revision: row.number,
            published,
            come_out,
            unfinished: unfinished.collect::<Result<_>>()?,
            seen: row.seen,
            sorted,
        })
    }

    /// Remembers how the feeds' folder looks.
    pub async fn put_seen(&self, seen: &str) -> Result<()> {
        self.write(sql::PUT_SEEN).bind(seen).execute().await?;
        Ok(())
    }

    /// How many commits have changed columns; whoever gets an answer knows that the store gives them.
    pub async fn revision(&self) -> Result<i64> {
        self.read(sql::REVISION).fetch_one().await
    }

    /// What was last published of a feed.
    pub async fn published(&self, feed: &FeedKey) -> Result<Option<Published>> {
        let row: Option<PublishedRow> = self.read(sql::FEED_STATE).bind(feed.key()).fetch_optional().await?;
        row.map(Published::try_from).transpose()
    }

    /// Feeds of which a column has changed since a revision.
    pub async fn touched_feeds(&self, since: i64) -> Result<Vec<FeedKey>> {
        let rows: Vec<String> = self.read(sql::TOUCHED_FEEDS).bind(since).fetch_all().await?;
        Ok(rows.iter().filter_map(|key| FeedKey::from_key(key)).collect())
    }

    /// Feeds with a month before this one whose archive is not closed.
    pub async fn feeds_to_close(&self, month: Month) -> Result<Vec<FeedKey>> {
        let rows: Vec<String> = self.read(sql::FEEDS_TO_CLOSE).bind(month.to_string()).fetch_all().await?;
        Ok(rows.iter().filter_map(|key| FeedKey::from_key(key)).collect())
    }

    /// Every feed that ever had a column.
    pub async fn feed_keys(&self) -> Result<Vec<FeedKey>> {
        let rows: Vec<String> = self.read(sql::FEED_NAMES).fetch_all().await?;
        Ok(rows.iter().filter_map(|key| FeedKey::from_key(key)).collect())
    }

    /// The months of a feed, oldest first.
    pub async fn feed_months(&self, feed: &FeedKey) -> Result<Vec<FeedMonth>> {
        let packed: Option<String> = self.read(sql::FEED_MONTHS).bind(feed.key()).fetch_one().await?;
        let rows = packed.as_deref().unwrap_or_default().split_terminator(',');
        rows.map(|row| month(row).ok_or_else(|| Error::Corrupt { what: "month", value: row.to_owned() })).collect()
    }

    /// A fingerprint of the newest columns of a feed, read from an index alone: it changes when a
    /// column comes, goes or is edited.
    pub async fn feed_heads(&self, feed: &FeedKey, span: Span, limit: u32) -> Result<String> {
        let heads: Option<String> = self.newest_of(HEADS, feed, span, limit).await?;
        Ok(fingerprint(heads))
    }

    /// The newest columns of a feed in a span of time, with their heads.
    pub async fn newest(&self, feed: &FeedKey, span: Span, limit: u32) -> Result<Newest> {
        let packed: Packed = self.newest_of(NEWEST, feed, span, limit).await?;
        Ok(Newest { columns: packed.columns?, heads: fingerprint(packed.heads) })
    }

    /// The oldest columns of a feed in a span of time, or from behind a place in it on; newest first.
    pub async fn oldest(
        &self,
        feed: &FeedKey,
        span: Span,
        after: Option<ColumnPlace>,
        limit: u32,
    ) -> Result<Vec<Column>> {
        self.oldest_of::<Packed>(OLDEST, feed, span, after, limit.into()).await?.columns
    }

    /// A fingerprint of the oldest columns of a feed in a span of time, read from an index alone, and
    /// the place of the last of them; `None` if there are not that many.
    pub async fn oldest_heads(&self, feed: &FeedKey, span: Span, count: i64) -> Result<Option<(String, ColumnPlace)>> {
        let heads: Option<String> = self.oldest_of(OLDEST_HEADS, feed, span, None, count).await?;
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

    async fn newest_of<T: FromRow>(&self, forms: ByFeedKind, feed: &FeedKey, span: Span, limit: u32) -> Result<T> {
        let (statement, name) = form(forms, feed);
        let query = self.read(statement).bind(millis(span.from)).bind(millis(span.until)).bind(i64::from(limit));
        bind_name(query, name).fetch_one().await
    }

    async fn oldest_of<T: FromRow>(
        &self,
        forms: ByFeedKind,
        feed: &FeedKey,
        span: Span,
        after: Option<ColumnPlace>,
        limit: i64,
    ) -> Result<T> {
        let (statement, name) = form(forms, feed);
        // No column has the key 0.
        let (published, id) = after.map_or((millis(span.from), 0), |(published, id)| (millis(published), id.0));
        let query = self.read(statement).bind(published).bind(id).bind(millis(span.until)).bind(limit);
        bind_name(query, name).fetch_one().await
    }

    /// How many columns a feed has in a span of time.
    pub async fn count(&self, feed: &FeedKey, span: Span) -> Result<i64> {
        let (statement, name) = form(COUNT, feed);
        let query = self.read(statement).bind(millis(span.from)).bind(millis(span.until));
        bind_name(query, name).fetch_one().await
    }

    /// The columns of a feed that were withdrawn last.
    pub async fn withdrawn(&self, feed: &FeedKey, limit: u32) -> Result<Vec<Tombstone>> {
        let (statement, name) = form(WITHDRAWN, feed);
        let query = self.read(statement).bind(i64::from(limit));
        let rows: Vec<(String, i64)> = bind_name(query, name).fetch_all().await?;
        rows.into_iter().map(|(guid, when)| Ok(Tombstone { guid, when: instant(when)? })).collect()
    }
}
