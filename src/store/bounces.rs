//! What came back: bounces, complaints and wishes to leave take effect here, a batch in one
//! transaction. Each counts once, so that a mailbox may be read twice.

use std::collections::HashSet;

use super::{Reason, Result, Store, Tx, millis, query::from_row, resting::is_resting, sql};
use crate::model::{EmailAddress, Instant, ReaderName, Slug};

/// How many editions in a row a letter may come back for a passing reason before the address counts
/// as dead.
const MAX_SOFT_BOUNCES: usize = 3;

/// So many editions back a row of passing reasons is looked for.
const EDITIONS_LOOKED_AT: i64 = 60;

/// A letter that has not come back for so long has arrived: mail servers try for five days
/// (RFC 5321, section 4.5.4.1) and have a little time to say that they gave up.
const ARRIVAL_TIME: chrono::Duration = chrono::Duration::days(7);

/// Why a letter came back, or what its reader says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BounceKind {
    /// Nobody is at the address, and nobody will be.
    Hard,
    /// The address may be good another time.
    Soft,
    /// What we sent, or who we are, was not wanted: no word about the address.
    Ours,
    /// The reader calls it spam.
    Complaint,
}

impl BounceKind {
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
pub enum BounceNotice {
    /// A letter came back or was complained of.
    Returned {
        /// The store's key of its edition; 0 if only the reader is known.
        edition: i64,
        /// Whose letter it is.
        reader: ReaderName,
        /// Why.
        reason: BounceKind,
        /// The mail server's words.
        words: String,
        /// Whether it came back to the letter's address for bounces, which whoever has the letter need not know.
        by_envelope: bool,
        /// Whether the whole domain is gone, it says: then it is no wonder that many come back together.
        is_domain_gone: bool,
    },
    /// A letter arrived: the next mail server has taken it.
    Arrived {
        /// The store's key of its edition; 0 if only the reader is known.
        edition: i64,
        /// Whose letter it is.
        reader: ReaderName,
    },
    /// The reader wants no more letters of a newsletter.
    Leave(Slug, ReaderName),
    /// A letter to one person came back.
    ServiceReturned {
        /// Its public id.
        letter: [u8; 16],
        /// Why.
        reason: BounceKind,
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

/// A reader as bounces need one.
struct BouncedReader {
    id: i64,
    address: String,
    address_hash: Vec<u8>,
    /// Since when the address is known to be good.
    returned_at: i64,
}

from_row!(BouncedReader { id, address, address_hash, returned_at });

/// What came back of a letter.
struct ReturnedLetter<'a> {
    edition: i64,
    reason: BounceKind,
    words: &'a str,
    by_envelope: bool,
    is_domain_gone: bool,
}

/// A service letter that came back.
struct ReturnedServiceLetter {
    id: i64,
    address_hash: Vec<u8>,
    kind: String,
}

from_row!(ReturnedServiceLetter { id, address_hash, kind });

async fn find_reader(tx: &mut Tx<'_>, reader: ReaderName) -> Result<Option<BouncedReader>> {
    let query = match reader {
        ReaderName::Id(id) => tx.query(sql::READER_STANDING).bind(id.bytes().to_vec()),
        ReaderName::Old(number) => tx.query(sql::OLD_READER_STANDING).bind(number),
    };
    query.fetch_optional().await
}

/// Lets a reader go who wrote that they want no more letters of a newsletter.
async fn take_leave(tx: &mut Tx<'_>, newsletter: &Slug, reader: ReaderName, at: Instant) -> Result<Effect> {
    let Some(reader) = find_reader(tx, reader).await? else { return Ok(Effect::Gone) };
    let query = tx.query(sql::UNSUBSCRIBE).bind(reader.id).bind(newsletter.as_str()).bind(millis(at));
    Ok(match query.execute().await? {
        0 => Effect::Known,
        _ => Effect::Noted { suppressed: false, left: true },
    })
}

/// Notes that a service letter came back.
async fn take_service_return(tx: &mut Tx<'_>, letter: &[u8; 16], reason: BounceKind) -> Result<Effect> {
    let found: Option<ReturnedServiceLetter> =
        tx.query(sql::SERVICE_LETTER).bind(letter.to_vec()).fetch_optional().await?;
    let Some(found) = found else { return Ok(Effect::Gone) };
    match reason {
        // Nobody is there: what was to be confirmed cannot be, and whoever asks again begins anew.
        BounceKind::Hard | BounceKind::Complaint => {
            if tx.query(sql::FAIL_SERVICE_LETTER).bind(found.id).execute().await? == 0 {
                return Ok(Effect::Known);
            }
            let query = tx.query(sql::DROP_RETURNED_REQUESTS).bind(found.address_hash).bind(found.kind);
            query.execute().await?;
            Ok(Effect::Noted { suppressed: false, left: false })
        }
        BounceKind::Soft | BounceKind::Ours => Ok(Effect::Known),
    }
}

/// Notes that a letter arrived: no doubt is left about it.
async fn take_arrival(tx: &mut Tx<'_>, edition: i64, reader: ReaderName, at: Instant) -> Result<Effect> {
    let Some(reader) = find_reader(tx, reader).await? else { return Ok(Effect::Gone) };
    let letter: Option<i64> = tx.query(sql::LETTER_OF).bind(edition).bind(reader.id).fetch_optional().await?;
    let Some(letter) = letter else { return Ok(Effect::Gone) };
    let ended = tx.query(sql::TAKEN_BY_RECEIPT).bind(letter).execute().await?;
    let noted = tx.query(sql::NOTE_ARRIVAL).bind(letter).bind(millis(at)).execute().await?;
    tx.query(sql::RECEIPT_WAS_READ).bind(edition).bind(millis(at)).execute().await?;
    Ok(if ended + noted > 0 { Effect::Noted { suppressed: false, left: false } } else { Effect::Known })
}

impl Store {
    /// Notes what came back of a letter, and what follows from it. What is said of a letter counts for the address
    /// that it went to, and not against one that has proven good since.
    async fn take_return(
        &self,
        tx: &mut Tx<'_>,
        reader: BouncedReader,
        returned: ReturnedLetter<'_>,
        at: Instant,
    ) -> Result<Effect> {
        let ReturnedLetter { edition, reason, words, by_envelope, is_domain_gone } = returned;
        let address: Option<String> =
            tx.query(sql::LETTER_ADDRESS).bind(edition).bind(reader.id).fetch_optional().await?;
        let went_to = address.and_then(|address| address.parse::<EmailAddress>().ok());
        let listed = if went_to.is_none() { reader.address.parse::<EmailAddress>().ok() } else { None };
        let domain = match went_to.as_ref().or(listed.as_ref()) {
            Some(address) if !is_domain_gone => address.domain().to_ascii_lowercase(),
            _ => String::new(),
        };
        let hash = went_to.map_or(reader.address_hash, |address| self.hash(&address));
        let dated: Option<i64> = tx.query(sql::DATED).bind(edition).fetch_optional().await?;
        let is_older = dated.is_some_and(|dated| dated < reader.returned_at);
        let noted = tx
            .query(sql::NOTE_BOUNCE)
            .bind(edition)
            .bind(reader.id)
            .bind(reason.as_str())
            .bind(&hash)
            .bind(words)
            .bind(millis(at))
            .bind(&domain)
            .execute()
            .await?;
        let counts = noted == 1 && reason != BounceKind::Soft;
        let is_resting = is_resting(tx, &domain, counts, words, at).await?;
        let mut left = false;
        if reason == BounceKind::Complaint {
            // Also for the second time: the reader may have come back in between.
            left = tx.query(sql::UNSUBSCRIBE_ALL).bind(reader.id).bind(millis(at)).execute().await? > 0;
        } else if noted == 1 {
            tx.query(sql::FAIL_RETURNED)
                .bind(edition)
                .bind(reader.id)
                .bind(millis(at))
                .bind(format!("came back: {words}"))
                .execute()
                .await?;
        }
        let why = match reason {
            // It is about us. Who complained stays unsubscribed, for that is their own word.
            _ if is_resting => None,
            BounceKind::Complaint => Some(Reason::Complaint),
            _ if noted == 0 || is_older => None,
            BounceKind::Hard => Some(Reason::Bounce),
            BounceKind::Soft => {
                let query = tx.query(sql::HANDED_OVER).bind(reader.id).bind(EDITIONS_LOOKED_AT);
                let letters: Vec<(i64, i64)> = query.bind(&hash).bind(reader.returned_at).fetch_all().await?;
                (soft_in_a_row(&letters, at) >= MAX_SOFT_BOUNCES).then_some(Reason::Bounce)
            }
            BounceKind::Ours => None,
        };
        let mut suppressed = false;
        if let Some(why) = why {
            let query = tx.query(sql::SUPPRESS).bind(&hash).bind(why.as_str()).bind(millis(at));
            suppressed = query.execute().await? == 1;
            if suppressed && by_envelope {
                tx.query(sql::PROVE_SUPPRESSION).bind(&hash).execute().await?;
            }
        }
        Ok(match noted == 1 || left || suppressed {
            true => Effect::Noted { suppressed, left },
            false => Effect::Known,
        })
    }

    /// Where a letter went, if the ledger still says so.
    pub async fn letter_address(&self, edition: i64, reader: ReaderName) -> Result<Option<String>> {
        self.transact(async |mut tx| {
            let Some(reader) = find_reader(&mut tx, reader).await? else { return Ok(None) };
            let address = tx.query(sql::LETTER_ADDRESS).bind(edition).bind(reader.id).fetch_optional().await?;
            tx.commit().await?;
            Ok(address)
        })
        .await
    }

    /// Takes notices in, all or none; says what each came to. A rehearsal tells the same and
    /// changes nothing.
    pub async fn take_notices(&self, notices: &[BounceNotice], at: Instant, rehearsal: bool) -> Result<Vec<Effect>> {
        if notices.is_empty() {
            return Ok(Vec::new());
        }
        self.transact_alone(async |mut tx| {
            let mut effects = Vec::with_capacity(notices.len());
            for notice in notices {
                effects.push(self.take_notice(&mut tx, notice, at).await?);
            }
            if !rehearsal {
                tx.commit().await?;
            }
            Ok(effects)
        })
        .await
    }

    async fn take_notice(&self, tx: &mut Tx<'_>, notice: &BounceNotice, at: Instant) -> Result<Effect> {
        match notice {
            BounceNotice::Arrived { edition, reader } => take_arrival(tx, *edition, *reader, at).await,
            BounceNotice::Leave(newsletter, reader) => take_leave(tx, newsletter, *reader, at).await,
            BounceNotice::Returned { edition, reader, reason, words, by_envelope, is_domain_gone } => {
                let Some(reader) = find_reader(tx, *reader).await? else { return Ok(Effect::Gone) };
                let (edition, reason, by_envelope, is_domain_gone) = (*edition, *reason, *by_envelope, *is_domain_gone);
                let returned = ReturnedLetter { edition, reason, words, by_envelope, is_domain_gone };
                self.take_return(tx, reader, returned, at).await
            }
            BounceNotice::ServiceReturned { letter, reason } => take_service_return(tx, letter, *reason).await,
        }
    }

    /// The messages that were left in a mailbox.
    pub async fn mail_left(&self, mailbox: &str) -> Result<HashSet<Vec<u8>>> {
        let left: Vec<Vec<u8>> = self.read(sql::MAIL_LEFT).bind(mailbox).fetch_all().await?;
        Ok(left.into_iter().collect())
    }

    /// Writes down which messages are left in a mailbox now, and which are not any more.
    pub async fn note_mail_left(&self, mailbox: &str, come: &[Vec<u8>], gone: &[Vec<u8>]) -> Result<()> {
        if come.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.transact_alone(async |mut tx| {
            for (statement, messages) in [(sql::NOTE_MAIL_LEFT, come), (sql::FORGET_MAIL_LEFT, gone)] {
                for message in messages {
                    tx.query(statement).bind(mailbox).bind(message).execute().await?;
                }
            }
            tx.commit().await
        })
        .await
    }
}

/// How many of a subscriber's latest letters came back for a passing reason, one after the other.
/// The letters are those that were handed over, newest first: when, and 1 for one that came back.
/// One that is too young to have arrived for certain says nothing while it is the newest; an older
/// one that did not come back has arrived, and the count begins anew.
fn soft_in_a_row(handed_over: &[(i64, i64)], at: Instant) -> usize {
    let young = |&&(settled, soft): &&(i64, i64)| soft == 0 && settled > millis(at - ARRIVAL_TIME);
    handed_over.iter().skip_while(young).take_while(|(_, soft)| *soft == 1).count()
}
