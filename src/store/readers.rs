//! What readers are to the pages: what they chose and agreed to, what they can see of it, and how they come
//! back or go without a trace. What they ask for and confirm by mail is in `wishes`.

use serde::Serialize;

use super::{Error, Reason, Result, Store, instant, letters::reader_id, millis, on, sql, transact};
use crate::model::{Choice, EmailAddress, Instant, ReaderId, Slug};

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

/// What is known of a subscriber beside consents, letters and bounces; instants in epoch milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherData {
    /// Address, when it was asked, and until when it can be confirmed.
    pub wishes: Vec<(String, i64, i64)>,
    /// What it was about, what became of it, and when it was queued.
    pub service_letters: Vec<(String, String, i64)>,
    /// When the reader moved from an address; of that, a keyed hash is kept.
    pub moves: Vec<i64>,
    /// Why a suppression was lifted, what it was for, since when, and when it was lifted.
    pub allowances: Vec<(String, String, i64, i64)>,
    /// Why the address is not written to, and since when.
    pub suppression: Option<(String, i64)>,
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
pub(super) use forget;

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

    /// What else is known of a subscriber: wishes not confirmed, letters that served one person, moves, and
    /// suppressions that were lifted.
    pub async fn other_data_of(&self, id: i64) -> Result<OtherData> {
        Ok(on!(self, pool => OtherData {
            wishes: sqlx::query_as(sql::WISHES_OF).bind(id).fetch_all(pool).await?,
            service_letters: sqlx::query_as(sql::SERVICE_LETTERS_OF).bind(id).fetch_all(pool).await?,
            moves: sqlx::query_scalar(sql::MOVES_OF).bind(id).fetch_all(pool).await?,
            allowances: sqlx::query_as(sql::ALLOWANCES_OF_READER).bind(id).fetch_all(pool).await?,
            suppression: sqlx::query_as(sql::SUPPRESSION_OF_READER).bind(id).fetch_optional(pool).await?,
        }))
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
