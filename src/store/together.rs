//! Letters that come in others, where readers want what is due on one day in one letter. Such a letter is `carried`: what it
//! holds lies in another letter to the same reader, of any edition, which goes with a variant of its own. Which columns a
//! reader has had is told by each letter's own edition and variant, as ever: so nothing but the way of a letter changes, and
//! whoever takes two letters apart again has lost nothing.

use std::collections::{BTreeSet, HashSet};

use chrono::Duration;
use serde_json::json;

use super::{
    Error, NewVariant, Result, Store, Tx,
    freezing::put_variant,
    instant, millis,
    query::from_row,
    sql::{self, together},
};
use crate::model::{DeliveryTime, Instant, Rhythm, Slug};

/// How many letters one transaction writes at the most.
const LETTERS_PER_TRANSACTION: i64 = 2_000;

/// Until then a relay's answer may still turn out to be another letter's.
const CERTAIN_AFTER: Duration = Duration::hours(1);

/// A letter of a reader who wants one a day, that nobody has tried yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingLetter {
    /// The store's key of the reader …
    pub reader: i64,
    /// … of the letter …
    pub letter: i64,
    /// … of its edition …
    pub edition: i64,
    /// … and of its variant.
    pub variant: i64,
    /// When it is due; nothing if it is.
    pub due: Option<Instant>,
    /// Whether it holds others.
    pub carries: bool,
}

struct WaitingRow {
    reader: i64,
    letter: i64,
    edition: i64,
    variant: i64,
    due_at: i64,
    carried: i64,
}

from_row!(in order WaitingRow { reader, letter, edition, variant, due_at, carried });

impl TryFrom<WaitingRow> for WaitingLetter {
    type Error = Error;

    fn try_from(row: WaitingRow) -> Result<Self> {
        let WaitingRow { reader, letter, edition, variant, due_at, carried } = row;
        let due = if due_at > 0 { Some(instant(due_at)?) } else { None };
        Ok(Self { reader, letter, edition, variant, due, carries: carried > 0 })
    }
}

/// What readers who want one letter a day get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TogetherSubscription {
    /// Of which newsletter.
    pub newsletter: Slug,
    /// How often.
    pub rhythm: Rhythm,
    /// At which hour and on which day.
    pub delivery: DeliveryTime,
}

struct SubscriptionRow {
    newsletter: String,
    rhythm: String,
    delivery: String,
}

from_row!(SubscriptionRow { newsletter, rhythm, delivery });

/// Letters of an edition that are due on a day wait for another newsletter's hour, where their readers get that, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitForOthers {
    /// What they get beside.
    pub other: TogetherSubscription,
    /// When that day begins.
    pub from: Instant,
    /// Whether letters that go as they come go on it.
    pub is_today: bool,
    /// The hour.
    pub until: Instant,
}

/// Letters that are to come in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The letter that goes, and the variant that it has alone.
    pub carrier: (i64, i64),
    /// The variant with everything in it.
    pub variant: i64,
    /// When it goes; nothing if it is due.
    pub due: Option<Instant>,
    /// The letters in it.
    pub carried: Vec<i64>,
}

/// A variant as it was frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVariant {
    /// Its edition.
    pub edition: i64,
    /// For whom, see [`crate::model::Audience::key`].
    pub audience: String,
    /// Of which earlier editions it holds columns; nothing where that is not known.
    pub earlier: Option<Vec<i64>>,
    /// What its readers see, as one fingerprint.
    pub content_hash: String,
}

struct VariantRow {
    edition_id: i64,
    audience: String,
    earlier: Option<String>,
    content_hash: String,
}

from_row!(VariantRow { edition_id, audience, earlier, content_hash });

struct PartedRow {
    letter_id: i64,
    carrier_id: i64,
    alone_variant_id: i64,
}

from_row!(PartedRow { letter_id, carrier_id, alone_variant_id });

/// Lets letters wait for others of their day, in the transaction that freezes them.
pub(super) async fn wait_for_others(tx: &mut Tx<'_>, edition: i64, waits: &[WaitForOthers]) -> Result<()> {
    for WaitForOthers { other, from, is_today, until } in waits {
        let query = tx.query(together::WAIT_FOR_OTHERS).bind(edition).bind(millis(*until)).bind(millis(*from));
        // Those that go as they come are due since ever.
        let query = query.bind(if *is_today { 0_i64 } else { -1 }).bind(other.newsletter.as_str());
        query.bind(other.rhythm.to_string()).bind(other.delivery.to_string()).execute().await?;
    }
    Ok(())
}

/// Takes apart what is chosen: each letter goes by itself again, if no relay may have it.
async fn part(tx: &mut Tx<'_>, rows: Vec<PartedRow>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let carriers: BTreeSet<(i64, i64)> = rows.iter().map(|row| (row.carrier_id, row.alone_variant_id)).collect();
    let letters: Vec<i64> = rows.iter().map(|row| row.letter_id).collect();
    // First the editions, then their blocks, then the letters, as all others do.
    tx.query(sql::REOPEN_EDITIONS).bind(json!(letters).to_string()).execute().await?;
    let called = letters.iter().copied().chain(carriers.iter().map(|(carrier, _)| *carrier));
    let called: Vec<_> = called.map(|letter| json!([letter, 0])).collect();
    tx.query(sql::ledger::CALL_BLOCKS).bind(json!(called).to_string()).execute().await?;
    let carriers: Vec<_> = carriers.into_iter().map(|(carrier, alone)| json!([carrier, alone])).collect();
    let freed: Vec<i64> = tx.query(together::FREE).bind(json!(carriers).to_string()).fetch_all().await?;
    let freed: HashSet<i64> = freed.into_iter().collect();
    let free = rows.iter().filter(|row| freed.contains(&row.carrier_id)).map(|row| row.letter_id);
    let free = json!(free.collect::<Vec<_>>()).to_string();
    tx.query(together::GIVE_BACK).bind(&free).execute().await?;
    tx.query(together::LOSE_DAY).bind(&free).execute().await?;
    tx.query(together::DROP_CARRIED).bind(&free).execute().await?;
    Ok(())
}

async fn arrive(tx: &mut Tx<'_>, arrived: Vec<(i64, Option<i64>)>) -> Result<()> {
    if arrived.is_empty() {
        return Ok(());
    }
    let letters: Vec<i64> = arrived.iter().map(|(letter, _)| *letter).collect();
    tx.query(together::ARRIVE).bind(json!(arrived).to_string()).execute().await?;
    tx.query(together::DROP_CARRIED).bind(json!(letters).to_string()).execute().await?;
    Ok(())
}

/// An edition is held: no letter of it goes in another one, and none of another one in its letters.
pub(super) async fn part_edition(tx: &mut Tx<'_>, edition: i64) -> Result<()> {
    if tx.query(together::HAS_CARRIED).fetch_one::<i64>().await? == 0 {
        return Ok(());
    }
    let arrived = tx.query(together::ARRIVED_OF_EDITION).bind(edition).fetch_all().await?;
    arrive(tx, arrived).await?;
    let rows = tx.query(together::PARTED_OF_EDITION).bind(edition).fetch_all().await?;
    part(tx, rows).await
}

/// A reader leaves a newsletter: what lies in one letter goes apart.
pub(super) async fn part_reader(tx: &mut Tx<'_>, reader: i64) -> Result<()> {
    if tx.query(together::HAS_CARRIED).fetch_one::<i64>().await? == 0 {
        return Ok(());
    }
    let rows = tx.query(together::PARTED_OF_READER).bind(reader).fetch_all().await?;
    part(tx, rows).await
}

impl Store {
    /// Whether somebody wants one letter a day.
    pub async fn has_together(&self) -> Result<bool> {
        Ok(self.read(together::HAS_READERS).fetch_one::<i64>().await? > 0)
    }

    /// The same, or letters are on their way in others.
    pub async fn brings_together(&self) -> Result<bool> {
        Ok(self.read(together::IS_CONCERNED).fetch_one::<i64>().await? > 0)
    }

    /// What readers get who want one letter a day, each once.
    pub async fn together_subscriptions(&self) -> Result<Vec<TogetherSubscription>> {
        let rows: Vec<SubscriptionRow> = self.read(together::SUBSCRIPTIONS).fetch_all().await?;
        let corrupt = |what, value: &str| Error::Corrupt { what, value: value.to_owned() };
        let read = |row: SubscriptionRow| {
            Ok(TogetherSubscription {
                newsletter: Slug::parse(&row.newsletter).map_err(|_| corrupt("newsletter", &row.newsletter))?,
                rhythm: row.rhythm.parse().map_err(|_| corrupt("rhythm", &row.rhythm))?,
                delivery: row.delivery.parse().map_err(|_| corrupt("hour", &row.delivery))?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// So many of them at the most that come after one, by the store's keys.
    pub async fn together_after(&self, after: i64, limit: u32) -> Result<Vec<i64>> {
        self.read(together::READERS_AFTER).bind(after).bind(i64::from(limit)).fetch_all().await
    }

    /// Their letters that nobody has tried yet.
    pub async fn waiting_of(&self, readers: &[i64], now: Instant) -> Result<Vec<WaitingLetter>> {
        let query = self.read(together::WAITING).bind(json!(readers).to_string()).bind(millis(now));
        let rows: Vec<WaitingRow> = query.fetch_all().await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Which of them have had a letter of an edition, with its cutoff, between two cutoffs.
    pub async fn have_had(&self, readers: &[i64], from: Instant, to: Instant) -> Result<Vec<(i64, Instant)>> {
        let query = self.read(together::HAVE_HAD).bind(json!(readers).to_string()).bind(millis(from));
        let rows: Vec<(i64, i64)> = query.bind(millis(to)).fetch_all().await?;
        rows.into_iter().map(|(reader, cutoff)| Ok((reader, instant(cutoff)?))).collect()
    }

    /// Lets letters come later that are not due so late anyhow.
    pub async fn put_off(&self, letters: &[(i64, Instant)]) -> Result<()> {
        let rows: Vec<_> = letters.iter().map(|(letter, due)| json!([letter, millis(*due)])).collect();
        self.write(together::PUT_OFF).bind(json!(rows).to_string()).execute().await?;
        Ok(())
    }

    /// Takes the letters of readers apart again that lie in others.
    pub async fn part_letters(&self, readers: &[i64]) -> Result<()> {
        self.transact_alone(async |mut tx| {
            for reader in readers {
                part_reader(&mut tx, *reader).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Lets letters come in others, all or none; false if somebody has taken one of them meanwhile, or has left.
    pub async fn bring_together(&self, bundles: &[Bundle]) -> Result<bool> {
        let carried: Vec<i64> = bundles.iter().flat_map(|bundle| bundle.carried.iter().copied()).collect();
        let all: Vec<i64> = carried.iter().copied().chain(bundles.iter().map(|bundle| bundle.carrier.0)).collect();
        let brought = bundles.iter().map(|Bundle { carrier: (carrier, alone), variant, due, .. }| {
            json!([carrier, alone, variant, due.map_or(0, millis)])
        });
        let brought: Vec<_> = brought.collect();
        let pairs = bundles.iter().flat_map(|Bundle { carrier: (carrier, alone), carried, .. }| {
            carried.iter().map(move |letter| json!([letter, carrier, alone]))
        });
        let pairs: Vec<_> = pairs.collect();
        self.transact_alone(async |mut tx| {
            let wanted: Vec<i64> = tx.query(together::STILL_WANTED).bind(json!(all).to_string()).fetch_all().await?;
            let taken = tx.query(together::CARRY).bind(json!(carried).to_string()).execute().await?;
            let given = tx.query(together::BRING).bind(json!(brought).to_string()).execute().await?;
            if (wanted.len(), taken, given) != (all.len(), carried.len() as u64, bundles.len() as u64) {
                return Ok(false);
            }
            tx.query(together::ADD_CARRIED).bind(json!(pairs).to_string()).execute().await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Writes down which letters have gone in others, and lets those go by themselves that have not: because the letter that
    /// held them was refused, or because its reader has left.
    pub async fn settle_carried(&self, now: Instant) -> Result<()> {
        let until = millis(now - CERTAIN_AFTER);
        while self.read(together::HAS_CARRIED).fetch_one::<i64>().await? > 0 {
            let more = self.transact_alone(async |mut tx| {
                let query = tx.query(together::ARRIVED).bind(until).bind(LETTERS_PER_TRANSACTION);
                let arrived: Vec<(i64, Option<i64>)> = query.fetch_all().await?;
                let lost: Vec<PartedRow> = tx.query(together::PARTED_LOST).fetch_all().await?;
                let more = i64::try_from(arrived.len()).unwrap_or(i64::MAX) >= LETTERS_PER_TRANSACTION;
                arrive(&mut tx, arrived).await?;
                part(&mut tx, lost).await?;
                tx.commit().await?;
                Ok(more)
            });
            if !more.await? {
                break;
            }
        }
        Ok(())
    }

    /// A variant as it was frozen, for a letter that is to hold it.
    pub async fn stored_variant(&self, id: i64) -> Result<StoredVariant> {
        let row: VariantRow = self.read(together::STORED_VARIANT).bind(id).fetch_one().await?;
        let ids = |text: String| text.split(',').filter_map(|id| id.parse().ok()).collect();
        let (edition, audience) = (row.edition_id, row.audience);
        Ok(StoredVariant { edition, audience, earlier: row.earlier.map(ids), content_hash: row.content_hash })
    }

    /// When the first of these editions began.
    pub async fn earliest_since(&self, editions: &[i64]) -> Result<Instant> {
        let since: i64 = self.read(together::EARLIEST).bind(json!(editions).to_string()).fetch_one().await?;
        instant(since)
    }

    /// Adds a variant to an edition that is going out; the one that is there, if there is one of its audience.
    pub async fn add_together_variant(&self, edition: i64, variant: &NewVariant) -> Result<i64> {
        self.transact_alone(async |mut tx| {
            let query = tx.query(together::VARIANT_OF).bind(edition).bind(variant.audience.key());
            if let Some(id) = query.fetch_optional::<i64>().await? {
                return Ok(id);
            }
            let id = put_variant(&mut tx, edition, variant).await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }
}
