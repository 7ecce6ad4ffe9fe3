//! Wishes that come true when their owner confirms them by mail: to join, or to move to another address. Of two
//! for the same, the newest counts. A confirmed wish shows that the mailbox works and that its owner wants the
//! letter: whatever the address was suppressed for is over.

use chrono::Duration;

use super::{
    Pace, Queueing, Result, ServiceLetter, Store, Tx, instant, millis,
    once::put_request,
    pace::Served,
    query::from_row,
    readers::forget,
    service::queue_letter,
    sql::{self, lists},
    suppressions::lift_suppression,
};
use crate::model::{Choice, DeliveryTime, EmailAddress, Instant, Slug};

/// After a relay said that nobody is there, or a letter came back to its own address for bounces, a letter waits for
/// so long.
const DELAY_AFTER_REFUSAL: Duration = Duration::hours(1);

/// A wish that its owner has to confirm by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// A number that nobody guesses; the token in the letter names it.
    pub id: i64,
    /// Who moves to the address; `None` for who joins with it.
    pub mover: Option<i64>,
    /// The address to be confirmed.
    pub address: EmailAddress,
    /// How the subscriber wants to be called.
    pub name: Option<String>,
    /// The newsletter that is asked for.
    pub newsletter: Slug,
    /// Which rubriques of it.
    pub choice: Choice,
    /// At which hour and on which day.
    pub delivery: DeliveryTime,
    /// Other newsletters with it.
    pub others: Vec<WantedNewsletter>,
    /// Of the pages and letters to the subscriber: `fr` or `en`.
    pub language: String,
    /// What was agreed to, word for word.
    pub consent: String,
    /// By `form` or `script`.
    pub way: &'static str,
    /// When.
    pub asked: Instant,
    /// From which address, if it is known.
    pub from: Option<String>,
    /// Until when it can be confirmed.
    pub expires: Instant,
}

impl Request {
    pub(super) fn kind(&self) -> &'static str {
        if self.mover.is_some() { "move" } else { "join" }
    }
}

/// A newsletter that somebody wants, and what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedNewsletter {
    pub newsletter: Slug,
    pub choice: Choice,
}

impl WantedNewsletter {
    /// Several, as the store writes them.
    pub(super) fn text_of(all: &[Self]) -> String {
        let one = |wanted: &Self| format!("{}={}", wanted.newsletter, wanted.choice.key());
        all.iter().map(one).collect::<Vec<_>>().join(";")
    }

    fn read(text: &str) -> Vec<Self> {
        let one = |part: &str| {
            let (newsletter, choice) = part.split_once('=')?;
            Some(Self { newsletter: Slug::parse(newsletter).ok()?, choice: Choice::from_key(choice) })
        };
        text.split(';').filter_map(one).collect()
    }
}

/// What a page shows of a wish before it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRequest {
    /// The address to be confirmed.
    pub address: String,
    /// Whether somebody moves to it.
    pub moves: bool,
    /// In which language it was asked.
    pub language: String,
    /// How the subscriber wants to be called.
    pub name: Option<String>,
    /// Which rubriques.
    pub choice: Choice,
    /// Other newsletters that are asked for with it.
    pub others: Vec<WantedNewsletter>,
    /// What is agreed to.
    pub consent: String,
}

/// What its owner says when confirming a wish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// From which address, if it is known.
    pub from: Option<String>,
    /// Another name, or none, if the wish was mended.
    pub name: Option<Option<String>>,
    /// Other rubriques, if the wish was mended.
    pub choice: Option<Choice>,
}

/// What came of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// This subscriber has joined.
    Joined(i64),
    /// A subscriber has moved, from the address that is given.
    Moved(i64, String),
    /// Another subscriber has the address.
    Taken,
    /// There is no such wish (any more).
    Nothing,
}

struct RequestRow {
    kind: String,
    address: String,
    address_hash: Vec<u8>,
    subscriber_id: Option<i64>,
    name: Option<String>,
    choice: String,
    newsletter: Option<String>,
    others: String,
    language: String,
    consent: String,
    way: String,
    asked_at: i64,
    asked_from: Option<String>,
    delivery: String,
}

from_row!(RequestRow {
    kind,
    address,
    address_hash,
    subscriber_id,
    name,
    choice,
    newsletter,
    others,
    language,
    consent,
    way,
    asked_at,
    asked_from,
    delivery,
});

/// Adds a reader, or brings one back, as they asked or as they mended it when they confirmed.
async fn join(
    tx: &mut Tx<'_>,
    newsletter: &Slug,
    row: &RequestRow,
    confirmation: &Confirmation,
    at: Instant,
) -> Result<Confirmed> {
    let name = confirmation.name.as_ref().unwrap_or(&row.name);
    let choice = confirmation.choice.as_ref().map_or_else(|| row.choice.clone(), Choice::key);
    tx.query(sql::DROP_FORMER).bind(&row.address_hash).execute().await?;
    let subscriber: i64 = tx
        .query(sql::JOIN_READER)
        .bind(Store::random()?.to_vec())
        .bind(&row.address)
        .bind(&row.address_hash)
        .bind(name)
        .bind(millis(at))
        .bind(&row.language)
        .fetch_one()
        .await?;
    let asked = row.newsletter.as_deref().unwrap_or(newsletter.as_str());
    let query = tx.query(sql::JOIN_NEWSLETTER).bind(subscriber).bind(asked).bind(&choice);
    query.bind(millis(at)).execute().await?;
    if !row.delivery.is_empty() {
        let query = tx.query(sql::SET_DELIVERY).bind(subscriber).bind(asked).bind(&row.delivery);
        query.execute().await?;
    }
    for WantedNewsletter { newsletter, choice } in WantedNewsletter::read(&row.others) {
        let query = tx.query(sql::JOIN_NEWSLETTER).bind(subscriber).bind(newsletter.as_str()).bind(choice.key());
        query.bind(millis(at)).execute().await?;
    }
    Ok(Confirmed::Joined(subscriber))
}

/// Gives a reader another address.
async fn move_reader(tx: &mut Tx<'_>, mover: i64, row: &RequestRow, at: Instant) -> Result<Confirmed> {
    let hash = &row.address_hash;
    // Somebody who left with the new address once makes room for its owner.
    let gone: Option<i64> = tx.query(sql::LEFT_AT).bind(hash).bind(mover).fetch_optional().await?;
    if let Some(gone) = gone {
        forget(tx, gone, at).await?;
    }
    let before: Option<(String, Vec<u8>)> = tx.query(sql::ADDRESS_OF).bind(mover).fetch_optional().await?;
    let query = tx.query(sql::MOVE).bind(mover).bind(&row.address).bind(hash).bind(millis(at));
    let is_moved = query.execute().await? == 1;
    let Some((address, hash_before)) = before else { return Ok(Confirmed::Nothing) };
    if !is_moved {
        return Ok(Confirmed::Taken);
    }
    // What is queued already goes there, too.
    tx.query(sql::READDRESS).bind(mover).bind(&row.address).execute().await?;
    if hash_before != *hash {
        tx.query(sql::DROP_FORMER).bind(hash).execute().await?;
        tx.query(sql::ADD_FORMER).bind(hash_before).bind(mover).bind(millis(at)).execute().await?;
    }
    Ok(Confirmed::Moved(mover, address))
}

impl Store {
    /// The number of the wish for an address that is open, so that one that takes its place has the same and
    /// the links in letters before go on working.
    pub async fn open_request(&self, request: &Request) -> Result<Option<i64>> {
        let hash = self.hash(&request.address);
        self.read(sql::OPEN_REQUEST)
            .bind(request.kind())
            .bind(hash)
            .bind(request.mover)
            .bind(millis(request.asked))
            .fetch_optional()
            .await
    }

    /// Queues a letter to an address, with the wish that it is to confirm. The wish takes the place of an older
    /// one.
    pub async fn ask(&self, request: Option<&Request>, letter: &ServiceLetter, pace: &Pace) -> Result<Queueing> {
        let hashes = self.hashes(&letter.address);
        let at = letter.queued;
        self.transact_alone(async |mut tx| {
            let is_wish: i64 = match request {
                Some(request) => tx.query(sql::IS_REQUEST).bind(request.id).bind(millis(at)).fetch_one().await?,
                None => 1,
            };
            let served: Served = tx
                .query(sql::SERVED)
                .bind(&hashes.address)
                .bind(letter.kind.as_str())
                .bind(millis(at - pace.memory))
                .bind(millis(at - pace.open))
                .bind(millis(at))
                .fetch_one()
                .await?;
            let in_a_day: i64 = tx
                .query(sql::SERVED_IN_A_DAY)
                .bind(&hashes.mailbox)
                .bind(millis(at - Duration::days(1)))
                .bind(millis(at))
                .fetch_one()
                .await?;
            let queueing = pace.judge(letter, is_wish > 0, served, in_a_day);
            if queueing == Queueing::TooMany {
                return Ok(queueing);
            }
            if let Some(request) = request {
                // What was asked for before and is not confirmed is asked for still.
                let mut others = request.others.clone();
                let query = tx.query(sql::REQUEST).bind(request.id).bind(millis(at));
                if let Some(before) = query.fetch_optional::<RequestRow>().await? {
                    let newsletter = before.newsletter.as_deref().and_then(|name| Slug::parse(name).ok());
                    let choice = Choice::from_key(&before.choice);
                    let first = newsletter.map(|newsletter| WantedNewsletter { newsletter, choice });
                    for wanted in first.into_iter().chain(WantedNewsletter::read(&before.others)) {
                        let is_there = others.iter().any(|other| other.newsletter == wanted.newsletter);
                        if !is_there && wanted.newsletter != request.newsletter {
                            others.push(wanted);
                        }
                    }
                }
                tx.query(sql::DROP_OLDER_REQUESTS)
                    .bind(request.id)
                    .bind(request.kind())
                    .bind(&hashes.address)
                    .bind(request.mover)
                    .execute()
                    .await?;
                put_request(&mut tx, request, &others, &hashes).await?;
            }
            if queueing == Queueing::Queued {
                let query = tx.query(lists::BARRED_SINCE).bind(&hashes.address);
                let barred: Option<i64> = query.fetch_optional().await?;
                let due = match barred {
                    Some(since) => at.max(instant(since)? + DELAY_AFTER_REFUSAL).min(at + DELAY_AFTER_REFUSAL),
                    None => at,
                };
                queue_letter(&mut tx, &hashes, letter, due).await?;
            }
            tx.commit().await?;
            Ok(queueing)
        })
        .await
    }

    /// What a wish is, as long as it can be confirmed.
    pub async fn wish(&self, id: i64, at: Instant) -> Result<Option<PendingRequest>> {
        let row: Option<RequestRow> = self.read(sql::REQUEST).bind(id).bind(millis(at)).fetch_optional().await?;
        Ok(row.map(|row| PendingRequest {
            address: row.address,
            moves: row.kind == "move",
            language: row.language,
            name: row.name,
            choice: Choice::from_key(&row.choice),
            others: WantedNewsletter::read(&row.others),
            consent: row.consent,
        }))
    }

    /// Does what was wished, once.
    pub async fn confirm(
        &self,
        newsletter: &Slug,
        id: i64,
        at: Instant,
        confirmation: &Confirmation,
    ) -> Result<Confirmed> {
        self.transact_alone(async |mut tx| {
            let row: Option<RequestRow> = tx.query(sql::REQUEST).bind(id).bind(millis(at)).fetch_optional().await?;
            let Some(row) = row else { return Ok(Confirmed::Nothing) };
            let confirmed = match row.subscriber_id {
                None => join(&mut tx, newsletter, &row, confirmation, at).await?,
                Some(mover) => move_reader(&mut tx, mover, &row, at).await?,
            };
            if let Confirmed::Joined(subscriber) | Confirmed::Moved(subscriber, _) = &confirmed {
                lift_suppression(&mut tx, &row.address_hash, "confirmed by mail", at).await?;
                tx.query(sql::ADD_CONSENT)
                    .bind(subscriber)
                    .bind(&row.way)
                    .bind(&row.consent)
                    .bind(row.asked_at)
                    .bind(&row.asked_from)
                    .bind(millis(at))
                    .bind(&confirmation.from)
                    .execute()
                    .await?;
            }
            tx.query(sql::DROP_REQUEST).bind(id).execute().await?;
            tx.commit().await?;
            Ok(confirmed)
        })
        .await
    }

    /// Lets a reader come back who had left, or whose address was suppressed, and whose link to the preferences
    /// came there by mail; false if there is no such reader.
    pub async fn rejoin(
        &self,
        newsletter: &Slug,
        id: i64,
        consent: &str,
        from: Option<&str>,
        at: Instant,
    ) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let hash: Option<Vec<u8>> = tx.query(sql::SUBSCRIBER_HASH).bind(id).fetch_optional().await?;
            let Some(hash) = hash else { return Ok(false) };
            tx.query(sql::REJOIN).bind(id).bind(newsletter.as_str()).bind(millis(at)).execute().await?;
            lift_suppression(&mut tx, &hash, "asked on the page of preferences", at).await?;
            tx.query(sql::ADD_CONSENT)
                .bind(id)
                .bind("preferences")
                .bind(consent)
                .bind(millis(at))
                .bind(from)
                .bind(millis(at))
                .bind(from)
                .execute()
                .await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
