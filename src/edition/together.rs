//! One letter a day, for readers who ask for it. Letters of several editions that are due on one day come as one: that of
//! the edition that came last, with what the others hold below. All are frozen as ever, each in its own edition, and each
//! counts there for what its reader has had; which letter goes in which is decided before they are sent, and can be taken
//! back as long as none of them has gone. So a reader who leaves, an edition that is held or a letter that is refused
//! costs nobody a column.
//!
//! A letter goes in another one only if it can be drawn again from the store as it was frozen, to the byte.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{Duration, NaiveDate, NaiveTime};

use super::{
    Error, audiences,
    layout::EditionDraft,
    preflight,
    render::{
        render,
        together::{LetterOf, render_with},
    },
    variants,
};
use crate::{
    config::Config,
    model::{Audience, DeliveryTime, Edition, Instant, Slug, Zone},
    store::{Bundle, NewVariant, Store, WaitForOthers, WaitingLetter},
};

/// So many readers are looked at together.
const READERS_PER_STEP: u32 = 1_000;

/// How often this is tried anew, because somebody took a letter meanwhile.
const MAX_ATTEMPTS: usize = 3;

/// For which hours letters of an edition wait that is frozen at an instant: its readers get another newsletter later that
/// day. `delays`: when letters of it come at the hours that readers chose.
pub(super) async fn waits(
    config: &Config,
    store: &Store,
    at: Instant,
    delays: &[(DeliveryTime, Instant)],
) -> Result<Vec<WaitForOthers>, Error> {
    if !store.has_together().await? {
        return Ok(Vec::new());
    }
    let zone = &config.magazine.zone;
    let today = zone.local(at).date_naive();
    let mut days: Vec<NaiveDate> = delays.iter().map(|(_, due)| zone.local(*due).date_naive()).collect();
    days.push(today);
    days.sort_unstable();
    days.dedup();
    let mut waits = Vec::new();
    for other in store.together_subscriptions().await? {
        let Some(digest) = config.newsletters.iter().find(|digest| digest.newsletter == other.newsletter) else {
            continue;
        };
        let schedule = &digest.schedule;
        if schedule.is_published() {
            continue;
        }
        let last = store.last_edition(&other.newsletter, at).await?.map(|last| last.cutoff);
        let closed = last.max(store.last_quiet(&other.newsletter, at).await?);
        for day in days.iter().filter(|day| **day >= today) {
            let is_due = |hour: &Instant| {
                let before = Some(schedule.previous(*hour, zone)).filter(|before| *before > at).or(closed);
                let comes = match digest.delivery_times().any(|time| time == other.delivery) {
                    true => other.delivery.first_from(*hour, zone),
                    false => *hour,
                };
                other.rhythm.is_due(before, *hour, schedule, zone) && zone.local(comes).date_naive() == *day
            };
            let (begins, ends) = (midnight(zone, *day), midnight(zone, *day + Duration::days(1)));
            let first = schedule.next(at.max(begins - Duration::milliseconds(1)), zone);
            let hours = std::iter::successors(Some(first), |hour| Some(schedule.next(*hour, zone)));
            let until = hours.take_while(|hour| *hour < ends).filter(is_due).last();
            let is_today = *day == today;
            waits.extend(until.map(|until| WaitForOthers { other: other.clone(), from: begins, is_today, until }));
        }
    }
    Ok(waits)
}

fn midnight(zone: &Zone, day: NaiveDate) -> Instant {
    zone.instant(day.and_time(NaiveTime::MIN))
}

/// Lets letters that nobody has tried yet come as one, for readers who want that, and takes apart what cannot. `configs`:
/// the configuration as each newsletter has it.
pub async fn bring_together(configs: &[Arc<Config>], store: &Store) -> Result<(), Error> {
    let now = store.clock().await?;
    store.settle_carried(now).await?;
    let Some(first) = configs.first() else { return Ok(()) };
    if !store.has_together().await? {
        return Ok(());
    }
    let open = store.open_editions().await?.into_iter().map(|edition| (edition.id, edition)).collect();
    let zone = &first.magazine.zone;
    let mut binder = Binder { configs, store, zone, now, open, letters: HashMap::new(), bound: HashMap::new() };
    let mut after = 0;
    loop {
        let readers = store.together_after(after, READERS_PER_STEP).await?;
        let Some(last) = readers.last() else { return Ok(()) };
        binder.bring(&readers).await?;
        after = *last;
    }
}

/// A letter of an edition as it is drawn again.
struct DrawnLetter {
    config: Arc<Config>,
    draft: EditionDraft,
    audience: Audience,
}

impl DrawnLetter {
    fn of(&self) -> LetterOf<'_> {
        LetterOf { config: &self.config, draft: &self.draft, choice: &self.audience.choice }
    }
}

/// Puts letters together, and keeps what was drawn for one reader for the next.
struct Binder<'a> {
    configs: &'a [Arc<Config>],
    store: &'a Store,
    zone: &'a Zone,
    now: Instant,
    /// Editions that go out.
    open: HashMap<i64, Edition>,
    /// Variants, and what could be drawn again of them.
    letters: HashMap<i64, Option<Arc<DrawnLetter>>>,
    /// Variants that come as one, the one first that holds the others, and the variant of all.
    bound: HashMap<Vec<i64>, Option<i64>>,
}

impl Binder<'_> {
    /// Puts the letters of some readers together.
    async fn bring(&mut self, readers: &[i64]) -> Result<(), Error> {
        for _ in 0..MAX_ATTEMPTS {
            let waiting = self.store.waiting_of(readers, self.now).await?;
            let days = self.days(&waiting);
            // One that holds others already, and comes with a new one: all are put together anew.
            let again: HashSet<i64> = days
                .iter()
                .filter(|letters| letters.len() > 1 && letters.iter().any(|letter| letter.carries))
                .filter_map(|letters| letters.first().map(|letter| letter.reader))
                .collect();
            if !again.is_empty() {
                self.store.part_letters(&again.into_iter().collect::<Vec<_>>()).await?;
                continue;
            }
            let mut bundles = Vec::new();
            for letters in days.into_iter().filter(|letters| letters.len() > 1) {
                bundles.extend(self.bundle(&letters).await?);
            }
            if bundles.is_empty() || self.store.bring_together(&bundles).await? {
                return self.put_off(readers).await;
            }
        }
        Ok(())
    }

    fn day(&self, at: Instant) -> NaiveDate {
        self.zone.local(at).date_naive()
    }

    /// The letters of each reader that come on one day; the one first whose edition came last, and of those that came at
    /// once, that of the newsletter that stands first in the configuration.
    fn days(&self, waiting: &[WaitingLetter]) -> Vec<Vec<WaitingLetter>> {
        let mut days: BTreeMap<(i64, NaiveDate), Vec<WaitingLetter>> = BTreeMap::new();
        for letter in waiting.iter().filter(|letter| self.open.contains_key(&letter.edition)) {
            let day = self.day(letter.due.unwrap_or(self.now));
            days.entry((letter.reader, day)).or_default().push(*letter);
        }
        let mut days: Vec<Vec<WaitingLetter>> = days.into_values().collect();
        for letters in &mut days {
            letters.sort_by_key(|letter| {
                let edition = self.open.get(&letter.edition);
                let place = edition.and_then(|edition| self.place(&edition.newsletter));
                (std::cmp::Reverse(edition.map(|edition| edition.cutoff)), place, letter.edition)
            });
        }
        days
    }

    fn place(&self, newsletter: &Slug) -> Option<usize> {
        self.configs.iter().position(|config| config.digest.newsletter == *newsletter)
    }

    /// These letters as one; nothing if they cannot come so.
    async fn bundle(&mut self, letters: &[WaitingLetter]) -> Result<Option<Bundle>, Error> {
        let mut can = Vec::new();
        for letter in letters {
            if self.drawn(letter.variant).await?.is_some() {
                can.push(*letter);
            }
        }
        let Some((carrier, carried)) = can.split_first().filter(|(_, carried)| !carried.is_empty()) else {
            return Ok(None);
        };
        let key: Vec<i64> = can.iter().map(|letter| letter.variant).collect();
        let variant = match self.bound.get(&key) {
            Some(known) => *known,
            None => {
                let made = self.bind(carrier.edition, &key).await?;
                self.bound.insert(key, made);
                made
            }
        };
        Ok(variant.map(|variant| Bundle {
            carrier: (carrier.letter, carrier.variant),
            variant,
            due: can.iter().filter_map(|letter| letter.due).max(),
            carried: carried.iter().map(|letter| letter.letter).collect(),
        }))
    }

    /// What a variant was made of, if it would be the same today.
    async fn drawn(&mut self, variant: i64) -> Result<Option<Arc<DrawnLetter>>, Error> {
        if let Some(known) = self.letters.get(&variant) {
            return Ok(known.clone());
        }
        let drawn = self.draw(variant).await?.map(Arc::new);
        self.letters.insert(variant, drawn.clone());
        Ok(drawn)
    }

    async fn draw(&self, variant: i64) -> Result<Option<DrawnLetter>, Error> {
        let stored = self.store.stored_variant(variant).await?;
        let audience = Audience::from_key(&stored.audience);
        let Some(edition) = self.open.get(&stored.edition) else { return Ok(None) };
        let Some(config) = self.place(&edition.newsletter).and_then(|place| self.configs.get(place)) else {
            return Ok(None);
        };
        let Some(earlier) = stored.earlier.or_else(|| audience.earlier.is_empty().then(Vec::new)) else {
            return Ok(None);
        };
        let draft = audiences::drawn_again(self.store, edition, &earlier).await?;
        let is_same = match render(config, &draft, &audience.choice) {
            Ok(Some(rendered)) => rendered.failure.is_none() && rendered.hash == stored.content_hash,
            _ => false,
        };
        Ok(is_same.then(|| DrawnLetter { config: Arc::clone(config), draft, audience }))
    }

    /// Adds a variant to an edition that holds variants of others beside its own; nothing if that would not go out.
    async fn bind(&self, edition: i64, variants: &[i64]) -> Result<Option<i64>, Error> {
        let drawn: Option<Vec<Arc<DrawnLetter>>> =
            variants.iter().map(|variant| self.letters.get(variant).cloned().flatten()).collect();
        let Some((own, others)) = drawn.as_ref().and_then(|drawn| drawn.split_first()) else { return Ok(None) };
        let others: Vec<LetterOf<'_>> = others.iter().map(|other| other.of()).collect();
        let Ok(Some((rendered, newsletters))) = render_with(own.of(), &others) else { return Ok(None) };
        let findings = variants::inspect(&own.config, self.store, &own.draft, &[&rendered], self.now)?;
        if preflight::refusal(&findings).is_some() {
            return Ok(None);
        }
        let (audience, hash) = (&own.audience, rendered.hash.get(..12).unwrap_or(&rendered.hash));
        let variant = NewVariant {
            audience: Audience { earlier: format!("{}+{hash}", audience.earlier), ..audience.clone() },
            groups: Vec::new(),
            subject: rendered.subject,
            html: rendered.html,
            plain: rendered.plain,
            entity: rendered.entity,
            content_hash: rendered.hash,
            // What each letter holds is told by its own.
            columns: variants::columns_for(&own.draft, &audience.choice),
            earlier: Vec::new(),
            others: newsletters,
        };
        Ok(Some(self.store.add_together_variant(edition, &variant).await?))
    }

    /// Who has had a letter of an edition of that day gets the next one a day later.
    async fn put_off(&self, readers: &[i64]) -> Result<(), Error> {
        let waiting = self.store.waiting_of(readers, self.now).await?;
        let cutoff = |letter: &WaitingLetter| self.open.get(&letter.edition).map(|edition| edition.cutoff);
        let days = waiting.iter().filter_map(cutoff).map(|cutoff| self.day(cutoff));
        let Some((first, last)) = days.clone().min().zip(days.max()) else { return Ok(()) };
        let (from, to) = (midnight(self.zone, first), midnight(self.zone, last + Duration::days(1)));
        let had = self.store.have_had(readers, from, to - Duration::milliseconds(1)).await?;
        let had: HashSet<(i64, NaiveDate)> =
            had.into_iter().map(|(reader, cutoff)| (reader, self.day(cutoff))).collect();
        let later = waiting.iter().filter_map(|letter| {
            let local = self.zone.local(cutoff(letter)?).naive_local();
            let due = self.zone.instant(local.date().succ_opt()?.and_time(local.time()));
            let is_late = letter.due.is_some_and(|already| already >= due);
            (had.contains(&(letter.reader, local.date())) && !is_late).then_some((letter.letter, due))
        });
        let later: Vec<(i64, Instant)> = later.collect();
        if !later.is_empty() {
            self.store.put_off(&later).await?;
        }
        Ok(())
    }
}
