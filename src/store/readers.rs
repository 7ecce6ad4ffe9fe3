//! What readers do by themselves: ask to join, confirm, choose, move, leave a trace of their consent,
//! and go without one.

use serde::Serialize;

use super::{
    Error, Reason, Result, ServiceLetter, Store, instant, letters::reader_id, millis, on, service::queue_letter, sql,
    transact,
};
use crate::model::{Choice, EmailAddress, Instant, ReaderId, Slug};

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

/// What a page shows of a wish before it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The address to be confirmed.
    pub address: String,
    /// Whether somebody moves to it.
    pub moves: bool,
    /// In which language it was asked.
    pub language: String,
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
    /// There is no such wish (any more), or its address must not be written to.
    Nothing,
}

/// A subscriber as the pages show one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The store's key.
    pub id: i64,
    /// What leaves the store in its place.
    pub reader: ReaderId,
    /// What a link to the preferences is bound to: it ends when the reader moves.
    pub standing: Vec<u8>,
    /// Where to.
    pub address: String,
    /// How the subscriber is called.
    pub name: Option<String>,
    /// Which rubriques.
    pub choice: Choice,
    /// `fr` or `en`, if it was ever told.
    pub language: Option<String>,
    /// active or unsubscribed.
    pub state: String,
    /// Since when.
    pub joined: Instant,
}

/// Whose consent, when and to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Consent {
    /// By form, script or command.
    pub way: String,
    /// The words agreed to.
    pub consent: String,
    /// Epoch milliseconds.
    pub asked_at: i64,
    /// Address, if it was known.
    pub asked_from: Option<String>,
    /// Epoch milliseconds.
    pub confirmed_at: i64,
    /// Address, if it was known.
    pub confirmed_from: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    public_id: Vec<u8>,
    address: String,
    address_hash: Vec<u8>,
    name: Option<String>,
    choice: String,
    language: Option<String>,
    state: String,
    joined_at: i64,
    moves: i64,
}

impl TryFrom<Row> for Known {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            reader: reader_id(row.public_id)?,
            standing: [row.address_hash.as_slice(), &row.moves.to_be_bytes()].concat(),
            address: row.address,
            name: row.name,
            choice: Choice::from_key(&row.choice),
            language: row.language,
            state: row.state,
            joined: instant(row.joined_at)?,
        })
    }
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

/// Takes a reader out of all tables, inside a transaction; what suppresses addresses stays.
macro_rules! forget {
    ($tx:ident, $id:expr, $at:expr) => {
        sqlx::query(sql::ERASE_LETTERS).bind($id).bind(millis($at)).execute(&mut *$tx).await?;
        for statement in [
            sql::ERASE_CONSENTS,
            sql::ERASE_MOVES,
            sql::ERASE_BOUNCES,
            sql::ERASE_FORMER,
            sql::ERASE_SUBSCRIPTIONS,
            sql::ERASE_SUBSCRIBER,
        ] {
            sqlx::query(statement).bind($id).execute(&mut *$tx).await?;
        }
    };
}

impl Store {
    /// How many letters of all editions are in which state.
    pub async fn letter_counts(&self) -> Result<Vec<(String, i64)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::LETTER_COUNTS).fetch_all(pool).await?))
    }

    /// How many subscribers are in which state.
    pub async fn subscriber_counts(&self) -> Result<Vec<(String, i64)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::SUBSCRIBER_COUNTS).fetch_all(pool).await?))
    }

    /// A number for a request that nobody guesses.
    pub fn unguessable(&self) -> Result<i64> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
        Ok(i64::from_be_bytes(bytes) & i64::MAX)
    }

    /// A subscriber of a newsletter by the store's key.
    pub async fn subscriber(&self, newsletter: &Slug, id: i64) -> Result<Option<Known>> {
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(sql::SUBSCRIBER).bind(newsletter.as_str()).bind(id).fetch_optional(pool).await?
        });
        row.map(Known::try_from).transpose()
    }

    /// A subscriber by what is known outside the store.
    pub async fn reader(&self, newsletter: &Slug, reader: ReaderId) -> Result<Option<Known>> {
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(sql::READER)
                .bind(newsletter.as_str())
                .bind(reader.bytes().to_vec())
                .fetch_optional(pool)
                .await?
        });
        row.map(Known::try_from).transpose()
    }

    /// A subscriber by the number that the first version's letters named, if it is still the same person.
    pub async fn reader_of_old(&self, newsletter: &Slug, number: i64) -> Result<Option<Known>> {
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(sql::OLD_READER).bind(newsletter.as_str()).bind(number).fetch_optional(pool).await?
        });
        row.map(Known::try_from).transpose()
    }

    /// A subscriber by address, in whatever spelling.
    pub async fn subscriber_at(&self, newsletter: &Slug, address: &EmailAddress) -> Result<Option<Known>> {
        let hash = self.hash(address);
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(sql::SUBSCRIBER_AT).bind(newsletter.as_str()).bind(hash).fetch_optional(pool).await?
        });
        row.map(Known::try_from).transpose()
    }

    /// Queues a letter to an address, with the wish that it is to confirm; false if nothing is
    /// queued, because the address must not be written to or has got such a letter since an
    /// instant.
    pub async fn ask(&self, request: Option<&Request>, letter: &ServiceLetter, since: Instant) -> Result<bool> {
        let hash = self.hash(&letter.address);
        transact!(self, begin_alone, pool, tx => {
            let barred: i64 = sqlx::query_scalar(sql::IS_SUPPRESSED).bind(hash.clone()).fetch_one(&mut *tx).await?;
            let recent: i64 = sqlx::query_scalar(sql::SERVED_SINCE)
                .bind(hash.clone())
                .bind(millis(since))
                .fetch_one(&mut *tx)
                .await?;
            if barred > 0 || recent > 0 {
                return Ok(false);
            }
            if let Some(request) = request {
                sqlx::query(sql::ADD_REQUEST)
                    .bind(request.id)
                    .bind(if request.mover.is_some() { "move" } else { "join" })
                    .bind(request.address.to_string())
                    .bind(hash.clone())
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
            queue_letter!(tx, hash.clone(), letter);
            true
        })
    }

    /// What a wish is, as long as it can be confirmed.
    pub async fn wish(&self, id: i64, at: Instant) -> Result<Option<Wish>> {
        let row: Option<Asked> = on!(self, pool => {
            sqlx::query_as(sql::REQUEST).bind(id).bind(millis(at)).fetch_optional(pool).await?
        });
        Ok(row.map(|row| Wish { address: row.address, moves: row.kind == "move", language: row.language }))
    }

    /// Does what was wished, once.
    pub async fn confirm(&self, newsletter: &Slug, id: i64, at: Instant, from: Option<&str>) -> Result<Confirmed> {
        let newsletter = newsletter.as_str();
        transact!(self, begin_alone, pool, tx => {
            let row: Option<Asked> =
                sqlx::query_as(sql::REQUEST).bind(id).bind(millis(at)).fetch_optional(&mut *tx).await?;
            let Some(row) = row else { return Ok(Confirmed::Nothing) };
            let hash = row.address_hash;
            let barred: i64 = sqlx::query_scalar(sql::IS_SUPPRESSED).bind(hash.clone()).fetch_one(&mut *tx).await?;
            let confirmed = match row.subscriber_id {
                _ if barred > 0 => Confirmed::Nothing,
                None => {
                    sqlx::query(sql::DROP_FORMER).bind(hash.clone()).execute(&mut *tx).await?;
                    let subscriber: i64 = sqlx::query_scalar(sql::JOIN_READER)
                        .bind(Self::random()?.to_vec())
                        .bind(&row.address)
                        .bind(hash.clone())
                        .bind(&row.name)
                        .bind(millis(at))
                        .bind(&row.language)
                        .fetch_one(&mut *tx)
                        .await?;
                    sqlx::query(sql::JOIN_NEWSLETTER)
                        .bind(subscriber)
                        .bind(newsletter)
                        .bind(&row.choice)
                        .bind(millis(at))
                        .execute(&mut *tx)
                        .await?;
                    Confirmed::Joined(subscriber)
                }
                Some(mover) => {
                    // Somebody who left with the new address once makes room for its owner.
                    let gone: Option<i64> =
                        sqlx::query_scalar(sql::LEFT_AT).bind(hash.clone()).bind(mover).fetch_optional(&mut *tx).await?;
                    if let Some(gone) = gone {
                        forget!(tx, gone, at);
                    }
                    let before: Option<(String, Vec<u8>)> =
                        sqlx::query_as(sql::ADDRESS_OF).bind(mover).fetch_optional(&mut *tx).await?;
                    let moved = sqlx::query(sql::MOVE)
                        .bind(mover)
                        .bind(&row.address)
                        .bind(hash.clone())
                        .bind(millis(at))
                        .execute(&mut *tx)
                        .await?
                        .rows_affected();
                    match before {
                        Some((address, before)) if moved == 1 => {
                            // What is queued already goes there, too.
                            sqlx::query(sql::READDRESS).bind(mover).bind(&row.address).execute(&mut *tx).await?;
                            if before != hash {
                                sqlx::query(sql::DROP_FORMER).bind(hash.clone()).execute(&mut *tx).await?;
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
                sqlx::query(sql::ADD_CONSENT)
                    .bind(subscriber)
                    .bind(&row.way)
                    .bind(&row.consent)
                    .bind(row.asked_at)
                    .bind(&row.asked_from)
                    .bind(millis(at))
                    .bind(from)
                    .execute(&mut *tx)
                    .await?;
            }
            sqlx::query(sql::DROP_REQUEST).bind(id).execute(&mut *tx).await?;
            confirmed
        })
    }

    /// Changes what a subscriber chose; false if there is none.
    pub async fn set_preferences(
        &self,
        newsletter: &Slug,
        id: i64,
        name: Option<&str>,
        choice: &Choice,
        language: &str,
    ) -> Result<bool> {
        let choice = choice.key();
        transact!(self, begin, pool, tx => {
            let query = sqlx::query(sql::SET_READER).bind(id).bind(name).bind(language);
            let there = query.execute(&mut *tx).await?.rows_affected() == 1;
            let query = sqlx::query(sql::SET_CHOICE).bind(id).bind(newsletter.as_str()).bind(&choice);
            query.execute(&mut *tx).await?;
            there
        })
    }

    /// What a subscriber agreed to, in order.
    pub async fn consents(&self, id: i64) -> Result<Vec<Consent>> {
        Ok(on!(self, pool => sqlx::query_as(sql::CONSENTS).bind(id).fetch_all(pool).await?))
    }

    /// The letters of a subscriber: period, state, and when it was settled in epoch milliseconds.
    pub async fn letters_of(&self, id: i64) -> Result<Vec<(String, String, Option<i64>)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::LETTERS_OF).bind(id).fetch_all(pool).await?))
    }

    /// What came back of a subscriber's letters: the edition's label, why, in which words, and when in epoch
    /// milliseconds.
    pub async fn bounces_of(&self, id: i64) -> Result<Vec<(String, String, String, i64)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::BOUNCES_OF).bind(id).fetch_all(pool).await?))
    }

    /// Forgets a subscriber, but for keyed hashes of the addresses, so that none is written to again;
    /// false if there is none.
    pub async fn erase(&self, id: i64, at: Instant) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            let hash: Option<Vec<u8>> =
                sqlx::query_scalar(sql::HASH_OF).bind(id).fetch_optional(&mut *tx).await?;
            let Some(hash) = hash else { return Ok(false) };
            let mut hashes: Vec<Vec<u8>> = sqlx::query_scalar(sql::FORMER_OF).bind(id).fetch_all(&mut *tx).await?;
            hashes.push(hash);
            for hash in hashes {
                sqlx::query(sql::SUPPRESS)
                    .bind(hash.clone())
                    .bind(Reason::Request.as_str())
                    .bind(millis(at))
                    .execute(&mut *tx)
                    .await?;
                for statement in [sql::ERASE_REQUESTS, sql::ERASE_SERVICE_LETTERS, sql::lists::ERASE_ALLOWANCES] {
                    sqlx::query(statement).bind(hash.clone()).execute(&mut *tx).await?;
                }
            }
            forget!(tx, id, at);
            true
        })
    }
}
