//! What relays' own logs say of letters: doubts that end by it, and what became of the letters afterwards.

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::json;

use super::{Result, Store, instant, letters::reader_id, millis, query::from_row, sql, sql::fates};
use crate::model::{Instant, LetterState, ReaderId};

/// How many letters are asked about or written at once.
const AT_ONCE: usize = 5_000;

/// What became of a letter that a relay took, as far as its log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The next mail server took it.
    Delivered,
    /// The relay tries again.
    Waiting,
    /// It comes back, or has.
    Bounced,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Waiting => "waiting",
            Self::Bounced => "bounced",
        }
    }
}

/// A letter that may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownLetter {
    /// The ledger's key of it.
    pub letter: i64,
    /// Whose it is.
    pub reader: ReaderId,
    /// When its last lease ended or would have ended.
    pub lease_until: Instant,
    /// When it became unknown.
    pub settled: Instant,
}

/// A letter that a log names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedLetter {
    /// The ledger's key of it.
    pub letter: i64,
    /// Whose it is.
    pub reader: ReaderId,
    /// Whether it is known that a relay took it.
    pub is_sent: bool,
    /// Whether that may be so.
    pub is_unknown: bool,
    /// Whether that was known by a log alone.
    pub by_log: bool,
    /// When it was settled.
    pub settled: Instant,
}

/// What a log proves about an edition.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Letters that were unknown and that a relay took, each with its words.
    pub taken: Vec<(i64, String)>,
    /// Letters that were unknown and that no relay took.
    pub never_taken: Vec<i64>,
    /// What became of letters, and when.
    pub fates: Vec<(i64, Fate, Instant)>,
}

/// How the letters to a domain fared that relays took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainFates {
    /// The domain; empty for all together.
    pub domain: String,
    /// How many relays took: delivered, bounced, waiting, and of which nothing is said.
    pub taken: i64,
    /// How many the next mail server took.
    pub delivered: i64,
    /// How many came back.
    pub bounced: i64,
    /// How many a relay tries again.
    pub waiting: i64,
}

from_row!(DomainFates { domain, taken, delivered, bounced, waiting });

struct UnknownRow {
    id: i64,
    public_id: Vec<u8>,
    lease_until: i64,
    settled_at: i64,
}

from_row!(UnknownRow { id, public_id, lease_until, settled_at });

struct NamedRow {
    id: i64,
    public_id: Vec<u8>,
    state: String,
    settled_at: i64,
    by_log: i64,
}

from_row!(NamedRow { id, public_id, state, settled_at, by_log });

impl Store {
    /// Writes down that an edition's letters are given to a relay from now on.
    pub async fn note_relay(&self, edition: i64, relay: &str, now: Instant) -> Result<()> {
        self.write(fates::NOTE_RELAY).bind(edition).bind(relay).bind(millis(now)).execute().await?;
        Ok(())
    }

    /// The relays that an edition's letters were given to, and since when.
    pub async fn relays_of(&self, edition: i64) -> Result<Vec<(String, Instant)>> {
        let rows: Vec<(String, i64)> = self.read(fates::RELAYS_OF).bind(edition).fetch_all().await?;
        rows.into_iter().map(|(relay, since)| Ok((relay, instant(since)?))).collect()
    }

    /// Editions whose letters were given to relays after an instant, or of which some are unknown.
    pub async fn undecided_editions(&self, after: Instant) -> Result<Vec<i64>> {
        self.read(fates::UNDECIDED_EDITIONS).bind(millis(after)).fetch_all().await
    }

    /// The letters of an edition that may have arrived.
    pub async fn doubtful_letters(&self, edition: i64) -> Result<Vec<UnknownLetter>> {
        let rows: Vec<UnknownRow> = self.read(fates::UNKNOWN_OF).bind(edition).fetch_all().await?;
        let letter = |row: UnknownRow| {
            Ok(UnknownLetter {
                letter: row.id,
                reader: reader_id(row.public_id)?,
                lease_until: instant(row.lease_until)?,
                settled: instant(row.settled_at)?,
            })
        };
        rows.into_iter().map(letter).collect()
    }

    /// How many letters of an edition relays took and came back.
    pub async fn returned_letters(&self, edition: i64) -> Result<i64> {
        self.read(fates::RETURNED_LETTERS).bind(edition).fetch_one().await
    }

    /// The letters of an edition to some readers.
    pub async fn letters_to(&self, edition: i64, readers: &[ReaderId]) -> Result<Vec<NamedLetter>> {
        let mut letters = Vec::with_capacity(readers.len());
        for readers in readers.chunks(AT_ONCE) {
            let ids: Vec<_> = readers.iter().map(|reader| json!([HEXLOWER.encode(reader.bytes())])).collect();
            let query = self.read(fates::LETTERS_TO).bind(json!(ids).to_string()).bind(edition);
            let rows: Vec<NamedRow> = query.fetch_all().await?;
            for row in rows {
                letters.push(NamedLetter {
                    letter: row.id,
                    reader: reader_id(row.public_id)?,
                    is_sent: row.state == LetterState::Sent.as_str(),
                    is_unknown: row.state == LetterState::Unknown.as_str(),
                    by_log: row.by_log == 1,
                    settled: instant(row.settled_at)?,
                });
            }
        }
        Ok(letters)
    }

    /// How many letters of an edition relays took by their own answers between two instants.
    pub async fn sent_between(&self, edition: i64, from: Instant, to: Instant) -> Result<i64> {
        self.read(fates::SENT_BETWEEN).bind(edition).bind(millis(from)).bind(millis(to)).fetch_one().await
    }

    /// Writes down what logs of relays prove about an edition; gives how many doubts ended: letters that were taken, and
    /// letters that are queued again. The first part is one transaction: no letter is queued that is not unknown then.
    pub async fn take_evidence(
        &self,
        edition: i64,
        evidence: &Evidence,
        relays: &[String],
        now: Instant,
    ) -> Result<(u64, u64)> {
        let taken: Vec<_> = evidence.taken.iter().map(|(letter, words)| json!([letter, words])).collect();
        let never: Vec<_> = evidence.never_taken.iter().map(|letter| json!([letter])).collect();
        let ended = self
            .transact(async |mut tx| {
                tx.query(sql::TOUCH_EDITION).bind(edition).execute().await?;
                let mut ended = (0, 0);
                if !taken.is_empty() {
                    ended.0 = tx.query(fates::TAKEN_AFTER_ALL).bind(json!(taken).to_string()).execute().await?;
                }
                if !never.is_empty() {
                    ended.1 = tx.query(fates::NEVER_TAKEN).bind(json!(never).to_string()).execute().await?;
                }
                if ended.1 > 0 {
                    tx.query(sql::ledger::OPEN_BLOCKS).bind(edition).execute().await?;
                    tx.query(sql::REOPEN_EDITION).bind(edition).execute().await?;
                }
                for relay in relays {
                    let query = tx.query(fates::LOG_WAS_READ).bind(edition).bind(relay.as_str());
                    query.bind(millis(now)).execute().await?;
                }
                tx.commit().await?;
                Ok(ended)
            })
            .await?;
        for fates in evidence.fates.chunks(AT_ONCE) {
            let rows: Vec<_> =
                fates.iter().map(|(letter, fate, at)| json!([letter, fate.as_str(), millis(*at)])).collect();
            let rows = json!(rows).to_string();
            self.transact(async |mut tx| {
                tx.query(fates::PUT_FATES).bind(&rows).execute().await?;
                tx.commit().await
            })
            .await?;
        }
        Ok(ended)
    }

    /// How the letters of an edition fared that relays took, if a log of theirs was ever read: all together, and by domain,
    /// the largest first.
    pub async fn fates(&self, edition: i64) -> Result<Vec<DomainFates>> {
        let read: i64 = self.read(fates::HAS_READ_LOG).bind(edition).fetch_one().await?;
        if read == 0 {
            return Ok(Vec::new());
        }
        let domains: Vec<DomainFates> = self.read(fates::FATES_BY_DOMAIN).bind(edition).fetch_all().await?;
        let sum = |value: fn(&DomainFates) -> i64| domains.iter().map(value).sum();
        let all = DomainFates {
            domain: String::new(),
            taken: sum(|one| one.taken),
            delivered: sum(|one| one.delivered),
            bounced: sum(|one| one.bounced),
            waiting: sum(|one| one.waiting),
        };
        Ok(std::iter::once(all).chain(domains).collect())
    }
}
