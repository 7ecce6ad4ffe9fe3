//! Each column comes once to each reader, whatever rhythm they choose and however often they change it: half a year of
//! editions by the store and the rules of audiences, beside a model that keeps for each reader what is still to come.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, Weekday};
use gazetier::{
    config::Config,
    edition::{next, special},
    model::{Changes, Choice, Edition, EditionKey, EditionState, Instant, Note, NoteKind, Now, Rhythm, Subscriber},
    store::{Freeze, Leave, NewEdition, NewPlan, NewVariant, Preference, Released, Reserve, Store},
};

use crate::store::{House, digest, draft, on_both, slug};

on_both! {
    half_a_year_of_rhythms_in_paris,
    half_a_year_of_rhythms_in_lord_howe,
    half_a_year_of_rhythms_in_apia,
}

/// What is still to come to a reader, and what has.
#[derive(Debug, Default)]
struct Reader {
    id: i64,
    rhythm: Rhythm,
    choice: Choice,
    active: bool,
    paused: Instant,
    pending: BTreeSet<i64>,
    got: BTreeSet<i64>,
    /// What comes with an edition that is held, by its cutoff: what was to come before it, and the letter if it is drawn
    /// up.
    held: BTreeMap<Instant, (BTreeSet<i64>, Option<BTreeSet<i64>>)>,
    /// The last edition that was due and went out.
    last: Instant,
    /// What happened, for who reads of a failure.
    story: Vec<String>,
}

impl Reader {
    fn wanted(&self, columns: &BTreeSet<i64>, rubriques: &BTreeMap<i64, String>) -> BTreeSet<i64> {
        columns.iter().copied().filter(|id| self.choice.wants(Some(&slug(&rubriques[id])))).collect()
    }

    /// An edition goes out, or is held.
    fn meet(&mut self, at: &Drawn, rubriques: &BTreeMap<i64, String>, any_held: bool) {
        let is_due = self.paused < at.cutoff && (self.rhythm == Rhythm::Each || at.rhythms.contains(&self.rhythm));
        self.story.push(format!("{} {:?} {:?}{}", at.cutoff, at.fate, at.columns, if is_due { " due" } else { "" }));
        match (is_due, at.fate) {
            (false, Fate::Out) => self.pending.extend(&at.columns),
            (false, _) => {}
            (true, Fate::Out) => {
                self.pending.extend(&at.columns);
                let all = std::mem::take(&mut self.pending);
                if self.active {
                    self.got.extend(self.wanted(&all, rubriques));
                }
                self.last = at.cutoff;
                // A pause that is over is forgotten with the first letter.
                if !any_held {
                    self.paused = Instant::UNIX_EPOCH;
                }
            }
            (true, fate) => {
                let before = std::mem::take(&mut self.pending);
                let all = &before | &at.columns;
                let letter = if self.active { self.wanted(&all, rubriques) } else { BTreeSet::new() };
                self.held.insert(at.cutoff, (before, (fate == Fate::Held).then_some(letter)));
            }
        }
    }

    /// A special edition goes out, or is held: all of it, to who does not pause, and nothing that was to come with it.
    fn meet_special(&mut self, at: &Drawn) {
        let is_due = self.paused < at.cutoff;
        self.story.push(format!(
            "special {} {:?} {:?}{}",
            at.cutoff,
            at.fate,
            at.columns,
            if is_due { " due" } else { "" }
        ));
        let letter = if self.active { at.columns.clone() } else { BTreeSet::new() };
        match (is_due, at.fate) {
            (true, Fate::Out) => self.got.extend(letter),
            (true, _) => _ = self.held.insert(at.cutoff, (BTreeSet::new(), Some(letter))),
            (false, Fate::Out) => self.pending.extend(&at.columns),
            (false, _) => {}
        }
    }

    /// A held edition is let go.
    fn release(&mut self, at: &Drawn, rubriques: &BTreeMap<i64, String>) {
        self.story.push(format!("release of {}", at.cutoff));
        match self.held.remove(&at.cutoff) {
            None => self.pending.extend(&at.columns),
            Some((_, Some(letter))) => self.got.extend(letter),
            Some((before, None)) if self.active => {
                self.got.extend(self.wanted(&(&before | &at.columns), rubriques));
            }
            Some(_) => {}
        }
    }
}

/// What becomes of an edition at its hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Out,
    /// Drawn up, and held.
    Held,
    /// Held before it was drawn up.
    Kept,
}

struct Drawn {
    cutoff: Instant,
    rhythms: Vec<Rhythm>,
    columns: BTreeSet<i64>,
    fate: Fate,
    edition: Edition,
    /// When it is let go, if it is held.
    until: Instant,
}

/// Numbers that are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).expect("a small number")
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

async fn half_a_year_of_rhythms_in_paris(house: &House) {
    half_a_year(house, "Europe/Paris", "weekdays 07:30,18:00", 1).await;
}

async fn half_a_year_of_rhythms_in_lord_howe(house: &House) {
    half_a_year(house, "Australia/Lord_Howe", "daily 02:15", 2).await;
}

async fn half_a_year_of_rhythms_in_apia(house: &House) {
    half_a_year(house, "Pacific/Apia", "Mon,Thu 00:00", 3).await;
}

fn configuration(zone: &str, schedule: &str) -> (tempfile::TempDir, Config) {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml")).expect("the sample");
    let text = text.replace("Europe/Paris", zone).replace("Mon 07:30", schedule);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).expect("a file");
    (folder, Config::load(&path).expect("a configuration"))
}

async fn half_a_year(house: &House, zone: &str, schedule: &str, seed: u64) {
    let (_folder, config) = configuration(zone, schedule);
    let store = house.open().await;
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    // 180 days over the end of summer time in Paris and Lord Howe.
    let begin = config.magazine.zone.parse("2026-09-20T12:00").expect("an instant");
    let count: usize = std::env::var("GAZETIER_TEST_RHYTHMS").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let mut readers = join(&store, &mut dice, count).await;
    let mut rubriques = BTreeMap::new();
    let mut held: Vec<Drawn> = Vec::new();
    let mut entered = 0;
    let mut hour = begin;
    let mut editions = 0;
    while hour < begin + Duration::days(180) {
        let before = hour;
        hour = config.digest.schedule.next(hour, &config.magazine.zone);
        for _ in 0..dice.below(4) {
            entered += 1;
            let seconds = usize::try_from((hour - before).num_seconds()).expect("a span");
            // Some are entered late.
            let late = if dice.one_in(6) { Duration::days(2) } else { Duration::zero() };
            let published = hour - Duration::seconds(i64::try_from(dice.below(seconds)).expect("a number")) - late;
            enter(&store, entered, published, &mut dice, &mut rubriques).await;
        }
        // A letter beside the schedule, on time or after the next one, and now and then held.
        let special = dice.one_in(3).then(|| before + (hour - before) / 3);
        let is_late = dice.one_in(3);
        let fate = if dice.one_in(4) { Fate::Held } else { Fate::Out };
        if let Some(cutoff) = special {
            entered += 1;
            enter(&store, entered, cutoff - Duration::minutes(1), &mut dice, &mut rubriques).await;
            plan(&config, &store, entered, cutoff).await;
        }
        if let Some(cutoff) = special.filter(|_| !is_late) {
            let until = cutoff + Duration::hours(i64::try_from(dice.below(60)).expect("a number"));
            let drawn = draw_special(&config, &store, cutoff, cutoff + Duration::minutes(1), fate, until).await;
            readers.iter_mut().for_each(|reader| reader.meet_special(&drawn));
            if fate != Fate::Out {
                held.push(drawn);
            }
        }
        for _ in 0..dice.below(count / 8) {
            let at = before + (hour - before) / 2;
            let place = dice.below(count);
            change(&config, &store, &mut readers[place], at, &mut dice).await;
        }
        let now = hour + Duration::minutes(5);
        let (gone, kept): (Vec<Drawn>, Vec<Drawn>) = held.into_iter().partition(|drawn| drawn.until < hour);
        held = kept;
        for drawn in gone {
            release(&config, &store, &drawn, now - Duration::minutes(1)).await;
            readers.iter_mut().for_each(|reader| reader.release(&drawn, &rubriques));
        }
        let late = special.filter(|_| is_late);
        let special_fate = fate;
        let fate = match dice.below(20) {
            0 => Fate::Held,
            1 => Fate::Kept,
            _ => Fate::Out,
        };
        let until = hour + Duration::hours(i64::try_from(dice.below(60)).expect("a number"));
        if let Some(drawn) = draw(&config, &store, now, fate, until).await {
            editions += 1;
            readers.iter_mut().for_each(|reader| reader.meet(&drawn, &rubriques, !held.is_empty()));
            if fate != Fate::Out {
                held.push(drawn);
            }
        }
        if let Some(cutoff) = late {
            let at = now + Duration::minutes(1);
            let drawn = draw_special(&config, &store, cutoff, at, special_fate, until).await;
            readers.iter_mut().for_each(|reader| reader.meet_special(&drawn));
            if special_fate != Fate::Out {
                held.push(drawn);
            }
        }
    }
    assert!(editions > 40 && entered > 60, "{editions} editions of {entered} columns");
    let sent = sent(house).await;
    let mut letters = 0;
    for reader in &readers {
        let theirs = sent.get(&reader.id).cloned().unwrap_or_default();
        let once: BTreeSet<i64> = theirs.iter().copied().collect();
        let twice: BTreeSet<i64> =
            theirs.iter().copied().filter(|id| theirs.iter().filter(|o| *o == id).count() > 1).collect();
        let mut expected = reader.got.clone();
        // What lies in an edition that is still held.
        expected.extend(reader.held.values().filter_map(|(_, letter)| letter.as_ref()).flatten());
        let missing: Vec<_> = expected.difference(&once).collect();
        let more: Vec<_> = once.difference(&expected).collect();
        assert!(
            missing.is_empty() && more.is_empty() && twice.is_empty(),
            "reader {}: missing {missing:?}, too many {more:?}, twice {twice:?}\n{}",
            reader.id,
            reader.story.join("\n")
        );
        letters += theirs.len();
    }
    assert!(letters > count * 10, "{letters} columns to {count} readers");
}

async fn join(store: &Store, dice: &mut Dice, count: usize) -> Vec<Reader> {
    let choices = [vec![], vec!["edito"], vec!["humeur", "carnet"]];
    let mut readers = Vec::new();
    let mut list = Vec::new();
    for number in 0..count {
        let choice = Choice::of(choices[dice.below(3)].iter().map(|name| slug(name)));
        let address = format!("r{number}@example.org").parse().expect("an address");
        list.push(Subscriber { address, name: None, choice: choice.clone() });
        readers.push(Reader { choice, active: true, ..Reader::default() });
    }
    store.add_subscribers(&digest(), &list, Instant::UNIX_EPOCH).await.expect("readers");
    for (reader, listed) in readers.iter_mut().zip(&list) {
        let known = store.subscriber_at(&digest(), &listed.address).await.expect("a store").expect("a reader");
        reader.id = known.id;
    }
    readers
}

async fn enter(
    store: &Store,
    number: usize,
    published: Instant,
    dice: &mut Dice,
    rubriques: &mut BTreeMap<i64, String>,
) {
    let rubrique = ["edito", "humeur", "carnet"][dice.below(3)];
    let mut draft = draft(&format!("c{number}"), "2026-01-01");
    draft.rubrique = Some(slug(rubrique));
    draft.title = format!("Titre {number}");
    draft.published = published;
    draft.updated = published;
    store.put(&[draft], published).await.expect("a column");
    rubriques.insert(i64::try_from(number).expect("a number"), rubrique.to_owned());
}

/// A reader changes something.
async fn change(config: &Config, store: &Store, reader: &mut Reader, at: Instant, dice: &mut Dice) {
    let zone = &config.magazine.zone;
    match dice.below(8) {
        // Who has something in an edition that is held stays.
        0 if reader.held.is_empty() => {
            reader.active = !reader.active;
            let state = if reader.active { "active" } else { "unsubscribed" };
            reader.story.push(format!("{at} {state}"));
            set_state(store, reader.id, state, at).await;
        }
        1 => {
            let choices = [vec![], vec!["edito"], vec!["humeur", "carnet"], vec!["carnet"]];
            reader.choice = Choice::of(choices[dice.below(4)].iter().map(|name| slug(name)));
            prefer(store, reader, at).await;
        }
        2 | 3 => {
            let until = zone.local(at).date_naive() + Duration::days(1 + i64::try_from(dice.below(20)).expect("days"));
            let until = zone.instant(until.and_time(chrono::NaiveTime::MIN)) - Duration::milliseconds(1);
            switch(store, reader, reader.rhythm, until, at).await;
        }
        _ => {
            let rhythms = [
                Rhythm::Each,
                Rhythm::Daily,
                Rhythm::Weekly(Weekday::Mon),
                Rhythm::Weekly(Weekday::Fri),
                Rhythm::Monthly,
            ];
            let paused = if reader.paused > at { reader.paused } else { Instant::UNIX_EPOCH };
            switch(store, reader, rhythms[dice.below(5)], paused, at).await;
        }
    }
}

/// Another rhythm or a pause: what lies in an edition that is held comes later.
async fn switch(store: &Store, reader: &mut Reader, rhythm: Rhythm, paused: Instant, at: Instant) {
    let was_paused = if reader.paused > at { reader.paused } else { Instant::UNIX_EPOCH };
    if rhythm == reader.rhythm && paused == was_paused {
        return;
    }
    // Of an edition that is held so long that the next one of this rhythm went out, what came with it from before is
    // lost (docs/ARCHITECTURE.md).
    if reader.held.keys().any(|cutoff| *cutoff < reader.last) {
        return;
    }
    for (before, _) in std::mem::take(&mut reader.held).into_values() {
        reader.pending.extend(before);
    }
    reader.rhythm = rhythm;
    reader.paused = paused;
    prefer(store, reader, at).await;
}

async fn prefer(store: &Store, reader: &mut Reader, at: Instant) {
    reader.story.push(format!("{at} {:?} {:?} paused {}", reader.rhythm, reader.choice.key(), reader.paused));
    let paused_until = Some(reader.paused).filter(|until| *until > at);
    let preference = Preference { choice: reader.choice.clone(), rhythm: reader.rhythm, paused_until };
    assert!(store.set_preferences(&digest(), reader.id, None, "fr", &preference, at).await.expect("a change"));
}

async fn set_state(store: &Store, reader: i64, state: &str, at: Instant) {
    if state == "active" {
        assert!(store.rejoin(&digest(), reader, "oui", None, at).await.expect("a reader"));
    } else {
        assert_eq!(store.unsubscribe(&digest(), reader, at).await.expect("a reader"), Leave::Done);
    }
}

/// Plans a special edition of one column.
async fn plan(config: &Config, store: &Store, column: usize, cutoff: Instant) {
    let id = gazetier::model::ColumnId(i64::try_from(column).expect("a number"));
    let plan = NewPlan {
        key: EditionKey { newsletter: digest(), cutoff },
        period: config.digest.special_period(cutoff, &config.magazine.zone),
        who: "Yann",
        at: cutoff - Duration::seconds(1),
        columns: vec![(id, true)],
        changes: &Changes::default(),
    };
    assert!(store.plan_special(&plan).await.expect("a store").is_some(), "{cutoff}");
}

/// Draws up a special edition, at its hour or later.
async fn draw_special(
    config: &Config,
    store: &Store,
    cutoff: Instant,
    at: Instant,
    fate: Fate,
    until: Instant,
) -> Drawn {
    let plans = store.special_plans(&digest()).await.expect("plans");
    let plan = plans.into_iter().find(|plan| plan.cutoff == cutoff).expect("a plan");
    let coming = next::coming(config, store, Now { at, clock: at }, Some(&plan.period)).await.expect("an edition");
    assert!(coming.is_due && coming.draft.slot.period == plan.period, "{cutoff}");
    let columns = coming.draft.columns.iter().map(|column| column.id.0).collect();
    let state = if fate == Fate::Out { EditionState::Frozen } else { EditionState::Held };
    let edition = freeze(store, &coming, state, at, None).await;
    if fate == Fate::Out {
        store.begin_edition(edition.id).await.expect("an edition");
    }
    Drawn { cutoff, rhythms: Vec::new(), columns, fate, edition, until }
}

/// Draws up the edition whose hour has come; nothing if nobody gets anything.
async fn draw(config: &Config, store: &Store, at: Instant, fate: Fate, until: Instant) -> Option<Drawn> {
    let all = special::all_coming(config, store, Now { at, clock: at }).await.expect("editions");
    let coming = all.into_iter().find(|coming| coming.draft.slot.planned.is_none()).expect("an edition");
    assert!(coming.is_due, "at {at}");
    if coming.is_empty() || (fate == Fate::Kept && coming.draft.columns.is_empty()) {
        store.close_quiet(&coming.draft.slot.key()).await.expect("a store");
        return None;
    }
    let state = if fate == Fate::Out { EditionState::Frozen } else { EditionState::Held };
    let columns: BTreeSet<i64> = coming.draft.columns.iter().map(|column| column.id.0).collect();
    let rhythms = coming.audiences.rhythms.clone();
    let edition = if fate == Fate::Kept {
        let slot = &coming.draft.slot;
        let reserve = Reserve {
            key: slot.key(),
            period: slot.period.clone(),
            number: slot.number,
            since: slot.since,
            subject: String::new(),
            columns: coming.draft.columns.iter().map(|column| column.id).collect(),
            rhythms: rhythms.clone(),
            reason: "non".into(),
            at,
        };
        assert!(store.reserve(&reserve).await.expect("a store"));
        store.edition_at(&slot.key()).await.expect("a store").expect("an edition")
    } else {
        freeze(store, &coming, state, at, None).await
    };
    if fate == Fate::Out {
        store.begin_edition(edition.id).await.expect("an edition");
    }
    Some(Drawn { cutoff: edition.cutoff, rhythms, columns, fate, edition, until })
}

async fn freeze(
    store: &Store,
    coming: &next::NextEdition,
    state: EditionState,
    at: Instant,
    held: Option<i64>,
) -> Edition {
    let slot = &coming.draft.slot;
    let drafts = coming.audiences.drafts.iter().filter(|draft| draft.has_columns());
    let variants = drafts.map(|draft| {
        let wanted = draft.draft.columns.iter().filter(|column| draft.audience.choice.wants(column.rubrique.as_ref()));
        NewVariant {
            audience: draft.audience.clone(),
            groups: draft.groups.clone(),
            subject: String::new(),
            html: "h".into(),
            plain: String::new(),
            entity: Vec::new(),
            content_hash: String::new(),
            columns: wanted.map(|column| column.id).collect(),
            earlier: Vec::new(),
            others: Vec::new(),
        }
    });
    let new = NewEdition {
        key: slot.key(),
        period: slot.period.clone(),
        since: slot.since,
        state,
        subject: "s".into(),
        dated: at,
        number: slot.number,
        columns: coming.draft.columns.iter().map(|column| column.id).collect(),
        left_out: Vec::new(),
        variants: variants.collect(),
        groups: coming.audiences.groups.clone(),
        rhythms: coming.audiences.rhythms.clone(),
        editions: coming.audiences.editions,
        desk: (coming.desk.version.number, coming.desk.last_note),
        revision: coming.revision,
        held,
        note: None,
        readers: None,
        planned: slot.planned,
        delays: Vec::new(),
        waits: Vec::new(),
    };
    match store.freeze(&new).await.expect("a store") {
        Freeze::Done(edition, _) => edition,
        other => panic!("{other:?}"),
    }
}

/// Lets an edition go that was held.
async fn release(config: &Config, store: &Store, drawn: &Drawn, at: Instant) {
    if drawn.fate == Fate::Kept {
        let coming = next::held_edition(config, store, &drawn.edition).await.expect("an edition");
        freeze(store, &coming, EditionState::Frozen, at, Some(drawn.edition.id)).await;
    } else {
        let note =
            Note { kind: NoteKind::Released, subject: String::new(), who: "Yann".into(), words: String::new(), at };
        let released = store.release_edition(&drawn.edition, &note, true, None).await.expect("a store");
        assert_eq!(released, Released::Done);
    }
    store.begin_edition(drawn.edition.id).await.expect("an edition");
}

/// The columns that each reader has a letter with.
async fn sent(house: &House) -> BTreeMap<i64, Vec<i64>> {
    let rows = house
        .pairs(
            "SELECT l.subscriber_id, v.column_id FROM letters l JOIN variant_columns v ON v.variant_id = l.variant_id \
             WHERE l.state <> 'suppressed' ORDER BY l.id",
        )
        .await;
    let mut sent: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (reader, column) in rows {
        sent.entry(reader).or_default().push(column);
    }
    sent
}
