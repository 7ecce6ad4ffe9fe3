//! How a column enters the store, in a transaction that others may have more to do in.

use std::collections::BTreeSet;

use url::Url;

use super::{
    Error, Result, Tx,
    column_lists::Lists,
    instant, millis,
    query::{Query, from_row},
    sql,
};
use crate::model::{Draft, EARLIEST, FeedKey, Instant, Month, Slug};

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

/// A draft for the store, with what its source said itself and what was made for it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The column.
    pub draft: &'a Draft,
    /// Whether its source gave the guid: then another column that has it is a mistake, and else
    /// this one gets another.
    pub given_guid: bool,
    /// Whether its source gave the address: then one that is told apart must lead to the same page.
    pub given_url: bool,
}

/// A column that wants an address that another one has: it got another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressConflict {
    /// Its source.
    pub source: String,
    /// Its name there.
    pub key: String,
    /// Its title.
    pub title: String,
    /// The address that it wants.
    pub asked: String,
    /// The address that it got.
    pub got: String,
    /// The title of the one that was there first.
    pub owner_title: String,
    /// The name in its source of that one.
    pub owner_key: String,
}

/// How far behind the instant it asked for a column's own may lie, in milliseconds: a minute has room
/// for tens of thousands that share one. What lies farther behind was asked for by another date.
const MAX_SHIFT_MS: i64 = 60_000;

/// The instant at which a draft wants to be updated.
pub(super) fn asked_update(draft: &Draft) -> i64 {
    millis(draft.updated.max(EARLIEST))
}

/// What a transaction that puts columns has to remember until its end.
#[derive(Default)]
pub(super) struct ColumnBatch {
    /// Instants at which a column of the store was updated, to keep them apart.
    updates: BTreeSet<i64>,
    /// The revision that its columns are of, if it changes any.
    pub(super) revision: i64,
    /// The feeds and months in which a column changed.
    pub(super) touched: BTreeSet<(String, String)>,
    /// Columns that wanted an address that another one has.
    pub(super) conflicts: Vec<AddressConflict>,
}

impl ColumnBatch {
    /// The first free millisecond at or after one, which is then taken.
    pub(super) fn take(&mut self, mut at: i64) -> i64 {
        while !self.updates.insert(at) {
            at += 1;
        }
        at
    }

    /// A column changes in its feeds.
    pub(super) fn touch(&mut self, published: Instant, rubrique: Option<&Slug>) {
        let month = Month::of(published).to_string();
        self.touched.extend(FeedKey::of_rubrique(rubrique).map(|feed| (feed.key(), month.clone())));
    }

    /// A column changes in the feeds where it stood before.
    pub(super) fn touch_found(&mut self, found: &FoundColumn) -> Result<()> {
        let rubrique = found.rubrique.as_deref().and_then(|text| Slug::parse(text).ok());
        self.touch(instant(found.published_at)?, rubrique.as_ref());
        Ok(())
    }
}

/// What is there of a column that is put again.
pub(super) struct FoundColumn {
    pub(super) id: i64,
    fingerprint: String,
    updated_at: i64,
    pub(super) published_at: i64,
    rubrique: Option<String>,
    withdrawn_at: Option<i64>,
}

from_row!(FoundColumn { id, fingerprint, updated_at, published_at, rubrique, withdrawn_at });

/// Where a column is found, and where it wanted to be.
pub(super) struct Address {
    pub(super) url: String,
    pub(super) asked: Option<String>,
}

/// An address told apart from others: of a page that the source named, by a fragment, so that it
/// still leads there; else by its last part, as page generators do.
fn apart(url: &Url, number: usize, given: bool) -> String {
    let mut url = url.clone();
    if given {
        let before = url.fragment().map_or_else(String::new, |fragment| format!("{fragment}-"));
        url.set_fragment(Some(&format!("{before}{number}")));
        return url.into();
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let slash = if url.path().ends_with('/') { "/" } else { "" };
    match path.rsplit_once('/') {
        // A name with an ending keeps it: x.html, x-2.html.
        Some((folder, name)) => {
            let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(s, e)| (s, format!(".{e}")));
            url.set_path(&format!("{folder}/{stem}-{number}{ending}{slash}"));
        }
        None => url.set_path(&format!("{path}-{number}{slash}")),
    }
    url.into()
}

/// Binds the values of a column that come after its name, in the order of `ADD_COLUMN` and `CHANGE_COLUMN`.
pub(super) fn bind_column<'c>(query: Query<'c>, draft: &Draft, values: ColumnValues<'_>) -> Query<'c> {
    let image = draft.image.as_ref();
    let Lists { bylines, tags, audio } = Lists::of(draft);
    query
        .bind(draft.rubrique.as_ref().map(Slug::as_str))
        .bind(&draft.title)
        .bind(&draft.standfirst)
        .bind(&draft.byline)
        .bind(&draft.body_raw)
        .bind(&draft.body)
        .bind(draft.cleaner)
        .bind(values.address.url)
        .bind(image.map(|i| i.url.as_str()))
        .bind(image.map(|i| i.alt.as_str()))
        .bind(image.and_then(|i| i.credit.as_deref()))
        .bind(image.and_then(|i| i.media_type.as_deref()))
        .bind(image.and_then(|i| i.width.map(i64::from)))
        .bind(image.and_then(|i| i.height.map(i64::from)))
        .bind(image.and_then(|i| i.length.and_then(|n| i64::try_from(n).ok())))
        .bind(millis(draft.published))
        .bind(values.updated)
        .bind(values.fingerprint)
        .bind(bylines)
        .bind(tags)
        .bind(audio)
        .bind(values.revision)
        .bind(values.withdrawn)
        .bind(values.content)
        .bind(values.address.asked)
}

/// What the store writes of a column beside its draft.
pub(super) struct ColumnValues<'v> {
    pub(super) address: Address,
    pub(super) updated: i64,
    pub(super) revision: i64,
    pub(super) fingerprint: &'v str,
    pub(super) withdrawn: Option<i64>,
    pub(super) content: &'v str,
}

/// The steps of a transaction that changes columns.
impl Tx<'_> {
    pub(super) async fn find_column(&mut self, source: &str, key: &str) -> Result<Option<FoundColumn>> {
        let query = self.query(sql::FIND_COLUMN).bind(source).bind(key);
        query.fetch_optional().await
    }

    pub(super) async fn batch(&mut self, asked: Vec<i64>) -> Result<ColumnBatch> {
        // Nobody else changes columns before this transaction ends.
        let before: i64 = self.query(sql::REVISION).fetch_one().await?;
        let batch = ColumnBatch { revision: before + 1, ..ColumnBatch::default() };
        let (Some(first), Some(last)) = (asked.iter().min(), asked.iter().max()) else {
            return Ok(batch);
        };
        let query = self.query(sql::UPDATES_BETWEEN).bind(first).bind(last + MAX_SHIFT_MS);
        let taken: Vec<i64> = query.fetch_all().await?;
        Ok(ColumnBatch { updates: taken.into_iter().collect(), ..batch })
    }

    pub(super) async fn put_entry(&mut self, entry: &Entry<'_>, at: Instant, batch: &mut ColumnBatch) -> Result<Put> {
        let draft = entry.draft;
        let fingerprint = draft.fingerprint();
        let found = self.find_column(&draft.source, &draft.key).await?;
        let standing = found.as_ref().map(|found| (found.fingerprint.as_str(), found.withdrawn_at.is_some()));
        if standing == Some((&fingerprint, draft.withdrawn)) || (standing.is_none() && draft.withdrawn) {
            return Ok(Put::Same);
        }
        // Its own instant, bumped or not, stays its own.
        let asked = asked_update(draft);
        let updated = match &found {
            Some(found) if (asked..asked + MAX_SHIFT_MS).contains(&found.updated_at) => found.updated_at,
            _ => batch.take(asked),
        };
        let guid = match &found {
            None => Some(self.free_guid(entry).await?),
            Some(_) => None,
        };
        let address = self.address(entry, found.as_ref().map(|found| found.id), batch).await?;
        let query = match &guid {
            Some(guid) => self.query(sql::ADD_COLUMN).bind(&draft.source).bind(&draft.key).bind(guid),
            None => self.query(sql::CHANGE_COLUMN),
        };
        let kept = found.as_ref().and_then(|found| found.withdrawn_at);
        let withdrawn = draft.withdrawn.then(|| kept.unwrap_or(millis(at)));
        let (fingerprint, content) = (&*fingerprint, &*draft.content());
        let query = bind_column(
            query,
            draft,
            ColumnValues { address, updated, revision: batch.revision, fingerprint, withdrawn, content },
        );
        batch.touch(draft.published, draft.rubrique.as_ref());
        match found {
            None => {
                query.execute().await?;
                Ok(Put::Added)
            }
            Some(found) => {
                query.bind(found.id).execute().await?;
                batch.touch_found(&found)?;
                Ok(Put::Changed)
            }
        }
    }

    async fn free_guid(&mut self, entry: &Entry<'_>) -> Result<String> {
        let mut guid = entry.draft.guid.clone();
        let mut number = 1;
        loop {
            let query = self.query(sql::HAS_GUID).bind(&guid);
            let owner: Option<String> = query.fetch_optional().await?;
            match owner {
                None => return Ok(guid),
                Some(owner) if entry.given_guid => {
                    return Err(Error::Clash { guid, key: entry.draft.key.clone(), owner });
                }
                Some(_) => {
                    number += 1;
                    guid = format!("{}-{number}", entry.draft.guid);
                }
            }
        }
    }

    async fn address(&mut self, entry: &Entry<'_>, id: Option<i64>, batch: &mut ColumnBatch) -> Result<Address> {
        let draft = entry.draft;
        let asked = draft.url.to_string();
        if draft.withdrawn {
            return Ok(Address { url: asked, asked: None });
        }
        if let Some(id) = id {
            let query = self.query(sql::COLUMN_ADDRESS).bind(id);
            let (url, before): (String, Option<String>) = query.fetch_one().await?;
            // An address that readers know stays, also when the other one's has become free.
            if before.as_ref() == Some(&asked) {
                return Ok(Address { url, asked: before });
            }
        }
        let mut number = 1;
        let mut url = asked.clone();
        let mut first: Option<(String, String)> = None;
        loop {
            let query = self.query(sql::ADDRESS_OWNER).bind(&url).bind(id.unwrap_or(0));
            let owner: Option<(String, String)> = query.fetch_optional().await?;
            let Some(owner) = owner else { break };
            first.get_or_insert(owner);
            number += 1;
            url = apart(&draft.url, number, entry.given_url);
        }
        let Some((owner_key, owner_title)) = first else { return Ok(Address { url, asked: None }) };
        batch.conflicts.push(AddressConflict {
            source: draft.source.clone(),
            key: draft.key.clone(),
            title: draft.title.clone(),
            asked: asked.clone(),
            got: url.clone(),
            owner_title,
            owner_key,
        });
        Ok(Address { url, asked: Some(asked) })
    }

    pub(super) async fn withdraw_column(
        &mut self,
        source: &str,
        key: &str,
        at: Instant,
        batch: &mut ColumnBatch,
    ) -> Result<bool> {
        let Some(found) = self.find_column(source, key).await? else { return Ok(false) };
        let query = self.query(sql::WITHDRAW_COLUMN).bind(found.id).bind(millis(at)).bind(batch.revision);
        if query.execute().await? == 0 {
            return Ok(false);
        }
        batch.touch_found(&found)?;
        Ok(true)
    }

    /// Writes down, in the commit that changes columns, which feeds and months they are in.
    pub(super) async fn put_touched(&mut self, batch: &ColumnBatch) -> Result<()> {
        if batch.touched.is_empty() {
            return Ok(());
        }
        let revision: i64 = self.query(sql::NEXT_REVISION).fetch_one().await?;
        self.touch_months(&batch.touched, revision).await
    }

    /// Says that columns of these feeds and months have changed in a revision.
    pub(super) async fn touch_months(&mut self, touched: &BTreeSet<(String, String)>, revision: i64) -> Result<()> {
        // A large sync touches a thousand months: together, they are one round trip.
        let touched = serde_json::json!(touched).to_string();
        let query = self.query(sql::TOUCH_MONTHS);
        query.bind(touched).bind(revision).execute().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        for (url, given, other) in [
            ("https://e.example/a/x", false, "https://e.example/a/x-2"),
            ("https://e.example/a/x/", false, "https://e.example/a/x-2/"),
            ("https://e.example/a/x.html?p=1", false, "https://e.example/a/x-2.html?p=1"),
            ("https://e.example/", false, "https://e.example/-2/"),
            ("https://e.example/a/x", true, "https://e.example/a/x#2"),
            ("https://e.example/a/x#y", true, "https://e.example/a/x#y-2"),
        ] {
            assert_eq!(apart(&url.parse().expect("a URL"), 2, given), other);
        }
    }
}
