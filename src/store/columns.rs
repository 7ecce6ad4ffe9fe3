//! Columns: what imports bring in, and what feeds and the digest take out.

use std::collections::{BTreeSet, HashMap};

use super::{Error, Result, Store, begin, begin_alone, instant, millis, on, pack::Packed, sql};
use crate::model::{Column, Draft, EARLIEST, FeedKey, Instant, Known, Month, Rubrique, Slug};

/// A file that a source was read from.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SourceFile {
    /// Where it is.
    pub path: String,
    /// Tells whether it must be read again.
    pub stamp: String,
    /// The name in its source of the column that it gave, if it gave one.
    pub column_key: Option<String>,
}

/// What became of a draft that was put into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was not there.
    Added,
    /// It was there and differed.
    Changed,
    /// It was there as it is.
    Same,
}

/// How far behind the instant it asked for a column's own may lie, in milliseconds: a minute has room
/// for tens of thousands that share one. What lies farther behind was asked for by another date.
const ROOM: i64 = 60_000;

/// Instants at which a column of the store was updated, to keep them apart.
struct Taken(BTreeSet<i64>);

impl Taken {
    /// The first free millisecond at or after one, which is then taken.
    fn take(&mut self, mut at: i64) -> i64 {
        while !self.0.insert(at) {
            at += 1;
        }
        at
    }
}

/// What is there of a column that is put again.
#[derive(sqlx::FromRow)]
struct Found {
    id: i64,
    fingerprint: String,
    updated_at: i64,
    published_at: i64,
    rubrique: Option<String>,
    byline_slug: Option<String>,
    withdrawn_at: Option<i64>,
}

impl Found {
    /// Its feeds change where it stood before.
    fn touch(&self, touched: &mut Touched) -> Result<()> {
        let slug = |text: &Option<String>| text.as_deref().and_then(|text| Slug::parse(text).ok());
        touched.add(instant(self.published_at)?, slug(&self.rubrique).as_ref(), slug(&self.byline_slug).as_ref());
        Ok(())
    }
}

/// The feeds and months in which a commit changes a column.
#[derive(Default)]
pub(super) struct Touched(pub(super) BTreeSet<(String, String)>);

impl Touched {
    pub(super) fn add(&mut self, published: Instant, rubrique: Option<&Slug>, byline: Option<&Slug>) {
        let month = Month::of(published).to_string();
        self.0.extend(FeedKey::of_column(rubrique, byline).map(|feed| (feed.key(), month.clone())));
    }
}

/// Writes down, in the commit that changes columns, which feeds and months they are in.
macro_rules! touch {
    ($tx:ident, $touched:ident) => {
        if !$touched.0.is_empty() {
            let revision: i64 = sqlx::query_scalar(sql::NEXT_REVISION).fetch_one(&mut *$tx).await?;
            for (feed, month) in &$touched.0 {
                sqlx::query(sql::TOUCH_MONTH).bind(feed).bind(month).bind(revision).execute(&mut *$tx).await?;
            }
        }
    };
}
pub(super) use touch;

impl Store {
    /// Names the rubriques as the configuration does.
    pub async fn put_rubriques(&self, rubriques: &[Rubrique]) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            for (place, rubrique) in (0i64..).zip(rubriques) {
                sqlx::query(sql::PUT_RUBRIQUE)
                    .bind(rubrique.slug.as_str())
                    .bind(&rubrique.label)
                    .bind(place)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
        });
        Ok(())
    }

    /// The columns that came from a source, by their names in it.
    pub async fn known(&self, source: &str) -> Result<HashMap<String, Known>> {
        type Row = (String, String, String, String, i64);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::KNOWN_COLUMNS).bind(source).fetch_all(pool).await?
        });
        let known = |(key, guid, title, standfirst, published): Row| {
            Ok((key.clone(), Known { key, guid, title, standfirst, published: instant(published)? }))
        };
        rows.into_iter().map(known).collect()
    }

    /// Adds drafts, or changes the columns that they are; all of them or, if something fails,
    /// none. A column keeps its id and guid for ever; one that is withdrawn leaves the feeds and
    /// stays in the store.
    ///
    /// No two columns are updated at the same instant (Atom readers tell entries apart by it):
    /// where a batch shares one, milliseconds are added. And none before [`EARLIEST`], which readers
    /// would not believe: a column that was printed long before is told as updated then.
    pub async fn put(&self, drafts: &[Draft], at: Instant) -> Result<Vec<Put>> {
        let asked = |draft: &Draft| millis(draft.updated.max(EARLIEST));
        let updates = || drafts.iter().map(asked);
        let (Some(first), Some(last)) = (updates().min(), updates().max()) else { return Ok(Vec::new()) };
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            let taken: Vec<i64> = sqlx::query_scalar(sql::UPDATES_BETWEEN)
                .bind(first)
                .bind(last + ROOM)
                .fetch_all(&mut *tx)
                .await?;
            let mut taken = Taken(taken.into_iter().collect());
            let mut touched = Touched::default();
            let mut outcomes = Vec::with_capacity(drafts.len());
            for draft in drafts {
                let fingerprint = draft.fingerprint();
                let found: Option<Found> = sqlx::query_as(sql::FIND_COLUMN)
                    .bind(&draft.source)
                    .bind(&draft.key)
                    .fetch_optional(&mut *tx)
                    .await?;
                let standing = found.as_ref().map(|found| (found.fingerprint.as_str(), found.withdrawn_at.is_some()));
                if standing == Some((&fingerprint, draft.withdrawn)) || (standing.is_none() && draft.withdrawn) {
                    outcomes.push(Put::Same);
                    continue;
                }
                // Its own instant, bumped or not, stays its own.
                let asked = asked(draft);
                let updated = match &found {
                    Some(found) if (asked..asked + ROOM).contains(&found.updated_at) => found.updated_at,
                    _ => taken.take(asked),
                };
                if found.is_none() {
                    let query = sqlx::query_scalar(sql::HAS_GUID).bind(&draft.guid);
                    let owner: Option<String> = query.fetch_optional(&mut *tx).await?;
                    if let Some(owner) = owner {
                        return Err(Error::Clash { guid: draft.guid.clone(), key: draft.key.clone(), owner });
                    }
                }
                let query = match &found {
                    None => sqlx::query(sql::ADD_COLUMN).bind(&draft.source).bind(&draft.key).bind(&draft.guid),
                    Some(_) => sqlx::query(sql::CHANGE_COLUMN),
                };
                let byline_slug = draft.byline.as_deref().and_then(Slug::from_text);
                let kept = found.as_ref().and_then(|found| found.withdrawn_at);
                let image = draft.image.as_ref();
                let query = query
                    .bind(draft.rubrique.as_ref().map(Slug::as_str))
                    .bind(&draft.title)
                    .bind(&draft.standfirst)
                    .bind(&draft.byline)
                    .bind(&draft.body_raw)
                    .bind(&draft.body)
                    .bind(draft.cleaner)
                    .bind(draft.url.as_str())
                    .bind(image.map(|i| i.url.as_str()))
                    .bind(image.map(|i| i.alt.as_str()))
                    .bind(image.and_then(|i| i.credit.as_deref()))
                    .bind(image.and_then(|i| i.media_type.as_deref()))
                    .bind(image.and_then(|i| i.width.map(i64::from)))
                    .bind(image.and_then(|i| i.height.map(i64::from)))
                    .bind(image.and_then(|i| i.length.and_then(|n| i64::try_from(n).ok())))
                    .bind(millis(draft.published))
                    .bind(updated)
                    .bind(fingerprint)
                    .bind(byline_slug.as_ref().map(Slug::as_str))
                    .bind(draft.withdrawn.then(|| kept.unwrap_or(millis(at))));
                touched.add(draft.published, draft.rubrique.as_ref(), byline_slug.as_ref());
                match &found {
                    None => {
                        query.execute(&mut *tx).await?;
                        outcomes.push(Put::Added);
                    }
                    Some(found) => {
                        query.bind(found.id).execute(&mut *tx).await?;
                        found.touch(&mut touched)?;
                        outcomes.push(Put::Changed);
                    }
                }
            }
            touch!(tx, touched);
            tx.commit().await?;
            Ok(outcomes)
        })
    }

    /// Withdraws columns of a source by their names in it; says how many were withdrawn now.
    pub async fn withdraw(&self, source: &str, keys: &[String], at: Instant) -> Result<usize> {
        let mut count = 0;
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            let mut touched = Touched::default();
            for key in keys {
                let found: Option<Found> =
                    sqlx::query_as(sql::FIND_COLUMN).bind(source).bind(key).fetch_optional(&mut *tx).await?;
                let Some(found) = found else { continue };
                let query = sqlx::query(sql::WITHDRAW_COLUMN).bind(found.id).bind(millis(at));
                if query.execute(&mut *tx).await?.rows_affected() == 1 {
                    found.touch(&mut touched)?;
                    count += 1;
                }
            }
            touch!(tx, touched);
            tx.commit().await?;
        });
        Ok(count)
    }

    /// Columns published in a span of time (both ends included), or left out of an edition before, that are
    /// in no edition of a newsletter, newest first.
    pub async fn unsent(&self, newsletter: &Slug, since: Instant, until: Instant) -> Result<Vec<Column>> {
        let packed: Packed = on!(self, pool => {
            sqlx::query_as(sql::UNSENT_COLUMNS)
                .bind(millis(since))
                .bind(millis(until))
                .bind(newsletter.as_str())
                .fetch_one(pool)
                .await?
        });
        packed.columns
    }

    /// The files that sources were read from, by path.
    pub async fn files(&self) -> Result<HashMap<String, SourceFile>> {
        let rows: Vec<SourceFile> = on!(self, pool => sqlx::query_as(sql::FILE_STAMPS).fetch_all(pool).await?);
        Ok(rows.into_iter().map(|file| (file.path.clone(), file)).collect())
    }

    /// Remembers files that have been read, and forgets others that are gone.
    pub async fn put_files(&self, read: &[SourceFile], gone: &[String]) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            for file in read {
                let query = sqlx::query(sql::PUT_FILE_STAMP).bind(&file.path).bind(&file.stamp).bind(&file.column_key);
                query.execute(&mut *tx).await?;
            }
            for path in gone {
                sqlx::query(sql::DROP_FILE_STAMP).bind(path).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        });
        Ok(())
    }
}
