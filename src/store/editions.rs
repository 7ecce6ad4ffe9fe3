//! Editions: frozen in one transaction with their columns, variants and letters, held, let go, closed.
//! Whatever another run may have changed since an edition was drawn up is compared in that transaction.

use super::{Error, Result, Store, instant, is_another_list, millis, on, on_writing, sql, transact};
use crate::model::{
    Choice, ColumnId, Edition, EditionKey, EditionState, Instant, LetterState, Note, Period, Slug, Tally,
};

/// An edition that is to be frozen.
#[derive(Debug)]
pub struct NewEdition {
    /// What it is known by.
    pub key: EditionKey,
    /// What it is to be called.
    pub period: Period,
    /// See [`Edition::since`].
    pub since: Instant,
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
    /// Columns that editors left out: they wait for a later one.
    pub left_out: Vec<ColumnId>,
    /// One for each choice that has something to read.
    pub variants: Vec<NewVariant>,
    /// Every choice that was looked at, with something to read or not.
    pub choices: Vec<Choice>,
    /// The version of the editors' changes and the last of their notes that it was drawn up with.
    pub desk: (i64, i64),
    /// How many commits had changed columns before its columns were read.
    pub revision: i64,
    /// The row of the edition if it was held over its hour and has its columns already.
    pub held: Option<i64>,
    /// What is to be written down with it.
    pub note: Option<Note>,
    /// For how many readers somebody let it go; `None` if nobody looked.
    pub readers: Option<i64>,
}

/// An edition that editors hold over its hour: it keeps its columns, and has no letters yet.
#[derive(Debug)]
pub struct Reserve {
    /// What it is known by.
    pub key: EditionKey,
    /// What it is called.
    pub period: Period,
    /// Its number.
    pub number: i64,
    /// See [`Edition::since`].
    pub since: Instant,
    /// Its subject as it would be now.
    pub subject: String,
    /// Its columns, in their order.
    pub columns: Vec<ColumnId>,
    /// Why it is held.
    pub reason: String,
    /// When.
    pub at: Instant,
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
    /// The columns it holds.
    pub columns: Vec<ColumnId>,
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
    /// Another run froze this edition first.
    Taken,
    /// The store has changed since the edition was drawn up: draw it up again.
    Stale,
    /// It would have so many letters, and somebody let it go for another number of readers.
    Readers(i64),
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    newsletter: String,
    mark: i64,
    number: i64,
    period: String,
    since_at: i64,
    cutoff_at: i64,
    state: String,
    subject: String,
    dated_at: i64,
    is_frozen: bool,
}

impl TryFrom<Row> for Edition {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            newsletter: Slug::parse(&row.newsletter)
                .map_err(|_| Error::Corrupt { what: "newsletter", value: row.newsletter })?,
            mark: row.mark,
            number: row.number,
            period: Period::from_key(&row.period),
            since: instant(row.since_at)?,
            cutoff: instant(row.cutoff_at)?,
            state: row.state.parse().map_err(|value| Error::Corrupt { what: "state", value })?,
            subject: row.subject,
            dated: instant(row.dated_at)?,
            is_frozen: row.is_frozen,
        })
    }
}

/// Adds the columns of an edition, in their order; false if another edition has one of them.
macro_rules! add_columns {
    ($tx:ident, $id:expr, $newsletter:expr, $columns:expr) => {{
        let mut all = true;
        for (place, column) in (0i64..).zip($columns) {
            let query = sqlx::query(sql::ADD_EDITION_COLUMN).bind($id).bind($newsletter.as_str()).bind(column.0);
            all &= query.bind(place).execute(&mut *$tx).await?.rows_affected() == 1;
            let query = sqlx::query(sql::DROP_WAITING_COLUMN).bind($newsletter.as_str()).bind(column.0);
            query.execute(&mut *$tx).await?;
        }
        all
    }};
}

/// Adds an edition's row; gives its key and its mark, or nothing if there is one of its cutoff or its labels.
macro_rules! add_edition {
    ($tx:ident, $key:expr, $number:expr, $period:expr, $since:expr, $state:expr, $subject:expr, $dated:expr,
        $frozen:expr, $reason:expr) => {{
        let key: &EditionKey = $key;
        let mut mark = key.mark();
        while sqlx::query_scalar::<_, i64>(sql::HAS_MARK).bind(mark).fetch_one(&mut *$tx).await? > 0 {
            mark = (mark + 1) % (1 << 24);
        }
        let added: Option<i64> = sqlx::query_scalar(sql::ADD_EDITION)
            .bind(key.newsletter.as_str())
            .bind(millis(key.cutoff))
            .bind(mark)
            .bind($number)
            .bind($period.as_str())
            .bind(millis($since))
            .bind($state.as_str())
            .bind($subject)
            .bind(millis($dated))
            .bind($frozen)
            .bind($reason)
            .fetch_optional(&mut *$tx)
            .await?;
        added.map(|id| (id, mark))
    }};
}

impl Store {
    /// The last edition of a newsletter with a cutoff at or before an instant.
    pub async fn last_edition(&self, newsletter: &Slug, until: Instant) -> Result<Option<Edition>> {
        self.edition(sql::LAST_EDITION, newsletter, until).await
    }

    /// The first edition of a newsletter with a cutoff at or before an instant.
    pub async fn first_edition(&self, newsletter: &Slug, until: Instant) -> Result<Option<Edition>> {
        self.edition(sql::FIRST_EDITION, newsletter, until).await
    }

    /// The edition with a key.
    pub async fn edition_at(&self, key: &EditionKey) -> Result<Option<Edition>> {
        self.edition(sql::FIND_EDITION_BY_CUTOFF, &key.newsletter, key.cutoff).await
    }

    async fn edition(&self, statement: &'static str, newsletter: &Slug, at: Instant) -> Result<Option<Edition>> {
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(statement).bind(newsletter.as_str()).bind(millis(at)).fetch_optional(pool).await?
        });
        row.map(Edition::try_from).transpose()
    }

    /// The edition of a newsletter that is called so.
    pub async fn edition_of(&self, newsletter: &Slug, period: &Period) -> Result<Option<Edition>> {
        let row: Option<Row> = on!(self, pool => {
            sqlx::query_as(sql::FIND_EDITION)
                .bind(newsletter.as_str())
                .bind(period.as_str())
                .fetch_optional(pool)
                .await?
        });
        row.map(Edition::try_from).transpose()
    }

    /// All editions of a newsletter, in the order of their numbers.
    pub async fn editions(&self, newsletter: &Slug) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = on!(self, pool => {
            sqlx::query_as(sql::ALL_EDITIONS).bind(newsletter.as_str()).fetch_all(pool).await?
        });
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// The editions of all newsletters.
    pub async fn all_editions(&self) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(sql::EDITION_OF_ALL).fetch_all(pool).await?);
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// Editions with letters to send, oldest first.
    pub async fn open_editions(&self) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = on!(self, pool => sqlx::query_as(sql::OPEN_EDITIONS).fetch_all(pool).await?);
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// Editions with a cutoff behind an instant: a clock was wrong when they were made.
    pub async fn future_editions(&self, after: Instant) -> Result<Vec<Edition>> {
        let rows: Vec<Row> =
            on!(self, pool => sqlx::query_as(sql::FUTURE_EDITIONS).bind(millis(after)).fetch_all(pool).await?);
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// The highest number that an edition of a newsletter has.
    pub async fn last_number(&self, newsletter: &Slug) -> Result<i64> {
        Ok(on!(self, pool => sqlx::query_scalar(sql::LAST_NUMBER).bind(newsletter.as_str()).fetch_one(pool).await?))
    }

    /// What the editions of a newsletter in one week are called, each with its cutoff.
    pub async fn labels(&self, newsletter: &Slug, week: &Period) -> Result<Vec<(Period, Instant)>> {
        let rows: Vec<(String, i64)> = on!(self, pool => {
            sqlx::query_as(sql::LABELS).bind(newsletter.as_str()).bind(week.as_str()).fetch_all(pool).await?
        });
        rows.into_iter().map(|(period, cutoff)| Ok((Period::from_key(&period), instant(cutoff)?))).collect()
    }

    /// Fixes an edition's bytes and recipients: all of it or nothing.
    pub async fn freeze(&self, new: &NewEdition) -> Result<Freeze> {
        let newsletter = &new.key.newsletter;
        transact!(self, begin_alone, pool, tx => {
            let choices: Vec<String> =
                sqlx::query_scalar(sql::CHOICES).bind(newsletter.as_str()).fetch_all(&mut *tx).await?;
            let is_new = |key: &String| !new.choices.contains(&Choice::from_key(key));
            // A word of the editors that came meanwhile counts, and a column that was changed or withdrawn.
            let desk: (i64, i64) = sqlx::query_as(sql::DESK_STAMP)
                .bind(newsletter.as_str())
                .bind(millis(new.key.cutoff))
                .fetch_one(&mut *tx)
                .await?;
            let revision: i64 = sqlx::query_scalar(sql::REVISION).fetch_one(&mut *tx).await?;
            if choices.iter().any(is_new) || desk != new.desk || revision != new.revision {
                return Ok(Freeze::Stale);
            }
            let (id, mark) = match new.held {
                Some(id) => {
                    let query = sqlx::query(sql::FREEZE_HELD).bind(id).bind(new.state.as_str()).bind(&new.subject);
                    if query.bind(millis(new.dated)).execute(&mut *tx).await?.rows_affected() == 0 {
                        return Ok(Freeze::Taken);
                    }
                    sqlx::query(sql::DROP_EDITION_COLUMNS).bind(id).execute(&mut *tx).await?;
                    let mark: i64 = sqlx::query_scalar(sql::MARK_OF).bind(id).fetch_one(&mut *tx).await?;
                    (id, mark)
                }
                None => {
                    let added = add_edition!(tx, &new.key, new.number, new.period, new.since, new.state, &new.subject,
                        new.dated, Some(millis(new.dated)), None::<String>);
                    let Some(added) = added else {
                        let taken: Option<Row> = sqlx::query_as(sql::FIND_EDITION_BY_CUTOFF)
                            .bind(newsletter.as_str())
                            .bind(millis(new.key.cutoff))
                            .fetch_optional(&mut *tx)
                            .await?;
                        // Else another edition has its number or its label.
                        return Ok(if taken.is_some() { Freeze::Taken } else { Freeze::Stale });
                    };
                    added
                }
            };
            if !add_columns!(tx, id, newsletter, &new.columns) {
                return Ok(Freeze::Stale);
            }
            for column in &new.left_out {
                let query = sqlx::query(sql::ADD_WAITING_COLUMN).bind(newsletter.as_str()).bind(column.0);
                query.execute(&mut *tx).await?;
            }
            for variant in &new.variants {
                let own: i64 = sqlx::query_scalar(sql::ADD_VARIANT)
                    .bind(id)
                    .bind(variant.choice.key())
                    .bind(&variant.html)
                    .bind(&variant.plain)
                    .bind(&variant.entity)
                    .bind(&variant.content_hash)
                    .fetch_one(&mut *tx)
                    .await?;
                for column in &variant.columns {
                    sqlx::query(sql::ADD_VARIANT_COLUMN).bind(own).bind(column.0).execute(&mut *tx).await?;
                }
            }
            let query = sqlx::query(sql::ADD_LETTERS).bind(id).bind(newsletter.as_str());
            let letters = query.execute(&mut *tx).await?.rows_affected();
            let count = i64::try_from(letters).unwrap_or(i64::MAX);
            if new.readers.is_some_and(|seen| is_another_list(seen, count)) {
                return Ok(Freeze::Readers(count));
            }
            sqlx::query(sql::SET_LETTERS).bind(id).bind(count).execute(&mut *tx).await?;
            sqlx::query(sql::ledger::ADD_BLOCKS).bind(id).execute(&mut *tx).await?;
            // On Postgres each statement sees what was committed before it: who chose anew between the choices
            // and the letters has none.
            let choices: Vec<String> =
                sqlx::query_scalar(sql::CHOICES).bind(newsletter.as_str()).fetch_all(&mut *tx).await?;
            if choices.iter().any(is_new) {
                return Ok(Freeze::Stale);
            }
            if let Some(note) = &new.note {
                super::desk::add_note!(tx, &new.key, note);
            }
            let edition = Edition {
                id,
                newsletter: newsletter.clone(),
                mark,
                number: new.number,
                period: new.period.clone(),
                since: new.since,
                cutoff: new.key.cutoff,
                state: new.state,
                subject: new.subject.clone(),
                dated: new.dated,
                is_frozen: true,
            };
            Freeze::Done(edition, letters)
        })
    }

    /// Keeps the columns of an edition that editors hold over its hour; false if there is such an edition
    /// already, or another one has its labels or a column.
    pub async fn reserve(&self, new: &Reserve) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            let added = add_edition!(tx, &new.key, new.number, new.period, new.since, EditionState::Held, &new.subject, new.at,
                None::<i64>, Some(&new.reason));
            let Some((id, _)) = added else { return Ok(false) };
            if !add_columns!(tx, id, new.key.newsletter, &new.columns) {
                return Ok(false);
            }
            true
        })
    }

    /// Says that an edition's letters are going out; false if it is not to go out.
    pub async fn begin_edition(&self, id: i64) -> Result<bool> {
        let state: Option<String> = on_writing!(self, pool => {
            sqlx::query(sql::BEGIN_EDITION).bind(id).execute(pool).await?;
            sqlx::query_scalar(sql::EDITION_STATE).bind(id).fetch_optional(pool).await?
        });
        Ok(state.as_deref() == Some("sending") || state.as_deref() == Some("sent"))
    }

    /// Whether an edition's letters may go out now.
    pub async fn is_going_out(&self, id: i64) -> Result<bool> {
        let state: Option<String> =
            on!(self, pool => sqlx::query_scalar(sql::EDITION_STATE).bind(id).fetch_optional(pool).await?);
        Ok(matches!(state.as_deref(), Some("frozen" | "sending" | "sent")))
    }

    /// Closes an edition of which nothing is to be done any more; opens one again that was closed though
    /// something is.
    pub async fn close_edition(&self, id: i64) -> Result<()> {
        transact!(self, begin, pool, tx => {
            // Who settles a letter that stays to be done touches the edition, too: one waits for the other.
            sqlx::query(sql::TOUCH_EDITION).bind(id).execute(&mut *tx).await?;
            let closed = sqlx::query(sql::CLOSE_EDITION).bind(id).execute(&mut *tx).await?.rows_affected();
            if closed > 0 {
                sqlx::query(sql::ledger::DROP_BLOCKS).bind(id).execute(&mut *tx).await?;
            } else {
                let open: i64 = sqlx::query_scalar(sql::ledger::COUNT_TO_DO).bind(id).fetch_one(&mut *tx).await?;
                if open > 0 {
                    sqlx::query(sql::REOPEN_EDITION).bind(id).execute(&mut *tx).await?;
                }
            }
        })
    }

    /// Holds an edition that is being sent, and says why; false if it is not being sent any more.
    pub async fn hold_edition(&self, id: i64, reason: &str) -> Result<bool> {
        let held = on_writing!(self, pool => {
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

    /// Makes an edition of the future one of the present, by its real cutoff; false if somebody else has done so
    /// since it was read.
    pub async fn redate_edition(&self, edition: &Edition, cutoff: Instant, period: &Period) -> Result<bool> {
        transact!(self, begin_alone, pool, tx => {
            let query = sqlx::query(sql::REDATE_EDITION).bind(edition.id).bind(millis(cutoff)).bind(period.as_str());
            if query.bind(millis(edition.cutoff)).execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            for statement in [sql::MOVE_CHANGES, sql::MOVE_NOTES] {
                sqlx::query(statement)
                    .bind(edition.newsletter.as_str())
                    .bind(millis(edition.cutoff))
                    .bind(millis(cutoff))
                    .execute(&mut *tx)
                    .await?;
            }
            true
        })
    }

    /// The titles of an edition's columns that were withdrawn since it was frozen.
    pub async fn withdrawn_in(&self, edition: i64) -> Result<Vec<String>> {
        Ok(on!(self, pool => sqlx::query_scalar(sql::WITHDRAWN_IN).bind(edition).fetch_all(pool).await?))
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
