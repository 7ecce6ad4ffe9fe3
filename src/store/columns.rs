//! Columns: what imports bring in, and what feeds and the digest take out.

use std::collections::{BTreeSet, HashMap};

use url::Url;

use super::{Error, Result, Store, begin, begin_alone, instant, millis, on, sql};
use crate::model::{Column, ColumnId, Draft, Image, Instant, Known, Rubrique, Slug};

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

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    guid: String,
    rubrique: Option<String>,
    title: String,
    standfirst: String,
    byline: Option<String>,
    body: String,
    url: String,
    image_url: Option<String>,
    image_alt: Option<String>,
    image_credit: Option<String>,
    image_type: Option<String>,
    image_width: Option<i64>,
    image_height: Option<i64>,
    image_length: Option<i64>,
    published_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Column {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let url = |text: String| Url::parse(&text).map_err(|_| Error::Corrupt { what: "URL", value: text });
        let slug = |text: String| Slug::parse(&text).map_err(|_| Error::Corrupt { what: "slug", value: text });
        let pixels = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
        let image = row.image_url.map(|address| {
            Ok::<_, Error>(Image {
                url: url(address)?,
                alt: row.image_alt.unwrap_or_default(),
                credit: row.image_credit,
                media_type: row.image_type,
                width: pixels(row.image_width),
                height: pixels(row.image_height),
                length: row.image_length.and_then(|n| u64::try_from(n).ok()),
            })
        });
        Ok(Column {
            id: ColumnId(row.id),
            guid: row.guid,
            rubrique: row.rubrique.map(slug).transpose()?,
            title: row.title,
            standfirst: row.standfirst,
            byline: row.byline,
            body: row.body,
            url: url(row.url)?,
            image: image.transpose()?,
            published: instant(row.published_at)?,
            updated: instant(row.updated_at)?,
        })
    }
}

/// How far behind the instant it asked for a column's own may lie, in milliseconds: a day has room
/// for any batch that shares one.
const DAY: i64 = 86_400_000;

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
    /// none. A column keeps its id and guid for ever.
    ///
    /// No two columns are updated at the same instant (Atom readers tell entries apart by it):
    /// where a batch shares one, milliseconds are added.
    pub async fn put(&self, drafts: &[Draft]) -> Result<Vec<Put>> {
        let updates = || drafts.iter().map(|draft| millis(draft.updated));
        let (Some(first), Some(last)) = (updates().min(), updates().max()) else { return Ok(Vec::new()) };
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            let taken: Vec<i64> = sqlx::query_scalar(sql::UPDATES_BETWEEN)
                .bind(first)
                .bind(last + DAY)
                .fetch_all(&mut *tx)
                .await?;
            let mut taken = Taken(taken.into_iter().collect());
            let mut outcomes = Vec::with_capacity(drafts.len());
            for draft in drafts {
                let fingerprint = draft.fingerprint();
                let found: Option<(i64, String, i64)> = sqlx::query_as(sql::FIND_COLUMN)
                    .bind(&draft.source)
                    .bind(&draft.key)
                    .fetch_optional(&mut *tx)
                    .await?;
                if found.as_ref().is_some_and(|(_, known, _)| *known == fingerprint) {
                    outcomes.push(Put::Same);
                    continue;
                }
                // Its own instant, bumped or not, stays its own.
                let asked = millis(draft.updated);
                let updated = match found {
                    Some((_, _, at)) if (asked..asked + 1_000).contains(&at) => at,
                    _ => taken.take(asked),
                };
                let query = match &found {
                    None => sqlx::query(sql::ADD_COLUMN).bind(&draft.source).bind(&draft.key).bind(&draft.guid),
                    Some(_) => sqlx::query(sql::CHANGE_COLUMN),
                };
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
                    .bind(fingerprint);
                match found {
                    None => {
                        query.execute(&mut *tx).await?;
                        outcomes.push(Put::Added);
                    }
                    Some((id, _, _)) => {
                        query.bind(id).execute(&mut *tx).await?;
                        outcomes.push(Put::Changed);
                    }
                }
            }
            tx.commit().await?;
            Ok(outcomes)
        })
    }

    /// The newest columns of a feed that readers may see at an instant: of a rubrique, or of all.
    pub async fn newest(&self, rubrique: Option<&Slug>, at: Instant, limit: u32) -> Result<Vec<Column>> {
        let statement = rubrique.map_or(sql::NEWEST_OF_ALL, |_| sql::NEWEST_OF_RUBRIQUE);
        let rows: Vec<Row> = on!(self, pool => {
            let query = sqlx::query_as(statement).bind(millis(at)).bind(i64::from(limit));
            match rubrique {
                Some(slug) => query.bind(slug.as_str()).fetch_all(pool).await?,
                None => query.fetch_all(pool).await?,
            }
        });
        rows.into_iter().map(Column::try_from).collect()
    }

    /// Columns published in a span of time (both ends included) that are in no edition, newest
    /// first.
    pub async fn unsent(&self, since: Instant, until: Instant) -> Result<Vec<Column>> {
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::UNSENT_COLUMNS).bind(millis(since)).bind(millis(until)).fetch_all(pool).await?
        });
        rows.into_iter().map(Column::try_from).collect()
    }

    /// Stamps of the files that sources were read from, by path.
    pub async fn file_stamps(&self) -> Result<HashMap<String, String>> {
        let rows: Vec<(String, String)> = on!(self, pool => sqlx::query_as(sql::FILE_STAMPS).fetch_all(pool).await?);
        Ok(rows.into_iter().collect())
    }

    /// Remembers that files with these stamps have been read.
    pub async fn put_file_stamps(&self, stamps: &[(String, String)]) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            for (path, stamp) in stamps {
                sqlx::query(sql::PUT_FILE_STAMP).bind(path).bind(stamp).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        });
        Ok(())
    }
}
