//! Freezing: an edition is fixed in one transaction with its columns, variants and letters. Whatever another run may
//! have changed since it was drawn up is compared in that transaction.

use super::{
    Result, Store, Tx,
    audiences::{add_group, add_rhythms, editions_stamp, groups, move_behind, settle_groups},
    desk::{add_note, desk_stamp},
    editions::Row,
    is_another_list, millis,
    resting::rest_frozen,
    specials::{mark_special, take_plan},
    sql::{self, audiences},
    together::{WaitForOthers, wait_for_others},
};
use crate::model::{
    Audience, ColumnId, DeliveryTime, Edition, EditionKey, EditionState, Instant, Note, Period, ReaderGroup, Rhythm,
    Slug,
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
    /// One for each audience that has something to read.
    pub variants: Vec<NewVariant>,
    /// Every group of readers that was looked at, with something to read or not.
    pub groups: Vec<ReaderGroup>,
    /// For which rhythms it is due, beside those who get each.
    pub rhythms: Vec<Rhythm>,
    /// What editions there were and how they stood, as [`Store::editions_stamp`] told; none if columns of earlier ones
    /// come to nobody.
    pub editions: Option<(i64, i64)>,
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
    /// When it was planned, if it is a special edition.
    pub planned: Option<Instant>,
    /// Until when letters wait for the hours and days that readers may choose.
    pub delays: Vec<(DeliveryTime, Instant)>,
    /// Which letters wait for others, because their readers want one a day.
    pub waits: Vec<WaitForOthers>,
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
    /// For which rhythms it is due, beside those who get each.
    pub rhythms: Vec<Rhythm>,
    /// Why it is held.
    pub reason: String,
    /// When.
    pub at: Instant,
}

/// A variant that is to be frozen.
#[derive(Debug)]
pub struct NewVariant {
    /// For whom.
    pub audience: Audience,
    /// Which groups of readers those are now.
    pub groups: Vec<ReaderGroup>,
    /// What stands above its letters.
    pub subject: String,
    /// As the desk shows it.
    pub html: String,
    /// Its text part.
    pub plain: String,
    /// The MIME entity of its letters, encoded.
    pub entity: Vec<u8>,
    /// What an approval is bound to.
    pub content_hash: String,
    /// The columns it holds of its own newsletter.
    pub columns: Vec<ColumnId>,
    /// The earlier editions that these may be of, beside its own.
    pub earlier: Vec<i64>,
    /// The newsletters of other letters that it holds, in their order.
    pub others: Vec<Slug>,
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

/// Adds the columns of an edition, in their order; false if another edition has one of them.
async fn add_columns(tx: &mut Tx<'_>, edition: i64, newsletter: &Slug, columns: &[ColumnId]) -> Result<bool> {
    let newsletter = newsletter.as_str();
    let mut all = true;
    for (place, column) in (0i64..).zip(columns) {
        let query = tx.query(sql::ADD_EDITION_COLUMN).bind(edition).bind(newsletter).bind(column.0);
        all &= query.bind(place).execute().await? == 1;
        tx.query(sql::DROP_WAITING_COLUMN).bind(newsletter).bind(column.0).execute().await?;
    }
    Ok(all)
}

/// The row of an edition that is to be added.
struct EditionRow<'a> {
    key: &'a EditionKey,
    number: i64,
    period: &'a Period,
    since: Instant,
    state: EditionState,
    subject: &'a str,
    dated: Instant,
    frozen: Option<Instant>,
    held_reason: Option<&'a str>,
}

/// Adds an edition's row; gives its number in the store and its mark, or nothing if there is one of its cutoff or
/// its labels.
async fn add_edition(tx: &mut Tx<'_>, row: EditionRow<'_>) -> Result<Option<(i64, i64)>> {
    let mut mark = row.key.mark();
    while tx.query(sql::HAS_MARK).bind(mark).fetch_one::<i64>().await? > 0 {
        mark = (mark + 1) % (1 << 24);
    }
    let added: Option<i64> = tx
        .query(sql::ADD_EDITION)
        .bind(row.key.newsletter.as_str())
        .bind(millis(row.key.cutoff))
        .bind(mark)
        .bind(row.number)
        .bind(row.period.as_str())
        .bind(millis(row.since))
        .bind(row.state.as_str())
        .bind(row.subject)
        .bind(millis(row.dated))
        .bind(row.frozen.map(millis))
        .bind(row.held_reason)
        .fetch_optional()
        .await?;
    Ok(added.map(|id| (id, mark)))
}

/// The row of an edition that goes out: its number in the store and its mark. One that was held over its hour has
/// one already. If there is none to be had, it is said why.
async fn take_edition(tx: &mut Tx<'_>, new: &NewEdition) -> Result<std::result::Result<(i64, i64), Freeze>> {
    let newsletter = new.key.newsletter.as_str();
    if let Some(id) = new.held {
        move_behind(tx, id, new.dated).await?;
        let query = tx.query(sql::FREEZE_HELD).bind(id).bind(new.state.as_str()).bind(&new.subject);
        if query.bind(millis(new.dated)).execute().await? == 0 {
            return Ok(Err(Freeze::Taken));
        }
        tx.query(sql::DROP_EDITION_COLUMNS).bind(id).execute().await?;
        let mark: i64 = tx.query(sql::MARK_OF).bind(id).fetch_one().await?;
        return Ok(Ok((id, mark)));
    }
    let row = EditionRow {
        key: &new.key,
        number: new.number,
        period: &new.period,
        since: new.since,
        state: new.state,
        subject: &new.subject,
        dated: new.dated,
        frozen: Some(new.dated),
        held_reason: None,
    };
    if let Some(added) = add_edition(tx, row).await? {
        return Ok(Ok(added));
    }
    let query = tx.query(sql::FIND_EDITION_BY_CUTOFF).bind(newsletter).bind(millis(new.key.cutoff));
    let taken: Option<Row> = query.fetch_optional().await?;
    // Else another edition has its number or its label.
    Ok(Err(if taken.is_some() { Freeze::Taken } else { Freeze::Stale }))
}

async fn add_variant(tx: &mut Tx<'_>, edition: i64, variant: &NewVariant) -> Result<()> {
    let id = put_variant(tx, edition, variant).await?;
    for group in &variant.groups {
        add_group(tx, edition, group, id).await?;
    }
    Ok(())
}

/// Adds a variant to an edition; gives its number in the store.
pub(super) async fn put_variant(tx: &mut Tx<'_>, edition: i64, variant: &NewVariant) -> Result<i64> {
    let id: i64 = tx
        .query(sql::ADD_VARIANT)
        .bind(edition)
        .bind(variant.audience.key())
        .bind(&variant.subject)
        .bind(&variant.html)
        .bind(&variant.plain)
        .bind(&variant.entity)
        .bind(&variant.content_hash)
        .bind(joined(&variant.earlier))
        .bind(joined(&variant.others))
        .fetch_one()
        .await?;
    for column in &variant.columns {
        tx.query(sql::ADD_VARIANT_COLUMN).bind(id).bind(column.0).execute().await?;
    }
    Ok(id)
}

fn joined<T: ToString>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

/// Lets letters wait whose readers want them at an hour of their own. What the magazine offers no more counts for nothing.
async fn delay_letters(tx: &mut Tx<'_>, edition: i64, new: &NewEdition) -> Result<()> {
    if new.delays.is_empty() {
        return Ok(());
    }
    let newsletter = new.key.newsletter.as_str();
    let wanted: Vec<String> = tx.query(sql::DELIVERIES).bind(newsletter).fetch_all().await?;
    for wanted in wanted {
        let delay = new.delays.iter().find(|(time, _)| time.to_string() == wanted);
        if let Some((_, due)) = delay {
            let query = tx.query(sql::DELAY_LETTERS).bind(edition).bind(newsletter).bind(&wanted);
            query.bind(millis(*due)).execute().await?;
        }
    }
    Ok(())
}

impl Store {
    /// Fixes an edition's bytes and recipients: all of it or nothing.
    pub async fn freeze(&self, new: &NewEdition) -> Result<Freeze> {
        let newsletter = &new.key.newsletter;
        let is_new = |group: &ReaderGroup| !new.groups.contains(group);
        self.transact_alone(async |mut tx| {
            let groups_before = groups(&mut tx, newsletter).await?;
            // A word of the editors that came meanwhile counts, and a column that was changed or withdrawn.
            let desk = desk_stamp(&mut tx, newsletter, new.key.cutoff).await?;
            let revision: i64 = tx.query(sql::REVISION).fetch_one().await?;
            let editions = match new.editions {
                Some(_) => Some(editions_stamp(&mut tx, newsletter).await?),
                None => None,
            };
            let same = (desk, revision, editions) == (new.desk, new.revision, new.editions);
            if !same || groups_before.iter().any(is_new) {
                return Ok(Freeze::Stale);
            }
            // Before its columns are another edition's.
            if let Some(planned) = new.planned
                && !take_plan(&mut tx, &new.key, planned).await?
            {
                return Ok(Freeze::Stale);
            }
            let (id, mark) = match take_edition(&mut tx, new).await? {
                Ok(taken) => taken,
                Err(why) => return Ok(why),
            };
            if !add_columns(&mut tx, id, newsletter, &new.columns).await? {
                return Ok(Freeze::Stale);
            }
            for column in &new.left_out {
                tx.query(sql::ADD_WAITING_COLUMN).bind(newsletter.as_str()).bind(column.0).execute().await?;
            }
            add_rhythms(&mut tx, id, &new.rhythms).await?;
            for variant in &new.variants {
                add_variant(&mut tx, id, variant).await?;
            }
            tx.query(audiences::FOR_LETTERS).execute().await?;
            let letters = tx.query(audiences::ADD_LETTERS).bind(id).bind(newsletter.as_str()).execute().await?;
            let count = i64::try_from(letters).unwrap_or(i64::MAX);
            if new.readers.is_some_and(|seen| is_another_list(seen, count)) {
                return Ok(Freeze::Readers(count));
            }
            tx.query(sql::SET_LETTERS).bind(id).bind(count).execute().await?;
            delay_letters(&mut tx, id, new).await?;
            wait_for_others(&mut tx, id, &new.waits).await?;
            rest_frozen(&mut tx, new.dated).await?;
            tx.query(sql::ledger::ADD_BLOCKS).bind(id).execute().await?;
            // On Postgres each statement sees what was committed before it: who chose anew between the groups
            // and the letters has none.
            if groups(&mut tx, newsletter).await?.iter().any(is_new) {
                return Ok(Freeze::Stale);
            }
            tx.query(audiences::DROP_GROUPS).bind(id).execute().await?;
            match new.planned {
                Some(_) => mark_special(&mut tx, id, new.dated).await?,
                None => settle_groups(&mut tx, id, &new.key, &new.rhythms).await?,
            }
            if let Some(note) = &new.note {
                add_note(&mut tx, &new.key, note).await?;
            }
            tx.commit().await?;
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
            Ok(Freeze::Done(edition, letters))
        })
        .await
    }

    /// Keeps the columns of an edition that editors hold over its hour; false if there is such an edition
    /// already, or another one has its labels or a column.
    pub async fn reserve(&self, new: &Reserve) -> Result<bool> {
        self.transact_alone(async |mut tx| {
            let row = EditionRow {
                key: &new.key,
                number: new.number,
                period: &new.period,
                since: new.since,
                state: EditionState::Held,
                subject: &new.subject,
                dated: new.at,
                frozen: None,
                held_reason: Some(&new.reason),
            };
            let Some((id, _)) = add_edition(&mut tx, row).await? else { return Ok(false) };
            if !add_columns(&mut tx, id, &new.key.newsletter, &new.columns).await? {
                return Ok(false);
            }
            add_rhythms(&mut tx, id, &new.rhythms).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
