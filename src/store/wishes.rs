//! Wishes that come true when their owner confirms them by mail: to join, or to move to another address. Of two
//! for the same, the newest counts. A confirmed wish shows that the mailbox works and that its owner wants the
//! letter: whatever the address was suppressed for is over.

use chrono::Duration;

use super::{
    Result, ServiceKind, ServiceLetter, Store, instant, millis, on,
    readers::forget,
    service::queue_letter,
    sql::{self, lists},
    transact,
};
use crate::model::{Choice, EmailAddress, Instant, Slug};

/// After a relay said that nobody is there, or a letter came back to its own address for bounces, a letter waits for
/// so long.
const AFTER_REFUSAL: Duration = Duration::hours(1);

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
    /// Which rubriques.
    pub choice: Choice,
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
    fn kind(&self) -> &'static str {
        if self.mover.is_some() { "move" } else { "join" }
    }
}

/// What a page shows of a wish before it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
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

/// How soon an address is written to again by one kind of letter.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// After the first, the second … letter of a kind; the last holds for all after it.
    pub pauses: &'static [Duration],
    /// How far back letters count.
    pub memory: Duration,
    /// How long a wish is open, whose links are good for what is wished next.
    pub open: Duration,
    /// So many letters of all kinds go to one mailbox in a day.
    pub a_day: i64,
}

impl Pace {
    /// What becomes of one more letter. `served` says how many of its kind went to the address, how many of those
    /// were not refused and are young enough for their links, and when the last of them was written. Whether somebody
    /// with the address has joined makes no difference.
    fn judge(&self, letter: &ServiceLetter, is_wish: bool, served: (i64, i64, Option<i64>), in_a_day: i64) -> Queueing {
        let (count, good, last) = served;
        let is_full = in_a_day >= self.a_day;
        if letter.kind == ServiceKind::Moved {
            return Queueing::Queued;
        }
        if is_wish && good > 0 {
            let place = usize::try_from(count).unwrap_or(usize::MAX).min(self.pauses.len());
            let pause = place.checked_sub(1).and_then(|place| self.pauses.get(place));
            let since = |last| millis(letter.queued) - last;
            let waits = pause.zip(last).is_some_and(|(pause, last)| since(last) < pause.num_milliseconds());
            return if waits || is_full { Queueing::IsThere } else { Queueing::Queued };
        }
        // No link is there. Readers get theirs in any case, once.
        let is_first = letter.kind == ServiceKind::Link && count == 0;
        if is_full && !is_first { Queueing::TooMany } else { Queueing::Queued }
    }
}

/// What became of a letter that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queueing {
    /// It is queued.
    Queued,
    /// It is not, because one of its kind went there a short while ago: its link is good for this, too.
    IsThere,
    /// It is not, because the mailbox has had too many letters today. Nothing was changed.
    TooMany,
}

#[derive(sqlx::FromRow)]
struct Asked {
    kind: String,
    address: String,
    address_hash: Vec<u8>,
    subscriber_id: Option<i64>,
    name: Option<String>,
    choice: String,
    language: String,
    consent: String,
    way: String,
    asked_at: i64,
    asked_from: Option<String>,
}

/// Lifts what an address is suppressed for, inside a transaction, and keeps why.
macro_rules! welcome_back {
    ($tx:ident, $hash:expr, $words:expr, $at:expr) => {
        let query = sqlx::query_as(lists::SUPPRESSION_OF).bind($hash);
        let found: Option<(String, i64)> = query.fetch_optional(&mut *$tx).await?;
        if let Some((reason, since)) = found {
            let query = sqlx::query(lists::ADD_ALLOWANCE).bind($hash).bind($words).bind(&reason).bind(since);
            query.bind(millis($at)).execute(&mut *$tx).await?;
            sqlx::query(lists::LIFT_SUPPRESSION).bind($hash).execute(&mut *$tx).await?;
            sqlx::query(lists::RETURN_READER).bind($hash).bind(millis($at)).execute(&mut *$tx).await?;
        }
    };
}

impl Store {
    /// The number of the wish for an address that is open, so that one that takes its place has the same and
    /// the links in letters before go on working.
    pub async fn open_wish(&self, request: &Request) -> Result<Option<i64>> {
        let hash = self.hash(&request.address);
        Ok(on!(self, pool => {
            sqlx::query_scalar(sql::OPEN_WISH)
                .bind(request.kind())
                .bind(hash)
                .bind(request.mover)
                .bind(millis(request.asked))
                .fetch_optional(pool)
                .await?
        }))
    }

    /// Queues a letter to an address, with the wish that it is to confirm. The wish takes the place of an older
    /// one.
    pub async fn ask(&self, request: Option<&Request>, letter: &ServiceLetter, pace: &Pace) -> Result<Queueing> {
        let (hash, mailbox) = (self.hash(&letter.address), self.mailbox_hash(&letter.address));
        let at = letter.queued;
        transact!(self, begin_alone, pool, tx => {
            let is_wish: i64 = match request {
                Some(request) => {
                    sqlx::query_scalar(sql::IS_WISH).bind(request.id).bind(millis(at)).fetch_one(&mut *tx).await?
                }
                None => 1,
            };
            let served: (i64, i64, Option<i64>) = sqlx::query_as(sql::SERVED)
                .bind(&hash)
                .bind(letter.kind.as_str())
                .bind(millis(at - pace.memory))
                .bind(millis(at - pace.open))
                .bind(millis(at))
                .fetch_one(&mut *tx)
                .await?;
            let in_a_day: i64 = sqlx::query_scalar(sql::SERVED_IN_A_DAY)
                .bind(&mailbox)
                .bind(millis(at - Duration::days(1)))
                .bind(millis(at))
                .fetch_one(&mut *tx)
                .await?;
            let queueing = pace.judge(letter, is_wish > 0, served, in_a_day);
            if queueing == Queueing::TooMany {
                return Ok(queueing);
            }
            if let Some(request) = request {
                sqlx::query(sql::DROP_OLDER_WISHES)
                    .bind(request.id)
                    .bind(request.kind())
                    .bind(&hash)
                    .bind(request.mover)
                    .execute(&mut *tx)
                    .await?;
                sqlx::query(sql::PUT_REQUEST)
                    .bind(request.id)
                    .bind(request.kind())
                    .bind(request.address.to_string())
                    .bind(&hash)
                    .bind(request.mover)
                    .bind(&request.name)
                    .bind(request.choice.key())
                    .bind(&request.language)
                    .bind(&request.consent)
                    .bind(request.way)
                    .bind(millis(request.asked))
                    .bind(&request.from)
                    .bind(millis(request.expires))
                    .execute(&mut *tx)
                    .await?;
            }
            if queueing == Queueing::Queued {
                let query = sqlx::query_scalar(lists::BARRED_SINCE).bind(&hash);
                let barred: Option<i64> = query.fetch_optional(&mut *tx).await?;
                let due = match barred {
                    Some(since) => at.max(instant(since)? + AFTER_REFUSAL).min(at + AFTER_REFUSAL),
                    None => at,
                };
                queue_letter!(tx, &hash, &mailbox, letter, due);
            }
            queueing
        })
    }

    /// What a wish is, as long as it can be confirmed.
    pub async fn wish(&self, id: i64, at: Instant) -> Result<Option<Wish>> {
        let row: Option<Asked> = on!(self, pool => {
            sqlx::query_as(sql::REQUEST).bind(id).bind(millis(at)).fetch_optional(pool).await?
        });
        Ok(row.map(|row| Wish {
            address: row.address,
            moves: row.kind == "move",
            language: row.language,
            name: row.name,
            choice: Choice::from_key(&row.choice),
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
        let newsletter = newsletter.as_str();
        transact!(self, begin_alone, pool, tx => {
            let row: Option<Asked> =
                sqlx::query_as(sql::REQUEST).bind(id).bind(millis(at)).fetch_optional(&mut *tx).await?;
            let Some(row) = row else { return Ok(Confirmed::Nothing) };
            let hash = row.address_hash;
            let name = confirmation.name.clone().unwrap_or(row.name);
            let choice = confirmation.choice.as_ref().map_or(row.choice, Choice::key);
            let confirmed = match row.subscriber_id {
                None => {
                    sqlx::query(sql::DROP_FORMER).bind(&hash).execute(&mut *tx).await?;
                    let subscriber: i64 = sqlx::query_scalar(sql::JOIN_READER)
                        .bind(Self::random()?.to_vec())
                        .bind(&row.address)
                        .bind(&hash)
                        .bind(&name)
                        .bind(millis(at))
                        .bind(&row.language)
                        .fetch_one(&mut *tx)
                        .await?;
                    sqlx::query(sql::JOIN_NEWSLETTER)
                        .bind(subscriber)
                        .bind(newsletter)
                        .bind(&choice)
                        .bind(millis(at))
                        .execute(&mut *tx)
                        .await?;
                    Confirmed::Joined(subscriber)
                }
                Some(mover) => {
                    // Somebody who left with the new address once makes room for its owner.
                    let gone: Option<i64> =
                        sqlx::query_scalar(sql::LEFT_AT).bind(&hash).bind(mover).fetch_optional(&mut *tx).await?;
                    if let Some(gone) = gone {
                        forget!(tx, gone, at);
                    }
                    let before: Option<(String, Vec<u8>)> =
                        sqlx::query_as(sql::ADDRESS_OF).bind(mover).fetch_optional(&mut *tx).await?;
                    let moved = sqlx::query(sql::MOVE)
                        .bind(mover)
                        .bind(&row.address)
                        .bind(&hash)
                        .bind(millis(at))
                        .execute(&mut *tx)
                        .await?
                        .rows_affected();
                    match before {
                        Some((address, before)) if moved == 1 => {
                            // What is queued already goes there, too.
                            sqlx::query(sql::READDRESS).bind(mover).bind(&row.address).execute(&mut *tx).await?;
                            if before != hash {
                                sqlx::query(sql::DROP_FORMER).bind(&hash).execute(&mut *tx).await?;
                                let query = sqlx::query(sql::ADD_FORMER).bind(before).bind(mover).bind(millis(at));
                                query.execute(&mut *tx).await?;
                            }
                            Confirmed::Moved(mover, address)
                        }
                        Some(_) => Confirmed::Taken,
                        None => Confirmed::Nothing,
                    }
                }
            };
            if let Confirmed::Joined(subscriber) | Confirmed::Moved(subscriber, _) = &confirmed {
                welcome_back!(tx, &hash, "confirmed by mail", at);
                sqlx::query(sql::ADD_CONSENT)
                    .bind(subscriber)
                    .bind(&row.way)
                    .bind(&row.consent)
                    .bind(row.asked_at)
                    .bind(&row.asked_from)
                    .bind(millis(at))
                    .bind(&confirmation.from)
                    .execute(&mut *tx)
                    .await?;
            }
            sqlx::query(sql::DROP_REQUEST).bind(id).execute(&mut *tx).await?;
            confirmed
        })
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
        transact!(self, begin_alone, pool, tx => {
            let hash: Option<Vec<u8>> = sqlx::query_scalar(sql::HASH_OF).bind(id).fetch_optional(&mut *tx).await?;
            let Some(hash) = hash else { return Ok(false) };
            sqlx::query(sql::REJOIN).bind(id).bind(newsletter.as_str()).bind(millis(at)).execute(&mut *tx).await?;
            welcome_back!(tx, &hash, "asked on the page of preferences", at);
            sqlx::query(sql::ADD_CONSENT)
                .bind(id)
                .bind("preferences")
                .bind(consent)
                .bind(millis(at))
                .bind(from)
                .bind(millis(at))
                .bind(from)
                .execute(&mut *tx)
                .await?;
            true
        })
    }
}
