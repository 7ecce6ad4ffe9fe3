//! What is forgotten after a time, so that the store does not grow for ever: the letters of old editions, what
//! came back of them, and how they were rendered. What was sent to how many stays, and so do the archive's pages.

use std::collections::BTreeMap;

use chrono::Duration;

use super::{Result, Store, millis, on, on_writing, sql, transact};
use crate::model::Instant;

/// How many rows go in one transaction: others wait as long as that.
const BATCH: i64 = 2_000;

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tidied {
    /// Letters of editions.
    pub letters: u64,
    /// Variants that nothing leads to any more.
    pub variants: u64,
    /// What came back.
    pub returns: u64,
    /// Whether there is more to remove.
    pub more: bool,
}

impl Tidied {
    /// Whether nothing was removed.
    pub fn is_empty(&self) -> bool {
        (self.letters, self.variants, self.returns) == (0, 0, 0)
    }
}

impl Store {
    /// Removes the letters of editions that went out before an instant, with what came back of them, in so many
    /// transactions at the most. Never those of an edition with something to do, of one that is held, nor of the
    /// newest of a newsletter. Which columns an edition held stays: none of them comes twice.
    pub async fn tidy_ledger(&self, older: Instant, most: usize) -> Result<Tidied> {
        let mut tidied = Tidied::default();
        for _ in 0..most {
            let edition: Option<i64> = on!(self, pool => {
                sqlx::query_scalar(sql::EDITION_TO_TIDY).bind(millis(older)).fetch_optional(pool).await?
            });
            let (letters, variants, returns) = match edition {
                Some(edition) => self.tidy_edition(edition, older).await?,
                None => (0, 0, self.tidy_returns(older).await?),
            };
            tidied.letters += letters;
            tidied.variants += variants;
            tidied.returns += returns;
            if edition.is_none() && returns == 0 {
                return Ok(tidied);
            }
        }
        tidied.more = true;
        Ok(tidied)
    }

    /// Removes some letters of an edition, and with the last of them its variants, but for the one that the
    /// archive shows.
    async fn tidy_edition(&self, edition: i64, older: Instant) -> Result<(u64, u64, u64)> {
        transact!(self, begin, pool, tx => {
            // First the edition, as who queues letters again does: one waits for the other.
            sqlx::query(sql::TOUCH_EDITION).bind(edition).execute(&mut *tx).await?;
            let query = sqlx::query_scalar(sql::IS_TO_TIDY).bind(millis(older)).bind(edition);
            if query.fetch_one(&mut *tx).await.map(|count: i64| count == 0)? {
                return Ok((0, 0, 0));
            }
            let query = sqlx::query_scalar(sql::TIDY_LETTERS).bind(edition).bind(BATCH);
            let states: Vec<String> = query.fetch_all(&mut *tx).await?;
            let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
            states.iter().for_each(|state| *counts.entry(state).or_default() += 1);
            for (state, count) in counts {
                let query = sqlx::query(sql::COUNT_TIDIED).bind(edition).bind(state).bind(count);
                query.execute(&mut *tx).await?;
            }
            let left: i64 = sqlx::query_scalar(sql::HAS_LETTERS).bind(edition).fetch_one(&mut *tx).await?;
            if left > 0 {
                (states.len() as u64, 0, 0)
            } else {
                sqlx::query(sql::TIDY_VARIANT_COLUMNS).bind(edition).execute(&mut *tx).await?;
                let variants = sqlx::query(sql::TIDY_VARIANTS).bind(edition).execute(&mut *tx).await?.rows_affected();
                (states.len() as u64, variants, 0)
            }
        })
    }

    /// Removes some of what came back before an instant, of letters that are not kept any more.
    async fn tidy_returns(&self, older: Instant) -> Result<u64> {
        transact!(self, begin, pool, tx => {
            let query = sqlx::query(sql::TIDY_RETURNS).bind(millis(older)).bind(BATCH);
            query.execute(&mut *tx).await?.rows_affected()
        })
    }

    /// Some readers who left everything before an instant, by the store's key.
    pub async fn left_before(&self, older: Instant) -> Result<Vec<i64>> {
        Ok(on!(self, pool => {
            sqlx::query_scalar(sql::LEFT_BEFORE).bind(millis(older)).bind(BATCH).fetch_all(pool).await?
        }))
    }

    /// Forgets from which network addresses readers asked and confirmed before an instant; gives of how many
    /// consents.
    pub async fn forget_consent_addresses(&self, older: Instant) -> Result<u64> {
        transact!(self, begin, pool, tx => {
            sqlx::query(sql::FORGET_CONSENT_ADDRESSES).bind(millis(older)).execute(&mut *tx).await?.rows_affected()
        })
    }

    /// Whether what is done once a day is to be done: it was not done in the last 24 hours. Of two that ask at
    /// once, one is to do it.
    pub async fn claim_daily(&self, name: &str, at: Instant) -> Result<bool> {
        let since = millis(at - Duration::days(1));
        // Nearly always it is done, and a look takes no lock.
        let done: i64 = on!(self, pool => {
            let query = sqlx::query_scalar(sql::UPKEEP_DONE).bind(name).bind(millis(at)).bind(since);
            query.fetch_one(pool).await?
        });
        if done > 0 {
            return Ok(false);
        }
        on_writing!(self, pool => {
            let query = sqlx::query(sql::CLAIM_UPKEEP).bind(name).bind(millis(at)).bind(since);
            Ok(query.execute(pool).await?.rows_affected() == 1)
        })
    }

    /// What was claimed for a day is not done to its end: the next run goes on.
    pub async fn give_back_daily(&self, name: &str) -> Result<()> {
        on_writing!(self, pool => sqlx::query(sql::FORGET_UPKEEP).bind(name).execute(pool).await?.rows_affected());
        Ok(())
    }
}
