//! Who must not be written to any more. The ledger looks here when it leases letters, so that what
//! is said here also counts for letters that wait.

use super::{Result, Store, Tx, millis, query::from_row, sql, sql::lists, subscriber_list, together::part_reader};
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

/// A suppression of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionRow {
    /// Why it is not written to.
    pub reason: String,
    /// Epoch milliseconds.
    pub suppressed_at: i64,
}

from_row!(SuppressionRow { reason, suppressed_at });

/// Lifts the suppression of an address and keeps why; what came back of it before counts no more. None if it is not
/// suppressed.
pub(super) async fn lift_suppression(
    tx: &mut Tx<'_>,
    hash: &[u8],
    words: &str,
    at: Instant,
) -> Result<Option<SuppressionRow>> {
    let lifted = take_back_suppression(tx, hash, words, at).await?;
    if lifted.is_some() {
        tx.query(lists::RETURN_READER).bind(hash).bind(millis(at)).execute().await?;
    }
    Ok(lifted)
}

/// The same where nobody has shown that the address is good.
pub(super) async fn take_back_suppression(
    tx: &mut Tx<'_>,
    hash: &[u8],
    words: &str,
    at: Instant,
) -> Result<Option<SuppressionRow>> {
    let found: Option<SuppressionRow> = tx.query(lists::SUPPRESSION_OF).bind(hash).fetch_optional().await?;
    let Some(row) = found else { return Ok(None) };
    let query = tx.query(lists::ADD_ALLOWANCE).bind(hash).bind(words).bind(&row.reason).bind(row.suppressed_at);
    query.bind(millis(at)).execute().await?;
    tx.query(lists::LIFT_SUPPRESSION).bind(hash).execute().await?;
    Ok(Some(row))
}

impl Store {
    /// Lets a subscriber of a newsletter go: no letter from now on, also of editions that are frozen. Saying
    /// it twice changes nothing.
    pub async fn unsubscribe(&self, newsletter: &Slug, subscriber: i64, at: Instant) -> Result<Leave> {
        self.transact(async |mut tx| {
            let query = tx.query(sql::UNSUBSCRIBE).bind(subscriber).bind(newsletter.as_str()).bind(millis(at));
            if query.execute().await? == 1 {
                part_reader(&mut tx, subscriber).await?;
                tx.commit().await?;
                return Ok(Leave::Done);
            }
            let query = tx.query(sql::IS_SUBSCRIPTION).bind(subscriber).bind(newsletter.as_str());
            let there: i64 = query.fetch_one().await?;
            Ok(if there > 0 { Leave::Before } else { Leave::Nobody })
        })
        .await
    }

    /// Lets a reader leave all newsletters.
    pub async fn unsubscribe_all(&self, subscriber: i64, at: Instant) -> Result<()> {
        self.write(sql::UNSUBSCRIBE_ALL).bind(subscriber).bind(millis(at)).execute().await?;
        Ok(())
    }

    /// Why an address must not be written to, as the store writes it, if it must not.
    pub async fn suppression(&self, address: &EmailAddress) -> Result<Option<String>> {
        let hash = self.hash(address);
        self.read(sql::SUPPRESSION).bind(hash).fetch_optional().await
    }

    /// Sees to it that an address is never written to again; false if it was suppressed already.
    /// A complaint takes the place of any lesser reason.
    pub async fn suppress(&self, address: &EmailAddress, reason: Reason, at: Instant) -> Result<bool> {
        let hash = self.hash(address);
        let changed = self.write(sql::SUPPRESS).bind(hash).bind(reason.as_str()).bind(millis(at)).execute().await?;
        Ok(changed == 1)
    }

    /// Lifts the suppression of an address and keeps why; what came back of it before counts no more. None if it is
    /// not suppressed.
    pub async fn allow(&self, address: &EmailAddress, words: &str, at: Instant) -> Result<Option<Suppression>> {
        let hash = self.hash(address);
        self.transact_alone(async |mut tx| {
            let lifted = lift_suppression(&mut tx, &hash, words, at).await?;
            tx.commit().await?;
            let Some(row) = lifted else { return Ok(None) };
            subscriber_list::suppression(Some(row.reason), Some(row.suppressed_at))
        })
        .await
    }
}
