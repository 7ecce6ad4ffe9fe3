//! Writes the ledger while letters go out. All connections hand their turns to one clerk, who puts
//! what has come in meanwhile into one commit: the more connections there are, the more letters
//! share the price of reaching the disk.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Mutex, MutexGuard, mpsc, oneshot},
    task::JoinHandle,
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
    pen: Pen,
    store: Store,
    clock: LeaseClock,
}

/// Who holds it may write the ledger. SQLite has one writer, and lets others find out by trying
/// again after a while: within a program they had better queue.
type Pen = Arc<Mutex<()>>;

impl Clerk {
    /// Puts a clerk to work. The task ends with the store's error if it stays away for long.
    pub(super) fn hire(store: Store, clock: LeaseClock) -> (Self, JoinHandle<Result<(), store::Error>>) {
        let (turns, desk) = mpsc::channel(DESK);
        let pen = Pen::default();
        let task = tokio::spawn(work(store.clone(), clock, desk, Arc::clone(&pen)));
        (Self { turns, pen, store, clock }, task)
    }

    /// Waits until nobody of this program writes the ledger, and keeps it so.
    pub(super) async fn pen(&self) -> MutexGuard<'_, ()> {
        self.pen.lock().await
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
        insist(&self.store, Writing::Corrected(corrections), self.clock).await
    }
}

/// What must come onto the disk.
#[derive(Debug, Clone, Copy)]
enum Writing<'a> {
    Settled(&'a [Settlement]),
    Corrected(&'a [Settlement]),
}

async fn work(store: Store, clock: LeaseClock, mut desk: mpsc::Receiver<Turn>, pen: Pen) -> Result<(), store::Error> {
    // Letters that are marked and not settled: as long as somebody hands them over, nobody else may call
    // them unknown.
    let mut in_hand: HashMap<i64, Lease> = HashMap::new();
    let mut renewal = tokio::time::interval(RENEWAL);
    renewal.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let first = tokio::select! {
            turn = desk.recv() => turn,
            _ = renewal.tick(), if !in_hand.is_empty() => {
                let leases: Vec<Lease> = in_hand.values().copied().collect();
                let _pen = pen.lock().await;
                // What cannot be renewed now is renewed the next time, or ends.
                let _ = store.renew(&leases, clock.now() + MARK).await;
                continue;
            }
        };
        let Some(first) = first else { return Ok(()) };
        let _pen = pen.lock().await;
        let mut turns = vec![first];
        while let Ok(next) = desk.try_recv() {
            turns.push(next);
        }
        let mut settled: Vec<Settlement> = turns.iter_mut().flat_map(|turn| turn.settled.drain(..)).collect();
        let marks: Vec<Mark> = turns.iter().flat_map(|turn| turn.marks.iter().copied()).collect();
        let granted = match store.record(&settled, &marks, clock.now()).await {
            Ok(granted) => granted,
            Err(_) => {
                // Nothing is marked, or nobody knows it: those letters stay here, and go back into the
                // queue whatever the store made of their marks. What relays have said of the others
                // must not be lost to a moment's trouble.
                settled.extend(marks.iter().map(|mark| not_handed_over(mark.lease)));
                insist(&store, Writing::Settled(&settled), clock).await?;
                HashSet::new()
            }
        };
        for settlement in &settled {
            in_hand.remove(&settlement.lease.letter);
        }
        let marked = marks.iter().filter(|mark| granted.contains(&mark.lease.letter));
        in_hand.extend(marked.map(|mark| (mark.lease.letter, mark.lease)));
        for turn in turns {
            let own = turn.marks.iter().map(|mark| mark.lease.letter).filter(|letter| granted.contains(letter));
            // A connection that is gone needs no answer.
            let _ = turn.done.send(own.collect());
        }
    }
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
