//! What came back: bounces, complaints and wishes to leave take effect here, a batch in one
//! transaction. Each counts once, so that a mailbox may be read twice.

use std::collections::HashSet;

use super::{Reason, Result, Store, millis, on, sql, transact};
use crate::model::{EmailAddress, Instant, ReaderName, Slug};

/// How many editions in a row a letter may come back for a passing reason before the address counts
/// as dead.
const PATIENCE: usize = 3;

/// So many editions back a row of passing reasons is looked for.
const MEMORY: i64 = 60;

/// A letter that has not come back for so long has arrived: mail servers try for five days
/// (RFC 5321, section 4.5.4.1) and have a little time to say that they gave up.
const ARRIVAL: chrono::Duration = chrono::Duration::days(7);

/// Why a letter came back, or what its reader says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Return {
    /// Nobody is at the address, and nobody will be.
    Hard,
    /// The address may be good another time.
    Soft,
    /// What we sent, or who we are, was not wanted: no word about the address.
    Ours,
    /// The reader calls it spam.
    Complaint,
}

impl Return {
    /// As the store writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Ours => "ours",
            Self::Complaint => "complaint",
        }
    }
}

/// What a message says, proven to be about a subscriber of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A letter came back or was complained of.
    Returned {
        /// The store's key of its edition; 0 if only the reader is known.
        edition: i64,
        /// Whose letter it is.
        reader: ReaderName,
        /// Why.
        reason: Return,
        /// The mail server's words.
        words: String,
        /// Whether it came back to the letter's address for bounces, which whoever has the letter need not know.
        by_envelope: bool,
    },
    /// The reader wants no more letters of a newsletter.
    Leave(Slug, ReaderName),
    /// A letter to one person came back.
    ServiceReturned {
        /// Its public id.
        letter: [u8; 16],
        /// Why.
        reason: Return,
    },
}

/// What a notice came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is noted, and this is what it changed besides.
    Noted {
        /// The address is written to no more from now on.
        suppressed: bool,
        /// The subscriber was let go.
        left: bool,
    },
    /// It was known already: nothing changed.
    Known,
    /// Neither the letter nor the subscriber is there any more.
    Gone,
}

/// A reader as bounces need one: the store's key, the hash of the address, and since when the address is
/// known to be good.
type Standing = (i64, Vec<u8>, i64);

/// The reader that is meant, inside a transaction.
macro_rules! standing {
    ($tx:ident, $reader:expr) => {{
        let standing: Option<Standing> = match $reader {
            ReaderName::Id(id) => {
                sqlx::query_as(sql::READER_STANDING).bind(id.bytes().to_vec()).fetch_optional(&mut *$tx).await?
            }
            ReaderName::Old(number) => {
                sqlx::query_as(sql::OLD_READER_STANDING).bind(number).fetch_optional(&mut *$tx).await?
            }
        };
        standing
    }};
}

/// Notes what came back of a letter, inside a transaction, and what follows from it. What is said of a letter
/// counts for the address that it went to, and not against one that has proven good since.
macro_rules! returned {
    ($store:ident, $tx:ident, $edition:expr, $standing:expr, $reason:expr, $words:expr, $by_envelope:expr, $at:expr) => {{
        let (subscriber, own, returned_at): Standing = $standing;
        let address: Option<String> =
            sqlx::query_scalar(sql::LETTER_ADDRESS).bind($edition).bind(subscriber).fetch_optional(&mut *$tx).await?;
        let went_to = address.and_then(|address| address.parse::<EmailAddress>().ok());
        let hash = went_to.map_or(own, |address| $store.hash(&address));
        let dated: Option<i64> = sqlx::query_scalar(sql::DATED).bind($edition).fetch_optional(&mut *$tx).await?;
        let is_older = dated.is_some_and(|dated| dated < returned_at);
        let noted = sqlx::query(sql::NOTE_BOUNCE)
            .bind($edition)
            .bind(subscriber)
            .bind($reason.as_str())
            .bind(hash.clone())
            .bind($words)
            .bind(millis($at))
            .execute(&mut *$tx)
            .await?
            .rows_affected();
        let mut left = false;
        if $reason == Return::Complaint {
            // Also for the second time: the reader may have come back in between.
            let query = sqlx::query(sql::UNSUBSCRIBE_ALL).bind(subscriber).bind(millis($at));
            left = query.execute(&mut *$tx).await?.rows_affected() > 0;
        } else if noted == 1 {
            sqlx::query(sql::FAIL_RETURNED)
                .bind($edition)
                .bind(subscriber)
                .bind(millis($at))
                .bind(format!("came back: {}", $words))
                .execute(&mut *$tx)
                .await?;
        }
        let why = match $reason {
            Return::Complaint => Some(Reason::Complaint),
            _ if noted == 0 || is_older => None,
            Return::Hard => Some(Reason::Bounce),
            Return::Soft => {
                let query = sqlx::query_as(sql::HANDED_OVER).bind(subscriber).bind(MEMORY);
                let query = query.bind(hash.clone()).bind(returned_at);
                let letters: Vec<(i64, i64)> = query.fetch_all(&mut *$tx).await?;
                (soft_in_a_row(&letters, $at) >= PATIENCE).then_some(Reason::Bounce)
            }
            Return::Ours => None,
        };
        let mut suppressed = false;
        if let Some(why) = why {
            let query = sqlx::query(sql::SUPPRESS).bind(hash.clone()).bind(why.as_str()).bind(millis($at));
            suppressed = query.execute(&mut *$tx).await?.rows_affected() == 1;
            if suppressed && $by_envelope {
                sqlx::query(sql::PROVE_SUPPRESSION).bind(hash).execute(&mut *$tx).await?;
            }
        }
        match noted == 1 || left || suppressed {
            true => Effect::Noted { suppressed, left },
            false => Effect::Known,
        }
    }};
}

impl Store {
    /// Where a letter went, if the ledger still says so.
    pub async fn letter_address(&self, edition: i64, reader: ReaderName) -> Result<Option<String>> {
        transact!(self, begin, pool, tx => {
            let Some((subscriber, ..)) = standing!(tx, reader) else { return Ok(None) };
            sqlx::query_scalar(sql::LETTER_ADDRESS).bind(edition).bind(subscriber).fetch_optional(&mut *tx).await?
        })
    }

    /// Takes notices in, all or none; says what each came to. A rehearsal tells the same and
    /// changes nothing.
    pub async fn take_notices(&self, notices: &[Notice], at: Instant, rehearsal: bool) -> Result<Vec<Effect>> {
        if notices.is_empty() {
            return Ok(Vec::new());
        }
        transact!(self, begin_alone, pool, tx => {
            let mut effects = Vec::with_capacity(notices.len());
            for notice in notices {
                effects.push(match notice {
                    Notice::Leave(newsletter, reader) => match standing!(tx, *reader) {
                        None => Effect::Gone,
                        Some((subscriber, ..)) => {
                            let query = sqlx::query(sql::UNSUBSCRIBE).bind(subscriber).bind(newsletter.as_str());
                            match query.bind(millis(at)).execute(&mut *tx).await?.rows_affected() {
                                0 => Effect::Known,
                                _ => Effect::Noted { suppressed: false, left: true },
                            }
                        }
                    },
                    Notice::Returned { edition, reader, reason, words, by_envelope } => match standing!(tx, *reader) {
                        None => Effect::Gone,
                        Some(standing) => {
                            returned!(self, tx, *edition, standing, *reason, words, *by_envelope, at)
                        }
                    },
                    Notice::ServiceReturned { letter, reason } => {
                        let query = sqlx::query_as(sql::SERVICE_LETTER).bind(letter.to_vec());
                        let found: Option<(i64, Vec<u8>, String)> = query.fetch_optional(&mut *tx).await?;
                        match (found, reason) {
                            (None, _) => Effect::Gone,
                            // Nobody is there: what was to be confirmed cannot be, and whoever asks again begins anew.
                            (Some((id, hash, kind)), Return::Hard | Return::Complaint) => {
                                let failed = sqlx::query(sql::FAIL_SERVICE_LETTER).bind(id).execute(&mut *tx).await?;
                                if failed.rows_affected() == 1 {
                                    let query = sqlx::query(sql::DROP_RETURNED_WISHES).bind(hash).bind(kind);
                                    query.execute(&mut *tx).await?;
                                    Effect::Noted { suppressed: false, left: false }
                                } else {
                                    Effect::Known
                                }
                            }
                            (Some(_), Return::Soft | Return::Ours) => Effect::Known,
                        }
                    }
                });
            }
            if rehearsal {
                tx.rollback().await?;
                return Ok(effects);
            }
            effects
        })
    }

    /// The messages that were left in a mailbox.
    pub async fn mail_left(&self, mailbox: &str) -> Result<HashSet<Vec<u8>>> {
        let left: Vec<Vec<u8>> =
            on!(self, pool => sqlx::query_scalar(sql::MAIL_LEFT).bind(mailbox).fetch_all(pool).await?);
        Ok(left.into_iter().collect())
    }

    /// Writes down which messages are left in a mailbox now, and which are not any more.
    pub async fn note_mail_left(&self, mailbox: &str, come: &[Vec<u8>], gone: &[Vec<u8>]) -> Result<()> {
        if come.is_empty() && gone.is_empty() {
            return Ok(());
        }
        transact!(self, begin_alone, pool, tx => {
            for (statement, messages) in [(sql::NOTE_MAIL_LEFT, come), (sql::FORGET_MAIL_LEFT, gone)] {
                for message in messages {
                    sqlx::query(statement).bind(mailbox).bind(message).execute(&mut *tx).await?;
                }
            }
        })
    }
}

/// How many of a subscriber's latest letters came back for a passing reason, one after the other.
/// The letters are those that were handed over, newest first: when, and 1 for one that came back.
/// One that is too young to have arrived for certain says nothing while it is the newest; an older
/// one that did not come back has arrived, and the count begins anew.
fn soft_in_a_row(handed_over: &[(i64, i64)], at: Instant) -> usize {
    let young = |&&(settled, soft): &&(i64, i64)| soft == 0 && settled > millis(at - ARRIVAL);
    handed_over.iter().skip_while(young).take_while(|(_, soft)| *soft == 1).count()
}
