//! The outbox of letters that serve one person. They are sent soon and more than once rather than
//! not at all: a second letter to confirm does no harm.

use super::{Result, Store, begin, millis, on, sql, worded};
use crate::model::{EmailAddress, Instant};

/// A letter to one person that is to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLetter {
    /// Where to.
    pub address: EmailAddress,
    /// RFC 5322.
    pub message: String,
    /// Now.
    pub queued: Instant,
    /// After this it is of no use.
    pub expires: Instant,
}

/// Queues a letter in the commit of what it tells of.
macro_rules! queue_letter {
    ($transaction:ident, $hash:expr, $letter:expr) => {
        sqlx::query(sql::ADD_SERVICE_LETTER)
            .bind($hash)
            .bind($letter.address.to_string())
            .bind(&$letter.message)
            .bind(millis($letter.queued))
            .bind(millis($letter.expires))
            .execute(&mut *$transaction)
            .await?
    };
}
pub(super) use queue_letter;

/// A letter that a worker has leased.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ServiceLease {
    /// The outbox's key.
    pub id: i64,
    fence: i64,
    /// Where to, as the store wrote it.
    pub address: String,
    /// RFC 5322.
    pub message: String,
    /// How often it was tried before.
    pub attempts: i64,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// The relay took it.
    Sent,
    /// It is tried again from this instant on.
    Queued(Instant),
    /// It is not tried again.
    Failed,
}

impl Store {
    /// Takes up to so many letters that are due at an instant, for a time that ends by the machine's
    /// clock.
    pub async fn lease_service_letters(
        &self,
        at: Instant,
        limit: u32,
        clock: Instant,
        until: Instant,
    ) -> Result<Vec<ServiceLease>> {
        let mut letters: Vec<ServiceLease> = on!(self, pool => {
            sqlx::query_as(worded(pool, sql::LEASE_SERVICE_LETTERS))
                .bind(millis(at))
                .bind(i64::from(limit))
                .bind(millis(until))
                .bind(millis(clock))
                .fetch_all(pool)
                .await?
        });
        letters.sort_by_key(|letter| letter.id);
        Ok(letters)
    }

    /// Writes down what became of a letter. What it said, and to whom, goes when it is settled.
    pub async fn settle_service_letter(&self, lease: &ServiceLease, state: ServiceState, reply: &str) -> Result<()> {
        let (state, due) = match state {
            ServiceState::Sent => ("sent", None),
            ServiceState::Queued(due) => ("queued", Some(due)),
            ServiceState::Failed => ("failed", None),
        };
        on!(self, pool => {
            sqlx::query(sql::SETTLE_SERVICE_LETTER)
                .bind(lease.id)
                .bind(lease.fence)
                .bind(state)
                .bind(due.map_or(0, millis))
                .bind(reply)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Forgets wishes that can no longer be confirmed, and letters that were settled or are of no
    /// use any more and older than an instant.
    pub async fn tidy(&self, at: Instant, older: Instant) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            sqlx::query(sql::DROP_OLD_REQUESTS).bind(millis(at)).execute(&mut *tx).await?;
            sqlx::query(sql::DROP_OLD_SERVICE_LETTERS).bind(millis(older)).bind(millis(at)).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        Ok(())
    }

    /// Whether [`Self::tidy`] would find something: a look takes no lock.
    pub async fn is_untidy(&self, at: Instant, older: Instant) -> Result<bool> {
        let old: i64 = on!(self, pool => {
            sqlx::query_scalar(sql::UNTIDY).bind(millis(at)).bind(millis(older)).fetch_one(pool).await?
        });
        Ok(old > 0)
    }
}
