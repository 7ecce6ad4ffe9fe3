//! What came back: bounces, complaints and wishes to leave take effect here, a batch in one
//! transaction. Each counts once, so that a mailbox may be read twice.

use std::collections::HashSet;

use super::{Reason, Result, Store, begin_alone, millis, on, sql};
use crate::model::{EmailAddress, Instant};

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
        /// The store's key of its edition; 0 if only the subscriber is known.
        edition: i64,
        /// Whose letter it is.
        subscriber: i64,
        /// Why.
        reason: Return,
        /// The mail server's words.
        words: String,
    },
    /// The subscriber wants no more letters.
    Leave(i64),
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

/// Lets a subscriber go, inside a transaction.
macro_rules! leave {
    ($tx:ident, $subscriber:expr) => {{
        let left = sqlx::query(sql::UNSUBSCRIBE).bind($subscriber).execute(&mut *$tx).await?.rows_affected();
        let there: i64 = sqlx::query_scalar(sql::IS_SUBSCRIBER).bind($subscriber).fetch_one(&mut *$tx).await?;
        match (left, there) {
            (0, 0) => Effect::Gone,
            (0, _) => Effect::Known,
            _ => Effect::Noted { suppressed: false, left: true },
        }
    }};
}

/// The hash of the address that a letter went to, which may not be the subscriber's any more; of
/// the subscriber's, if the ledger has forgotten the letter.
macro_rules! address_hash {
    ($store:ident, $tx:ident, $edition:expr, $subscriber:expr) => {{
        let address: Option<String> =
            sqlx::query_scalar(sql::LETTER_ADDRESS).bind($edition).bind($subscriber).fetch_optional(&mut *$tx).await?;
        match address.and_then(|address| address.parse::<EmailAddress>().ok()) {
            Some(address) => Some($store.hash(&address)),
            None => sqlx::query_scalar(sql::SUBSCRIBER_HASH).bind($subscriber).fetch_optional(&mut *$tx).await?,
        }
    }};
}

/// Notes what came back of a letter, inside a transaction, and what follows from it.
macro_rules! returned {
    ($tx:ident, ($edition:expr, $subscriber:expr, $reason:expr, $words:expr), $hash:expr, $at:expr) => {{
        let noted = sqlx::query(sql::NOTE_BOUNCE)
            .bind($edition)
            .bind($subscriber)
            .bind($reason.as_str())
            .bind($words)
            .bind(millis($at))
            .execute(&mut *$tx)
            .await?
            .rows_affected();
        let mut left = false;
        if noted == 1 && $reason == Return::Complaint {
            let query = sqlx::query(sql::UNSUBSCRIBE).bind($subscriber);
            left = query.execute(&mut *$tx).await?.rows_affected() == 1;
        } else if noted == 1 {
            sqlx::query(sql::FAIL_RETURNED)
                .bind($edition)
                .bind($subscriber)
                .bind(millis($at))
                .bind(format!("came back: {}", $words))
                .execute(&mut *$tx)
                .await?;
        }
        let why = match $reason {
            _ if noted == 0 => None,
            Return::Complaint => Some(Reason::Complaint),
            Return::Hard => Some(Reason::Bounce),
            Return::Soft => {
                let query = sqlx::query_as(sql::HANDED_OVER).bind($subscriber).bind(MEMORY);
                let letters: Vec<(i64, i64)> = query.fetch_all(&mut *$tx).await?;
                (soft_in_a_row(&letters, $at) >= PATIENCE).then_some(Reason::Bounce)
            }
            Return::Ours => None,
        };
        match (noted, why) {
            (0, _) => Effect::Known,
            (_, None) => Effect::Noted { suppressed: false, left },
            (_, Some(why)) => {
                let query = sqlx::query(sql::SUPPRESS).bind($hash).bind(why.as_str()).bind(millis($at));
                Effect::Noted { suppressed: query.execute(&mut *$tx).await?.rows_affected() == 1, left }
            }
        }
    }};
}

impl Store {
    /// Where a letter went, if the ledger still says so.
    pub async fn letter_address(&self, edition: i64, subscriber: i64) -> Result<Option<String>> {
        Ok(on!(self, pool => {
            sqlx::query_scalar(sql::LETTER_ADDRESS).bind(edition).bind(subscriber).fetch_optional(pool).await?
        }))
    }

    /// Takes notices in, all or none; says what each came to. A rehearsal tells the same and
    /// changes nothing.
    pub async fn take_notices(&self, notices: &[Notice], at: Instant, rehearsal: bool) -> Result<Vec<Effect>> {
        let mut effects = Vec::with_capacity(notices.len());
        if notices.is_empty() {
            return Ok(effects);
        }
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            for notice in notices {
                effects.push(match notice {
                    Notice::Leave(subscriber) => leave!(tx, *subscriber),
                    Notice::Returned { edition, subscriber, reason, words } => {
                        let hash = address_hash!(self, tx, *edition, *subscriber);
                        match hash {
                            None => Effect::Gone,
                            Some(hash) => returned!(tx, (*edition, *subscriber, *reason, words), hash, at),
                        }
                    }
                });
            }
            if rehearsal {
                tx.rollback().await?;
            } else {
                tx.commit().await?;
            }
        });
        Ok(effects)
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
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            for (statement, messages) in [(sql::NOTE_MAIL_LEFT, come), (sql::FORGET_MAIL_LEFT, gone)] {
                for message in messages {
                    sqlx::query(statement).bind(mailbox).bind(message).execute(&mut *tx).await?;
                }
            }
            tx.commit().await?;
        });
        Ok(())
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
