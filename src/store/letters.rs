//! The ledger's rows: leased, marked, settled. A fence counts the leases of a letter, so that a
//! worker that only slept cannot settle what another has taken over.

use std::collections::HashSet;

use serde_json::json;

use super::{Result, Store, Variant, begin, instant, millis, on, sql, worded};
use crate::model::{EditionState, Instant, Letter, LetterState};

/// The right to handle a letter, until it ends or another one is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The ledger's key of the letter.
    pub letter: i64,
    fence: i64,
}

#[cfg(test)]
impl Lease {
    /// A lease that no store knows.
    pub(crate) fn for_tests(letter: i64) -> Self {
        Self { letter, fence: 1 }
    }
}

/// A letter and the lease on it.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The letter.
    pub letter: Letter,
    /// The lease on it.
    pub lease: Lease,
}

/// What a lease brought.
#[derive(Debug)]
pub struct Batch {
    /// The letters, in the order of the ledger.
    pub letters: Vec<Leased>,
    /// How many were to people who have left: they are suppressed.
    pub suppressed: usize,
}

/// A letter that is about to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The lease it is handled under.
    pub lease: Lease,
    /// When its worker must be dead if nothing more is heard.
    pub until: Instant,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The lease it was handled under.
    pub lease: Lease,
    /// Sent, deferred, failed, queued again, or unknown.
    pub state: LetterState,
    /// When it may be tried again, for queued and deferred ones.
    pub due: Option<Instant>,
    /// The relay's words.
    pub reply: String,
    /// What to add to the tries that are counted: marking has counted one already, rightly or not.
    pub tries: i64,
    /// Whether the relay says that there is no such address: then nobody writes to it again.
    pub suppress: bool,
}

/// What trying refused letters again came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retried {
    /// Letters queued again.
    pub letters: u64,
    /// Addresses that may be written to again.
    pub lifted: u64,
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
    /// Takes up to so many letters of an edition that are due, for a time. Letters to people who
    /// have left since the freezing are suppressed instead, so that fewer may come than there are.
    pub async fn lease_letters(&self, edition: i64, now: Instant, limit: u32, until: Instant) -> Result<Batch> {
        let (mut rows, suppressed): (Vec<Row>, Vec<i64>) = on!(self, pool => {
            let mut tx = begin(pool).await?;
            let rows: Vec<Row> = sqlx::query_as(worded(pool, sql::LEASE_LETTERS))
                .bind(edition)
                .bind(millis(now))
                .bind(i64::from(limit))
                .bind(millis(until))
                .fetch_all(&mut *tx)
                .await?;
            let mut gone = Vec::new();
            if !rows.is_empty() {
                gone = sqlx::query_scalar(worded(pool, sql::SUPPRESS_LETTERS))
                    .bind(json!(rows.iter().map(|row| row.id).collect::<Vec<_>>()).to_string())
                    .bind(millis(now))
                    .fetch_all(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            (rows, gone)
        });
        let gone: HashSet<i64> = suppressed.into_iter().collect();
        rows.retain(|row| !gone.contains(&row.id));
        rows.sort_by_key(|row| row.id);
        Ok(Batch { letters: rows.into_iter().map(Leased::from).collect(), suppressed: gone.len() })
    }

    /// Writes down, in one commit, what became of letters and which are about to be handed over;
    /// gives the letters of these whose lease still holds. The others must not be handed over.
    pub async fn record(&self, settlements: &[Settlement], marks: &[Mark], now: Instant) -> Result<HashSet<i64>> {
        let settled: Vec<_> = settlements
            .iter()
            .map(|s| {
                let due = s.due.map_or(0, millis);
                json!([s.lease.letter, s.lease.fence, s.state.as_str(), due, s.reply, s.tries])
            })
            .collect();
        let refused: Vec<i64> = settlements.iter().filter(|s| s.suppress).map(|s| s.lease.letter).collect();
        let marked: Vec<_> = marks.iter().map(|m| json!([m.lease.letter, m.lease.fence, millis(m.until)])).collect();
        let granted: Vec<i64> = on!(self, pool => {
            let mut tx = begin(pool).await?;
            if !settled.is_empty() {
                sqlx::query(worded(pool, sql::SETTLE_LETTERS))
                    .bind(json!(settled).to_string())
                    .bind(millis(now))
                    .execute(&mut *tx)
                    .await?;
            }
            if !refused.is_empty() {
                sqlx::query(worded(pool, sql::SUPPRESS_REFUSED))
                    .bind(json!(refused).to_string())
                    .bind(millis(now))
                    .execute(&mut *tx)
                    .await?;
            }
            let mut granted = Vec::new();
            if !marked.is_empty() {
                granted = sqlx::query_scalar(worded(pool, sql::MARK_LETTERS))
                    .bind(json!(marked).to_string())
                    .fetch_all(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            granted
        });
        Ok(granted.into_iter().collect())
    }

    /// Takes back what dead workers left: leased letters are queued again; those that were being
    /// handed over get the state that the relay's nature allows, queued or unknown.
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
            tx.commit().await?;
        });
        Ok(())
    }

    /// Queues again the letters of an edition that may have arrived; says how many.
    pub async fn resend_unknown(&self, edition: i64) -> Result<u64> {
        Ok(on!(self, pool => sqlx::query(sql::RESEND_UNKNOWN).bind(edition).execute(pool).await?.rows_affected()))
    }

    /// Queues again the letters of an edition that a relay refused for good with these words, and lifts
    /// the suppressions that came with it: at once or not at all.
    pub async fn retry_refused(&self, edition: i64, words: &str) -> Result<Retried> {
        let mut pattern = String::from("%");
        for char in words.to_ascii_lowercase().chars() {
            if matches!(char, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(char);
        }
        pattern.push('%');
        let (lifted, letters) = on!(self, pool => {
            let mut tx = begin(pool).await?;
            let lifted = sqlx::query(sql::LIFT_REFUSED).bind(edition).bind(&pattern).execute(&mut *tx).await?;
            let letters = sqlx::query(sql::RETRY_REFUSED).bind(edition).bind(&pattern).execute(&mut *tx).await?;
            let counts = (lifted.rows_affected(), letters.rows_affected());
            if counts.1 > 0 {
                sqlx::query(sql::SET_EDITION_STATE)
                    .bind(edition)
                    .bind(EditionState::Sending.as_str())
                    .bind(EditionState::Sent.as_str())
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            counts
        });
        Ok(Retried { letters, lifted })
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

    /// How many bytes the largest of an edition's variants has.
    pub async fn largest_variant(&self, edition: i64) -> Result<u64> {
        let bytes: i64 =
            on!(self, pool => sqlx::query_scalar(sql::LARGEST_VARIANT).bind(edition).fetch_one(pool).await?);
        Ok(bytes.unsigned_abs())
    }

    /// A variant's bytes.
    pub async fn variant(&self, id: i64) -> Result<Variant> {
        let entity = on!(self, pool => sqlx::query_scalar(sql::FIND_VARIANT).bind(id).fetch_one(pool).await?);
        Ok(Variant { entity })
    }
}
