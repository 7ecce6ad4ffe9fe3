//! What readers are to the pages: what they chose and agreed to, what they can see of it, and how they come
//! back or go without a trace. What they ask for and confirm by mail is in `requests.rs`.

use serde::Serialize;

use super::{
    Error, Reason, Result, Store, Tx,
    audiences::{Preference, set_rhythm},
    instant,
    letters::reader_id,
    millis,
    query::from_row,
    sql,
    subscriber_list::AllowanceRow,
    suppressions::SuppressionRow,
};
use crate::model::{Choice, DeliveryTime, EmailAddress, Instant, ReaderId, Rhythm, Slug};

/// A subscriber as the pages show one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownReader {
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
    /// How often.
    pub rhythm: Rhythm,
    /// Whether what is due on one day is to come in one letter.
    pub together: bool,
    /// No letter of an edition up to this instant: the end of a pause, if it is to come.
    pub after: Instant,
    /// At which hour and on which day.
    pub delivery: DeliveryTime,
    /// `fr` or `en`, if it was ever told.
    pub language: Option<String>,
    /// active or unsubscribed.
    pub state: String,
    /// Since when.
    pub joined: Instant,
}

/// Whose consent, when and to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

from_row!(Consent { way, consent, asked_at, asked_from, confirmed_at, confirmed_from });

/// What is known of a subscriber beside consents, letters and bounces; instants in epoch milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherData {
    /// What was asked for and is not confirmed.
    pub requests: Vec<OpenRequest>,
    /// Letters that served this person alone.
    pub service_letters: Vec<ServiceLetterFate>,
    /// When the reader moved from an address; of that, a keyed hash is kept.
    pub moves: Vec<i64>,
    /// Suppressions that were lifted.
    pub allowances: Vec<AllowanceRow>,
    /// Why the address is not written to.
    pub suppression: Option<SuppressionRow>,
}

/// What a subscriber asked for and did not confirm yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// The address to be confirmed.
    pub address: String,
    /// Epoch milliseconds.
    pub asked_at: i64,
    /// Epoch milliseconds: until when it can be confirmed.
    pub expires_at: i64,
}

from_row!(OpenRequest { address, asked_at, expires_at });

/// What became of a letter that served one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLetterFate {
    /// What it was about.
    pub kind: String,
    /// What became of it.
    pub state: String,
    /// Epoch milliseconds.
    pub queued_at: i64,
}

from_row!(ServiceLetterFate { kind, state, queued_at });

/// What became of a subscriber's letter of an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterFate {
    /// The edition's label.
    pub period: String,
    /// What became of it.
    pub state: String,
    /// Epoch milliseconds.
    pub settled_at: Option<i64>,
}

from_row!(LetterFate { period, state, settled_at });

/// What came back of a subscriber's letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceRow {
    /// The edition's label.
    pub period: String,
    /// Why.
    pub kind: String,
    /// The mail server's words.
    pub words: String,
    /// Epoch milliseconds.
    pub noted_at: i64,
}

from_row!(in order BounceRow { period, kind, words, noted_at });

struct Row {
    id: i64,
    public_id: Vec<u8>,
    address: String,
    address_hash: Vec<u8>,
    name: Option<String>,
    choice: String,
    rhythm: String,
    together: bool,
    after_at: i64,
    delivery: String,
    language: Option<String>,
    state: String,
    joined_at: i64,
    moves: i64,
}

from_row!(Row {
    id,
    public_id,
    address,
    address_hash,
    name,
    choice,
    rhythm,
    together,
    after_at,
    delivery,
    language,
    state,
    joined_at,
    moves
});

impl TryFrom<Row> for KnownReader {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            reader: reader_id(row.public_id)?,
            standing: [row.address_hash.as_slice(), &row.moves.to_be_bytes()].concat(),
            address: row.address,
            name: row.name,
            choice: Choice::from_key(&row.choice),
            rhythm: row.rhythm.parse().map_err(|_| Error::Corrupt { what: "rhythm", value: row.rhythm })?,
            together: row.together,
            after: instant(row.after_at)?,
            delivery: row.delivery.parse().map_err(|value| Error::Corrupt { what: "hour", value })?,
            language: row.language,
            state: row.state,
            joined: instant(row.joined_at)?,
        })
    }
}

/// Takes a reader out of all tables; what suppresses addresses stays.
pub(super) async fn forget(tx: &mut Tx<'_>, id: i64, at: Instant) -> Result<()> {
    tx.query(sql::ERASE_CARRIED).bind(id).execute().await?;
    tx.query(sql::ERASE_LETTERS).bind(id).bind(millis(at)).execute().await?;
    for statement in [
        sql::ERASE_CONSENTS,
        sql::ERASE_MOVES,
        sql::ERASE_BOUNCES,
        sql::ERASE_FORMER,
        sql::once::ERASE_ONCE_LETTERS,
        sql::ERASE_SUBSCRIPTIONS,
        sql::ERASE_SUBSCRIBER,
    ] {
        tx.query(statement).bind(id).execute().await?;
    }
    Ok(())
}

impl Store {
    /// How many letters of all editions are in which state.
    pub async fn letter_counts(&self) -> Result<Vec<(String, i64)>> {
        self.read(sql::LETTER_COUNTS).fetch_all().await
    }

    /// How many subscribers are in which state.
    pub async fn subscriber_counts(&self) -> Result<Vec<(String, i64)>> {
        self.read(sql::SUBSCRIBER_COUNTS).fetch_all().await
    }

    /// A number for a request that nobody guesses.
    pub fn unguessable(&self) -> Result<i64> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
        Ok(i64::from_be_bytes(bytes) & i64::MAX)
    }

    /// A subscriber of a newsletter by the store's key.
    pub async fn subscriber(&self, newsletter: &Slug, id: i64) -> Result<Option<KnownReader>> {
        let row: Option<Row> = self.read(sql::SUBSCRIBER).bind(newsletter.as_str()).bind(id).fetch_optional().await?;
        row.map(KnownReader::try_from).transpose()
    }

    /// A subscriber by what is known outside the store.
    pub async fn reader(&self, newsletter: &Slug, reader: ReaderId) -> Result<Option<KnownReader>> {
        let row: Option<Row> =
            self.read(sql::READER).bind(newsletter.as_str()).bind(reader.bytes().to_vec()).fetch_optional().await?;
        row.map(KnownReader::try_from).transpose()
    }

    /// A subscriber by the number that the first version's letters named, if it is still the same person.
    pub async fn reader_of_old(&self, newsletter: &Slug, number: i64) -> Result<Option<KnownReader>> {
        let row: Option<Row> =
            self.read(sql::OLD_READER).bind(newsletter.as_str()).bind(number).fetch_optional().await?;
        row.map(KnownReader::try_from).transpose()
    }

    /// A subscriber by address, in whatever spelling.
    pub async fn subscriber_at(&self, newsletter: &Slug, address: &EmailAddress) -> Result<Option<KnownReader>> {
        let hash = self.hash(address);
        let row: Option<Row> =
            self.read(sql::SUBSCRIBER_AT).bind(newsletter.as_str()).bind(hash).fetch_optional().await?;
        row.map(KnownReader::try_from).transpose()
    }

    /// Changes what a subscriber chose of a newsletter; false if there is no such subscriber. No edition is frozen
    /// meanwhile: what somebody has had is written down with another rhythm.
    pub async fn set_preferences(
        &self,
        newsletter: &Slug,
        id: i64,
        name: Option<&str>,
        language: &str,
        preference: &Preference,
        at: Instant,
    ) -> Result<bool> {
        let Preference { choice, rhythm, paused_until } = preference;
        let choice = choice.key();
        self.transact_alone(async |mut tx| {
            let query = tx.query(sql::SET_READER).bind(id).bind(name).bind(language);
            let there = query.execute().await? == 1;
            let query = tx.query(sql::SET_CHOICE).bind(id).bind(newsletter.as_str()).bind(&choice);
            query.execute().await?;
            set_rhythm(&mut tx, newsletter, id, *rhythm, *paused_until, at).await?;
            tx.commit().await?;
            Ok(there)
        })
        .await
    }

    /// Changes when a subscriber wants the letters of a newsletter, from the next edition on.
    pub async fn set_delivery(&self, newsletter: &Slug, id: i64, delivery: DeliveryTime) -> Result<()> {
        let query = self.write(sql::SET_DELIVERY).bind(id).bind(newsletter.as_str());
        query.bind(delivery.to_string()).execute().await?;
        Ok(())
    }

    /// Says whether a subscriber wants what is due on one day in one letter.
    pub async fn set_together(&self, id: i64, together: bool) -> Result<()> {
        self.write(sql::SET_TOGETHER).bind(id).bind(i64::from(together)).execute().await?;
        Ok(())
    }

    /// The newsletters that a subscriber gets.
    pub async fn subscribed_to(&self, id: i64) -> Result<Vec<Slug>> {
        let rows: Vec<(String, String)> = self.read(sql::SUBSCRIPTIONS_OF).bind(id).fetch_all().await?;
        let active = rows.into_iter().filter(|(_, state)| state == "active");
        Ok(active.filter_map(|(newsletter, _)| Slug::parse(&newsletter).ok()).collect())
    }

    /// What a subscriber agreed to, in order.
    pub async fn consents(&self, id: i64) -> Result<Vec<Consent>> {
        self.read(sql::CONSENTS).bind(id).fetch_all().await
    }

    /// The letters of a subscriber.
    pub async fn letters_of(&self, id: i64) -> Result<Vec<LetterFate>> {
        self.read(sql::LETTERS_OF).bind(id).fetch_all().await
    }

    /// What came back of a subscriber's letters.
    pub async fn bounces_of(&self, id: i64) -> Result<Vec<BounceRow>> {
        self.read(sql::BOUNCES_OF).bind(id).fetch_all().await
    }

    /// What else is known of a subscriber: wishes not confirmed, letters that served one person, moves, and
    /// suppressions that were lifted.
    pub async fn other_data_of(&self, id: i64) -> Result<OtherData> {
        Ok(OtherData {
            requests: self.read(sql::REQUESTS_OF).bind(id).fetch_all().await?,
            service_letters: self.read(sql::SERVICE_LETTERS_OF).bind(id).fetch_all().await?,
            moves: self.read(sql::MOVES_OF).bind(id).fetch_all().await?,
            allowances: self.read(sql::ALLOWANCES_OF_READER).bind(id).fetch_all().await?,
            suppression: self.read(sql::SUPPRESSION_OF_READER).bind(id).fetch_optional().await?,
        })
    }

    /// Forgets a subscriber, but for keyed hashes of the addresses, so that none is written to again;
    /// false if there is none.
    pub async fn erase(&self, id: i64, at: Instant) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let hash: Option<Vec<u8>> = tx.query(sql::SUBSCRIBER_HASH).bind(id).fetch_optional().await?;
            let Some(hash) = hash else { return Ok(false) };
            let mut hashes: Vec<Vec<u8>> = tx.query(sql::FORMER_OF).bind(id).fetch_all().await?;
            hashes.push(hash);
            for hash in hashes {
                tx.query(sql::SUPPRESS)
                    .bind(hash.clone())
                    .bind(Reason::Request.as_str())
                    .bind(millis(at))
                    .execute()
                    .await?;
                for statement in [sql::ERASE_REQUESTS, sql::ERASE_SERVICE_LETTERS, sql::lists::ERASE_ALLOWANCES] {
                    tx.query(statement).bind(hash.clone()).execute().await?;
                }
            }
            forget(&mut tx, id, at).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
