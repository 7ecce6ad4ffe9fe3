//! What becomes of letters that lie in others: whatever stops one of them, each column still comes, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::Duration;
use gazetier::{
    config::Config,
    edition::{
        freeze::{DueOutcome, FreezeOptions, freeze_all_due},
        together::bring_together,
    },
    model::{Edition, Instant, LetterState, Note, NoteKind, Now, Subscriber, Tally},
    store::{DayAllowance, Lease, Leave, Mark, Noted, Released, Settlement, Store},
};

use crate::store::{House, at, digest, draft, on_both, slug};

on_both! {
    what_is_held_is_in_no_other_letter,
    a_letter_that_holds_others_and_is_held_gives_them_back,
    who_leaves_one_newsletter_gets_the_other,
    a_letter_that_is_refused_gives_back_what_it_held,
    a_letter_in_doubt_keeps_what_it_holds,
    who_is_erased_has_no_letter,
    columns_that_changed_meanwhile_come_as_they_were_frozen,
}

/// Two newsletters at one hour, and a store.
pub struct Press {
    pub configs: Vec<Arc<Config>>,
    pub store: Store,
    _folder: tempfile::TempDir,
}

impl Press {
    pub async fn of(house: &House, second: &str, schedule: &str) -> Self {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml")).expect("the sample");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        std::fs::write(
            &path,
            text.replace("\"Mon 07:30\"", &format!("{schedule:?}")).replacen("[digest]\n", second, 1),
        )
        .expect("a file");
        let config = Config::load(&path).expect("a configuration");
        let view = |name: &str| Arc::new(config.view(&slug(name)).expect("a view").expect("a newsletter"));
        let (configs, store) = (vec![view("digest"), view("carnet")], house.open().await);
        store.know_newsletters([&slug("digest"), &slug("carnet")]).await.expect("newsletters");
        Self { configs, store, _folder: folder }
    }

    /// With readers of both newsletters who want one letter a day, and two columns of each.
    async fn ready(house: &House, readers: &[&str]) -> Self {
        let press = Self::of(house, super::SECOND, "Mon 07:30").await;
        for (key, rubrique) in [("a", "edito"), ("b", "humeur"), ("c", "carnet"), ("d", "carnet")] {
            press.enter(key, rubrique, at("2026-11-19T09:00")).await;
        }
        for reader in readers {
            press.join(reader, true).await;
        }
        press
    }

    pub async fn enter(&self, key: &str, rubrique: &str, published: Instant) {
        let mut column = draft(key, "2026-01-01");
        column.rubrique = Some(slug(rubrique));
        column.title = format!("Titre-{key}.");
        (column.published, column.updated) = (published, published);
        self.store.put(&[column], published).await.expect("a column");
    }

    pub async fn join(&self, address: &str, together: bool) -> i64 {
        let address = address.parse().expect("an address");
        let reader = Subscriber { address, name: None, choice: gazetier::model::Choice::all() };
        for config in &self.configs {
            let listed = std::slice::from_ref(&reader);
            let joined = self.store.add_subscribers(&config.digest.newsletter, listed, Instant::UNIX_EPOCH).await;
            joined.expect("a reader");
            if config.digest.newsletter == digest() {
                continue;
            }
            // Who is on the list already joins another newsletter by their own word.
            let known = self.store.subscriber_at(&digest(), &reader.address).await.expect("a store").expect("a reader");
            let newsletter = &config.digest.newsletter;
            self.store.rejoin(newsletter, known.id, "oui", None, Instant::UNIX_EPOCH).await.expect("a reader");
        }
        let known = self.store.subscriber_at(&digest(), &reader.address).await.expect("a store").expect("a reader");
        self.store.set_together(known.id, together).await.expect("a wish");
        known.id
    }

    /// Freezes what is due.
    pub async fn freeze(&self, hour: Instant) -> Vec<Edition> {
        let mut editions = Vec::new();
        for config in &self.configs {
            let now = Now { at: hour, clock: hour };
            let outcomes = freeze_all_due(config, &self.store, now, FreezeOptions::default()).await;
            editions.extend(outcomes.expect("an edition").into_iter().filter_map(|outcome| match outcome {
                DueOutcome::Frozen(edition, _) | DueOutcome::Held(edition, _) => Some(edition),
                _ => None,
            }));
        }
        editions
    }

    /// Before letters go out: so many of all editions go on a day of the warm-up; all, without one.
    pub async fn warm_up(&self, today: Option<DayAllowance>) {
        let now = self.store.clock().await.expect("a clock");
        for edition in self.store.open_editions().await.expect("editions") {
            self.store.warm_up(edition.id, today, now).await.expect("letters");
        }
    }

    pub async fn bring(&self) {
        bring_together(&self.configs, &self.store).await.expect("letters");
    }

    /// Sends what is due: `fate` says what becomes of each letter. Gives the titles that arrived, by reader.
    pub async fn send(&self, mut fate: impl FnMut(&Leased) -> Option<LetterState>) -> BTreeMap<i64, Vec<String>> {
        let mut arrived: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for edition in self.store.open_editions().await.expect("editions") {
            if !self.store.begin_edition(edition.id).await.expect("an edition") {
                continue;
            }
            let now = self.store.clock().await.expect("a clock");
            let until = now + Duration::seconds(20);
            let later = now + Duration::days(3000);
            loop {
                let batch = self.store.lease_letters(edition.id, later, 20, until).await.expect("letters");
                if batch.letters.is_empty() && batch.suppressed == 0 {
                    break;
                }
                for leased in batch.letters {
                    let lease = leased.lease;
                    let of = Leased { reader: leased.letter.reader.to_string(), letter: lease.letter };
                    let Some(state) = fate(&of) else {
                        let back = settlement(lease, LetterState::Queued, now);
                        self.store.record(&[back], &[], now).await.expect("a word");
                        continue;
                    };
                    let granted = self.store.record(&[], &[Mark { lease, until }], now).await.expect("a mark");
                    if !granted.contains(&lease.letter) {
                        continue;
                    }
                    if state == LetterState::Sent {
                        let variant = self.store.variant(leased.letter.variant).await.expect("a variant");
                        let reader = self.store.reader(&digest(), leased.letter.reader).await.expect("a store");
                        let id = reader.expect("a reader").id;
                        arrived.entry(id).or_default().extend(titles(&variant.entity));
                    }
                    self.store.record(&[settlement(lease, state, now)], &[], now).await.expect("a word");
                }
            }
            self.store.close_edition(edition.id).await.expect("an edition");
        }
        arrived
    }

    pub async fn tally(&self, edition: &Edition) -> Tally {
        self.store.tally(edition.id).await.expect("a tally")
    }

    pub async fn hold(&self, edition: &Edition) {
        assert_eq!(self.try_hold(edition).await, Noted::OfEdition);
    }

    pub async fn try_hold(&self, edition: &Edition) -> Noted {
        let clock = self.store.clock().await.expect("a clock");
        self.store.hold(&edition.key(), &note(NoteKind::Held, clock)).await.expect("a word")
    }

    pub async fn release(&self, edition: &Edition) {
        let note = note(NoteKind::Released, self.store.clock().await.expect("a clock"));
        assert_eq!(self.store.release_edition(edition, &note, true, None).await.expect("a word"), Released::Done);
    }
}

/// A letter that a worker has.
pub struct Leased {
    pub reader: String,
    pub letter: i64,
}

fn note(kind: NoteKind, at: Instant) -> Note {
    Note { kind, subject: String::new(), who: "Yann".into(), words: "non".into(), at }
}

fn settlement(lease: Lease, state: LetterState, now: Instant) -> Settlement {
    let due = matches!(state, LetterState::Queued | LetterState::Deferred).then_some(now);
    Settlement { lease, state, due, reply: String::new(), tries: 0, suppress: false }
}

/// The titles in a letter's text, each as often as it stands there.
pub fn titles(entity: &[u8]) -> Vec<String> {
    let message = [b"Subject: x\r\n", entity].concat();
    let parsed = mail_parser::MessageParser::default().parse(&message).expect("a letter");
    let text = parsed.body_text(0).expect("a text").into_owned();
    let found = text.lines().filter_map(|line| line.strip_prefix("Titre-"));
    found.map(|line| line.trim_end_matches('.').to_owned()).collect()
}

pub fn sent(_: &Leased) -> Option<LetterState> {
    Some(LetterState::Sent)
}

fn all(titles: &[&str]) -> BTreeSet<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn of(arrived: &BTreeMap<i64, Vec<String>>, reader: i64) -> BTreeSet<String> {
    let theirs = arrived.get(&reader).cloned().unwrap_or_default();
    let once: BTreeSet<String> = theirs.iter().cloned().collect();
    assert_eq!(once.len(), theirs.len(), "twice: {theirs:?}");
    once
}

const HOUR: &str = "2026-11-23T07:35";

async fn what_is_held_is_in_no_other_letter(house: &House) {
    let press = Press::ready(house, &["une@example.org"]).await;
    let editions = press.freeze(at(HOUR)).await;
    press.bring().await;
    let (first, second) = (&editions[0], &editions[1]);
    assert_eq!(press.tally(second).await, Tally { carried: 1, ..Tally::default() });
    // Somebody has taken the letter, and not begun.
    press.store.begin_edition(first.id).await.expect("an edition");
    let now = press.store.clock().await.expect("a clock");
    let batch = press.store.lease_letters(first.id, now, 9, now + Duration::seconds(20)).await.expect("letters");
    press.hold(second).await;
    let mark = Mark { lease: batch.letters[0].lease, until: now + Duration::seconds(20) };
    assert!(press.store.record(&[], &[mark], now).await.expect("a mark").is_empty(), "it holds what must not go out");
    assert_eq!(press.tally(second).await, Tally { queued: 1, ..Tally::default() });
    press.bring().await;
    assert_eq!(of(&press.send(sent).await, 1), all(&["a", "b"]));
    press.release(second).await;
    press.bring().await;
    assert_eq!(of(&press.send(sent).await, 1), all(&["c", "d"]));
}

async fn a_letter_that_holds_others_and_is_held_gives_them_back(house: &House) {
    let press = Press::ready(house, &["une@example.org"]).await;
    let editions = press.freeze(at(HOUR)).await;
    press.bring().await;
    press.hold(&editions[0]).await;
    assert_eq!(press.tally(&editions[1]).await, Tally { queued: 1, ..Tally::default() });
    assert_eq!(of(&press.send(sent).await, 1), all(&["c", "d"]));
    press.release(&editions[0]).await;
    press.bring().await;
    assert_eq!(of(&press.send(sent).await, 1), all(&["a", "b"]));
}

async fn who_leaves_one_newsletter_gets_the_other(house: &House) {
    let press = Press::ready(house, &["une@example.org"]).await;
    let second = press.join("deux@example.org", true).await;
    press.freeze(at(HOUR)).await;
    press.bring().await;
    for (newsletter, reader) in [("carnet", 1), ("digest", second)] {
        let left = press.store.unsubscribe(&slug(newsletter), reader, at(HOUR)).await.expect("a reader");
        assert_eq!(left, Leave::Done);
    }
    let arrived = press.send(sent).await;
    assert_eq!((of(&arrived, 1), of(&arrived, second)), (all(&["a", "b"]), all(&["c", "d"])));
}

async fn a_letter_that_is_refused_gives_back_what_it_held(house: &House) {
    let press = Press::ready(house, &["une@example.org"]).await;
    let editions = press.freeze(at(HOUR)).await;
    press.bring().await;
    assert!(press.send(|_| Some(LetterState::Failed)).await.is_empty());
    assert_eq!(press.tally(&editions[0]).await, Tally { failed: 1, ..Tally::default() });
    // The next run finds it out.
    press.bring().await;
    assert_eq!(press.tally(&editions[1]).await, Tally { queued: 1, ..Tally::default() });
    assert_eq!(of(&press.send(sent).await, 1), all(&["c", "d"]));
    // Tried again, it holds its own columns alone.
    let retried = press.store.retry_refused(&editions[0], "", "Yann", at(HOUR)).await.expect("letters");
    assert_eq!(retried.letters, 1);
    press.bring().await;
    assert_eq!(of(&press.send(sent).await, 1), all(&["a", "b"]));
}

async fn a_letter_in_doubt_keeps_what_it_holds(house: &House) {
    let press = Press::ready(house, &["une@example.org"]).await;
    let editions = press.freeze(at(HOUR)).await;
    press.bring().await;
    press.send(|_| Some(LetterState::Unknown)).await;
    press.bring().await;
    let tally = async |place: usize| press.tally(&editions[place]).await;
    assert_eq!(tally(0).await, Tally { unknown: 1, ..Tally::default() });
    assert_eq!(tally(1).await, Tally { carried: 1, ..Tally::default() });
    assert!(press.send(sent).await.is_empty());
    // Somebody says that it may come twice: then all of it.
    assert_eq!(press.store.resend_unknown(editions[0].id).await.expect("letters"), 1);
    press.bring().await;
    assert_eq!(of(&press.send(sent).await, 1), all(&["a", "b", "c", "d"]));
    house.meddle("UPDATE letters SET settled_at = 1 WHERE length($1) = 0", &[]).await;
    press.bring().await;
    for place in 0..2 {
        assert_eq!(tally(place).await, Tally { sent: 1, ..Tally::default() });
    }
    assert_eq!(house.number("SELECT COUNT(*) FROM carried_letters").await, 0);
}

async fn who_is_erased_has_no_letter(house: &House) {
    let press = Press::ready(house, &["une@example.org"]).await;
    let editions = press.freeze(at(HOUR)).await;
    press.bring().await;
    assert!(press.store.erase(1, at(HOUR)).await.expect("a reader"));
    press.bring().await;
    assert!(press.send(sent).await.is_empty());
    for edition in &editions {
        assert_eq!(press.tally(edition).await, Tally { suppressed: 1, ..Tally::default() });
    }
    assert_eq!(house.number("SELECT COUNT(*) FROM carried_letters").await, 0);
}

async fn columns_that_changed_meanwhile_come_as_they_were_frozen(house: &House) {
    let press = Press::ready(house, &["une@example.org"]).await;
    let editions = press.freeze(at(HOUR)).await;
    let mut changed = draft("c", "2026-01-01");
    (changed.rubrique, changed.title) = (Some(slug("carnet")), "Titre-c2.".into());
    (changed.published, changed.updated) = (at("2026-11-19T09:00"), at(HOUR));
    press.store.put(&[changed], at(HOUR)).await.expect("a column");
    press.bring().await;
    assert_eq!(press.tally(&editions[1]).await, Tally { queued: 1, ..Tally::default() });
    assert_eq!(of(&press.send(sent).await, 1), all(&["a", "b", "c", "d"]));
}
