//! The ledger's rows: leased, marked, settled. A fence counts the leases of a letter, so that a
//! worker that only slept cannot settle what another has taken over.

use std::collections::HashSet;

use serde_json::json;
use sqlx::PgPool;

use super::{
    Backend, Error, Result, Store, Variant, desk::add_note, editions::VariantRow, millis, query::from_row, sql,
    sql::ledger, transactions::repeated,
};
use crate::model::{Edition, EmailAddress, Instant, Letter, LetterState, Note, NoteKind, ReaderId};

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

/// A letter that is about to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The lease it is handled under.
    pub lease: Lease,
    /// When its worker must be dead if nothing more is heard; not before the lease would have ended.
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

impl Settlement {
    fn due(&self) -> i64 {
        self.due.map_or(0, millis)
    }

    /// What a statement is told of it.
    fn row(&self) -> serde_json::Value {
        json!([self.lease.letter, self.lease.fence, self.state.as_str(), self.due(), self.reply, self.tries])
    }

    /// Whether something is still to be done about the letter.
    fn waits(&self) -> bool {
        matches!(self.state, LetterState::Queued | LetterState::Deferred)
    }
}

/// Whether nothing but letters is to be written, and each of them once.
fn is_plain(settlements: &[Settlement], marks: &[Mark]) -> bool {
    let settled: HashSet<i64> = settlements.iter().map(|s| s.lease.letter).collect();
    settlements.iter().all(|s| !s.suppress && !s.waits()) && marks.iter().all(|m| !settled.contains(&m.lease.letter))
}

/// Writes the ledger in one statement, which is a transaction: on Postgres one round trip instead of four, on SQLite
/// one wait for its thread.
async fn record_at_once(
    store: &Store,
    settlements: &[Settlement],
    marks: &[Mark],
    now: Instant,
) -> Result<HashSet<i64>> {
    let written = repeated(async || match &store.pool {
        Backend::Sqlite { .. } => record_rows(store, settlements, marks, now).await,
        Backend::Postgres(pool) => record_arrays(pool, settlements, marks, now).await,
    });
    let sending = LetterState::Sending.as_str();
    Ok(written.await?.into_iter().filter_map(|(letter, state)| (state == sending).then_some(letter)).collect())
}

async fn record_rows(
    store: &Store,
    settlements: &[Settlement],
    marks: &[Mark],
    now: Instant,
) -> Result<Vec<(i64, String)>> {
    let settled = settlements.iter().map(Settlement::row);
    let marked = marks.iter().map(|m| {
        let sending = LetterState::Sending.as_str();
        json!([m.lease.letter, m.lease.fence, sending, null, null, 1, millis(m.until)])
    });
    let rows: Vec<_> = settled.chain(marked).collect();
    store.write(ledger::RECORD_LETTERS).bind(json!(rows).to_string()).bind(millis(now)).fetch_all().await
}

async fn record_arrays(
    pool: &PgPool,
    settlements: &[Settlement],
    marks: &[Mark],
    now: Instant,
) -> Result<Vec<(i64, String)>> {
    let each = |value: &dyn Fn(&Settlement) -> i64| settlements.iter().map(value).collect::<Vec<i64>>();
    let of_marks = |value: &dyn Fn(&Mark) -> i64| marks.iter().map(value).collect::<Vec<i64>>();
    let query = sqlx::query_as(ledger::RECORD_LETTERS.postgres)
        .bind(each(&|s| s.lease.letter))
        .bind(each(&|s| s.lease.fence))
        .bind(settlements.iter().map(|s| s.state.as_str()).collect::<Vec<_>>())
        .bind(each(&Settlement::due))
        .bind(settlements.iter().map(|s| s.reply.as_str()).collect::<Vec<_>>())
        .bind(each(&|s| s.tries))
        .bind(millis(now))
        .bind(of_marks(&|m| m.lease.letter))
        .bind(of_marks(&|m| m.lease.fence))
        .bind(of_marks(&|m| millis(m.until)));
    Ok(query.fetch_all(pool).await?)
}

/// What trying refused letters again came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retried {
    /// Letters queued again.
    pub letters: u64,
    /// Addresses that may be written to again.
    pub lifted: u64,
}

/// A letter that was leased.
pub(super) struct Row {
    pub(super) id: i64,
    /// Nothing where the reader was erased: such a letter is suppressed.
    public_id: Option<Vec<u8>>,
    variant_id: i64,
    address: String,
    name: Option<String>,
    attempts: i64,
    fence: i64,
    /// How many readers still want it: its own, or none.
    pub(super) wanted: i64,
}

from_row!(Row { id, public_id, variant_id, address, name, attempts, fence, wanted });

impl TryFrom<Row> for Leased {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            lease: Lease { letter: row.id, fence: row.fence },
            letter: Letter {
                id: row.id,
                reader: reader_id(row.public_id.unwrap_or_default())?,
                variant: row.variant_id,
                address: row.address,
                name: row.name,
                attempts: row.attempts,
            },
        })
    }
}

/// A reader's id as the store wrote it.
pub(super) fn reader_id(bytes: Vec<u8>) -> Result<ReaderId> {
    let bytes = bytes.try_into().map_err(|_| Error::Corrupt { what: "reader's id", value: "(not 16 bytes)".into() })?;
    Ok(ReaderId::new(bytes))
}

impl Store {
    /// Writes down, in one commit, what became of letters and which are about to be handed over;
    /// gives the letters of these whose lease still holds, whose edition is not held and whose readers
    /// still want them. The others must not be handed over.
    pub async fn record(&self, settlements: &[Settlement], marks: &[Mark], now: Instant) -> Result<HashSet<i64>> {
        // To a pooler a statement is committed when its connection is given back, and not before.
        match !self.by_transaction && is_plain(settlements, marks) {
            true => record_at_once(self, settlements, marks, now).await,
            false => self.settle(sql::SETTLE_LETTERS, settlements, marks, now).await,
        }
    }

    /// Corrects, in one commit, what was written down under the same leases: letters that turn out not
    /// to be sent, or whose refusal was weighed.
    pub async fn correct(&self, corrections: &[Settlement], now: Instant) -> Result<()> {
        self.settle(sql::CORRECT_LETTERS, corrections, &[], now).await.map(|_| ())
    }

    async fn settle(
        &self,
        statement: sql::ByDialect,
        settlements: &[Settlement],
        marks: &[Mark],
        now: Instant,
    ) -> Result<HashSet<i64>> {
        let settled: Vec<_> = settlements.iter().map(Settlement::row).collect();
        let refused: Vec<i64> = settlements.iter().filter(|s| s.suppress).map(|s| s.lease.letter).collect();
        let waiting: Vec<&Settlement> = settlements.iter().filter(|s| s.waits()).collect();
        let marked: Vec<_> = marks.iter().map(|m| json!([m.lease.letter, m.lease.fence, millis(m.until)])).collect();
        let granted = self
            .transact(async |mut tx| {
                // First the edition, then its blocks, then its letters, as all others do: one waits for the other.
                if !waiting.is_empty() {
                    let letters: Vec<i64> = waiting.iter().map(|s| s.lease.letter).collect();
                    tx.query(sql::REOPEN_EDITIONS).bind(json!(letters).to_string()).execute().await?;
                    let due: Vec<_> = waiting.iter().map(|s| json!([s.lease.letter, s.due()])).collect();
                    let query = tx.query(ledger::CALL_BLOCKS).bind(json!(due).to_string());
                    query.execute().await?;
                }
                if !settled.is_empty() {
                    tx.query(statement).bind(json!(settled).to_string()).bind(millis(now)).execute().await?;
                }
                if !refused.is_empty() {
                    let addresses: Vec<String> =
                        tx.query(sql::REFUSED_ADDRESSES).bind(json!(refused).to_string()).fetch_all().await?;
                    tx.query(sql::SUPPRESS_REFUSED)
                        .bind(self.hashes_of(&addresses))
                        .bind(millis(now))
                        .execute()
                        .await?;
                }
                let mut granted: Vec<i64> = Vec::new();
                if !marked.is_empty() {
                    granted = tx.query(sql::MARK_LETTERS).bind(json!(marked).to_string()).fetch_all().await?;
                }
                tx.commit().await?;
                Ok(granted)
            })
            .await?;
        Ok(granted.into_iter().collect())
    }

    /// Hashes of addresses that letters went to, for a statement; of who was erased there is none.
    fn hashes_of(&self, addresses: &[String]) -> String {
        let known = addresses.iter().filter_map(|address| address.parse::<EmailAddress>().ok());
        let hashes = known.map(|address| json!([data_encoding::HEXLOWER.encode(&self.hash(&address))]));
        json!(hashes.collect::<Vec<_>>()).to_string()
    }

    /// Says that letters are still being handed over.
    pub async fn renew(&self, leases: &[Lease], until: Instant) -> Result<()> {
        if leases.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = leases.iter().map(|lease| json!([lease.letter, lease.fence, millis(until)])).collect();
        self.transact(async |mut tx| {
            tx.query(sql::RENEW_LETTERS).bind(json!(rows).to_string()).execute().await?;
            tx.commit().await
        })
        .await
    }

    /// Queues again the letters of an edition that may have arrived, and opens it; says how many.
    pub async fn resend_unknown(&self, edition: i64) -> Result<u64> {
        self.resend(edition, sql::RESEND_UNKNOWN).await
    }

    /// Queues the letters of an edition that were written into a folder, and opens it; says how many.
    pub async fn resend_written(&self, edition: i64) -> Result<u64> {
        self.resend(edition, sql::RESEND_WRITTEN).await
    }

    async fn resend(&self, edition: i64, statement: &'static str) -> Result<u64> {
        self.transact(async |mut tx| {
            tx.query(sql::TOUCH_EDITION).bind(edition).execute().await?;
            let letters = tx.query(statement).bind(edition).execute().await?;
            if letters > 0 {
                tx.query(ledger::OPEN_BLOCKS).bind(edition).execute().await?;
                tx.query(sql::REOPEN_EDITION).bind(edition).execute().await?;
            }
            tx.commit().await?;
            Ok(letters)
        })
        .await
    }

    /// How many letters of an edition were written into a folder instead of being sent.
    pub async fn written_letters(&self, edition: i64) -> Result<i64> {
        self.read(sql::WRITTEN_LETTERS).bind(edition).fetch_one().await
    }

    /// Queues again the letters of an edition that a relay refused for good with these words, and lifts
    /// the suppressions that came with it: at once or not at all. Who said so is noted, if there are some.
    pub async fn retry_refused(&self, edition: &Edition, words: &str, who: &str, at: Instant) -> Result<Retried> {
        let pattern = pattern(words);
        let note = Note { kind: NoteKind::Retried, subject: String::new(), who: who.into(), words: words.into(), at };
        let key = edition.key();
        let edition = edition.id;
        let (lifted, letters) = self
            .transact(async |mut tx| {
                tx.query(sql::TOUCH_EDITION).bind(edition).execute().await?;
                let lifted = tx.query(sql::LIFT_REFUSED).bind(edition).bind(&pattern).execute().await?;
                let letters = tx.query(sql::RETRY_REFUSED).bind(edition).bind(&pattern).execute().await?;
                if letters > 0 {
                    tx.query(ledger::OPEN_BLOCKS).bind(edition).execute().await?;
                    tx.query(sql::REOPEN_EDITION).bind(edition).execute().await?;
                    add_note(&mut tx, &key, &note).await?;
                }
                tx.commit().await?;
                Ok((lifted, letters))
            })
            .await?;
        Ok(Retried { letters, lifted })
    }

    /// How many letters of an edition a relay refused for good, by its words.
    pub async fn refused_letters(&self, edition: i64) -> Result<Vec<(String, i64)>> {
        let all = pattern("");
        self.read(sql::REFUSED_LETTERS).bind(edition).bind(&all).fetch_all().await
    }

    /// How many bytes the largest of an edition's variants has.
    pub async fn largest_variant(&self, edition: i64) -> Result<u64> {
        let bytes: i64 = self.read(sql::LARGEST_VARIANT).bind(edition).fetch_one().await?;
        Ok(bytes.unsigned_abs())
    }

    /// A variant's bytes.
    pub async fn variant(&self, id: i64) -> Result<Variant> {
        let row: VariantRow = self.read(sql::FIND_VARIANT).bind(id).fetch_one().await?;
        row.try_into()
    }
}

/// A pattern of texts that hold these words, in lower case.
fn pattern(words: &str) -> String {
    let mut pattern = String::from("%");
    for char in words.to_ascii_lowercase().chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}
