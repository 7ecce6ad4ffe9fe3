//! Sends an edition: leases its letters in batches, gives each to a relay and has the answer written into the ledger,
//! until no letter is left. Letters that another worker has leased are waited for, until they are settled or their
//! leases end.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::{
    Error,
    choice::choose,
    clock::LeaseClock,
    file_relay,
    job::FormCache,
    ledger::{LedgerWriter, MARK_DURATION},
    read_ahead::ReadAhead,
    relays::{OutOfUse, RelayState},
    session::{SendSession, SessionStart},
    smtp_sender::SmtpSender,
};
use crate::{
    config::{self, Config, Relays},
    model::{Edition, LetterState, Tally},
    store::{Leased, Settlement, Store},
};

/// How many letters are written into a folder between two commits.
const FOLDER_BATCH_LETTERS: u32 = 64;

/// How long a worker may keep letters that it has not begun to send.
const LETTER_LEASE: Duration = Duration::from_secs(20);

/// How long another worker's uncommitted lease is waited for: until it is committed, its letters look due but cannot
/// be leased.
const LEASE_COMMIT_TIMEOUT: Duration = Duration::from_secs(3);

/// How often leases that have ended are looked for.
const LAPSE_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// How often it is checked whether an editor has held the edition.
const HOLD_CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// One connection is opened for so many letters.
const MIN_LETTERS_PER_CONNECTION: u64 = 10;

/// Sends editions.
#[derive(Clone)]
pub struct Sender {
    pub config: Arc<Config>,
    pub store: Store,
    /// The database's clock: machines that share a store need one clock for their leases, whatever `--at` says.
    pub clock: LeaseClock,
    /// Set when what has begun should be finished and nothing more be begun.
    pub stop: Arc<AtomicBool>,
    /// Counts the letters that are done with, for a progress bar.
    pub finished: Arc<AtomicU64>,
}

/// The state of an edition after sending.
#[derive(Debug)]
pub struct SendOutcome {
    pub tally: Tally,
    /// Why it is held, if a relay's replies were the reason.
    pub hold_reason: Option<String>,
    /// Whether it is held, for whatever reason.
    pub is_held: bool,
    /// The names of relays that were out of use while others went on, each with the reason.
    pub failing_relays: Vec<(String, String)>,
}

impl Sender {
    /// Sends the letters of an edition that are due.
    pub async fn send(&self, edition: &Edition) -> Result<SendOutcome, Error> {
        let mut outcome =
            SendOutcome { tally: Tally::default(), hold_reason: None, is_held: false, failing_relays: Vec::new() };
        if self.store.begin_edition(edition.id).await? {
            match &self.config.relays {
                Relays::Folder(folder) => self.write_to_folder(folder, edition).await?,
                Relays::Smtp(relays) => self.send_by_smtp(relays, edition, &mut outcome).await?,
            }
        }
        outcome.tally = self.store.tally(edition.id).await?;
        if outcome.tally.to_do() == 0 {
            self.store.close_edition(edition.id).await?;
        }
        outcome.is_held = !self.store.is_going_out(edition.id).await?;
        Ok(outcome)
    }

    /// Writes the letters into a folder. A file may be written twice, so those that another worker left are written
    /// again.
    async fn write_to_folder(&self, folder: &Path, edition: &Edition) -> Result<(), Error> {
        let mut forms = FormCache::new(&self.config, &self.store, edition);
        let mut idle_since = None;
        while !self.stop.load(Ordering::Relaxed) {
            let now = self.clock.now();
            self.store.lapse(edition.id, now, LetterState::Queued).await?;
            let batch = self.store.lease_letters(edition.id, now, FOLDER_BATCH_LETTERS, now + LETTER_LEASE).await?;
            if batch.letters.is_empty() {
                let since = *idle_since.get_or_insert_with(tokio::time::Instant::now);
                if batch.suppressed > 0 || self.wait_for_other_worker(edition, since).await? {
                    continue;
                }
                break;
            }
            idle_since = None;
            let mut written = Vec::new();
            let mut settled = Vec::new();
            for leased in &batch.letters {
                let job = forms.job(leased.clone(), now + LETTER_LEASE).await?;
                let (state, reply) = match job.write() {
                    Ok(letter) => {
                        written.push((leased.letter.reader, letter));
                        (LetterState::Sent, "written".to_owned())
                    }
                    Err(reason) => (LetterState::Failed, reason),
                };
                settled.push(settlement(leased, state, reply));
            }
            if let Err(error) = file_relay::write_edition(folder, &edition.period, &written) {
                let requeue = |leased| settlement(leased, LetterState::Queued, "not handed over".into());
                let requeued: Vec<_> = batch.letters.iter().map(requeue).collect();
                self.store.record(&requeued, &[], self.clock.now()).await?;
                return Err(error);
            }
            self.store.record(&settled, &[], self.clock.now()).await?;
            self.finished.fetch_add(settled.len() as u64, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Sends the letters to SMTP servers.
    async fn send_by_smtp(
        &self,
        relays: &[config::Relay],
        edition: &Edition,
        outcome: &mut SendOutcome,
    ) -> Result<(), Error> {
        let tally = self.store.tally(edition.id).await?;
        let (to_do, accepted_before) = (tally.to_do().unsigned_abs(), tally.sent.unsigned_abs());
        let largest_bytes = self.store.largest_variant(edition.id).await?;
        let relays: Vec<Arc<RelayState>> =
            relays.iter().cloned().map(|relay| Arc::new(RelayState::new(relay))).collect();
        // Before the first letter: what is not known to have had any needs no log.
        for relay in &relays {
            self.store.note_relay(edition.id, &relay.config.place(), self.clock.now()).await?;
        }
        let (ledger, mut ledger_task) = LedgerWriter::start(self.store.clone(), self.clock);
        let session = Arc::new(SendSession::new(SessionStart {
            edition: edition.clone(),
            store: self.store.clone(),
            ledger,
            clock: self.clock,
            stop: Arc::clone(&self.stop),
            finished: Arc::clone(&self.finished),
            relays: relays.clone(),
            accepted_before,
            largest_bytes,
            is_canary: self.store.canary_is_out(edition.id).await?.is_some_and(|(is_out, _)| is_out),
        }));
        let mut senders = JoinSet::new();
        for relay in &relays {
            for _ in 0..u64::from(relay.config.connections).min(to_do.div_ceil(MIN_LETTERS_PER_CONNECTION)) {
                senders.spawn(SmtpSender::new(Arc::clone(&session), Arc::clone(relay)).run());
            }
        }
        let (leased_all, ledger_result) = tokio::select! {
            leased_all = self.lease_for_relays(&session, &relays) => (leased_all, None),
            // The ledger's task ends this early only because the store has failed.
            end = &mut ledger_task => (Err(Error::Ledger), Some(end)),
        };
        for relay in &relays {
            relay.close();
        }
        let mut sent_all = Ok(());
        while let Some(end) = senders.join_next().await {
            sent_all = sent_all.and(end.map_err(Error::from).and_then(|end| end));
        }
        session.settle_refusals(leased_all.is_ok() && sent_all.is_ok()).await;
        // The edition must be held, even if something else has failed.
        let mut closed = Ok(());
        if let Some(reason) = session.hold_reason() {
            closed = self.store.hold_edition(edition.id, reason).await.map(|_| ()).map_err(Error::from);
            outcome.hold_reason = Some(reason.to_owned());
        }
        for relay in &relays {
            // What was left by a sender that failed.
            while let Some(job) = relay.take_back() {
                session.give_back(job).await;
            }
            closed = closed.and(relay.return_day_allowance(&self.store, session.now()).await);
        }
        // The ledger's task ends when the session, its last client, is dropped.
        let correction_error = Arc::into_inner(session).and_then(|mut session| session.correction_error());
        match ledger_result {
            Some(end) => end??,
            None => ledger_task.await??,
        }
        leased_all.and(sent_all)?;
        correction_error.map_or(Ok(()), Err)?;
        closed?;
        self.report_relays(&relays, edition, outcome).await
    }

    /// Leases letters and gives them to the relays, a little ahead of their speed.
    async fn lease_for_relays(&self, session: &Arc<SendSession>, relays: &[Arc<RelayState>]) -> Result<(), Error> {
        let edition = &session.edition;
        let mut forms = FormCache::new(&self.config, &self.store, edition);
        let mut read_ahead = ReadAhead::new(relays);
        let mut idle_since = None;
        let mut lapses_checked: Option<tokio::time::Instant> = None;
        let mut hold_checked = tokio::time::Instant::now();
        while !session.is_over() {
            let now = session.now();
            if hold_checked.elapsed() >= HOLD_CHECK_INTERVAL {
                hold_checked = tokio::time::Instant::now();
                if !self.store.is_going_out(edition.id).await? {
                    // The ledger refuses marks from now on: letters that were not begun go back.
                    session.hold();
                    break;
                }
            }
            if relays.iter().all(|relay| relay.out_of_use(now).is_some()) {
                break;
            }
            let (in_hand, ahead) = (session.in_hand(), read_ahead.letters(self.finished.load(Ordering::Acquire)));
            if in_hand > ahead / 2 {
                session.wait_for_change(Duration::from_millis(50)).await;
                continue;
            }
            let lock = session.ledger.lock().await;
            if lapses_checked.is_none_or(|checked| checked.elapsed() >= LAPSE_CHECK_INTERVAL) {
                self.store.lapse(edition.id, now, LetterState::Unknown).await?;
                lapses_checked = Some(tokio::time::Instant::now());
            }
            let want = u32::try_from(ahead - in_hand).unwrap_or(u32::MAX);
            let batch = self.store.lease_letters(edition.id, now, want, now + LETTER_LEASE).await?;
            drop(lock);
            self.finished.fetch_add(batch.suppressed as u64, Ordering::AcqRel);
            if batch.letters.is_empty() {
                if batch.suppressed > 0 {
                    continue;
                }
                if session.in_hand() > 0 {
                    session.wait_for_change(Duration::from_millis(200)).await;
                    continue;
                }
                // Letters may have come back to the queue since: look once more.
                if in_hand > 0 {
                    continue;
                }
                lapses_checked = None;
                let since = *idle_since.get_or_insert_with(tokio::time::Instant::now);
                if self.wait_for_other_worker(edition, since).await? {
                    continue;
                }
                break;
            }
            idle_since = None;
            session.add_in_hand(batch.letters.len());
            let mut resting = Vec::new();
            for leased in batch.letters {
                if let Some(rest) = session.domain_rest(&leased).or_else(|| session.limits_rest(&leased)) {
                    resting.push(rest);
                    continue;
                }
                let job = forms.job(leased, now + LETTER_LEASE).await?;
                match choose(relays, &job, now, ahead) {
                    Some(relay) => relay.push(job),
                    None => session.give_back(job).await,
                }
            }
            let count = resting.len();
            session.ledger.record(resting, Vec::new()).await;
            session.remove_in_hand(count, 0);
        }
        Ok(())
    }

    /// Reports relays that failed; an error if letters had to wait because all of them did.
    async fn report_relays(
        &self,
        relays: &[Arc<RelayState>],
        edition: &Edition,
        outcome: &mut SendOutcome,
    ) -> Result<(), Error> {
        for relay in relays {
            if let Some(OutOfUse::Failing(words)) = relay.last_out_of_use() {
                outcome.failing_relays.push((relay.config.name.clone(), words));
            }
        }
        let now = self.clock.now();
        let was_stopped = self.stop.load(Ordering::Relaxed) || outcome.hold_reason.is_some();
        let reasons: Option<Vec<OutOfUse>> = relays.iter().map(|relay| relay.out_of_use(now)).collect();
        let Some(reasons) = reasons.filter(|_| !was_stopped) else { return Ok(()) };
        let has_failed = reasons.iter().any(|reason| matches!(reason, OutOfUse::Failing(_)));
        if !has_failed || self.store.awaited(edition.id).await?.0.is_none_or(|due| due > now) {
            return Ok(());
        }
        let (names, words): (Vec<String>, Vec<String>) =
            std::mem::take(&mut outcome.failing_relays).into_iter().unzip();
        Err(Error::Relay { relay: names.join(", "), reason: words.join("; ") })
    }

    /// Waits for letters that another worker has leased; false if there is nothing to wait for now. `idle_since` says
    /// since when no letter could be leased.
    async fn wait_for_other_worker(&self, edition: &Edition, idle_since: tokio::time::Instant) -> Result<bool, Error> {
        let (due, end) = self.store.awaited(edition.id).await?;
        let Some(end) = end else {
            // What is due and cannot be leased is in another worker's open transaction.
            let is_being_leased =
                due.is_some_and(|due| due <= self.clock.now()) && idle_since.elapsed() < LEASE_COMMIT_TIMEOUT;
            if is_being_leased {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            return Ok(is_being_leased);
        };
        let left = (end - self.clock.now()).to_std().unwrap_or_default();
        // Nothing lasts longer than a mark or a lease, unless it was written by a wrong clock.
        if left > LETTER_LEASE.max(MARK_DURATION) {
            return Ok(false);
        }
        tokio::time::sleep(left.clamp(Duration::from_millis(20), Duration::from_millis(500))).await;
        Ok(true)
    }
}

fn settlement(leased: &Leased, state: LetterState, reply: String) -> Settlement {
    Settlement { lease: leased.lease, state, due: None, reply, tries: 1, suppress: false }
}
