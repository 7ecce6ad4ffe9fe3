//! The ledger's rows: leased, marked, settled. A fence counts the leases of a letter, so that a
//! worker that only slept cannot settle what another has taken over.

use super::{Backend, Result, Store, Variant, begin, instant, millis, on, sql};
use crate::model::{Instant, Letter, LetterState};

/// The right to handle a letter, until it ends or another one is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The ledger's key of the letter.
    pub letter: i64,
    fence: i64,
}

/// A letter and the lease on it.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The letter.
    pub letter: Letter,
    /// The lease on it.
    pub lease: Lease,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The lease it was handled under.
    pub lease: Lease,
    /// Sent, deferred, failed, queued again, or unknown.
    pub state: LetterState,
    /// When it may be tried again, for deferred ones.
    pub due: Option<Instant>,
    /// The relay's words.
    pub reply: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    subscriber_id: i64,
    variant_id: i64,
    address: String,
    name: Option<String>,
    attempts: i64,
    fence: i64,
}

impl From<Row> for Leased {
    fn from(row: Row) -> Self {
        Self {
            lease: Lease { letter: row.id, fence: row.fence },
            letter: Letter {
                id: row.id,
                subscriber: row.subscriber_id,
                variant: row.variant_id,
                address: row.address,
                name: row.name,
                attempts: row.attempts,
            },
        }
    }
}

impl Store {
    /// Takes up to so many letters of an edition that are due, for a time.
    pub async fn lease_letters(&self, edition: i64, now: Instant, limit: u32, until: Instant) -> Result<Vec<Leased>> {
        let statement = match self.pool {
            Backend::Sqlite(_) => sql::LEASE_LETTERS,
            Backend::Postgres(_) => sql::LEASE_LETTERS_POSTGRES,
        };
        let mut rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(statement)
                .bind(edition)
                .bind(millis(now))
                .bind(i64::from(limit))
                .bind(millis(until))
                .fetch_all(pool)
                .await?
        });
        rows.sort_by_key(|row| row.id);
        Ok(rows.into_iter().map(Leased::from).collect())
    }

    /// Says that a letter is about to be handed over; false if the lease was lost meanwhile.
    pub async fn mark_sending(&self, lease: Lease, until: Instant) -> Result<bool> {
        let marked = on!(self, pool => {
            let query = sqlx::query(sql::MARK_SENDING).bind(lease.letter).bind(lease.fence).bind(millis(until));
            query.execute(pool).await?.rows_affected()
        });
        Ok(marked == 1)
    }

    /// Writes down what became of letters, in one commit.
    pub async fn settle(&self, settlements: &[Settlement], now: Instant) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            for settlement in settlements {
                sqlx::query(sql::SETTLE_LETTER)
                    .bind(settlement.lease.letter)
                    .bind(settlement.lease.fence)
                    .bind(settlement.state.as_str())
                    .bind(millis(now))
                    .bind(settlement.due.map_or(0, millis))
                    .bind(&settlement.reply)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
        });
        Ok(())
    }

    /// Takes back what dead workers left: leased letters are queued again; those that were being
    /// handed over get the state that the relay's nature allows, queued or unknown. Letters to
    /// people who have left since are suppressed.
    pub async fn lapse(&self, edition: i64, now: Instant, sending: LetterState) -> Result<()> {
        on!(self, pool => {
            let mut tx = begin(pool).await?;
            sqlx::query(sql::LAPSE_LEASED).bind(edition).bind(millis(now)).execute(&mut *tx).await?;
            sqlx::query(sql::LAPSE_SENDING)
                .bind(edition)
                .bind(millis(now))
                .bind(sending.as_str())
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql::SUPPRESS_LETTERS).bind(edition).bind(millis(now)).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        Ok(())
    }

    /// When the first of the leases that others hold ends.
    pub async fn leases_end(&self, edition: i64) -> Result<Option<Instant>> {
        let end: Option<i64> =
            on!(self, pool => sqlx::query_scalar(sql::LEASES_END).bind(edition).fetch_one(pool).await?);
        end.map(instant).transpose()
    }

    /// When the next of the letters that nobody holds is due.
    pub async fn next_due(&self, edition: i64) -> Result<Option<Instant>> {
        let due: Option<i64> =
            on!(self, pool => sqlx::query_scalar(sql::NEXT_DUE).bind(edition).fetch_one(pool).await?);
        due.map(instant).transpose()
    }

    /// A variant's bytes.
    pub async fn variant(&self, id: i64) -> Result<Variant> {
        let entity = on!(self, pool => sqlx::query_scalar(sql::FIND_VARIANT).bind(id).fetch_one(pool).await?);
        Ok(Variant { entity })
    }
}
