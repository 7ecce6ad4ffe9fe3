//! Weeks of two newsletters whose readers want one letter a day, leave, come back and change their minds, while editions are
//! held, letters refused and runs killed: what arrived is what the ledger says, and nothing arrived twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveDate};
use gazetier::{
    model::{Edition, EditionState, Instant, LetterState},
    store::{DayAllowance, Noted},
};

use super::ways::Press;
use crate::{
    rhythms::Dice,
    store::{House, at, on_both, slug},
};

on_both! {
    weeks_of_two_newsletters_at_one_hour,
    weeks_of_two_newsletters_at_two_hours,
    weeks_of_a_new_sender_with_two_newsletters,
}

async fn weeks_of_two_newsletters_at_one_hour(house: &House) {
    weeks(house, "daily 07:30", 7, None).await;
}

async fn weeks_of_two_newsletters_at_two_hours(house: &House) {
    weeks(house, "daily 18:00", 11, None).await;
}

/// All readers are of one provider, and have more letters than it gets on a day.
async fn weeks_of_a_new_sender_with_two_newsletters(house: &House) {
    weeks(house, "daily 07:30", 13, Some(7)).await;
}

/// What happens to readers and editions.
struct World {
    press: Press,
    readers: Vec<i64>,
    /// Who left once, of whatever newsletter.
    leavers: BTreeSet<i64>,
    editions: Vec<Edition>,
    held: Vec<Edition>,
    dice: Dice,
    story: Vec<String>,
    /// So many letters go on a day of the warm-up.
    allowed: Option<u32>,
    /// Letters that were begun, with the day.
    begun: BTreeSet<(NaiveDate, i64)>,
}

async fn weeks(house: &House, second: &str, seed: u64, allowed: Option<u32>) {
    let second = super::SECOND.replace("Mon 07:30", second);
    let press = Press::of(house, &second, "daily 07:30").await;
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut readers = Vec::new();
    for number in 0..8 {
        readers.push(press.join(&format!("r{number}@example.org"), !dice.one_in(4)).await);
    }
    let days: i64 = std::env::var("GAZETIER_TEST_TOGETHER").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let (leavers, editions, held, story) = (BTreeSet::new(), Vec::new(), Vec::new(), Vec::new());
    let begun = BTreeSet::new();
    let mut world = World { press, readers, leavers, editions, held, dice, story, allowed, begun };
    let mut arrived: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let (mut entered, mut carried) = (0, 0);
    for day in 0..days {
        let hour = at("2026-09-01T07:35") + Duration::days(day);
        for _ in 0..=world.dice.below(3) {
            entered += 1;
            let rubrique = ["edito", "humeur", "carnet", "carnet"][world.dice.below(4)];
            world.press.enter(&entered.to_string(), rubrique, hour - Duration::hours(14)).await;
        }
        for hour in [hour, hour + Duration::minutes(630)] {
            let editions = world.press.freeze(hour).await;
            world.editions.extend(editions);
            world.meddle().await;
            if !world.dice.one_in(6) {
                world.press.bring().await;
            }
            carried += house.number("SELECT COUNT(*) FROM carried_letters").await;
            world.meddle().await;
            // A run that is killed sends nothing.
            if !world.dice.one_in(4) {
                add(&mut arrived, world.send(hour).await);
            }
        }
    }
    for edition in std::mem::take(&mut world.held) {
        world.press.release(&edition).await;
    }
    world.press.warm_up(None).await;
    world.press.bring().await;
    add(&mut arrived, world.press.send(super::ways::sent).await);
    // What was refused meanwhile gives back what it held.
    world.press.bring().await;
    add(&mut arrived, world.press.send(super::ways::sent).await);
    house.meddle("UPDATE letters SET settled_at = 1 WHERE length($1) = 0", &[]).await;
    world.press.bring().await;
    assert!(carried > 10, "{carried} letters were in others");
    let doubtful =
        "SELECT COUNT(*) FROM carried_letters m JOIN letters c ON c.id = m.carrier_id WHERE c.state <> 'unknown'";
    assert_eq!(house.number(doubtful).await, 0);
    compare(house, &world, &arrived).await;
    let days: BTreeSet<NaiveDate> = world.begun.iter().map(|(day, _)| *day).collect();
    for day in days.into_iter().filter(|_| allowed.is_some()) {
        let begun = world.begun.iter().filter(|(other, _)| *other == day).count();
        let most = usize::try_from(allowed.unwrap_or_default()).expect("a small number");
        assert!(begun <= most, "{begun} letters on {day}\n{}", world.story.join("\n"));
    }
}

fn add(arrived: &mut BTreeMap<i64, Vec<i64>>, more: BTreeMap<i64, Vec<String>>) {
    for (reader, titles) in more {
        arrived.entry(reader).or_default().extend(titles.iter().map(|title| title.parse::<i64>().expect("a number")));
    }
}

/// What arrived is what the ledger says, and who never left has a letter with each column.
async fn compare(house: &House, world: &World, arrived: &BTreeMap<i64, Vec<i64>>) {
    let of = |rows: Vec<(i64, i64)>| {
        let mut theirs: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        rows.into_iter().for_each(|(reader, column)| theirs.entry(reader).or_default().push(column));
        theirs
    };
    let sent = "SELECT l.subscriber_id, v.column_id FROM letters l JOIN variant_columns v ON v.variant_id = l.variant_id \
                WHERE l.state = 'sent' ORDER BY l.subscriber_id, v.column_id";
    let all = "SELECT l.subscriber_id, v.column_id FROM letters l JOIN variant_columns v ON v.variant_id = l.variant_id \
               ORDER BY l.subscriber_id, v.column_id";
    let (sent, all) = (of(house.pairs(sent).await), of(house.pairs(all).await));
    let columns = house.pairs("SELECT column_id, column_id FROM edition_columns ORDER BY column_id").await;
    let columns: Vec<i64> = columns.into_iter().map(|(id, _)| id).collect();
    for reader in &world.readers {
        let mut theirs = arrived.get(reader).cloned().unwrap_or_default();
        theirs.sort_unstable();
        let told = || format!("reader {reader}\n{}", world.story.join("\n"));
        assert_eq!(Some(&theirs), sent.get(reader), "{}", told());
        let once: BTreeSet<i64> = theirs.iter().copied().collect();
        assert_eq!(once.len(), theirs.len(), "{theirs:?} {}", told());
        if !world.leavers.contains(reader) {
            assert_eq!(all.get(reader), Some(&columns), "{}", told());
        }
    }
}

impl World {
    /// Something happens between two steps of a run.
    async fn meddle(&mut self) {
        for _ in 0..self.dice.below(3) {
            let reader = self.readers[self.dice.below(self.readers.len())];
            let newsletter = slug(["digest", "carnet"][self.dice.below(2)]);
            let now = at("2026-11-01T08:00");
            match self.dice.below(8) {
                0 | 1 => {
                    self.story.push(format!("{reader} leaves {newsletter}"));
                    self.press.store.unsubscribe(&newsletter, reader, now).await.expect("a reader");
                    self.leavers.insert(reader);
                }
                2 | 3 => {
                    self.story.push(format!("{reader} comes back to {newsletter}"));
                    assert!(self.press.store.rejoin(&newsletter, reader, "oui", None, now).await.expect("a reader"));
                }
                4 => {
                    let together = !self.dice.one_in(3);
                    self.story.push(format!("{reader} wants one a day: {together}"));
                    self.press.store.set_together(reader, together).await.expect("a reader");
                }
                5 | 6 => self.hold().await,
                _ if !self.held.is_empty() => {
                    let edition = self.held.remove(self.dice.below(self.held.len()));
                    self.story.push(format!("{} is let go", edition.period));
                    self.press.release(&edition).await;
                }
                _ => {}
            }
        }
    }

    async fn hold(&mut self) {
        let open = self.press.store.open_editions().await.expect("editions");
        let open: Vec<Edition> = open.into_iter().filter(|edition| edition.state != EditionState::Sent).collect();
        if open.is_empty() {
            return;
        }
        let edition = open[self.dice.below(open.len())].clone();
        if self.press.try_hold(&edition).await == Noted::OfEdition {
            self.story.push(format!("{} is held", edition.period));
            self.held.push(edition);
        }
    }

    /// A run sends, with whatever relays say.
    async fn send(&mut self, hour: Instant) -> BTreeMap<i64, Vec<String>> {
        let day = hour.date_naive();
        if let Some(letters) = self.allowed {
            self.press.warm_up(Some(DayAllowance { day, letters, at: hour })).await;
            self.meddle().await;
        }
        let Self { press, dice, story, begun, .. } = self;
        press
            .send(|leased| {
                let fate = match dice.below(20) {
                    0 => Some(LetterState::Failed),
                    1 => Some(LetterState::Unknown),
                    2 => Some(LetterState::Deferred),
                    3 => None,
                    _ => Some(LetterState::Sent),
                };
                story.push(format!("{day} {} {} {fate:?}", leased.reader, leased.letter));
                if fate.is_some() {
                    begun.insert((day, leased.letter));
                }
                fate
            })
            .await
    }
}
