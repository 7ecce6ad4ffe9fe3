//! Columns: what imports bring in, and what feeds and the digest take out.

use std::collections::HashMap;

use super::{
    Result, Store,
    column_entry::{AddressConflict, Entry, Put, asked_update},
    instant, millis,
    packed_columns::Packed,
    query::from_row,
    sql,
};
use crate::model::{
    Column, ColumnId, Draft, Instant, KnownColumn, Period, Rubrique, Slug,
    column::{content, fingerprint},
};

/// What a batch of drafts came to.
#[derive(Debug, Default)]
pub struct Batched {
    /// What became of each.
    pub outcomes: Vec<Put>,
    /// Those that wanted an address that another column has.
    pub conflicts: Vec<AddressConflict>,
}

/// A column as commands list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedColumn {
    /// The store's key.
    pub id: ColumnId,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

from_row!(SharedAddress { title, guid, url, owner, wanted });

/// A column's body as its source gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody {
    /// The store's key.
    pub id: i64,
    /// The id that readers know it by.
    pub guid: String,
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
    /// Its body, not cleaned.
    pub body: String,
}

from_row!(in order RawBody { id, guid, title, url, body });

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

/// A column of a source.
struct KnownRow {
    key: String,
    guid: String,
    title: String,
    standfirst: String,
    published: i64,
    withdrawn: Option<i64>,
}

from_row!(in order KnownRow { key, guid, title, standfirst, published, withdrawn });

/// A column as commands list it.
struct ListedRow {
    id: i64,
    source: String,
    key: String,
    title: String,
    url: String,
    published: i64,
    withdrawn: Option<i64>,
}

from_row!(in order ListedRow { id, source, key, title, url, published, withdrawn });

/// The words of a column.
struct TextRow {
    id: i64,
    title: String,
    standfirst: String,
    body: String,
}

from_row!(in order TextRow { id, title, standfirst, body });

/// A column whose words are in an edition already.
struct RepeatedRow {
    id: i64,
    source: String,
    key: String,
    standfirst: String,
    body: String,
    period: String,
}

from_row!(in order RepeatedRow { id, source, key, standfirst, body, period });

/// How many columns are read at once to find the fingerprints of their words.
const COLUMNS_AT_ONCE: i64 = 200;

impl Store {
    /// Names the rubriques as the configuration does.
    pub async fn put_rubriques(&self, rubriques: &[Rubrique]) -> Result<()> {
        self.transact(async |mut tx| {
            for (place, rubrique) in (0i64..).zip(rubriques) {
                tx.query(sql::PUT_RUBRIQUE)
                    .bind(rubrique.slug.as_str())
                    .bind(&rubrique.label)
                    .bind(place)
                    .execute()
                    .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// The columns that came from a source, by their names in it.
    pub async fn known(&self, source: &str) -> Result<HashMap<String, KnownColumn>> {
        let rows: Vec<KnownRow> = self.read(sql::KNOWN_COLUMNS).bind(source).fetch_all().await?;
        let known = |row: KnownRow| {
            let KnownRow { key, guid, title, standfirst, .. } = row;
            let (published, withdrawn) = (instant(row.published)?, row.withdrawn.is_some());
            Ok((key.clone(), KnownColumn { key, guid, title, standfirst, published, withdrawn }))
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
        self.transact_alone(async |mut tx| {
            let mut batch = tx.batch(entries.iter().map(|entry| asked_update(entry.draft)).collect()).await?;
            let mut outcomes = Vec::with_capacity(entries.len());
            for entry in entries {
                outcomes.push(tx.put_entry(entry, at, &mut batch).await?);
            }
            tx.put_touched(&batch).await?;
            tx.commit().await?;
            Ok(Batched { outcomes, conflicts: batch.conflicts })
        })
        .await
    }

    /// Withdraws columns of a source by their names in it; says how many were withdrawn now.
    pub async fn withdraw(&self, source: &str, keys: &[String], at: Instant) -> Result<usize> {
        self.transact_alone(async |mut tx| {
            let mut count = 0;
            let mut batch = tx.batch(Vec::new()).await?;
            for key in keys {
                count += usize::from(tx.withdraw_column(source, key, at, &mut batch).await?);
            }
            tx.put_touched(&batch).await?;
            tx.commit().await?;
            Ok(count)
        })
        .await
    }

    /// Brings a withdrawn column back; says whether it was withdrawn.
    pub async fn restore(&self, source: &str, key: &str) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let Some(found) = tx.find_column(source, key).await? else { return Ok(false) };
            let mut batch = tx.batch(Vec::new()).await?;
            let query = tx.query(sql::RESTORE_COLUMN).bind(found.id).bind(batch.revision);
            let restored = query.execute().await? == 1;
            if restored {
                batch.touch_found(&found)?;
                tx.put_touched(&batch).await?;
            }
            tx.commit().await?;
            Ok(restored)
        })
        .await
    }

    /// Gives a column another date of publication; says whether it is there.
    pub async fn redate(&self, source: &str, key: &str, published: Instant) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let Some(mut found) = tx.find_column(source, key).await? else { return Ok(false) };
            let asked = millis(published.max(crate::model::EARLIEST));
            let mut batch = tx.batch(vec![asked]).await?;
            let updated = batch.take(asked);
            let query = tx.query(sql::REDATE_COLUMN).bind(found.id).bind(millis(published)).bind(updated);
            query.bind(fingerprint(["redated", &published.to_rfc3339()])).bind(batch.revision).execute().await?;
            batch.touch_found(&found)?;
            found.published_at = millis(published);
            batch.touch_found(&found)?;
            tx.put_touched(&batch).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// All columns, newest first.
    pub async fn list_columns(&self) -> Result<Vec<ListedColumn>> {
        let rows: Vec<ListedRow> = self.read(sql::LIST_COLUMNS).fetch_all().await?;
        let listed = |row: ListedRow| {
            let ListedRow { id, source, key, title, url, .. } = row;
            let (published, withdrawn) = (instant(row.published)?, row.withdrawn.map(instant).transpose()?);
            Ok(ListedColumn { id: ColumnId(id), source, key, title, url, published, withdrawn })
        };
        rows.into_iter().map(listed).collect()
    }

    /// Columns that want one address, or have it.
    pub async fn shared_addresses(&self) -> Result<Vec<SharedAddress>> {
        self.read(sql::TWIN_ADDRESSES).fetch_all().await
    }

    /// The bodies of some columns that readers see, after one of them, as their sources gave them; nothing at the end.
    pub async fn raw_bodies(&self, after: i64) -> Result<Vec<RawBody>> {
        self.read(sql::RAW_BODIES).bind(after).bind(COLUMNS_AT_ONCE).fetch_all().await
    }

    /// Finds the fingerprints of words of the columns that were put before there were any.
    pub async fn fill_contents(&self) -> Result<()> {
        loop {
            let rows: Vec<TextRow> = self.read(sql::WITHOUT_CONTENT).bind(COLUMNS_AT_ONCE).fetch_all().await?;
            if rows.is_empty() {
                return Ok(());
            }
            self.transact(async |mut tx| {
                for TextRow { id, title, standfirst, body } in &rows {
                    let query = tx.query(sql::SET_CONTENT).bind(id).bind(content(title, standfirst, body));
                    query.execute().await?;
                }
                tx.commit().await
            })
            .await?;
        }
    }

    /// Columns published in a span of time (both ends included), or left out of an edition before, that are
    /// in no edition of a newsletter, newest first.
    pub async fn unsent(&self, newsletter: &Slug, since: Instant, until: Instant) -> Result<Vec<Column>> {
        let packed: Packed = self
            .read(sql::UNSENT_COLUMNS)
            .bind(millis(since))
            .bind(millis(until))
            .bind(newsletter.as_str())
            .fetch_one()
            .await?;
        packed.columns
    }

    /// Of the columns that [`Store::unsent`] gives, those whose words are in an edition of the newsletter
    /// already, under another id.
    pub async fn repeated(&self, newsletter: &Slug, since: Instant, until: Instant) -> Result<Vec<Repeated>> {
        let rows: Vec<RepeatedRow> = self
            .read(sql::REPEATED_COLUMNS)
            .bind(millis(since))
            .bind(millis(until))
            .bind(newsletter.as_str())
            .fetch_all()
            .await?;
        let repeated = |row: RepeatedRow| Repeated {
            column: ColumnId(row.id),
            source: row.source,
            key: row.key,
            standfirst: row.standfirst,
            body: row.body,
            period: Period::from_key(&row.period),
        };
        Ok(rows.into_iter().map(repeated).collect())
    }
}
