//! Who gets what of a newsletter's editions: readers with the same rhythm, choice and history as one group, and what of
//! the editions before is still to come to them.

use std::collections::HashMap;

use super::{Error, Result, Store, Tx, instant, millis, query::from_row, sql::audiences};
use crate::model::{Choice, EditionKey, EmailAddress, Instant, ReaderGroup, Rhythm, Slug};

/// An edition before the one that is drawn up, as its columns come to readers who did not get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierEdition {
    pub id: i64,
    pub cutoff: Instant,
    /// See [`crate::model::Edition::since`].
    pub since: Instant,
    /// From when on its columns come: its cutoff, or later if it was held meanwhile.
    pub position: Instant,
    /// Held, and nobody has got it: its columns wait for the editors' word.
    pub is_withheld: bool,
    /// Whether it went to readers of every rhythm, at an hour of its own.
    pub is_special: bool,
    /// For which rhythms it was due, beside those who get each edition.
    pub rhythms: Vec<Rhythm>,
}

pub(super) struct GroupRow {
    rhythm: String,
    choice: String,
    after_at: i64,
    mark_at: i64,
    had: String,
}

from_row!(GroupRow { rhythm, choice, after_at, mark_at, had });

impl TryFrom<GroupRow> for ReaderGroup {
    type Error = Error;

    fn try_from(row: GroupRow) -> Result<Self> {
        Ok(Self {
            rhythm: row.rhythm.parse().map_err(|_| Error::Corrupt { what: "rhythm", value: row.rhythm.clone() })?,
            choice: Choice::from_key(&row.choice),
            after: instant(row.after_at)?,
            mark: instant(row.mark_at)?,
            had: row.had.split(',').filter_map(|id| id.parse().ok()).collect(),
        })
    }
}

struct CountedGroup {
    rhythm: String,
    choice: String,
    after_at: i64,
    mark_at: i64,
    had: String,
    readers: i64,
}

from_row!(CountedGroup { rhythm, choice, after_at, mark_at, had, readers });

impl TryFrom<CountedGroup> for (ReaderGroup, i64) {
    type Error = Error;

    fn try_from(row: CountedGroup) -> Result<Self> {
        let CountedGroup { rhythm, choice, after_at, mark_at, had, readers } = row;
        Ok((GroupRow { rhythm, choice, after_at, mark_at, had }.try_into()?, readers))
    }
}

struct EarlierRow {
    id: i64,
    cutoff_at: i64,
    since_at: i64,
    position_at: i64,
    is_withheld: bool,
    is_special: bool,
}

from_row!(EarlierRow { id, cutoff_at, since_at, position_at, is_withheld, is_special });

/// The groups of a newsletter's active readers.
pub(super) async fn groups(tx: &mut Tx<'_>, newsletter: &Slug) -> Result<Vec<ReaderGroup>> {
    let rows: Vec<GroupRow> = tx.query(audiences::GROUPS).bind(newsletter.as_str()).fetch_all().await?;
    rows.into_iter().map(ReaderGroup::try_from).collect()
}

/// How many readers of these groups an edition would have now.
pub(super) async fn count_readers(tx: &mut Tx<'_>, newsletter: &Slug, groups: &[ReaderGroup]) -> Result<i64> {
    count(tx.query(audiences::READERS_BY_GROUP).bind(newsletter.as_str()).fetch_all().await?, groups)
}

fn count(rows: Vec<CountedGroup>, groups: &[ReaderGroup]) -> Result<i64> {
    let mut sum = 0;
    for row in rows {
        let (group, readers) = row.try_into()?;
        if groups.contains(&group) {
            sum += readers;
        }
    }
    Ok(sum)
}

/// What tells whether editions were released or held since they were read.
pub(super) async fn editions_stamp(tx: &mut Tx<'_>, newsletter: &Slug) -> Result<(i64, i64)> {
    tx.query(audiences::EDITIONS_STAMP).bind(newsletter.as_str()).fetch_one().await
}

/// Writes down for which rhythms an edition was due.
pub(super) async fn add_rhythms(tx: &mut Tx<'_>, edition: i64, rhythms: &[Rhythm]) -> Result<()> {
    for rhythm in rhythms {
        tx.query(audiences::ADD_RHYTHM).bind(edition).bind(rhythm.to_string()).execute().await?;
    }
    Ok(())
}

/// Who has a group of readers gets this variant.
pub(super) async fn add_group(tx: &mut Tx<'_>, edition: i64, group: &ReaderGroup, variant: i64) -> Result<()> {
    let query = tx.query(audiences::ADD_GROUP).bind(edition).bind(group.rhythm.to_string()).bind(group.choice.key());
    query.bind(millis(group.after)).bind(millis(group.mark)).bind(ids(&group.had)).bind(variant).execute().await?;
    Ok(())
}

/// Lets the columns of an edition that was held come after all editions that went out meanwhile.
pub(super) async fn move_behind(tx: &mut Tx<'_>, edition: i64, at: Instant) -> Result<()> {
    let horizon = millis(at + chrono::Duration::days(1));
    tx.query(audiences::MOVE_BEHIND).bind(edition).bind(horizon).execute().await?;
    Ok(())
}

/// Readers who have got all with this edition that was theirs when they chose a rhythm need not be told from others any
/// more. As long as an edition is held they do: it may still come to them. So does one that was let go and stands behind
/// this one.
pub(super) async fn settle_groups(tx: &mut Tx<'_>, edition: i64, key: &EditionKey, due: &[Rhythm]) -> Result<()> {
    let (newsletter, cutoff) = (&key.newsletter, key.cutoff);
    let withheld: i64 = tx.query(audiences::COUNT_WITHHELD).bind(newsletter.as_str()).fetch_one().await?;
    let query = tx.query(audiences::COUNT_BEHIND).bind(newsletter.as_str()).bind(millis(cutoff)).bind(edition);
    let behind: i64 = query.fetch_one().await?;
    if withheld + behind > 0 {
        return Ok(());
    }
    for rhythm in due.iter().chain([&Rhythm::Each]) {
        let query = tx.query(audiences::SETTLE_GROUP).bind(newsletter.as_str()).bind(rhythm.to_string());
        query.bind(millis(cutoff)).execute().await?;
    }
    Ok(())
}

fn ids(had: &[i64]) -> String {
    had.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

/// What a reader chooses of a newsletter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    pub choice: Choice,
    pub rhythm: Rhythm,
    /// No letter up to this instant.
    pub paused_until: Option<Instant>,
}

struct HistoryRow {
    rhythm: String,
    after_at: i64,
    mark_at: i64,
    had: String,
}

from_row!(HistoryRow { rhythm, after_at, mark_at, had });

/// Gives a reader another rhythm or a pause. What the reader has had until now is written down, so that it does not
/// come again, and nothing else is missed.
pub(super) async fn set_rhythm(
    tx: &mut Tx<'_>,
    newsletter: &Slug,
    id: i64,
    rhythm: Rhythm,
    paused_until: Option<Instant>,
    at: Instant,
) -> Result<()> {
    let query = tx.query(audiences::HISTORY).bind(id).bind(newsletter.as_str());
    let Some(row): Option<HistoryRow> = query.fetch_optional().await? else { return Ok(()) };
    let horizon = at + chrono::Duration::days(1);
    let pause = paused_until.filter(|until| *until > at);
    let pause_before = Some(instant(row.after_at)?).filter(|until| *until > at);
    if row.rhythm == rhythm.to_string() && pause == pause_before {
        return Ok(());
    }
    // A letter of an edition that is held is taken back: its columns come with a later one.
    tx.query(audiences::DROP_HELD_LETTERS).bind(id).bind(newsletter.as_str()).execute().await?;
    let query = tx.query(audiences::LAST_OF_RHYTHM).bind(newsletter.as_str()).bind(&row.rhythm).bind(millis(horizon));
    let last: i64 = query.fetch_one().await?;
    let mark = if last > row.after_at { last } else { row.mark_at };
    let query = tx.query(audiences::HAD_LATER).bind(newsletter.as_str()).bind(&row.rhythm);
    let mut had: Vec<i64> = query.bind(row.after_at).bind(mark).fetch_all().await?;
    had.extend(row.had.split(',').filter_map(|id| id.parse::<i64>().ok()));
    let query = tx.query(audiences::LATEST_CUTOFF).bind(newsletter.as_str()).bind(millis(horizon));
    let latest: i64 = query.fetch_one().await?;
    let query = tx.query(audiences::SET_RHYTHM).bind(id).bind(newsletter.as_str()).bind(rhythm.to_string());
    query
        .bind(pause.map_or(latest, |pause| latest.max(millis(pause))).max(1))
        .bind(mark)
        .bind(ids(&had))
        .execute()
        .await?;
    Ok(())
}

impl Store {
    /// All newsletters that there ever were.
    pub async fn newsletters(&self) -> Result<Vec<Slug>> {
        let names: Vec<String> = self.read(audiences::NEWSLETTERS).fetch_all().await?;
        names
            .iter()
            .map(|name| Slug::parse(name).map_err(|_| Error::Corrupt { what: "newsletter", value: name.clone() }))
            .collect()
    }

    /// Makes newsletters known that are new.
    pub async fn know_newsletters<'n>(&self, names: impl IntoIterator<Item = &'n Slug>) -> Result<()> {
        let known: Vec<String> = self.read(audiences::NEWSLETTERS).fetch_all().await?;
        for name in names.into_iter().filter(|name| !known.iter().any(|known| known == name.as_str())) {
            self.write(audiences::ADD_NEWSLETTER).bind(name.as_str()).execute().await?;
        }
        Ok(())
    }

    /// The groups of a newsletter's active readers.
    pub async fn groups(&self, newsletter: &Slug) -> Result<Vec<ReaderGroup>> {
        let rows: Vec<GroupRow> = self.read(audiences::GROUPS).bind(newsletter.as_str()).fetch_all().await?;
        rows.into_iter().map(ReaderGroup::try_from).collect()
    }

    /// The group of the reader with an address, in whatever spelling; nothing if there is none.
    pub async fn group_at(&self, newsletter: &Slug, address: &EmailAddress) -> Result<Option<ReaderGroup>> {
        let hash = self.hash(address);
        let row: Option<GroupRow> =
            self.read(audiences::GROUP_AT).bind(newsletter.as_str()).bind(hash).fetch_optional().await?;
        row.map(ReaderGroup::try_from).transpose()
    }

    /// The groups of a newsletter's readers who may be written to, each with their number.
    pub async fn counted_groups(&self, newsletter: &Slug) -> Result<Vec<(ReaderGroup, i64)>> {
        let rows: Vec<CountedGroup> =
            self.read(audiences::READERS_BY_GROUP).bind(newsletter.as_str()).fetch_all().await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// How many readers of these groups an edition would have now.
    pub async fn readers_of(&self, newsletter: &Slug, groups: &[ReaderGroup]) -> Result<i64> {
        count(self.read(audiences::READERS_BY_GROUP).bind(newsletter.as_str()).fetch_all().await?, groups)
    }

    /// The cutoffs of the last editions before an instant that were due for each rhythm.
    pub async fn last_of_rhythms(&self, newsletter: &Slug, before: Instant) -> Result<HashMap<Rhythm, Instant>> {
        let rows: Vec<(String, i64)> =
            self.read(audiences::LAST_OF_RHYTHMS).bind(newsletter.as_str()).bind(millis(before)).fetch_all().await?;
        let last = |(rhythm, cutoff): (String, i64)| {
            let rhythm = rhythm.parse().map_err(|_| Error::Corrupt { what: "rhythm", value: rhythm.clone() })?;
            Ok((rhythm, instant(cutoff)?))
        };
        rows.into_iter().map(last).collect()
    }

    /// The editions before a cutoff whose columns come after an instant, oldest first.
    pub async fn earlier_editions(
        &self,
        newsletter: &Slug,
        after: Instant,
        cutoff: Instant,
    ) -> Result<Vec<EarlierEdition>> {
        let rows: Vec<EarlierRow> = self
            .read(audiences::EARLIER_EDITIONS)
            .bind(newsletter.as_str())
            .bind(millis(after))
            .bind(millis(cutoff))
            .fetch_all()
            .await?;
        let due: Vec<(i64, String)> = self
            .read(audiences::EARLIER_RHYTHMS)
            .bind(newsletter.as_str())
            .bind(millis(after))
            .bind(millis(cutoff))
            .fetch_all()
            .await?;
        let edition = |row: EarlierRow| {
            let rhythms = due.iter().filter(|(id, _)| *id == row.id).map(|(_, rhythm)| rhythm.parse().ok());
            Ok(EarlierEdition {
                id: row.id,
                cutoff: instant(row.cutoff_at)?,
                since: instant(row.since_at)?,
                position: instant(row.position_at)?,
                is_withheld: row.is_withheld,
                is_special: row.is_special,
                rhythms: rhythms.flatten().collect(),
            })
        };
        rows.into_iter().map(edition).collect()
    }

    /// See [`editions_stamp`].
    pub async fn editions_stamp(&self, newsletter: &Slug) -> Result<(i64, i64)> {
        self.read(audiences::EDITIONS_STAMP).bind(newsletter.as_str()).fetch_one().await
    }
}
