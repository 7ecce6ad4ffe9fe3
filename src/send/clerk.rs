//! Writes the ledger while letters go out. All connections hand their turns to one clerk, who puts
//! what has come in meanwhile into one commit: the more connections there are, the more letters
//! share the price of reaching the disk. On Postgres a second commit is begun before the first is on the disk.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Mutex, MutexGuard, mpsc, oneshot},
    task::{JoinError, JoinHandle, JoinSet},
};

use super::clock::LeaseClock;
use crate::{
    model::LetterState,
    store::{self, Lease, Mark, Settlement, Store},
};

/// How many turns may wait: as many as there are connections, and more only if they don't wait.
const DESK: usize = 1024;

/// How long the store may be away before the letters whose fate is known are given up as unknown.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a mark lasts that is not renewed: whoever gave it is dead then, or asleep.
pub(super) const MARK: Duration = Duration::from_secs(30);

/// How many commits may be under way at once, where the store can: what has come in while one is on its way to
/// the disk need not wait for it.
const COMMITS: usize = 2;

/// How often marks are renewed while their letters are being handed over, however long that takes.
const RENEWAL: Duration = Duration::from_secs(8);

/// What one connection has to say at once.
#[derive(Debug)]
struct Turn {
    settled: Vec<Settlement>,
    marks: Vec<Mark>,
    done: oneshot::Sender<HashSet<i64>>,
}

/// The way to the clerk; the clerk goes home when all of them are dropped.
#[derive(Debug, Clone)]
pub(super) struct Clerk {
    turns: mpsc::Sender<Turn>,
    ledger: Ledger,
}

/// Who holds it may write the ledger. SQLite has one writer, and lets others find out by trying
/// again after a while: within a program they had better queue. On Postgres nobody has to.
#[derive(Debug, Clone)]
struct Pen(Option<Arc<Mutex<()>>>);

impl Pen {
    async fn lock(&self) -> Option<MutexGuard<'_, ()>> {
        match &self.0 {
            Some(pen) => Some(pen.lock().await),
            None => None,
        }
    }
}

impl Clerk {
    /// Puts a clerk to work. The task ends with the store's error if it stays away for long.
    pub(super) fn hire(store: Store, clock: LeaseClock) -> (Self, JoinHandle<Result<(), store::Error>>) {
        let (turns, desk) = mpsc::channel(DESK);
        let pen = Pen((!store.writes_overlap()).then(Arc::default));
        let ledger = Ledger { store, clock, pen };
        let task = tokio::spawn(work(ledger.clone(), desk));
        (Self { turns, ledger }, task)
    }

    /// Waits until nobody of this program writes the ledger, and keeps it so, where one has to.
    pub(super) async fn pen(&self) -> Option<MutexGuard<'_, ()>> {
        self.ledger.pen.lock().await
    }

    /// Has it written down what became of letters, and which are to be handed over now: those that
    /// come back are on the disk as `sending`, and no others may go out. When this returns, what
    /// was settled is on the disk, or the clerk has given up and said so.
    pub(super) async fn record(&self, settled: Vec<Settlement>, marks: Vec<Mark>) -> HashSet<i64> {
        if settled.is_empty() && marks.is_empty() {
            return HashSet::new();
        }
        let (done, answer) = oneshot::channel();
        match self.turns.send(Turn { settled, marks, done }).await {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_) => HashSet::new(),
        }
    }

    /// Corrects what was written down, as long and as patiently as anything else is written: letters that turn out
    /// not to be sent, or whose refusal was weighed.
    pub(super) async fn correct(&self, corrections: &[Settlement]) -> Result<(), store::Error> {
        if corrections.is_empty() {
            return Ok(());
        }
        let _pen = self.pen().await;
        insist(&self.ledger.store, Writing::Corrected(corrections), self.ledger.clock).await
    }
}

/// What must come onto the disk.
#[derive(Debug, Clone, Copy)]
enum Writing<'a> {
    Settled(&'a [Settlement]),
    Corrected(&'a [Settlement]),
}

/// What a commit takes.
#[derive(Debug, Clone)]
struct Ledger {
    store: Store,
    clock: LeaseClock,
    pen: Pen,
}

/// What a commit changed of the letters in hand, and what is to be answered about it.
struct Written {
    settled: Vec<i64>,
    marked: Vec<Lease>,
    answers: Vec<(oneshot::Sender<HashSet<i64>>, HashSet<i64>)>,
}

async fn work(ledger: Ledger, mut desk: mpsc::Receiver<Turn>) -> Result<(), store::Error> {
    // Letters that are marked and not settled: as long as somebody hands them over, nobody else may call
    // them unknown.
    let mut in_hand: HashMap<i64, Lease> = HashMap::new();
    let mut renewal = tokio::time::interval(RENEWAL);
    renewal.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Commits that are under way. A letter is never in two of them: it is settled after its mark was answered.
    let most = if ledger.store.writes_overlap() { COMMITS } else { 1 };
    let mut commits: JoinSet<Result<Written, store::Error>> = JoinSet::new();
    loop {
        tokio::select! {
            Some(done) = commits.join_next() => note(&mut in_hand, done)?,
            turn = desk.recv(), if commits.len() < most => {
                let Some(first) = turn else { break };
                let mut turns = vec![first];
                while let Ok(next) = desk.try_recv() {
                    turns.push(next);
                }
                commits.spawn(write(ledger.clone(), turns));
            }
            _ = renewal.tick(), if !in_hand.is_empty() => {
                // Those that are being settled need it no more, and would be in the way.
                while let Some(done) = commits.join_next().await {
                    note(&mut in_hand, done)?;
                }
                let leases: Vec<Lease> = in_hand.values().copied().collect();
                let _pen = ledger.pen.lock().await;
                // What cannot be renewed now is renewed the next time, or ends.
                let _ = ledger.store.renew(&leases, ledger.clock.now() + MARK).await;
            }
        }
    }
    while let Some(done) = commits.join_next().await {
        note(&mut in_hand, done)?;
    }
    Ok(())
}

/// Keeps account of the letters in hand, and only then answers: what is answered may be settled next.
fn note(
    in_hand: &mut HashMap<i64, Lease>,
    done: Result<Result<Written, store::Error>, JoinError>,
) -> Result<(), store::Error> {
    let written = match done {
        Ok(written) => written?,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Nobody ends a commit but who ends the clerk.
        Err(_) => return Ok(()),
    };
    for letter in &written.settled {
        in_hand.remove(letter);
    }
    in_hand.extend(written.marked.into_iter().map(|lease| (lease.letter, lease)));
    for (done, granted) in written.answers {
        // A connection that is gone needs no answer.
        let _ = done.send(granted);
    }
    Ok(())
}

/// Writes down what some connections have to say, in one commit.
async fn write(ledger: Ledger, mut turns: Vec<Turn>) -> Result<Written, store::Error> {
    let Ledger { store, clock, pen } = &ledger;
    let _pen = pen.lock().await;
    let mut settled: Vec<Settlement> = turns.iter_mut().flat_map(|turn| turn.settled.drain(..)).collect();
    let marks: Vec<Mark> = turns.iter().flat_map(|turn| turn.marks.iter().copied()).collect();
    let granted = match store.record(&settled, &marks, clock.now()).await {
        Ok(granted) => granted,
        Err(_) => {
            // Nothing is marked, or nobody knows it: those letters stay here, and go back into the
            // queue whatever the store made of their marks. What relays have said of the others
            // must not be lost to a moment's trouble.
            settled.extend(marks.iter().map(|mark| not_handed_over(mark.lease)));
            insist(store, Writing::Settled(&settled), *clock).await?;
            HashSet::new()
        }
    };
    let marked = marks.iter().map(|mark| mark.lease).filter(|lease| granted.contains(&lease.letter)).collect();
    let own = |turn: &Turn| {
        turn.marks.iter().map(|mark| mark.lease.letter).filter(|letter| granted.contains(letter)).collect()
    };
    let answers = turns.into_iter().map(|turn| (own(&turn), turn)).map(|(own, turn)| (turn.done, own)).collect();
    Ok(Written { settled: settled.iter().map(|s| s.lease.letter).collect(), marked, answers })
}

/// A letter that was to be handed over, and was not.
pub(super) fn not_handed_over(lease: Lease) -> Settlement {
    let reply = "not handed over".to_owned();
    Settlement { lease, state: LetterState::Queued, due: None, reply, tries: 0, suppress: false }
}

/// Tries to write down what became of letters until it succeeds, for some time.
async fn insist(store: &Store, writing: Writing<'_>, clock: LeaseClock) -> Result<(), store::Error> {
    let begun = tokio::time::Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let written = match writing {
            Writing::Settled(settled) => store.record(settled, &[], clock.now()).await.map(|_| ()),
            Writing::Corrected(corrections) => store.correct(corrections, clock.now()).await,
        };
        match written {
            Err(_) if begun.elapsed() < PATIENCE => {}
            written => return written,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}
