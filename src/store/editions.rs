//! Editions: frozen in one transaction with their columns, variants and letters.

use super::{Error, Result, Store, begin_alone, instant, millis, on, sql};
use crate::model::{Choice, ColumnId, Edition, EditionState, Instant, LetterState, Period, Tally};

/// An edition that is to be frozen.
#[derive(Debug)]
pub struct NewEdition {
    /// The week it is named after.
    pub period: Period,
    /// See [`Edition::since`].
    pub since: Instant,
    /// See [`Edition::cutoff`].
    pub cutoff: Instant,
    /// Frozen or held.
    pub state: EditionState,
    /// The subject of its letters.
    pub subject: String,
    /// The date that its letters carry, and when it is frozen.
    pub dated: Instant,
    /// Its number, which its variants show: another edition that took it first makes it stale.
    pub number: i64,
    /// Its columns, in their order.
    pub columns: Vec<ColumnId>,
    /// One for each choice that has something to read.
    pub variants: Vec<NewVariant>,
    /// Every choice that was looked at, with something to read or not.
    pub choices: Vec<Choice>,
    /// The version of the editors' changes and the last of their notes that it was drawn up with.
    pub desk: (i64, i64),
}

/// A variant that is to be frozen.
#[derive(Debug)]
pub struct NewVariant {
    /// For whom.
    pub choice: Choice,
    /// As the desk shows it.
    pub html: String,
    /// Its text part.
    pub plain: String,
    /// The MIME entity of its letters, encoded.
    pub entity: Vec<u8>,
    /// What an approval is bound to.
    pub content_hash: String,
}

/// A variant's bytes.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The MIME entity of its letters, encoded.
    pub entity: Vec<u8>,
}

/// What became of an edition that was to be frozen.
#[derive(Debug)]
pub enum Freeze {
    /// It is frozen, with so many letters.
    Done(Edition, u64),
    /// Another run froze this period's edition first.
    Taken,
    /// The store has changed since the edition was drawn up: draw it up again.
    Stale,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    number: i64,
    period: String,
    since_at: i64,
    cutoff_at: i64,
    state: String,
    subject: String,
    dated_at: i64,
}

impl TryFrom<Row> for Edition {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            number: row.number,
            period: Period::from_key(&row.period),
            since: instant(row.since_at)?,
            cutoff: instant(row.cutoff_at)?,
            state: row.state.parse().map_err(|value| Error::Corrupt { what: "state", value })?,
            subject: row.subject,
            dated: instant(row.dated_at)?,
        })
    }
}

impl Store {
    /// The edition with the highest number.
    pub async fn last_edition(&self) -> Result<Option<Edition>> {
        self.edition(sql::LAST_EDITION).await
    }

    /// The edition with the number 1.
    pub async fn first_edition(&self) -> Result<Option<Edition>> {
        self.edition(sql::FIRST_EDITION).await
    }

    async fn edition(&self, statement: &'static str) -> Result<Option<Edition>> {
        let row: Option<Row> = on!(self, pool => sqlx::query_as(statement).fetch_optional(pool).await?);
        row.map(Edition::try_from).transpose()
    }

    /// The edition of a period.
    pub async fn edition_of(&self, period: &Period) -> Result<Option<Edition>> {
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(sql::FIND_EDITION).bind(period.as_str()).fetch_optional(pool).await?
        });
        row.map(Edition::try_from).transpose()
    }

    /// All editions, oldest first.
    pub async fn editions(&self) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(sql::ALL_EDITIONS).fetch_all(pool).await?);
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// Editions with letters to send, oldest first.
    pub async fn open_editions(&self) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(sql::OPEN_EDITIONS).fetch_all(pool).await?);
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// Fixes an edition's bytes and recipients: all of it or nothing.
    pub async fn freeze(&self, new: &NewEdition) -> Result<Freeze> {
        on!(self, pool => {
            let mut tx = begin_alone(pool).await?;
            let choices: Vec<String> = sqlx::query_scalar(sql::CHOICES).fetch_all(&mut *tx).await?;
            if choices.iter().any(|key| !new.choices.contains(&Choice::from_key(key))) {
                return Ok(Freeze::Stale);
            }
            // A word of the editors that came meanwhile counts.
            let desk: (i64, i64) =
                sqlx::query_as(sql::DESK_STAMP).bind(new.period.as_str()).fetch_one(&mut *tx).await?;
            if desk != new.desk {
                return Ok(Freeze::Stale);
            }
            let added: Option<(i64, i64)> = sqlx::query_as(sql::ADD_EDITION)
                .bind(new.period.as_str())
                .bind(millis(new.since))
                .bind(millis(new.cutoff))
                .bind(new.state.as_str())
                .bind(&new.subject)
                .bind(millis(new.dated))
                .bind(millis(new.dated))
                .fetch_optional(&mut *tx)
                .await?;
            let Some((id, number)) = added else { return Ok(Freeze::Taken) };
            if number != new.number {
                return Ok(Freeze::Stale);
            }
            for (place, column) in (0i64..).zip(&new.columns) {
                let query = sqlx::query(sql::ADD_EDITION_COLUMN).bind(id).bind(column.0).bind(place);
                if query.execute(&mut *tx).await?.rows_affected() != 1 {
                    return Ok(Freeze::Stale);
                }
            }
            for variant in &new.variants {
                sqlx::query(sql::ADD_VARIANT)
                    .bind(id)
                    .bind(variant.choice.key())
                    .bind(&variant.html)
                    .bind(&variant.plain)
                    .bind(&variant.entity)
                    .bind(&variant.content_hash)
                    .execute(&mut *tx)
                    .await?;
            }
            let letters = sqlx::query(sql::ADD_LETTERS).bind(id).execute(&mut *tx).await?.rows_affected();
            tx.commit().await?;
            let edition = Edition {
                id,
                number,
                period: new.period.clone(),
                since: new.since,
                cutoff: new.cutoff,
                state: new.state,
                subject: new.subject.clone(),
                dated: new.dated,
            };
            Ok(Freeze::Done(edition, letters))
        })
    }

    /// Moves an edition from one state to the next; false if another run has moved it.
    pub async fn move_edition(&self, id: i64, from: EditionState, to: EditionState) -> Result<bool> {
        let moved = on!(self, pool => {
            let query = sqlx::query(sql::SET_EDITION_STATE).bind(id).bind(to.as_str()).bind(from.as_str());
            query.execute(pool).await?.rows_affected()
        });
        Ok(moved == 1)
    }

    /// Holds an edition that is being sent, and says why; false if it is not being sent any more.
    pub async fn hold_edition(&self, id: i64, reason: &str) -> Result<bool> {
        let held = on!(self, pool => {
            sqlx::query(sql::HOLD_EDITION).bind(id).bind(reason).execute(pool).await?.rows_affected()
        });
        Ok(held == 1)
    }

    /// Why an edition is held, if it is and somebody said why.
    pub async fn held_reason(&self, id: i64) -> Result<Option<String>> {
        let reason: Option<Option<String>> =
            on!(self, pool => sqlx::query_scalar(sql::HELD_REASON).bind(id).fetch_optional(pool).await?);
        Ok(reason.flatten())
    }

    /// Lets a held edition go, with a new date on its letters; false if it was not held.
    pub async fn release_edition(&self, id: i64, dated: Instant) -> Result<bool> {
        let moved = on!(self, pool => {
            sqlx::query(sql::RELEASE_EDITION).bind(id).bind(millis(dated)).execute(pool).await?.rows_affected()
        });
        Ok(moved == 1)
    }

    /// How many letters of an edition are in which state.
    pub async fn tally(&self, edition: i64) -> Result<Tally> {
        let rows: Vec<(String, i64)> = on!(self, pool => {
            sqlx::query_as(sql::TALLY).bind(edition).fetch_all(pool).await?
        });
        let count = |state: LetterState| rows.iter().find(|(name, _)| name == state.as_str()).map_or(0, |row| row.1);
        Ok(Tally {
            queued: count(LetterState::Queued),
            leased: count(LetterState::Leased),
            sending: count(LetterState::Sending),
            sent: count(LetterState::Sent),
            deferred: count(LetterState::Deferred),
            failed: count(LetterState::Failed),
            suppressed: count(LetterState::Suppressed),
            unknown: count(LetterState::Unknown),
        })
    }

    /// Addresses whose letters may or may not have arrived.
    pub async fn unknown_letters(&self, edition: i64) -> Result<Vec<String>> {
        Ok(on!(self, pool => sqlx::query_scalar(sql::UNKNOWN_LETTERS).bind(edition).fetch_all(pool).await?))
    }

    /// Addresses whose letters the relay refused, with its words.
    pub async fn failed_letters(&self, edition: i64) -> Result<Vec<(String, String)>> {
        Ok(on!(self, pool => sqlx::query_as(sql::FAILED_LETTERS).bind(edition).fetch_all(pool).await?))
    }
}
