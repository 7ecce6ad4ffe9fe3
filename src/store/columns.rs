//! Columns: what imports bring in, and what feeds and the digest take out.

use std::collections::HashMap;

use super::{
    Result, Store, instant, millis, on,
    pack::Packed,
    put::{Batch, ColumnSteps, Entry, Put, Twin, asked_update},
    sql, transact,
};
use crate::model::{
    Column, ColumnId, Draft, Instant, Known, Period, Rubrique, Slug,
    column::{content, fingerprint},
};

/// What a batch of drafts came to.
#[derive(Debug, Default)]
pub struct Batched {
    /// What became of each.
    pub outcomes: Vec<Put>,
    /// Those that wanted an address that another column has.
    pub twins: Vec<Twin>,
}

/// A column as commands list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedColumn {
    /// Its source.
    pub source: String,
    /// Its name there.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
    /// When readers may first see it.
    pub published: Instant,
    /// When it left the feeds, if it did.
    pub withdrawn: Option<Instant>,
}

/// Two columns for one address.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SharedAddress {
    /// The title of the one that came later.
    pub title: String,
    /// Its id.
    pub guid: String,
    /// Its page.
    pub url: String,
    /// The title of the one that was there first.
    pub owner: String,
    /// The address that both want.
    pub wanted: String,
}

/// A column whose words are in an edition under another id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// The column.
    pub column: ColumnId,
    /// Its source.
    pub source: String,
    /// Its name there.
    pub key: String,
    /// What stands before it.
    pub standfirst: String,
    /// Its body.
    pub body: String,
    /// The first edition that had its words.
    pub period: Period,
}

/// How many columns are read at once to find the fingerprints of their words.
const FILLED_AT_ONCE: i64 = 200;

impl Store {
    /// Names the rubriques as the configuration does.
    pub async fn put_rubriques(&self, rubriques: &[Rubrique]) -> Result<()> {
        transact!(self, begin, pool, tx => {
            for (place, rubrique) in (0i64..).zip(rubriques) {
                sqlx::query(sql::PUT_RUBRIQUE)
                    .bind(rubrique.slug.as_str())
                    .bind(&rubrique.label)
                    .bind(place)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// The columns that came from a source, by their names in it.
    pub async fn known(&self, source: &str) -> Result<HashMap<String, Known>> {
        type Row = (String, String, String, String, i64, Option<i64>);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::KNOWN_COLUMNS).bind(source).fetch_all(pool).await?
        });
        let known = |(key, guid, title, standfirst, published, withdrawn): Row| {
            let (published, withdrawn) = (instant(published)?, withdrawn.is_some());
            Ok((key.clone(), Known { key, guid, title, standfirst, published, withdrawn }))
        };
        rows.into_iter().map(known).collect()
    }

    /// Adds drafts, or changes the columns that they are, as [`Store::put_entries`] does; each has
    /// its guid from its source.
    pub async fn put(&self, drafts: &[Draft], at: Instant) -> Result<Vec<Put>> {
        let entry = |draft| Entry { draft, given_guid: true, given_url: false };
        let entries: Vec<Entry<'_>> = drafts.iter().map(entry).collect();
        Ok(self.put_entries(&entries, at).await?.outcomes)
    }

    /// Adds drafts, or changes the columns that they are; all of them or, if something fails,
    /// none. A column keeps its id and guid for ever; one that is withdrawn leaves the feeds and
    /// stays in the store.
    ///
    /// No two columns are updated at the same instant (Atom readers tell entries apart by it):
    /// where a batch shares one, milliseconds are added. And none before [`crate::model::EARLIEST`],
    /// which readers would not believe: a column that was printed long before is told as updated then.
    /// No two have one address: the one that was there first keeps it.
    pub async fn put_entries(&self, entries: &[Entry<'_>], at: Instant) -> Result<Batched> {
        if entries.is_empty() {
            return Ok(Batched::default());
        }
        transact!(self, begin_alone, pool, tx => {
            let mut batch = tx.batch(entries.iter().map(|entry| asked_update(entry.draft)).collect()).await?;
            let mut outcomes = Vec::with_capacity(entries.len());
            for entry in entries {
                outcomes.push(tx.put_entry(entry, at, &mut batch).await?);
            }
            tx.put_touched(&batch).await?;
            Batched { outcomes, twins: batch.twins }
        })
    }

    /// Withdraws columns of a source by their names in it; says how many were withdrawn now.
    pub async fn withdraw(&self, source: &str, keys: &[String], at: Instant) -> Result<usize> {
        transact!(self, begin_alone, pool, tx => {
            let mut count = 0;
            let mut batch = Batch::default();
            for key in keys {
                count += usize::from(tx.withdraw_column(source, key, at, &mut batch).await?);
            }
            tx.put_touched(&batch).await?;
            count
        })
    }

    /// Brings a withdrawn column back; says whether it was withdrawn.
    pub async fn restore(&self, source: &str, key: &str) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            let mut batch = Batch::default();
            let Some(found) = tx.find_column(source, key).await? else { return Ok(false) };
            let query = sqlx::query(sql::RESTORE_COLUMN).bind(found.id);
            let restored = query.execute(&mut *tx).await?.rows_affected() == 1;
            if restored {
                batch.touch_found(&found)?;
                tx.put_touched(&batch).await?;
            }
            restored
        })
    }

    /// Gives a column another date of publication; says whether it is there.
    pub async fn redate(&self, source: &str, key: &str, published: Instant) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            let Some(mut found) = tx.find_column(source, key).await? else { return Ok(false) };
            let asked = millis(published.max(crate::model::EARLIEST));
            let mut batch = tx.batch(vec![asked]).await?;
            let updated = batch.take(asked);
            let query = sqlx::query(sql::REDATE_COLUMN).bind(found.id).bind(millis(published)).bind(updated);
            query.bind(fingerprint(["redated", &published.to_rfc3339()])).execute(&mut *tx).await?;
            batch.touch_found(&found)?;
            found.published_at = millis(published);
            batch.touch_found(&found)?;
            tx.put_touched(&batch).await?;
            true
        })
    }

    /// All columns, newest first.
    pub async fn list_columns(&self) -> Result<Vec<ListedColumn>> {
        type Row = (String, String, String, String, i64, Option<i64>);
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(sql::LIST_COLUMNS).fetch_all(pool).await?);
        let listed = |(source, key, title, url, published, withdrawn): Row| {
            let (published, withdrawn) = (instant(published)?, withdrawn.map(instant).transpose()?);
            Ok(ListedColumn { source, key, title, url, published, withdrawn })
        };
        rows.into_iter().map(listed).collect()
    }

    /// Columns that want one address, or have it.
    pub async fn shared_addresses(&self) -> Result<Vec<SharedAddress>> {
        Ok(on!(self, pool => sqlx::query_as(sql::TWIN_ADDRESSES).fetch_all(pool).await?))
    }

    /// Finds the fingerprints of words of the columns that were put before there were any.
    pub async fn fill_contents(&self) -> Result<()> {
        loop {
            type Row = (i64, String, String, String);
            let rows: Vec<Row> = on!(self, pool => {
                sqlx::query_as(sql::WITHOUT_CONTENT).bind(FILLED_AT_ONCE).fetch_all(pool).await?
            });
            if rows.is_empty() {
                return Ok(());
            }
            transact!(self, begin, pool, tx => {
                for (id, title, standfirst, body) in &rows {
                    let query = sqlx::query(sql::SET_CONTENT).bind(id).bind(content(title, standfirst, body));
                    query.execute(&mut *tx).await?;
                }
            })?;
        }
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

    /// Of the columns that [`Store::unsent`] gives, those whose words are in an edition of the newsletter
    /// already, under another id.
    pub async fn repeated(&self, newsletter: &Slug, since: Instant, until: Instant) -> Result<Vec<Repeated>> {
        type Row = (i64, String, String, String, String, String);
        let rows: Vec<Row> = on!(self, pool => {
            let query = sqlx::query_as(sql::REPEATED_COLUMNS).bind(millis(since)).bind(millis(until));
            query.bind(newsletter.as_str()).fetch_all(pool).await?
        });
        let repeated = |(id, source, key, standfirst, body, period): Row| Repeated {
            column: ColumnId(id),
            source,
            key,
            standfirst,
            body,
            period: Period::from_key(&period),
        };
        Ok(rows.into_iter().map(repeated).collect())
    }
}
