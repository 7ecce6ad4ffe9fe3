//! Who must not be written to any more. The ledger looks here when it leases letters, so that what
//! is said here also counts for letters that wait.

use super::{Result, Store, millis, on, on_writing, roll, sql, sql::lists, transact};
use crate::model::{EmailAddress, Instant, Reason, Slug, Suppression};

/// What came of a wish to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// It is done.
    Done,
    /// The subscriber had left before.
    Before,
    /// There is no such subscriber (any more).
    Nobody,
}

impl Store {
    /// Lets a subscriber of a newsletter go: no letter from now on, also of editions that are frozen. Saying
    /// it twice changes nothing.
    pub async fn unsubscribe(&self, newsletter: &Slug, subscriber: i64, at: Instant) -> Result<Leave> {
        on_writing!(self, pool => {
            let query = sqlx::query(sql::UNSUBSCRIBE).bind(subscriber).bind(newsletter.as_str()).bind(millis(at));
            if query.execute(pool).await?.rows_affected() == 1 {
                return Ok(Leave::Done);
            }
            let query = sqlx::query_scalar(sql::IS_SUBSCRIPTION).bind(subscriber).bind(newsletter.as_str());
            let there: i64 = query.fetch_one(pool).await?;
            Ok(if there > 0 { Leave::Before } else { Leave::Nobody })
        })
    }

    /// Why an address must not be written to, as the store writes it, if it must not.
    pub async fn suppression(&self, address: &EmailAddress) -> Result<Option<String>> {
        let hash = self.hash(address);
        Ok(on!(self, pool => sqlx::query_scalar(sql::SUPPRESSION).bind(hash).fetch_optional(pool).await?))
    }

    /// Sees to it that an address is never written to again; false if it was suppressed already.
    /// A complaint takes the place of any lesser reason.
    pub async fn suppress(&self, address: &EmailAddress, reason: Reason, at: Instant) -> Result<bool> {
        let hash = self.hash(address);
        let changed = on_writing!(self, pool => {
            let query = sqlx::query(sql::SUPPRESS).bind(hash).bind(reason.as_str()).bind(millis(at));
            query.execute(pool).await?.rows_affected()
        });
        Ok(changed == 1)
    }

    /// Lifts the suppression of an address and keeps why; what came back of it before counts no more. None if it is
    /// not suppressed.
    pub async fn allow(&self, address: &EmailAddress, words: &str, at: Instant) -> Result<Option<Suppression>> {
        let hash = self.hash(address);
        transact!(self, begin_alone, pool, tx => {
            let query = sqlx::query_as(lists::SUPPRESSION_OF).bind(&hash);
            let found: Option<(String, i64)> = query.fetch_optional(&mut *tx).await?;
            let Some((reason, since)) = found else { return Ok(None) };
            let query = sqlx::query(lists::ADD_ALLOWANCE).bind(&hash).bind(words).bind(&reason).bind(since);
            query.bind(millis(at)).execute(&mut *tx).await?;
            sqlx::query(lists::LIFT_SUPPRESSION).bind(&hash).execute(&mut *tx).await?;
            sqlx::query(lists::RETURN_READER).bind(&hash).bind(millis(at)).execute(&mut *tx).await?;
            roll::suppression(Some(reason), Some(since))?
        })
    }
}
