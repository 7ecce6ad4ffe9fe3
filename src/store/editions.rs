//! Editions: found, sent, held, closed, and what became of their letters.

use super::{Error, Result, Store, instant, millis, query::from_row, sql, together::part_edition};
use crate::model::{Edition, EditionKey, Instant, LetterState, Period, Slug, Tally};

/// A variant's bytes.
#[derive(Debug, Clone)]
pub struct Variant {
    /// What stands above them.
    pub subject: String,
    /// The MIME entity of its letters, encoded.
    pub entity: Vec<u8>,
    /// The newsletters of other letters that it holds, in their order.
    pub others: Vec<Slug>,
}

pub(super) struct VariantRow {
    subject: String,
    entity: Vec<u8>,
    others: String,
}

from_row!(VariantRow { subject, entity, others });

impl TryFrom<VariantRow> for Variant {
    type Error = Error;

    fn try_from(row: VariantRow) -> Result<Self> {
        let VariantRow { subject, entity, others } = row;
        let names = others.split(',').filter(|name| !name.is_empty());
        let corrupt = |name: &str| Error::Corrupt { what: "newsletter", value: name.to_owned() };
        let others = names.map(|name| Slug::parse(name).map_err(|_| corrupt(name))).collect::<Result<_>>()?;
        Ok(Self { subject, entity, others })
    }
}

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

from_row!(Row { id, newsletter, mark, number, period, since_at, cutoff_at, state, subject, dated_at, is_frozen });

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
        let row: Option<Row> = self.read(statement).bind(newsletter.as_str()).bind(millis(at)).fetch_optional().await?;
        row.map(Edition::try_from).transpose()
    }

    /// The edition of a newsletter that is called so.
    pub async fn edition_of(&self, newsletter: &Slug, period: &Period) -> Result<Option<Edition>> {
        let row: Option<Row> =
            self.read(sql::FIND_EDITION).bind(newsletter.as_str()).bind(period.as_str()).fetch_optional().await?;
        row.map(Edition::try_from).transpose()
    }

    /// All editions of a newsletter, in the order of their numbers.
    pub async fn editions(&self, newsletter: &Slug) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = self.read(sql::ALL_EDITIONS).bind(newsletter.as_str()).fetch_all().await?;
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// The editions of all newsletters.
    pub async fn all_editions(&self) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = self.read(sql::EDITION_OF_ALL).fetch_all().await?;
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// Editions with letters to send, oldest first.
    pub async fn open_editions(&self) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = self.read(sql::OPEN_EDITIONS).fetch_all().await?;
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// Editions with a cutoff behind an instant: a clock was wrong when they were made.
    pub async fn future_editions(&self, after: Instant) -> Result<Vec<Edition>> {
        let rows: Vec<Row> = self.read(sql::FUTURE_EDITIONS).bind(millis(after)).fetch_all().await?;
        rows.into_iter().map(Edition::try_from).collect()
    }

    /// The highest number that an edition of a newsletter has.
    pub async fn last_number(&self, newsletter: &Slug) -> Result<i64> {
        self.read(sql::LAST_NUMBER).bind(newsletter.as_str()).fetch_one().await
    }

    /// What the editions of a newsletter in one week are called, each with its cutoff.
    pub async fn labels(&self, newsletter: &Slug, week: &Period) -> Result<Vec<(Period, Instant)>> {
        let rows: Vec<(String, i64)> =
            self.read(sql::LABELS).bind(newsletter.as_str()).bind(week.as_str()).fetch_all().await?;
        rows.into_iter().map(|(period, cutoff)| Ok((Period::from_key(&period), instant(cutoff)?))).collect()
    }

    /// Says that an edition's letters are going out; false if it is not to go out.
    pub async fn begin_edition(&self, id: i64) -> Result<bool> {
        self.write(sql::BEGIN_EDITION).bind(id).execute().await?;
        let state: Option<String> = self.write(sql::EDITION_STATE).bind(id).fetch_optional().await?;
        Ok(state.as_deref() == Some("sending") || state.as_deref() == Some("sent"))
    }

    /// Whether an edition's letters may go out now.
    pub async fn is_going_out(&self, id: i64) -> Result<bool> {
        let state: Option<String> = self.read(sql::EDITION_STATE).bind(id).fetch_optional().await?;
        Ok(matches!(state.as_deref(), Some("frozen" | "sending" | "sent")))
    }

    /// Closes an edition of which nothing is to be done any more; opens one again that was closed though
    /// something is.
    pub async fn close_edition(&self, id: i64) -> Result<()> {
        self.transact(async |mut tx| {
            // Who settles a letter that stays to be done touches the edition, too: one waits for the other.
            tx.query(sql::TOUCH_EDITION).bind(id).execute().await?;
            let closed = tx.query(sql::CLOSE_EDITION).bind(id).execute().await?;
            if closed > 0 {
                tx.query(sql::ledger::DROP_BLOCKS).bind(id).execute().await?;
            } else {
                let open: i64 = tx.query(sql::ledger::COUNT_TO_DO).bind(id).fetch_one().await?;
                if open > 0 {
                    tx.query(sql::REOPEN_EDITION).bind(id).execute().await?;
                }
            }
            tx.commit().await
        })
        .await
    }

    /// Holds an edition that is being sent, and says why; false if it is not being sent any more.
    pub async fn hold_edition(&self, id: i64, reason: &str) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let held = tx.query(sql::HOLD_EDITION).bind(id).bind(reason).execute().await?;
            part_edition(&mut tx, id).await?;
            tx.commit().await?;
            Ok(held == 1)
        })
        .await
    }

    /// Why an edition is held, if it is and somebody said why.
    pub async fn held_reason(&self, id: i64) -> Result<Option<String>> {
        let reason: Option<Option<String>> = self.read(sql::HELD_REASON).bind(id).fetch_optional().await?;
        Ok(reason.flatten())
    }

    /// Makes an edition of the future one of the present, by its real cutoff; false if somebody else has done so
    /// since it was read.
    pub async fn redate_edition(&self, edition: &Edition, cutoff: Instant, period: &Period) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let query = tx.query(sql::REDATE_EDITION).bind(edition.id).bind(millis(cutoff)).bind(period.as_str());
            if query.bind(millis(edition.cutoff)).execute().await? == 0 {
                return Ok(false);
            }
            for statement in [sql::MOVE_CHANGES, sql::MOVE_NOTES] {
                tx.query(statement)
                    .bind(edition.newsletter.as_str())
                    .bind(millis(edition.cutoff))
                    .bind(millis(cutoff))
                    .execute()
                    .await?;
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// The titles of an edition's columns that were withdrawn since it was frozen.
    pub async fn withdrawn_in(&self, edition: i64) -> Result<Vec<String>> {
        self.read(sql::WITHDRAWN_IN).bind(edition).fetch_all().await
    }

    /// How many letters of an edition are in which state.
    pub async fn tally(&self, edition: i64) -> Result<Tally> {
        let rows: Vec<(String, i64)> = self.read(sql::TALLY).bind(edition).fetch_all().await?;
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
            carried: count(LetterState::Carried),
        })
    }

    /// How many letters of an edition wait for an hour that their readers chose.
    pub async fn waiting_letters(&self, edition: i64, clock: Instant) -> Result<i64> {
        self.read(sql::ledger::COUNT_WAITING).bind(edition).bind(millis(clock)).fetch_one().await
    }

    /// Addresses whose letters may or may not have arrived.
    pub async fn unknown_letters(&self, edition: i64) -> Result<Vec<String>> {
        self.read(sql::UNKNOWN_LETTERS).bind(edition).fetch_all().await
    }

    /// Addresses whose letters the relay refused, with its words.
    pub async fn failed_letters(&self, edition: i64) -> Result<Vec<(String, String)>> {
        self.read(sql::FAILED_LETTERS).bind(edition).fetch_all().await
    }
}
