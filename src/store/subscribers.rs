//! Subscribers and suppressions.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::json;

use super::{Result, Store, begin_alone, instant, millis, on, sql, worded};
use crate::model::{Choice, Instant, Subscriber};

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
    /// Brought back, because that was wished.
    pub revived: u64,
}

impl Added {
    fn set(&mut self, suppressed: i64, left: i64, known: i64) {
        self.suppressed = suppressed.unsigned_abs();
        self.left = left.unsigned_abs();
        self.known = known.unsigned_abs() + self.left;
    }

    /// Adds another count to this one.
    pub fn add(&mut self, other: Self) {
        self.added += other.added;
        self.known += other.known;
        self.left += other.left;
        self.suppressed += other.suppressed;
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
    /// Adds subscribers, all or none. Nobody is revived: who is known or suppressed is left alone.
    pub async fn add_subscribers(&self, subscribers: &[Subscriber], at: Instant) -> Result<Added> {
        self.enter_subscribers(subscribers, at, false).await
    }

    /// The same; who left or was suppressed is brought back if that is wished.
    pub async fn enter_subscribers(&self, subscribers: &[Subscriber], at: Instant, revive: bool) -> Result<Added> {
        let (rows, twins) = self.rows(subscribers);
        let hashes = hashes(&rows);
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            let mut count = Added::default();
            let (suppressed, left, known) = sqlx::query_as(worded(pool, sql::COUNT_KNOWN))
                .bind(&hashes)
                .fetch_one(&mut *tx)
                .await?;
            count.set(suppressed, left, known);
            if revive {
                sqlx::query(worded(pool, sql::FORGIVE)).bind(&hashes).execute(&mut *tx).await?;
                sqlx::query(worded(pool, sql::REVIVE)).bind(&hashes).bind(millis(at)).execute(&mut *tx).await?;
            }
            let query = sqlx::query(worded(pool, sql::ADD_SUBSCRIBERS)).bind(json!(rows).to_string()).bind(millis(at));
            count.added = query.execute(&mut *tx).await?.rows_affected();
            tx.commit().await?;
            if revive {
                // Who was suppressed without being on the list is new on it.
                let new = (rows.len() as u64).saturating_sub(count.suppressed + count.known);
                count.revived = (count.suppressed + count.left).saturating_sub(count.added.saturating_sub(new));
                count.known -= count.left;
                (count.left, count.suppressed) = (0, 0);
            }
            count.known += twins;
            Ok(count)
        })
    }

    /// What adding subscribers would come to.
    pub async fn weigh_subscribers(&self, subscribers: &[Subscriber]) -> Result<Added> {
        let (rows, twins) = self.rows(subscribers);
        let (suppressed, left, known) = on!(self, pool => {
            sqlx::query_as(worded(pool, sql::COUNT_KNOWN)).bind(hashes(&rows)).fetch_one(pool).await?
        });
        let mut count = Added::default();
        count.set(suppressed, left, known);
        count.added = (rows.len() as u64).saturating_sub(count.suppressed + count.known);
        count.known += twins;
        Ok(count)
    }

    /// Subscribers as rows for the statements: `[hash, address, name, choice]`, and how many addresses
    /// stood there twice.
    fn rows(&self, subscribers: &[Subscriber]) -> (Vec<serde_json::Value>, u64) {
        let mut seen = HashSet::with_capacity(subscribers.len());
        let mut rows = Vec::with_capacity(subscribers.len());
        for subscriber in subscribers {
            let hash = data_encoding::HEXLOWER.encode(&self.hash(&subscriber.address));
            if seen.insert(hash.clone()) {
                rows.push(json!([hash, subscriber.address.to_string(), subscriber.name, subscriber.choice.key()]));
            }
        }
        (rows, (subscribers.len() - seen.len()) as u64)
    }

    /// So many subscribers at the most that come after one, in the order in which they joined; with
    /// the key of the last.
    pub async fn subscribers_after(&self, id: i64, limit: u32) -> Result<(Vec<Listed>, Option<i64>)> {
        type Row = (i64, String, Option<String>, String, String, i64);
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::SUBSCRIBERS_AFTER).bind(id).bind(i64::from(limit)).fetch_all(pool).await?
        });
        let last = rows.last().map(|row| row.0);
        let listed = rows.into_iter().map(|(_, address, name, choice, state, joined)| {
            let rubriques = choice.split(',').filter(|slug| !slug.is_empty()).map(str::to_owned).collect();
            Ok(Listed { address, name, rubriques, state, joined: instant(joined)? })
        });
        Ok((listed.collect::<Result<_>>()?, last))
    }

    /// All subscribers, in the order in which they joined.
    pub async fn list_subscribers(&self) -> Result<Vec<Listed>> {
        type Row = (String, Option<String>, String, String, i64);
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(sql::LIST_SUBSCRIBERS).fetch_all(pool).await?);
        let listed = |(address, name, choice, state, joined): Row| {
            let rubriques = choice.split(',').filter(|slug| !slug.is_empty()).map(str::to_owned).collect();
            Ok(Listed { address, name, rubriques, state, joined: instant(joined)? })
        };
        rows.into_iter().map(listed).collect()
    }

    /// The distinct choices of the active subscribers.
    pub async fn choices(&self) -> Result<Vec<Choice>> {
        let keys: Vec<String> = on!(self, pool => sqlx::query_scalar(sql::CHOICES).fetch_all(pool).await?);
        Ok(keys.iter().map(|key| Choice::from_key(key)).collect())
    }
}
