//! The store's real transactions, each pair of them in every order of their commits, with a death between
//! any two: what is promised holds afterwards. A step is one commit, as the program makes them.

use std::path::{Path, PathBuf};

use chrono::Duration;
use gazetier::{
    config::StoreUrl,
    model::{Changes, ColumnId, DeliveryTime, Edition, EditionState, Instant, LetterState, Note, NoteKind, ReaderName},
    store::{
        BounceKind, BounceNotice, Confirmation, Confirmed, Freeze, KnownReader, Lease, Mark, NewEdition, Released,
        Request, ServiceKind, ServiceLetter, Settlement, Store,
    },
};

use crate::{
    keys::NO_PAUSE,
    ledger::edition,
    store::{House, at, digest, draft, now, subscriber},
};

/// What one process does, commit by commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Process {
    /// Sends a letter that the relay takes.
    Sends,
    /// Sends one that the relay says there is nobody for.
    IsRefused,
    /// Sends one that the relay puts off.
    IsPutOff,
    /// Calls leases ended, at an instant long after.
    Lapses,
    Holds,
    Releases,
    Closes,
    SendsUnknownAgain,
    Erases,
    Moves,
    Unsubscribes,
    Complains,
    ChoosesAnew,
    Withdraws,
    FreezesTheNext,
    HoldsTheNext,
    ChangesTheNext,
}

use Process::{
    ChangesTheNext, ChoosesAnew, Closes, Complains, Erases, FreezesTheNext, Holds, HoldsTheNext, IsPutOff, IsRefused,
    Lapses, Moves, Releases, Sends, SendsUnknownAgain, Unsubscribes, Withdraws,
};

const ALL: [Process; 17] = [
    Sends,
    IsRefused,
    IsPutOff,
    Lapses,
    Holds,
    Releases,
    Closes,
    SendsUnknownAgain,
    Erases,
    Moves,
    Unsubscribes,
    Complains,
    ChoosesAnew,
    Withdraws,
    FreezesTheNext,
    HoldsTheNext,
    ChangesTheNext,
];

impl Process {
    /// How many commits it makes, or reads that it goes by.
    fn steps(self) -> usize {
        match self {
            Sends | IsRefused | IsPutOff => 3,
            Moves | FreezesTheNext | ChangesTheNext => 2,
            _ => 1,
        }
    }
}

/// What a process knows between its commits.
#[derive(Default)]
struct Knows {
    leased: Option<(Lease, String)>,
    marked: bool,
    request: Option<i64>,
    next: Option<NewEdition>,
    base: i64,
}

/// A store in which processes have begun, and what must be told of them.
struct Scene {
    store: Store,
    edition: Edition,
    columns: Vec<ColumnId>,
    reader: KnownReader,
    /// Whether a letter was marked while its edition was held, or for a reader who was gone.
    wrong_marks: Vec<String>,
    /// Where letters went that the relay said there is nobody for.
    refused: Vec<String>,
    told_held: bool,
    withdrawn: bool,
}

fn hour() -> Instant {
    at("2026-11-23T08:00")
}

/// One edition with three letters: one sent with an answer that nobody knows, two that wait.
async fn begin(store: &Store) {
    let drafts: Vec<_> = (0..4).map(|n| draft(&format!("c{n}"), "2026-11-17")).collect();
    store.put(&drafts, now()).await.expect("columns");
    let roll = ["a@example.org", "b@example.org", "c@example.org"].map(|address| subscriber(address, &[]));
    store.add_subscribers(&digest(), &roll, at("2026-11-16")).await.expect("subscribers");
    let Freeze::Done(edition, 3) = store.freeze(&edition(1, &[ColumnId(1)])).await.expect("a freezing") else {
        panic!("it is frozen")
    };
    assert!(store.begin_edition(edition.id).await.expect("an edition"));
    let batch = store.lease_letters(edition.id, hour(), 1, hour() + Duration::seconds(20)).await.expect("a lease");
    let lease = batch.letters[0].lease;
    store.record(&[], &[Mark { lease, until: hour() }], hour()).await.expect("a mark");
    store.lapse(edition.id, hour() + Duration::minutes(1), LetterState::Unknown).await.expect("a lapse");
}

impl Scene {
    async fn open(url: &StoreUrl) -> Self {
        let store = Store::open(url).await.expect("a store");
        let edition = store.all_editions().await.expect("editions").remove(0);
        // The first of those that wait.
        let reader = store.subscriber_at(&digest(), &"b@example.org".parse().expect("an address")).await;
        Self {
            columns: vec![ColumnId(2), ColumnId(3)],
            reader: reader.expect("a store").expect("a reader"),
            store,
            edition,
            wrong_marks: Vec::new(),
            refused: Vec::new(),
            told_held: false,
            withdrawn: false,
        }
    }

    async fn state(&self) -> EditionState {
        let editions = self.store.all_editions().await.expect("editions");
        editions.iter().find(|edition| edition.id == self.edition.id).expect("the edition").state
    }

    async fn step(&mut self, process: Process, step: usize, knows: &mut Knows) {
        let when = hour() + Duration::minutes(2);
        match (process, step) {
            (Sends | IsRefused | IsPutOff, 0) => {
                let until = when + Duration::seconds(20);
                let batch = self.store.lease_letters(self.edition.id, when, 1, until).await.expect("a lease");
                knows.leased = batch.letters.first().map(|one| (one.lease, one.letter.address.clone()));
            }
            (Sends | IsRefused | IsPutOff, 1) => self.mark(knows, when).await,
            (Sends, _) => self.settle(knows, LetterState::Sent).await,
            (IsPutOff, _) => self.settle(knows, LetterState::Deferred).await,
            (IsRefused, _) => self.settle(knows, LetterState::Failed).await,
            (Lapses, _) => {
                let later = when + Duration::minutes(5);
                self.store.lapse(self.edition.id, later, LetterState::Unknown).await.expect("a lapse");
            }
            (Holds, _) => {
                self.store.hold(&self.edition.key(), &note(NoteKind::Held)).await.expect("a decision");
            }
            (Releases, _) => {
                let released = self.store.release_edition(&self.edition, &note(NoteKind::Released), false, None).await;
                assert!(
                    !matches!(released.expect("a release"), Released::Withdrawn(titles) if !self.withdrawn || titles.is_empty())
                );
            }
            (Closes, _) => self.store.close_edition(self.edition.id).await.expect("a closing"),
            (SendsUnknownAgain, _) => {
                self.store.resend_unknown(self.edition.id).await.expect("letters");
            }
            (Erases, _) => {
                self.store.erase(self.reader.id, when).await.expect("an erasure");
            }
            (Moves, 0) => self.ask(knows, when).await,
            (Moves, _) => {
                let id = knows.request.expect("a request");
                let moved = self.store.confirm(&digest(), id, when, &Confirmation::default()).await.expect("a move");
                assert!(matches!(moved, Confirmed::Moved(..) | Confirmed::Nothing), "{moved:?}");
            }
            (Unsubscribes, _) => {
                self.store.unsubscribe(&digest(), self.reader.id, when).await.expect("a way out");
            }
            (Complains, _) => {
                let (edition, reader) = (self.edition.id, ReaderName::Id(self.reader.reader));
                let notice = BounceNotice::Returned {
                    edition,
                    reader,
                    reason: BounceKind::Complaint,
                    words: "spam".into(),
                    by_envelope: false,
                    is_domain_gone: false,
                };
                self.store.take_notices(&[notice], when, false).await.expect("an effect");
            }
            (ChoosesAnew, _) => {
                let choice = gazetier::model::Choice::of([crate::store::slug("humeur")]);
                let preference =
                    gazetier::store::Preference { choice, rhythm: gazetier::model::Rhythm::Each, paused_until: None };
                let (newsletter, id) = (digest(), self.reader.id);
                let change = self.store.set_preferences(&newsletter, id, None, "fr", &preference, when);
                change.await.expect("a choice");
            }
            (Withdraws, _) => {
                let gone = gazetier::model::Draft { withdrawn: true, ..draft("c1", "2026-11-17") };
                self.store.put(&[gone], when).await.expect("a column");
                self.withdrawn = true;
            }
            (FreezesTheNext, 0) => self.draw_up(knows).await,
            (FreezesTheNext, _) => {
                let Some(new) = knows.next.take() else { return };
                let held = self.told_held;
                if let Freeze::Done(..) = self.store.freeze(&new).await.expect("a freezing") {
                    assert!(!held, "an edition is frozen that an editor was told is held");
                    assert!(!self.withdrawn || !new.columns.contains(&ColumnId(2)), "a withdrawn column is frozen");
                }
            }
            (HoldsTheNext, _) => {
                let key = edition(2, &[]).key;
                let noted = self.store.hold(&key, &note(NoteKind::Held)).await.expect("a decision");
                self.told_held = matches!(noted, gazetier::store::Noted::OfDraft);
            }
            (ChangesTheNext, 0) => {
                knows.base = self.store.desk(&edition(2, &[]).key).await.expect("a desk").version.number;
            }
            (ChangesTheNext, _) => {
                let changes = Changes { subject: Some("Autre".into()), ..Changes::default() };
                let key = edition(2, &[]).key;
                let kept = self.store.change(&key, knows.base, &changes, "Y", when).await.expect("a change");
                let frozen = self.store.edition_at(&key).await.expect("an edition");
                assert!(!kept || frozen.is_none(), "a change is kept of an edition that is frozen");
            }
        }
    }

    async fn mark(&mut self, knows: &mut Knows, when: Instant) {
        let Some((lease, address)) = &knows.leased else { return };
        let held = self.state().await == EditionState::Held;
        let gone = !self
            .store
            .list_subscribers(&digest())
            .await
            .expect("a list")
            .iter()
            .any(|one| one.state == "active" && (one.address == *address || one.address.starts_with("new")));
        let until = when + Duration::seconds(30);
        let granted = self.store.record(&[], &[Mark { lease: *lease, until }], when).await.expect("a mark");
        knows.marked = granted.contains(&lease.letter);
        if knows.marked && (held || gone) {
            self.wrong_marks.push(format!("{address}: held {held}, gone {gone}"));
        }
    }

    async fn settle(&mut self, knows: &mut Knows, state: LetterState) {
        let Some((lease, address)) = knows.leased.take() else { return };
        if !knows.marked {
            return;
        }
        let suppress = state == LetterState::Failed;
        if suppress {
            self.refused.push(address);
        }
        let due = (state == LetterState::Deferred).then(|| hour() + Duration::hours(1));
        let settled = Settlement { lease, state, due, reply: "so be it".into(), tries: 0, suppress };
        self.store.record(&[settled], &[], hour() + Duration::minutes(3)).await.expect("a settlement");
    }

    async fn ask(&mut self, knows: &mut Knows, when: Instant) {
        let address: gazetier::model::EmailAddress = "new@example.org".parse().expect("an address");
        let id = self.store.unguessable().expect("a number");
        let request = Request {
            delivery: DeliveryTime::default(),
            id,
            mover: Some(self.reader.id),
            address: address.clone(),
            name: None,
            newsletter: digest(),
            others: Vec::new(),
            choice: self.reader.choice.clone(),
            language: "fr".into(),
            consent: "oui".into(),
            way: "form",
            asked: when,
            from: None,
            expires: when + Duration::days(3),
        };
        let letter = ServiceLetter {
            kind: ServiceKind::Move,
            address,
            message: "m".into(),
            queued: when,
            expires: when + Duration::days(3),
        };
        self.store.ask(Some(&request), &letter, &NO_PAUSE).await.expect("a request");
        knows.request = Some(id);
    }

    /// What a drawing-up reads, and makes of it.
    async fn draw_up(&mut self, knows: &mut Knows) {
        let mut new = edition(2, &[]);
        let desk = self.store.desk(&new.key).await.expect("a desk");
        new.revision = self.store.revision().await.expect("a revision");
        new.desk = (desk.version.number, desk.last_note);
        if matches!(desk.decision(), gazetier::model::Decision::Held { .. }) {
            return;
        }
        new.groups = self.store.groups(&digest()).await.expect("groups");
        let unsent = self.store.unsent(&digest(), at("2026-11-16"), new.key.cutoff).await.expect("columns");
        new.columns = unsent.iter().map(|column| column.id).filter(|id| self.columns.contains(id)).collect();
        let variant = |group: &gazetier::model::ReaderGroup| gazetier::store::NewVariant {
            audience: gazetier::model::Audience::of(group.choice.clone()),
            groups: vec![group.clone()],
            subject: String::new(),
            html: String::new(),
            plain: String::new(),
            entity: Vec::new(),
            content_hash: String::new(),
            columns: new.columns.clone(),
            earlier: Vec::new(),
            others: Vec::new(),
        };
        new.variants = new.groups.iter().map(variant).collect();
        knows.next = Some(new);
    }

    /// What holds whatever happened.
    async fn assert_sound(&self, story: &str) {
        assert_eq!(self.wrong_marks, Vec::<String>::new(), "{story}: letters were begun that must not be");
        let tally = self.store.tally(self.edition.id).await.expect("a tally");
        assert_eq!(tally.frozen(), 3, "{story}: {tally:?}");
        let open = self.store.open_editions().await.expect("editions");
        let is_open = open.iter().any(|edition| edition.id == self.edition.id);
        let state = self.state().await;
        assert!(
            tally.to_do() == 0 || is_open || state == EditionState::Held,
            "{story}: {tally:?} in a {state:?} edition"
        );
        assert!(state != EditionState::Sent || tally.to_do() == 0, "{story}: {tally:?} in a closed edition");
        for address in ["b@example.org", "new@example.org", "c@example.org"] {
            let entry = vec![subscriber(address, &[]).into()];
            let weighed = self.store.weigh_list(&digest(), entry, now(), false).await.expect("a list");
            let complained = self.reader.address == address || address.starts_with("new");
            let known = self.refused.iter().any(|refused| refused == address);
            let struck_off = weighed.suppressed > 0 && !known;
            let why = self.store.suppression(&address.parse().expect("an address")).await.expect("a store");
            assert!(!struck_off || complained && why.as_deref() != Some("refused"), "{story}: {address} is struck off");
        }
        let next = self.store.edition_at(&edition(2, &[]).key).await.expect("an edition");
        if let Some(next) = next {
            let letters = self.store.tally(next.id).await.expect("a tally").frozen();
            let readers = self.store.list_subscribers(&digest()).await.expect("a list");
            let active = readers.iter().filter(|one| one.state == "active").count();
            let missing = i64::try_from(active).expect("a small number") - letters;
            // Who was refused, or complained, gets none.
            assert!(missing <= 2, "{story}: {letters} letters for {active} readers");
        }
    }
}

fn note(kind: NoteKind) -> Note {
    Note { kind, subject: String::new(), who: "Y".into(), words: String::new(), at: hour() }
}

/// The orders in which the steps of two processes can follow one another: which of them is next.
fn orders(first: usize, second: usize) -> Vec<Vec<bool>> {
    match (first, second) {
        (0, n) => vec![vec![false; n]],
        (n, 0) => vec![vec![true; n]],
        _ => {
            let mut all = Vec::new();
            for (turn, rest) in [(true, orders(first - 1, second)), (false, orders(first, second - 1))] {
                all.extend(rest.into_iter().map(|order| [vec![turn], order].concat()));
            }
            all
        }
    }
}

/// The steps of two processes in every order, and each with the first one dying after some of its steps.
async fn all_orders(a: Process, b: Process, fresh: &mut impl FnMut() -> StoreUrl) -> usize {
    let mut count = 0;
    for alive in 1..=a.steps() {
        for order in orders(alive, b.steps()) {
            let mut scene = Scene::open(&fresh()).await;
            let (mut one, mut two) = (Knows::default(), Knows::default());
            let (mut first, mut second) = (0, 0);
            for is_first in &order {
                if *is_first {
                    scene.step(a, first, &mut one).await;
                    first += 1;
                } else {
                    scene.step(b, second, &mut two).await;
                    second += 1;
                }
            }
            scene.assert_sound(&format!("{a:?} ({alive} steps) and {b:?} in the order {order:?}")).await;
            scene.store.close().await;
            count += 1;
        }
    }
    count
}

/// A folder in memory, where there is one: thousands of commits need not reach a disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).expect("a folder")
    } else {
        tempfile::tempdir().expect("a folder")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_pair_of_transactions_in_every_order_on_sqlite() {
    let folder = folder();
    let template = folder.path().join("template.db");
    let store = Store::open(&StoreUrl::Sqlite(template.clone())).await.expect("a store");
    begin(&store).await;
    store.close().await;
    let mut number = 0;
    let mut last: Option<PathBuf> = None;
    let mut fresh = || {
        if let Some(last) = last.take() {
            std::fs::remove_file(last).expect("the store before");
        }
        number += 1;
        let path = folder.path().join(format!("{number}.db"));
        std::fs::copy(&template, &path).expect("a copy");
        last = Some(path.clone());
        StoreUrl::Sqlite(path)
    };
    let mut count = 0;
    for a in ALL {
        for b in ALL {
            count += all_orders(a, b, &mut fresh).await;
        }
    }
    assert!(count > 1_000, "{count} orders are not all there are");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_of_transactions_that_share_rows_on_postgres() {
    for (a, b) in [
        (IsPutOff, Closes),
        (IsRefused, Moves),
        (Sends, Erases),
        (Sends, Holds),
        (FreezesTheNext, HoldsTheNext),
        (FreezesTheNext, Withdraws),
        (FreezesTheNext, ChoosesAnew),
        (SendsUnknownAgain, Closes),
    ] {
        for order in orders(a.steps(), b.steps()) {
            let house = House::postgres();
            let store = house.open().await;
            begin(&store).await;
            let mut scene = Scene::open(&house.url).await;
            let mut knows = [Knows::default(), Knows::default()];
            let mut steps = [0, 0];
            for is_first in &order {
                let (which, process) = if *is_first { (0, a) } else { (1, b) };
                scene.step(process, steps[which], &mut knows[which]).await;
                steps[which] += 1;
            }
            scene.assert_sound(&format!("{a:?} and {b:?} in the order {order:?}")).await;
        }
    }
}
