//! What is forgotten after a time, so that the store does not grow for ever: the letters of old editions, what
//! came back of them, and how they were rendered. What was sent to how many stays, and so do the archive's pages.

use std::collections::BTreeMap;

use chrono::Duration;

use super::{Result, Store, instant, millis, sql};
use crate::model::Instant;

/// How many rows go in one transaction: others wait as long as that.
const ROWS_PER_TRANSACTION: i64 = 2_000;

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
            let edition: Option<i64> = self.read(sql::EDITION_TO_TIDY).bind(millis(older)).fetch_optional().await?;
            let part = match edition {
                Some(edition) => self.tidy_edition(edition, older).await?,
                None => Tidied { returns: self.tidy_returns(older).await?, ..Tidied::default() },
            };
            tidied.letters += part.letters;
            tidied.variants += part.variants;
            tidied.returns += part.returns;
            if edition.is_none() && part.returns == 0 {
                return Ok(tidied);
            }
        }
        tidied.more = true;
        Ok(tidied)
    }

    /// Removes some letters of an edition, and with the last of them its variants, but for the one that the
    /// archive shows.
    async fn tidy_edition(&self, edition: i64, older: Instant) -> Result<Tidied> {
        self.transact(async |mut tx| {
            // First the edition, as who queues letters again does: one waits for the other.
            tx.query(sql::TOUCH_EDITION).bind(edition).execute().await?;
            let query = tx.query(sql::IS_TO_TIDY).bind(millis(older)).bind(edition);
            if query.fetch_one::<i64>().await? == 0 {
                return Ok(Tidied::default());
            }
            tx.query(sql::TIDY_FATES).bind(edition).bind(ROWS_PER_TRANSACTION).execute().await?;
            tx.query(sql::TIDY_CARRIED).bind(edition).execute().await?;
            let query = tx.query(sql::TIDY_LETTERS).bind(edition).bind(ROWS_PER_TRANSACTION);
            let states: Vec<String> = query.fetch_all().await?;
            let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
            states.iter().for_each(|state| *counts.entry(state).or_default() += 1);
            for (state, count) in counts {
                let query = tx.query(sql::COUNT_TIDIED).bind(edition).bind(state).bind(count);
                query.execute().await?;
            }
            let left: i64 = tx.query(sql::HAS_LETTERS).bind(edition).fetch_one().await?;
            let mut variants = 0;
            if left == 0 {
                tx.query(sql::TIDY_VARIANT_COLUMNS).bind(edition).execute().await?;
                variants = tx.query(sql::TIDY_VARIANTS).bind(edition).execute().await?;
            }
            tx.commit().await?;
            Ok(Tidied { letters: states.len() as u64, variants, ..Tidied::default() })
        })
        .await
    }

    /// Removes some of what came back before an instant, of letters that are not kept any more.
    async fn tidy_returns(&self, older: Instant) -> Result<u64> {
        self.transact(async |mut tx| {
            let returns = tx.query(sql::TIDY_RETURNS).bind(millis(older)).bind(ROWS_PER_TRANSACTION).execute().await?;
            tx.commit().await?;
            Ok(returns)
        })
        .await
    }

    /// Some readers who left everything before an instant, by the store's key.
    pub async fn left_before(&self, older: Instant) -> Result<Vec<i64>> {
        self.read(sql::LEFT_BEFORE).bind(millis(older)).bind(ROWS_PER_TRANSACTION).fetch_all().await
    }

    /// Forgets from which network addresses readers asked and confirmed before an instant; gives of how many
    /// consents.
    pub async fn forget_consent_addresses(&self, older: Instant) -> Result<u64> {
        self.transact(async |mut tx| {
            let consents = tx.query(sql::FORGET_CONSENT_ADDRESSES).bind(millis(older)).execute().await?;
            tx.commit().await?;
            Ok(consents)
        })
        .await
    }

    /// Whether what is done once a day is to be done: it was not done in the last 24 hours. Of two that ask at
    /// once, one is to do it.
    pub async fn claim_daily(&self, name: &str, at: Instant) -> Result<bool> {
        let since = millis(at - Duration::days(1));
        // Nearly always it is done, and a look takes no lock.
        let done: i64 = self.read(sql::UPKEEP_DONE).bind(name).bind(millis(at)).bind(since).fetch_one().await?;
        if done > 0 {
            return Ok(false);
        }
        Ok(self.write(sql::CLAIM_UPKEEP).bind(name).bind(millis(at)).bind(since).execute().await? == 1)
    }

    /// Notes that something was done.
    pub async fn note_done(&self, name: &str, at: Instant) -> Result<()> {
        self.write(sql::NOTE_UPKEEP).bind(name).bind(millis(at)).execute().await?;
        Ok(())
    }

    /// When something was done last.
    pub async fn last_done(&self, name: &str) -> Result<Option<Instant>> {
        let at: Option<i64> = self.read(sql::LAST_UPKEEP).bind(name).fetch_optional().await?;
        at.map(instant).transpose()
    }

    /// What was claimed for a day is not done to its end: the next run goes on.
    pub async fn give_back_daily(&self, name: &str) -> Result<()> {
        self.write(sql::FORGET_UPKEEP).bind(name).execute().await?;
        Ok(())
    }
}
