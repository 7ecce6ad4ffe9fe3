//! Subscribers and suppressions.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::json;

use super::{Result, Store, instant, millis, on, sql, transact, worded};
use crate::model::{Choice, Instant, Slug, Subscriber};

/// What became of subscribers that were to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Added {
    /// New.
    pub added: u64,
    /// On the list already (or once): left as they are.
    pub known: u64,
    /// Of these, who had left.
    pub left: u64,
    /// Suppressed: left alone.
    pub suppressed: u64,
    /// Addresses from which readers have moved away: left alone, and counted among the known.
    pub moved: u64,
    /// Brought back, because that was wished.
    pub revived: u64,
}

impl Added {
    fn set(&mut self, (suppressed, left, known, moved): (i64, i64, i64, i64)) {
        self.suppressed = suppressed.unsigned_abs();
        self.left = left.unsigned_abs();
        self.moved = moved.unsigned_abs();
        self.known = known.unsigned_abs() + self.left + self.moved;
    }

    /// Adds another count to this one.
    pub fn add(&mut self, other: Self) {
        self.added += other.added;
        self.known += other.known;
        self.left += other.left;
        self.suppressed += other.suppressed;
        self.moved += other.moved;
        self.revived += other.revived;
    }
}

/// The hashes of rows, for a statement.
fn hashes(rows: &[serde_json::Value]) -> String {
    json!(rows.iter().map(|row| json!([row[0]])).collect::<Vec<_>>()).to_string()
}

/// A subscriber as a listing shows one.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Where to.
    pub address: String,
    /// How the subscriber is called.
    pub name: Option<String>,
    /// Slugs of the rubriques chosen; empty for all.
    pub rubriques: Vec<String>,
    /// pending, active or unsubscribed.
    pub state: String,
    /// Since when, RFC 3339.
    pub joined: Instant,
}

impl Store {
    /// Adds subscribers of a newsletter, all or none. Nobody is revived: who is known or suppressed is left alone.
    pub async fn add_subscribers(&self, newsletter: &Slug, subscribers: &[Subscriber], at: Instant) -> Result<Added> {
        self.enter_subscribers(newsletter, subscribers, at, false).await
    }

    /// The same; who left, moved away or was suppressed is brought back if that is wished.
    pub async fn enter_subscribers(
        &self,
        newsletter: &Slug,
        subscribers: &[Subscriber],
        at: Instant,
        revive: bool,
    ) -> Result<Added> {
        let (rows, twins) = self.rows(subscribers)?;
        let hashes = hashes(&rows);
        let rows_text = json!(rows).to_string();
        let newsletter = newsletter.as_str();
        transact!(self, begin_alone, pool, tx => {
            let mut count = Added::default();
            count.set(
                sqlx::query_as(worded(pool, sql::COUNT_KNOWN))
                    .bind(&hashes)
                    .bind(newsletter)
                    .fetch_one(&mut *tx)
                    .await?,
            );
            if revive {
                for statement in [sql::FORGIVE, sql::FORGET_FORMER] {
                    sqlx::query(worded(pool, statement)).bind(&hashes).execute(&mut *tx).await?;
                }
                sqlx::query(worded(pool, sql::REVIVE))
                    .bind(&hashes)
                    .bind(millis(at))
                    .bind(newsletter)
                    .execute(&mut *tx)
                    .await?;
                sqlx::query(worded(pool, sql::RETURN_READERS)).bind(&hashes).bind(millis(at)).execute(&mut *tx).await?;
            }
            sqlx::query(worded(pool, sql::ADD_SUBSCRIBERS)).bind(&rows_text).bind(millis(at)).execute(&mut *tx).await?;
            count.added = sqlx::query(worded(pool, sql::ADD_SUBSCRIPTIONS))
                .bind(&rows_text)
                .bind(newsletter)
                .bind(millis(at))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if revive {
                // Who was suppressed or had moved without being on the list is new on it.
                let new = (rows.len() as u64).saturating_sub(count.suppressed + count.known);
                let back = count.suppressed + count.left + count.moved;
                count.revived = back.saturating_sub(count.added.saturating_sub(new));
                count.known -= count.left + count.moved;
                (count.left, count.suppressed, count.moved) = (0, 0, 0);
            }
            count.known += twins;
            count
        })
    }

    /// What adding subscribers would come to.
    pub async fn weigh_subscribers(&self, newsletter: &Slug, subscribers: &[Subscriber]) -> Result<Added> {
        let (rows, twins) = self.rows(subscribers)?;
        let mut count = Added::default();
        count.set(on!(self, pool => {
            sqlx::query_as(worded(pool, sql::COUNT_KNOWN))
                .bind(hashes(&rows))
                .bind(newsletter.as_str())
                .fetch_one(pool)
                .await?
        }));
        count.added = (rows.len() as u64).saturating_sub(count.suppressed + count.known);
        count.known += twins;
        Ok(count)
    }

    /// Subscribers as rows for the statements: `[hash, address, name, choice, public id]`, and how many
    /// addresses stood there twice.
    fn rows(&self, subscribers: &[Subscriber]) -> Result<(Vec<serde_json::Value>, u64)> {
        let mut seen = HashSet::with_capacity(subscribers.len());
        let mut rows = Vec::with_capacity(subscribers.len());
        for subscriber in subscribers {
            let hash = HEXLOWER.encode(&self.hash(&subscriber.address));
            if seen.insert(hash.clone()) {
                let id = HEXLOWER.encode(&Self::random()?);
                rows.push(json!([hash, subscriber.address.to_string(), subscriber.name, subscriber.choice.key(), id]));
            }
        }
        Ok((rows, (subscribers.len() - seen.len()) as u64))
    }

    /// So many subscribers at the most that come after one, in the order in which they joined; with
    /// the key of the last.
    pub async fn subscribers_after(
        &self,
        newsletter: &Slug,
        id: i64,
        limit: u32,
    ) -> Result<(Vec<Listed>, Option<i64>)> {
        type Row = (i64, String, Option<String>, String, String, i64);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::SUBSCRIBERS_AFTER)
                .bind(newsletter.as_str())
                .bind(id)
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        });
        let last = rows.last().map(|row| row.0);
        let listed = rows.into_iter().map(|(_, address, name, choice, state, joined)| {
            let rubriques = choice.split(',').filter(|slug| !slug.is_empty()).map(str::to_owned).collect();
            Ok(Listed { address, name, rubriques, state, joined: instant(joined)? })
        });
        Ok((listed.collect::<Result<_>>()?, last))
    }

    /// All subscribers of a newsletter, in the order in which they joined.
    pub async fn list_subscribers(&self, newsletter: &Slug) -> Result<Vec<Listed>> {
        type Row = (String, Option<String>, String, String, i64);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::LIST_SUBSCRIBERS).bind(newsletter.as_str()).fetch_all(pool).await?
        });
        let listed = |(address, name, choice, state, joined): Row| {
            let rubriques = choice.split(',').filter(|slug| !slug.is_empty()).map(str::to_owned).collect();
            Ok(Listed { address, name, rubriques, state, joined: instant(joined)? })
        };
        rows.into_iter().map(listed).collect()
    }

    /// The distinct choices of a newsletter's active subscribers.
    pub async fn choices(&self, newsletter: &Slug) -> Result<Vec<Choice>> {
        let keys: Vec<String> = on!(self, pool => {
            sqlx::query_scalar(sql::CHOICES).bind(newsletter.as_str()).fetch_all(pool).await?
        });
        Ok(keys.iter().map(|key| Choice::from_key(key)).collect())
    }
}
