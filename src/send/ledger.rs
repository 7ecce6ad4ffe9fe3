//! Writes the ledger while letters go out. All connections send their requests to one task, which puts all that are
//! waiting into one commit: the more connections there are, the more letters share the cost of a commit. On Postgres a
//! second commit is begun before the first is on the disk.

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

/// How many requests may wait. Each connection waits for its own, so there are no more than connections.
const MAX_QUEUED_REQUESTS: usize = 1024;

/// How long a failing store is tried before letters whose result is known are left to become unknown.
const STORE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a mark lasts that is not renewed: its program has died by then, or sleeps.
pub(super) const MARK_DURATION: Duration = Duration::from_secs(30);

/// How many commits may be under way at once where the store allows it, so that new requests need not wait until the
/// last commit is on the disk.
const MAX_COMMITS: usize = 2;

/// How often marks are renewed while their letters are being sent, however long that takes.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(8);

/// What one connection wants written.
#[derive(Debug)]
struct LedgerRequest {
    settled: Vec<Settlement>,
    marks: Vec<Mark>,
    /// Answers with the letters whose marks were granted.
    granted: oneshot::Sender<HashSet<i64>>,
}

/// Sends requests to the task that writes the ledger. The task ends when all clones are dropped.
#[derive(Debug, Clone)]
pub(super) struct LedgerWriter {
    requests: mpsc::Sender<LedgerRequest>,
    ledger: Ledger,
}

/// Held while the ledger is written. SQLite has one writer and makes others try again after a while: within one
/// program it is faster to queue. On Postgres there is no lock.
#[derive(Debug, Clone)]
struct WriteLock(Option<Arc<Mutex<()>>>);

impl WriteLock {
    async fn lock(&self) -> Option<MutexGuard<'_, ()>> {
        match &self.0 {
            Some(lock) => Some(lock.lock().await),
            None => None,
        }
    }
}

impl LedgerWriter {
    /// Starts the task. It ends with the store's error if that lasts.
    pub(super) fn start(store: Store, clock: LeaseClock) -> (Self, JoinHandle<Result<(), store::Error>>) {
        let (requests, queue) = mpsc::channel(MAX_QUEUED_REQUESTS);
        let lock = WriteLock((!store.writes_overlap()).then(Arc::default));
        let ledger = Ledger { store, clock, lock };
        let task = tokio::spawn(run(ledger.clone(), queue));
        (Self { requests, ledger }, task)
    }

    /// Waits until nothing else in this program writes the ledger, where the store has one writer.
    pub(super) async fn lock(&self) -> Option<MutexGuard<'_, ()>> {
        self.ledger.lock.lock().await
    }

    /// Writes what became of letters, and marks those that are to be sent now. The letters it returns are on the
    /// disk as `sending`; no others may go out. When this returns, what was settled is on the disk, or the task has
    /// ended with an error.
    pub(super) async fn record(&self, settled: Vec<Settlement>, marks: Vec<Mark>) -> HashSet<i64> {
        if settled.is_empty() && marks.is_empty() {
            return HashSet::new();
        }
        let (granted, answer) = oneshot::channel();
        match self.requests.send(LedgerRequest { settled, marks, granted }).await {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_) => HashSet::new(),
        }
    }

    /// Corrects what was written about letters: those that turn out not to be sent, or whose refusal was judged.
    pub(super) async fn correct(&self, corrections: &[Settlement]) -> Result<(), store::Error> {
        if corrections.is_empty() {
            return Ok(());
        }
        let _lock = self.lock().await;
        write_until_done(&self.ledger.store, LedgerChange::Corrected(corrections), self.ledger.clock).await
    }
}

#[derive(Debug, Clone, Copy)]
enum LedgerChange<'a> {
    Settled(&'a [Settlement]),
    Corrected(&'a [Settlement]),
}

#[derive(Debug, Clone)]
struct Ledger {
    store: Store,
    clock: LeaseClock,
    lock: WriteLock,
}

/// What a commit changed, and what is to be answered to its requests.
struct CommitResult {
    settled: Vec<i64>,
    marked: Vec<Lease>,
    answers: Vec<(oneshot::Sender<HashSet<i64>>, HashSet<i64>)>,
}

async fn run(ledger: Ledger, mut queue: mpsc::Receiver<LedgerRequest>) -> Result<(), store::Error> {
    // Letters that are marked and not settled: while they are being sent, no other worker may declare them unknown.
    let mut in_hand: HashMap<i64, Lease> = HashMap::new();
    let mut renewal = tokio::time::interval(RENEWAL_INTERVAL);
    renewal.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // A letter is never in two commits at once: it is settled after its mark was answered.
    let max_commits = if ledger.store.writes_overlap() { MAX_COMMITS } else { 1 };
    let mut commits: JoinSet<Result<CommitResult, store::Error>> = JoinSet::new();
    loop {
        tokio::select! {
            Some(done) = commits.join_next() => apply(&mut in_hand, done)?,
            request = queue.recv(), if commits.len() < max_commits => {
                let Some(first) = request else { break };
                let mut requests = vec![first];
                while let Ok(next) = queue.try_recv() {
                    requests.push(next);
                }
                commits.spawn(write(ledger.clone(), requests));
            }
            _ = renewal.tick(), if !in_hand.is_empty() => {
                // Letters that are just being settled need no renewal, and it would conflict with their commit.
                while let Some(done) = commits.join_next().await {
                    apply(&mut in_hand, done)?;
                }
                let leases: Vec<Lease> = in_hand.values().copied().collect();
                let _lock = ledger.lock.lock().await;
                // If this fails, marks are renewed the next time, or end.
                let _ = ledger.store.renew(&leases, ledger.clock.now() + MARK_DURATION).await;
            }
        }
    }
    while let Some(done) = commits.join_next().await {
        apply(&mut in_hand, done)?;
    }
    Ok(())
}

/// Updates the letters in hand, and only then answers: a letter may be settled as soon as its mark was answered.
fn apply(
    in_hand: &mut HashMap<i64, Lease>,
    done: Result<Result<CommitResult, store::Error>, JoinError>,
) -> Result<(), store::Error> {
    let written = match done {
        Ok(written) => written?,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // A commit is cancelled only with this task.
        Err(_) => return Ok(()),
    };
    for letter in &written.settled {
        in_hand.remove(letter);
    }
    in_hand.extend(written.marked.into_iter().map(|lease| (lease.letter, lease)));
    for (answer, granted) in written.answers {
        // A connection that is gone needs no answer.
        let _ = answer.send(granted);
    }
    Ok(())
}

/// Writes the requests of some connections in one commit.
async fn write(ledger: Ledger, mut requests: Vec<LedgerRequest>) -> Result<CommitResult, store::Error> {
    let Ledger { store, clock, lock } = &ledger;
    let _lock = lock.lock().await;
    let mut settled: Vec<Settlement> = requests.iter_mut().flat_map(|request| request.settled.drain(..)).collect();
    let marks: Vec<Mark> = requests.iter().flat_map(|request| request.marks.iter().copied()).collect();
    let granted = match store.record(&settled, &marks, clock.now()).await {
        Ok(granted) => granted,
        Err(_) => {
            // Whether the marks were written is not known: those letters are not sent, and go back into the queue.
            // What relays have replied about the others must not be lost to a short failure.
            settled.extend(marks.iter().map(|mark| not_handed_over(mark.lease)));
            write_until_done(store, LedgerChange::Settled(&settled), *clock).await?;
            HashSet::new()
        }
    };
    let marked = marks.iter().map(|mark| mark.lease).filter(|lease| granted.contains(&lease.letter)).collect();
    let own = |request: &LedgerRequest| {
        request.marks.iter().map(|mark| mark.lease.letter).filter(|letter| granted.contains(letter)).collect()
    };
    let answers = requests
        .into_iter()
        .map(|request| (own(&request), request))
        .map(|(own, request)| (request.granted, own))
        .collect();
    Ok(CommitResult { settled: settled.iter().map(|s| s.lease.letter).collect(), marked, answers })
}

/// Puts a letter that was to be sent back into the queue.
pub(super) fn not_handed_over(lease: Lease) -> Settlement {
    let reply = "not handed over".to_owned();
    Settlement { lease, state: LetterState::Queued, due: None, reply, tries: 0, suppress: false }
}

/// Writes what became of letters, and tries again for some time if the store fails.
async fn write_until_done(store: &Store, change: LedgerChange<'_>, clock: LeaseClock) -> Result<(), store::Error> {
    let begun = tokio::time::Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let written = match change {
            LedgerChange::Settled(settled) => store.record(settled, &[], clock.now()).await.map(|_| ()),
            LedgerChange::Corrected(corrections) => store.correct(corrections, clock.now()).await,
        };
        match written {
            Err(_) if begun.elapsed() < STORE_TIMEOUT => {}
            written => return written,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}
