//! Subscribers and suppressions.

use serde::Serialize;

use super::{Result, Store, begin_alone, instant, millis, on, sql};
use crate::model::{Choice, Instant, Subscriber};

/// What became of subscribers that were to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Added {
    /// New.
    pub added: u64,
    /// On the list already (or once): left as they are.
    pub known: u64,
    /// Suppressed: left alone.
    pub suppressed: u64,
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
        let mut count = Added::default();
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            for subscriber in subscribers {
                let hash = self.hash(&subscriber.address);
                let added = sqlx::query(sql::ADD_SUBSCRIBER)
                    .bind(subscriber.address.to_string())
                    .bind(hash.clone())
                    .bind(&subscriber.name)
                    .bind(subscriber.choice.key())
                    .bind(millis(at))
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if added == 1 {
                    count.added += 1;
                    continue;
                }
                let suppressed: i64 = sqlx::query_scalar(sql::IS_SUPPRESSED).bind(hash).fetch_one(&mut *tx).await?;
                *if suppressed > 0 { &mut count.suppressed } else { &mut count.known } += 1;
            }
            tx.commit().await?;
        });
        Ok(count)
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
