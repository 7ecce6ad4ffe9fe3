//! The ledger on both backends: editions are frozen once, letters are leased, settled and taken
//! back, and none is ever lost or counted twice.

use std::collections::BTreeSet;

use chrono::Duration;
use gazetier::{
    model::{
        Audience, Choice, ColumnId, Edition, EditionKey, EditionState, FeedKey, Instant, LetterState, Note, NoteKind,
        Period, ReaderGroup,
    },
    store::{Freeze, Lease, Leased, Mark, NewEdition, NewVariant, Released, Settlement, Span, Store},
};

use crate::store::{House, at, digest, draft, now, on_both, slug, subscriber};

on_both! {
    an_edition_is_frozen_once_with_its_letters,
    what_is_stale_leaves_nothing_behind,
    of_freezings_at_once_one_wins,
    an_edition_goes_from_state_to_state,
    an_old_lease_settles_nothing,
    leases_that_end_are_taken_back,
    a_deferred_letter_waits_until_it_is_due,
    who_has_left_gets_no_letter,
    workers_at_once_share_the_letters,
    the_sum_holds_whatever_happens,
    letters_that_wait_hide_no_others,
}

pub const WEEK: Duration = Duration::days(7);

/// The columns of these tests come in one commit.
const REVISION: i64 = 1;

fn choices() -> Vec<Choice> {
    vec![Choice::all(), Choice::of([slug("edito")]), Choice::of([slug("carnet")])]
}

/// The edition of the n-th week with these columns: a variant for all and one for who wants
/// editorials; who wants the diary has nothing to read.
pub fn edition(number: i64, columns: &[ColumnId]) -> NewEdition {
    let cutoff = at("2026-11-16T07:30") + WEEK * i32::try_from(number).expect("a small number");
    let variant = |choice: &Choice| NewVariant {
        audience: Audience::of(choice.clone()),
        groups: vec![ReaderGroup::of(choice.clone())],
        subject: String::new(),
        html: format!("<p>{}</p>", choice.key()),
        plain: choice.key(),
        entity: format!("entity\0{}\u{e9}", choice.key()).into_bytes(),
        content_hash: "hash".into(),
        columns: columns.to_vec(),
        earlier: Vec::new(),
        others: Vec::new(),
    };
    NewEdition {
        key: EditionKey { newsletter: digest(), cutoff },
        period: Period::from_key(&format!("2026-W{}", 46 + number)),
        since: cutoff - WEEK,
        state: EditionState::Frozen,
        subject: "La semaine\u{202f}!".into(),
        dated: cutoff + Duration::minutes(30),
        number,
        columns: columns.to_vec(),
        left_out: Vec::new(),
        variants: choices()[..2].iter().map(variant).collect(),
        groups: choices().into_iter().map(ReaderGroup::of).collect(),
        rhythms: Vec::new(),
        editions: None,
        desk: (0, 0),
        revision: REVISION,
        held: None,
        note: None,
        readers: None,
        planned: None,
        delays: Vec::new(),
        waits: Vec::new(),
    }
}

/// A store with columns and so many subscribers of each choice.
pub async fn magazine(house: &House, each: usize) -> (Store, Vec<ColumnId>) {
    let store = house.open().await;
    let drafts: Vec<_> = (0..9).map(|n| draft(&format!("c{n}"), "2026-11-17")).collect();
    store.put(&drafts, now()).await.expect("columns");
    let columns = store.newest(&FeedKey::All, Span::until(at("2026-12-01")), 100).await.expect("columns").columns;
    let mut roll = Vec::new();
    for n in 0..each {
        roll.push(subscriber(&format!("all{n}@example.org"), &[]));
        roll.push(subscriber(&format!("edito{n}@example.org"), &["edito"]));
        roll.push(subscriber(&format!("carnet{n}@example.org"), &["carnet"]));
    }
    store.add_subscribers(&digest(), &roll, at("2026-11-16")).await.expect("subscribers");
    (store, columns.into_iter().map(|column| column.id).collect())
}

pub async fn frozen(store: &Store, new: &NewEdition) -> (Edition, u64) {
    match store.freeze(new).await.expect("a freezing") {
        Freeze::Done(edition, letters) => (edition, letters),
        other => panic!("{other:?}"),
    }
}

pub fn settled(lease: Lease, state: LetterState) -> Settlement {
    Settlement { lease, state, due: None, reply: "250 so \"be\" it, l’été".into(), tries: 0, suppress: false }
}

/// Says that a letter is about to be handed over; false if its lease is lost.
pub async fn mark(store: &Store, lease: Lease, until: Instant) -> bool {
    let granted = store.record(&[], &[Mark { lease, until }], until).await.expect("a mark");
    assert!(granted.is_empty() || granted == [lease.letter].into());
    !granted.is_empty()
}

pub async fn settle(store: &Store, settlements: &[Settlement], now: Instant) {
    assert!(store.record(settlements, &[], now).await.expect("a settlement").is_empty());
}

pub async fn lease(store: &Store, edition: &Edition, now: Instant, limit: u32) -> Vec<Leased> {
    store.lease_letters(edition.id, now, limit, now + Duration::seconds(20)).await.expect("leases").letters
}

/// Whose letters these are, by the alphabet: those of one edition have no order of their own.
pub fn addresses(letters: &[Leased]) -> Vec<&str> {
    let mut addresses: Vec<&str> = letters.iter().map(|leased| leased.letter.address.as_str()).collect();
    addresses.sort_unstable();
    addresses
}

/// The states that are not empty.
pub async fn tally(store: &Store, edition: &Edition) -> Vec<(&'static str, i64)> {
    let t = store.tally(edition.id).await.expect("a tally");
    let to_do = [("queued", t.queued), ("leased", t.leased), ("sending", t.sending), ("deferred", t.deferred)];
    let done = [("sent", t.sent), ("failed", t.failed), ("suppressed", t.suppressed), ("unknown", t.unknown)];
    to_do.into_iter().chain(done).filter(|(_, count)| *count > 0).collect()
}

async fn an_edition_is_frozen_once_with_its_letters(house: &House) {
    let (store, columns) = magazine(house, 2).await;
    let until = at("2027-01-01");
    assert_eq!(store.last_edition(&digest(), until).await.expect("an edition"), None);
    let new = edition(1, &columns[..3]);
    let (one, letters) = frozen(&store, &new).await;
    assert_eq!(letters, 4, "nobody who wants the diary gets a letter");
    let expected = Edition {
        id: one.id,
        newsletter: digest(),
        mark: new.key.mark(),
        number: 1,
        period: new.period.clone(),
        since: new.since,
        cutoff: new.key.cutoff,
        state: EditionState::Frozen,
        subject: new.subject.clone(),
        dated: new.dated,
        is_frozen: true,
    };
    assert_eq!(one, expected);
    assert_eq!(store.edition_at(&new.key).await.expect("an edition"), Some(expected.clone()));
    assert_eq!(store.edition_of(&digest(), &new.period).await.expect("an edition"), Some(expected));
    assert!(matches!(store.freeze(&new).await, Ok(Freeze::Taken)));
    assert!(matches!(store.freeze(&edition(1, &columns[3..4])).await, Ok(Freeze::Taken)));

    let unsent = store.unsent(&digest(), at("2026-11-17"), at("2026-11-18")).await.expect("columns");
    assert_eq!(unsent.len(), 6);
    assert!(unsent.iter().all(|column| !columns[..3].contains(&column.id)));

    let (two, _) = frozen(&store, &edition(2, &columns[3..5])).await;
    assert_eq!((two.number, two.period.as_str()), (2, "2026-W48"));
    assert_eq!(store.first_edition(&digest(), until).await.expect("an edition"), Some(one.clone()));
    assert_eq!(store.last_edition(&digest(), until).await.expect("an edition"), Some(two.clone()));
    assert_eq!(store.editions(&digest()).await.expect("editions"), [one.clone(), two]);

    let letters = lease(&store, &one, at("2026-11-23"), 100).await;
    let expected = ["all0", "all1", "edito0", "edito1"].map(|name| format!("{name}@example.org"));
    assert_eq!(addresses(&letters), expected);
    for leased in &letters {
        let key = if leased.letter.address.starts_with("all") { "" } else { "edito" };
        let variant = store.variant(leased.letter.variant).await.expect("a variant");
        assert_eq!(variant.entity, format!("entity\0{key}\u{e9}").into_bytes());
        assert_eq!(leased.letter.attempts, 0);
    }
}

async fn what_is_stale_leaves_nothing_behind(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    frozen(&store, &edition(1, &columns[..3])).await;
    // The last of its columns is in an edition already.
    let late = edition(2, &[columns[4], columns[5], columns[0]]);
    assert!(matches!(store.freeze(&late).await, Ok(Freeze::Stale)));
    // Somebody has chosen what nothing was rendered for.
    store
        .add_subscribers(&digest(), &[subscriber("new@example.org", &["humeur"])], at("2026-11-20"))
        .await
        .expect("one more");
    let blind = edition(2, &columns[4..6]);
    assert!(matches!(store.freeze(&blind).await, Ok(Freeze::Stale)));
    // Another edition took its number.
    let mut seeing = blind;
    seeing.groups.push(ReaderGroup::of(Choice::of([slug("humeur")])));
    seeing.number = 1;
    assert!(matches!(store.freeze(&seeing).await, Ok(Freeze::Stale)));

    assert_eq!(store.editions(&digest()).await.expect("editions").len(), 1);
    assert_eq!(store.unsent(&digest(), at("2026-11-17"), at("2026-11-18")).await.expect("columns").len(), 6);
    seeing.number = 2;
    let (two, letters) = frozen(&store, &seeing).await;
    assert_eq!((two.number, letters), (2, 2));
}

async fn of_freezings_at_once_one_wins(house: &House) {
    let (store, columns) = magazine(house, 3).await;
    let other = house.open().await;
    for number in 1..=8 {
        let column = columns[usize::try_from(number).expect("a small number")];
        let tasks: Vec<_> = [&store, &other, &store, &other]
            .map(|store| {
                let store = store.clone();
                tokio::spawn(async move { store.freeze(&edition(number, &[column])).await })
            })
            .into_iter()
            .collect();
        let mut done = 0;
        for task in tasks {
            match task.await.expect("a task").expect("a freezing") {
                Freeze::Done(edition, letters) => {
                    done += 1;
                    assert_eq!((edition.number, letters), (number, 6));
                }
                Freeze::Taken | Freeze::Stale | Freeze::Readers(_) => {}
            }
        }
        assert_eq!(done, 1, "edition {number}");
    }
    let editions = store.editions(&digest()).await.expect("editions");
    assert_eq!(editions.iter().map(|edition| edition.number).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    for edition in &editions {
        assert_eq!(tally(&store, edition).await, [("queued", 6)]);
    }
}

async fn an_edition_goes_from_state_to_state(house: &House) {
    use EditionState::{Frozen, Held, Sending, Sent};
    let (store, columns) = magazine(house, 1).await;
    let (one, _) = frozen(&store, &NewEdition { state: Held, ..edition(1, &columns[..1]) }).await;
    let (two, _) = frozen(&store, &edition(2, &columns[1..2])).await;
    let open = async || -> Vec<i64> {
        store.open_editions().await.expect("editions").iter().map(|edition| edition.number).collect()
    };
    assert_eq!(open().await, [2]);
    let release = async |edition: &Edition, day: &str| {
        let (subject, words) = (String::new(), String::new());
        let note = Note { kind: NoteKind::Released, subject, who: "Yann".into(), words, at: at(day) };
        store.release_edition(edition, &note, false, None).await.expect("a release")
    };
    assert_eq!(release(&two, "2026-12-01").await, Released::NotHeld(Frozen));
    assert_eq!(release(&one, "2026-12-01T09:00").await, Released::Done);
    assert_eq!(release(&one, "2026-12-02").await, Released::NotHeld(Frozen), "it is released already");
    let until = at("2027-01-01");
    let released = store.first_edition(&digest(), until).await.expect("an edition").expect("an edition");
    assert_eq!(released, Edition { state: Frozen, dated: at("2026-12-01T09:00"), ..one.clone() });
    assert_eq!(open().await, [1, 2]);
    let state = async || store.edition_at(&one.key()).await.expect("an edition").expect("an edition").state;
    // Begun twice is begun; it stays open as long as something is to do.
    for _ in 0..2 {
        assert!(store.begin_edition(one.id).await.expect("a beginning"));
        store.close_edition(one.id).await.expect("no end");
        assert_eq!(state().await, Sending);
    }
    let day = at("2026-12-01T10:00");
    for leased in lease(&store, &one, day, 9).await {
        settle(&store, &[settled(leased.lease, LetterState::Sent)], day).await;
    }
    store.close_edition(one.id).await.expect("an end");
    assert_eq!((state().await, open().await), (Sent, vec![2]));
    // What is sent is not held any more; what is held does not begin.
    assert!(!store.hold_edition(one.id, "too late").await.expect("a hold"));
    assert!(store.hold_edition(two.id, "the title").await.expect("a hold"));
    assert!(!store.begin_edition(two.id).await.expect("no beginning"));
    assert!(lease(&store, &two, day, 9).await.is_empty());
    assert_eq!(open().await, [0; 0]);
}

async fn an_old_lease_settles_nothing(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let (edition, _) = frozen(&store, &edition(1, &columns[..1])).await;
    let now = at("2026-11-23T08:00");
    let until = now + Duration::seconds(14);
    let old = lease(&store, &edition, now, 1).await[0].lease;
    // It is taken for dead, and another worker gets the letter.
    let later = now + Duration::seconds(21);
    store.lapse(edition.id, later, LetterState::Unknown).await.expect("a lapse");
    assert_eq!(tally(&store, &edition).await, [("queued", 2)]);
    settle(&store, &[settled(old, LetterState::Sent)], later).await;
    assert!(!mark(&store, old, until).await);
    assert_eq!(tally(&store, &edition).await, [("queued", 2)]);
    let new = lease(&store, &edition, later, 1).await[0].lease;
    assert_eq!(new.letter, old.letter);

    assert!(!mark(&store, old, until).await);
    for state in [LetterState::Sent, LetterState::Queued, LetterState::Failed] {
        settle(&store, &[settled(old, state)], later).await;
    }
    assert_eq!(tally(&store, &edition).await, [("queued", 1), ("leased", 1)]);
    assert!(mark(&store, new, until).await);
    assert!(!mark(&store, new, until).await, "it is being sent already");
    settle(&store, &[settled(old, LetterState::Failed)], later).await;
    assert_eq!(tally(&store, &edition).await, [("queued", 1), ("sending", 1)]);
    settle(&store, &[settled(new, LetterState::Sent)], later).await;
    // What is sent stays sent.
    for lease in [old, new] {
        settle(&store, &[settled(lease, LetterState::Queued)], later).await;
    }
    store.lapse(edition.id, later + WEEK, LetterState::Queued).await.expect("a lapse");
    assert_eq!(tally(&store, &edition).await, [("queued", 1), ("sent", 1)]);
}

async fn leases_that_end_are_taken_back(house: &House) {
    let (store, columns) = magazine(house, 2).await;
    let (edition, _) = frozen(&store, &edition(1, &columns[..1])).await;
    let now = at("2026-11-23T08:00");
    let until = now + Duration::seconds(14);
    let soon = now + Duration::seconds(10);
    let batch = store.lease_letters(edition.id, now, 2, soon).await.expect("leases").letters;
    let third = lease(&store, &edition, now, 1).await[0].lease;
    assert!(mark(&store, batch[0].lease, until).await);
    assert!(mark(&store, batch[1].lease, until).await);
    assert_eq!(store.awaited(edition.id).await.expect("an end").1, Some(until));
    assert_eq!(tally(&store, &edition).await, [("queued", 1), ("leased", 1), ("sending", 2)]);
    store.lapse(edition.id, until, LetterState::Unknown).await.expect("a lapse");
    assert_eq!(tally(&store, &edition).await, [("queued", 1), ("leased", 1), ("sending", 2)]);

    store.lapse(edition.id, until + Duration::milliseconds(1), LetterState::Unknown).await.expect("a lapse");
    assert_eq!(tally(&store, &edition).await, [("queued", 1), ("leased", 1), ("unknown", 2)]);
    let mut unknown = store.unknown_letters(edition.id).await.expect("addresses");
    unknown.sort();
    assert_eq!(unknown, addresses(&batch[..2]));
    // The worker only slept, and nobody else can have had the letter: now the truth comes.
    let refused = Settlement { reply: "550 5.1.1 nobody".into(), ..settled(batch[1].lease, LetterState::Failed) };
    settle(&store, &[settled(batch[0].lease, LetterState::Sent), refused], now).await;
    assert_eq!(tally(&store, &edition).await, [("queued", 1), ("leased", 1), ("sent", 1), ("failed", 1)]);
    let failed = store.failed_letters(edition.id).await.expect("addresses");
    assert_eq!(failed, [(batch[1].letter.address.clone(), "550 5.1.1 nobody".to_owned())]);

    // A relay that can take a letter twice gets it again.
    assert!(mark(&store, third, until).await);
    store.lapse(edition.id, now + Duration::seconds(60), LetterState::Queued).await.expect("a lapse");
    assert_eq!(tally(&store, &edition).await, [("queued", 2), ("sent", 1), ("failed", 1)]);
    assert_eq!(store.awaited(edition.id).await.expect("an end").1, None);
    let again = lease(&store, &edition, now + Duration::seconds(60), 9).await;
    assert_eq!(again.iter().map(|leased| leased.letter.attempts).sum::<i64>(), 1);
}

async fn a_deferred_letter_waits_until_it_is_due(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let (edition, _) = frozen(&store, &edition(1, &columns[..1])).await;
    let now = at("2026-11-23T08:00");
    let due = now + Duration::minutes(5);
    for leased in lease(&store, &edition, now, 2).await {
        assert!(mark(&store, leased.lease, due).await);
        let later = Settlement { due: Some(due), ..settled(leased.lease, LetterState::Deferred) };
        settle(&store, &[later], now).await;
    }
    assert_eq!(tally(&store, &edition).await, [("deferred", 2)]);
    assert_eq!(store.awaited(edition.id).await.expect("an instant").0, Some(due));
    assert!(lease(&store, &edition, due - Duration::milliseconds(1), 2).await.is_empty());
    let again = lease(&store, &edition, due, 2).await;
    assert_eq!(again.iter().map(|leased| leased.letter.attempts).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(store.awaited(edition.id).await.expect("an instant").0, None);
}

async fn who_has_left_gets_no_letter(house: &House) {
    let (store, columns) = magazine(house, 3).await;
    let (edition, letters) = frozen(&store, &edition(1, &columns[..1])).await;
    assert_eq!(letters, 6);
    let now = at("2026-11-23T08:00");
    let first = lease(&store, &edition, now, 1).await;
    assert_eq!(addresses(&first), ["all0@example.org"]);
    // One whose letter is on its way, one that has left, one that complained.
    house
        .meddle(
            "UPDATE subscriptions SET state = 'unsubscribed' WHERE $1 = $1 \
             AND subscriber_id IN (SELECT id FROM subscribers WHERE address LIKE 'all%')",
            b"",
        )
        .await;
    let hash = store.key().sign("address", b"edito1@example.org");
    house
        .meddle("INSERT INTO suppressions (address_hash, reason, suppressed_at) VALUES ($1, 'complaint', 0)", &hash)
        .await;
    let rest = lease(&store, &edition, now, 9).await;
    assert_eq!(addresses(&rest), ["edito0@example.org", "edito2@example.org"]);
    assert_eq!(tally(&store, &edition).await, [("leased", 3), ("suppressed", 3)]);
    // And the next edition is not for them at all.
    let (_, letters) = frozen(&store, &self::edition(2, &columns[1..2])).await;
    assert_eq!(letters, 2);
}

async fn workers_at_once_share_the_letters(house: &House) {
    let (store, columns) = magazine(house, 100).await;
    let (edition, _) = frozen(&store, &edition(1, &columns[..1])).await;
    let now = at("2026-11-23T08:00");
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (store, edition) = (store.clone(), edition.clone());
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let batch = lease(&store, &edition, now, 7).await;
                    if batch.is_empty() {
                        return mine;
                    }
                    assert!(batch.len() <= 7);
                    mine.extend(batch.iter().map(|leased| leased.letter.id));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.expect("a worker"));
    }
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (200, 200));
}

/// Letters that are to do, and whose block is not there or says that they need no look yet.
const HIDDEN: &str = "SELECT COUNT(*) FROM letters l LEFT JOIN letter_blocks b ON b.edition_id = l.edition_id \
    AND b.block = l.id / 64 WHERE (l.state IN ('queued', 'deferred') AND (b.due_at IS NULL OR b.due_at > l.due_at)) \
    OR (l.state IN ('leased', 'sending') AND (b.lease_until IS NULL OR b.lease_until > l.lease_until))";

async fn the_sum_holds_whatever_happens(house: &House) {
    use LetterState::{Deferred, Failed, Queued, Sent, Unknown};
    // More letters than two blocks have.
    let (store, columns) = magazine(house, 75).await;
    let (edition, letters) = frozen(&store, &edition(1, &columns[..1])).await;
    let mut now = at("2026-11-23T08:00");
    let mut leases: Vec<Lease> = Vec::new();
    let mut seed: u64 = 20_261_123;
    let mut die = |sides: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % sides
    };
    let mut finished = 0;
    for step in 0..300 {
        match die(9) {
            8 if die(9) == 0 => {
                // What was settled may be undone by an operator.
                store.resend_unknown(edition.id).await.expect("letters");
                store.retry_refused(&edition, "so", "claire", now).await.expect("letters");
                finished = 0;
            }
            0 | 1 => leases.extend(lease(&store, &edition, now, 7).await.iter().map(|leased| leased.lease)),
            2 => now += Duration::seconds(9),
            3 => store.lapse(edition.id, now, [Queued, Unknown][die(2)]).await.expect("a lapse"),
            // Old leases are tried as well as new ones.
            4 if !leases.is_empty() => {
                mark(&store, leases[die(leases.len())], now + Duration::seconds(14)).await;
            }
            _ if !leases.is_empty() => {
                let of = |lease, state| Settlement { due: Some(now), ..settled(lease, state) };
                let state = [Sent, Deferred, Failed, Queued, Unknown][die(5)];
                let two = [of(leases[die(leases.len())], state), of(leases[die(leases.len())], Sent)];
                settle(&store, &two, now).await;
            }
            _ => {}
        }
        let tally = store.tally(edition.id).await.expect("a tally");
        assert_eq!(tally.frozen(), i64::try_from(letters).expect("a count"), "step {step}: {tally:?}");
        // What is settled is not undone, but that an unknown one is found out.
        let settled = tally.sent + tally.failed;
        assert!(settled >= finished, "step {step}: {tally:?} after {finished}");
        finished = settled;
        assert_eq!(house.number(HIDDEN).await, 0, "step {step}: {tally:?}");
    }
    assert!(finished > 20, "only {finished}");

    // Each is found in the end, and nothing is kept of what was to do.
    now += Duration::days(1);
    store.lapse(edition.id, now, Queued).await.expect("a lapse");
    loop {
        let rest = lease(&store, &edition, now, 50).await;
        if rest.is_empty() {
            break;
        }
        settle(&store, &rest.iter().map(|leased| settled(leased.lease, Sent)).collect::<Vec<_>>(), now).await;
    }
    assert_eq!(store.tally(edition.id).await.expect("a tally").to_do(), 0);
    assert!(house.number("SELECT COUNT(*) FROM letter_blocks").await >= 3);
    assert!(store.begin_edition(edition.id).await.expect("a beginning"));
    store.close_edition(edition.id).await.expect("an end");
    assert_eq!(house.number("SELECT COUNT(*) FROM letter_blocks").await, 0);
    if store.resend_unknown(edition.id).await.expect("letters") > 0 {
        assert_eq!(house.number(HIDDEN).await, 0);
        assert!(!lease(&store, &edition, now, 50).await.is_empty());
    }
}

/// Letters that wait are not in the way of those behind them, and those of later blocks are not before their time.
async fn letters_that_wait_hide_no_others(house: &House) {
    let (store, columns) = magazine(house, 100).await;
    let (edition, letters) = frozen(&store, &edition(1, &columns[..1])).await;
    assert_eq!(letters, 200);
    let now = at("2026-11-23T08:00");
    let due = now + Duration::minutes(5);
    // Of each block some are put off.
    for leased in lease(&store, &edition, now, 200).await {
        let (state, due) = match leased.lease.letter % 9 {
            0 => (LetterState::Deferred, Some(due)),
            1 => (LetterState::Queued, None),
            _ => (LetterState::Sent, None),
        };
        settle(&store, &[Settlement { due, ..settled(leased.lease, state) }], now).await;
    }
    let all = tally(&store, &edition).await;
    let [("queued", queued), ("deferred", deferred), ("sent", _)] = all[..] else { panic!("{all:?}") };
    assert!(queued > 20 && deferred > 20, "{all:?}");
    let again = lease(&store, &edition, now, 200).await;
    assert_eq!(again.len() as i64, queued);
    let sent: Vec<_> = again.iter().map(|leased| settled(leased.lease, LetterState::Sent)).collect();
    settle(&store, &sent, now).await;
    assert!(lease(&store, &edition, due - Duration::milliseconds(1), 200).await.is_empty());
    assert_eq!(store.awaited(edition.id).await.expect("an instant").0, Some(due));
    // Few at a time, from wherever they are.
    let mut late = 0;
    loop {
        let some = lease(&store, &edition, due, 4).await;
        if some.is_empty() {
            break;
        }
        late += some.len() as i64;
    }
    assert_eq!(late, deferred);
}

/// What marking and settling write is in no index of Postgres, or each would be written three times a letter.
#[tokio::test]
async fn what_is_written_of_a_letter_is_in_no_index() {
    let house = House::postgres();
    house.open().await.close().await;
    let indexed = "SELECT COUNT(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
        WHERE i.indrelid = 'letters'::regclass AND (a.attnum = ANY (i.indkey) OR i.indpred IS NOT NULL \
        OR i.indexprs IS NOT NULL) AND a.attname IN ('state', 'attempts', 'fence', 'due_at', 'lease_until', 'settled_at', \
        'reply', 'address', 'name', 'variant_id')";
    assert_eq!(house.number(indexed).await, 0);
    assert_eq!(house.number("SELECT COUNT(*) FROM pg_index WHERE indrelid = 'letters'::regclass").await, 2);
    let room = "SELECT COUNT(*) FROM pg_class WHERE oid = 'letters'::regclass AND 'fillfactor=30' = ANY (reloptions)";
    assert_eq!(house.number(room).await, 1);
}
