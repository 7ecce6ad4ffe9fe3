//! Leases on letters: given out by blocks, and taken back from the dead. `sql/ledger.rs` says what blocks are.

use serde_json::json;

use super::{Leased, Result, Store, instant, letters::Row, millis, sql, sql::ledger};
use crate::model::{Instant, LetterState};

/// How many letters a block has, as the statements say it.
const LETTERS_PER_BLOCK: u32 = 64;

/// A lease that ends so much later than now was written by a clock that was wrong: it counts no more.
/// In milliseconds.
const MAX_LEASE_MS: i64 = 600_000;

/// What a lease brought.
#[derive(Debug)]
pub struct LeasedBatch {
    /// The letters, in the order of the ledger.
    pub letters: Vec<Leased>,
    /// How many were to people who have left: they are suppressed.
    pub suppressed: usize,
}

impl Store {
    /// What the database's clock says: leases are between machines.
    pub async fn clock(&self) -> Result<Instant> {
        let now: i64 = self.read(sql::CLOCK).fetch_one().await?;
        instant(now)
    }

    /// Takes up to so many letters of an edition that are due, for a time: none if the edition is held. Letters
    /// to people who have left since the freezing are suppressed instead, so that fewer may come than there are.
    pub async fn lease_letters(&self, edition: i64, now: Instant, limit: u32, until: Instant) -> Result<LeasedBatch> {
        loop {
            let (rows, look_on) = self.lease_blocks(edition, now, limit, until).await?;
            if rows.is_empty() && look_on {
                continue;
            }
            let count = rows.len();
            let mut rows: Vec<Row> = rows.into_iter().filter(|row| row.wanted == 1).collect();
            rows.sort_by_key(|row| row.id);
            let suppressed = count - rows.len();
            let letters = rows.into_iter().map(Leased::try_from).collect::<Result<_>>()?;
            return Ok(LeasedBatch { letters, suppressed });
        }
    }

    /// Takes letters out of the blocks that are due first. Gives also whether others are worth a look, if there
    /// was none.
    async fn lease_blocks(&self, edition: i64, now: Instant, limit: u32, until: Instant) -> Result<(Vec<Row>, bool)> {
        self.transact(async |mut tx| {
            let blocks: Vec<i64> = tx
                .query(ledger::DUE_BLOCKS)
                .bind(edition)
                .bind(millis(now))
                .bind(i64::from(limit / LETTERS_PER_BLOCK + 1))
                .fetch_all()
                .await?;
            if blocks.is_empty() {
                return Ok((Vec::new(), false));
            }
            let blocks = json!(blocks).to_string();
            let rows: Vec<Row> = tx
                .query(ledger::LEASE_LETTERS)
                .bind(&blocks)
                .bind(edition)
                .bind(millis(now))
                .bind(i64::from(limit))
                .bind(millis(until))
                .fetch_all()
                .await?;
            let gone: Vec<i64> = rows.iter().filter(|row| row.wanted != 1).map(|row| row.id).collect();
            if !gone.is_empty() {
                tx.query(ledger::SUPPRESS_LETTERS).bind(json!(gone).to_string()).bind(millis(now)).execute().await?;
            }
            let next: Vec<Option<i64>> = tx.query(ledger::LOOK_AGAIN).bind(&blocks).bind(edition).fetch_all().await?;
            // Of a block that is still due, somebody else is just writing the letters.
            tx.commit().await?;
            Ok((rows, next.iter().all(|due| due.is_none_or(|due| due > millis(now)))))
        })
        .await
    }

    /// Takes back what dead workers left: leased letters are queued again; those that were being
    /// handed over get the state that the relay's nature allows, queued or unknown.
    pub async fn lapse(&self, edition: i64, now: Instant, sending: LetterState) -> Result<()> {
        let (now, far) = (millis(now), millis(now) + MAX_LEASE_MS);
        self.transact(async |mut tx| {
            let blocks: Vec<i64> =
                tx.query(ledger::LAPSED_BLOCKS).bind(edition).bind(now).bind(far).fetch_all().await?;
            if !blocks.is_empty() {
                let blocks = json!(blocks).to_string();
                let query = tx.query(ledger::LAPSE_LEASED).bind(&blocks).bind(edition);
                query.bind(now).bind(far).execute().await?;
                let query = tx.query(ledger::LAPSE_SENDING).bind(&blocks).bind(edition);
                query.bind(now).bind(far).bind(sending.as_str()).execute().await?;
                tx.query(ledger::LOOK_AGAIN).bind(&blocks).bind(edition).execute().await?;
            }
            tx.commit().await
        })
        .await
    }

    /// When the next of the letters that nobody holds is due, and when the first of the leases that others hold
    /// ends: both of one moment, so that a letter that goes from one to the other is not missed.
    pub async fn awaited(&self, edition: i64) -> Result<(Option<Instant>, Option<Instant>)> {
        let (due, end): (Option<i64>, Option<i64>) = self.read(ledger::AWAITED).bind(edition).fetch_one().await?;
        Ok((due.map(instant).transpose()?, end.map(instant).transpose()?))
    }
}
