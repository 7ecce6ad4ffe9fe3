//! What all connections share while an edition is sent: what is known of it, whether it goes on, and what becomes of
//! a letter by a relay's reply.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    backoff,
    clock::LeaseClock,
    domains::DomainBackoff,
    job::LetterJob,
    ledger::LedgerWriter,
    refusals::domain,
    relays::{OutOfUse, RelayState},
    smtp::{RelayLimit, without_address},
    verdict::{LetterVerdict, SmtpStep},
};
use crate::{
    edition::render::letter::RenderedLetter,
    model::{Edition, Instant, LetterState},
    store::{self, Leased, Settlement, Store},
};

/// How often a letter is deferred before it counts as refused.
const MAX_ATTEMPTS: i64 = 12;

/// How often a letter is tried that is refused for reasons of policy.
const MAX_POLICY_ATTEMPTS: i64 = 3;

/// After so many replies in a row that are about policy or reputation, with no letter accepted between them, the
/// edition is held. One alone may be a single reader's filter.
const MAX_POLICY_REPLIES: u32 = 3;

/// How long a letter waits that its relay cannot accept, before it is given to another one.
const OTHER_RELAY_DELAY: Duration = Duration::from_secs(5);

/// How long a refused letter stays deferred in the ledger if the program ends before its refusal was judged.
const REFUSAL_REVIEW_DELAY: Duration = Duration::from_secs(30 * 60);

/// How long a deferred letter waits at first; twice as long each further time …
const FIRST_PAUSE_MINUTES: u64 = 5;

/// … up to this.
const MAX_PAUSE_MINUTES: u64 = 6 * 60;

/// What a session begins with.
pub(super) struct SessionStart {
    pub(super) edition: Edition,
    pub(super) store: Store,
    pub(super) ledger: LedgerWriter,
    pub(super) clock: LeaseClock,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) finished: Arc<AtomicU64>,
    pub(super) relays: Vec<Arc<RelayState>>,
    /// Letters of the edition that were accepted in earlier sessions.
    pub(super) accepted_before: u64,
    /// A lower bound for the largest letter.
    pub(super) largest_bytes: u64,
    /// Whether these letters go ahead of others, which wait for what becomes of them.
    pub(super) is_canary: bool,
}

/// Everything that the connections of one edition share.
pub(super) struct SendSession {
    pub(super) edition: Edition,
    pub(super) store: Store,
    pub(super) ledger: LedgerWriter,
    pub(super) domains: DomainBackoff,
    pub(super) relays: Vec<Arc<RelayState>>,
    accepted_before: u64,
    largest_bytes: u64,
    is_canary: bool,
    clock: LeaseClock,
    stop: Arc<AtomicBool>,
    hold_reason: OnceLock<String>,
    aborted: AtomicBool,
    correction_error: OnceLock<store::Error>,
    held_by_editor: AtomicBool,
    policy_replies: AtomicU32,
    /// Letters that are leased and not settled.
    in_hand: AtomicUsize,
    /// Letters that are done with.
    finished: Arc<AtomicU64>,
    changed: Notify,
}

impl SendSession {
    pub(super) fn new(start: SessionStart) -> Self {
        Self {
            edition: start.edition,
            store: start.store,
            ledger: start.ledger,
            domains: DomainBackoff::default(),
            relays: start.relays,
            accepted_before: start.accepted_before,
            largest_bytes: start.largest_bytes,
            is_canary: start.is_canary,
            clock: start.clock,
            stop: start.stop,
            hold_reason: OnceLock::new(),
            aborted: AtomicBool::new(false),
            correction_error: OnceLock::new(),
            held_by_editor: AtomicBool::new(false),
            policy_replies: AtomicU32::new(0),
            in_hand: AtomicUsize::new(0),
            finished: start.finished,
            changed: Notify::new(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether nothing more may be begun: the program is to stop, the edition is held, or a sender has failed.
    pub(super) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.hold_reason.get().is_some()
            || self.aborted.load(Ordering::Relaxed)
            || self.held_by_editor.load(Ordering::Relaxed)
    }

    /// A sender has failed: the session ends.
    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// An editor has held the edition: nothing more is begun.
    pub(super) fn hold(&self) {
        self.held_by_editor.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Holds the edition because a relay refuses it for reasons of policy.
    pub(super) fn hold_for_policy(&self, relay: &str, words: &str) {
        self.hold_because(format!("{relay} refuses for reasons of policy or reputation: {words}"));
    }

    fn hold_because(&self, words: String) {
        let _ = self.hold_reason.set(words);
    }

    /// A relay's SIZE is known now: if no relay accepts the largest letters, the edition is held.
    pub(super) fn check_sizes(&self) {
        let Ok(address) = "a@a.example".parse() else { return };
        let limits: Vec<RelayLimit> =
            self.relays.iter().filter_map(|relay| relay.accepts(self.largest_bytes, &address).err()).collect();
        if let (true, Some(limit)) = (limits.len() == self.relays.len(), limits.first()) {
            self.too_large(limit);
        }
    }

    fn too_large(&self, limit: &RelayLimit) {
        let what = if self.relays.len() > 1 { "no relay takes it: " } else { "" };
        self.hold_because(format!(
            "{what}{limit}; fewer columns (digest.max_columns) or shorter standfirsts make it smaller"
        ));
    }

    /// What becomes of a letter that a relay cannot accept: it is given to another one that can, if there is one.
    pub(super) fn cannot_accept(
        &self,
        relay: &RelayState,
        leased: &Leased,
        written: &RenderedLetter,
        limit: RelayLimit,
    ) -> Settlement {
        let size = written.text.len() as u64;
        if self.relays.iter().any(|other| other.accepts(size, &written.recipient).is_ok()) {
            let reply = format!("{} cannot take it: {limit}", relay.config.name);
            return settlement(leased, LetterState::Queued, Some(self.now() + OTHER_RELAY_DELAY), reply);
        }
        match limit {
            RelayLimit::NoSmtpUtf8 => settlement(leased, LetterState::Failed, None, format!("not sent: {limit}")),
            RelayLimit::TooLarge { .. } => {
                self.too_large(&limit);
                settlement(leased, LetterState::Queued, None, format!("not sent: {limit}"))
            }
        }
    }

    /// Corrects what the ledger says. If that cannot be done, the session ends.
    pub(super) async fn correct(&self, corrections: &[Settlement]) {
        if let Err(error) = self.ledger.correct(corrections).await {
            let _ = self.correction_error.set(error);
            self.abort();
        }
    }

    /// Why the ledger could not be corrected, if it could not.
    pub(super) fn correction_error(&mut self) -> Option<store::Error> {
        self.correction_error.take()
    }

    /// Whether another relay that is in use has accepted letters.
    pub(super) fn other_relays_accept(&self, relay: &Arc<RelayState>) -> bool {
        let now = self.now();
        let mut others = self.relays.iter().filter(|other| !Arc::ptr_eq(other, relay));
        others.any(|other| other.out_of_use(now).is_none() && other.refusals().has_accepted())
    }

    /// Settles the refusals that can be judged; all of them, if the session is over.
    pub(super) async fn settle_refusals(&self, is_over: bool) {
        for relay in &self.relays {
            let now = self.now();
            // A relay that has failed may come back and refuse more.
            let has_failed = matches!(relay.out_of_use(now), Some(OutOfUse::Failing(_)));
            let is_over = is_over && !self.stop.load(Ordering::Relaxed) && !has_failed;
            let decision = relay.refusals().decide(&relay.config.name, is_over, self.accepted_before);
            if let Some(words) = decision.distrust {
                // The edition goes on over the other relays.
                match self.other_relays_accept(relay) && !self.is_canary {
                    true => relay.exclude(words, now),
                    // Of letters that go ahead, what one relay refuses is what they are for.
                    false => self.hold_because(words),
                }
            }
            let finished = decision.settled.iter().filter(|s| s.state == LetterState::Failed).count();
            self.correct(&decision.settled).await;
            self.finished.fetch_add(finished as u64, Ordering::AcqRel);
        }
    }

    /// Why the edition is to be held, if it is.
    pub(super) fn hold_reason(&self) -> Option<&str> {
        self.hold_reason.get().map(String::as_str)
    }

    pub(super) fn in_hand(&self) -> usize {
        self.in_hand.load(Ordering::Acquire)
    }

    pub(super) fn add_in_hand(&self, letters: usize) {
        self.in_hand.fetch_add(letters, Ordering::AcqRel);
    }

    /// Counts letters that were settled or whose leases were lost; `finished` of them are done with.
    pub(super) fn remove_in_hand(&self, letters: usize, finished: usize) {
        if letters > 0 {
            self.in_hand.fetch_sub(letters, Ordering::AcqRel);
            self.finished.fetch_add(finished as u64, Ordering::AcqRel);
            self.changed.notify_one();
        }
    }

    /// Waits until letters are settled.
    pub(super) async fn wait_for_change(&self, timeout: Duration) {
        let _ = tokio::time::timeout(timeout, self.changed.notified()).await;
    }

    /// Gives a letter back to the ledger that was not begun.
    pub(super) async fn give_back(&self, job: LetterJob) {
        let settlement = settlement(&job.leased, LetterState::Queued, None, "not handed over".into());
        self.ledger.record(vec![settlement], Vec::new()).await;
        self.remove_in_hand(1, 0);
    }

    /// Records what a verdict says about the recipient's domain.
    pub(super) fn record_domain(&self, leased: &Leased, verdict: &LetterVerdict) {
        if let Some(reply) = verdict.domain_reply() {
            self.domains.record(domain(leased), reply, self.now());
        }
    }

    /// What becomes of a letter by a verdict. Holds the edition where the verdict is about us.
    pub(super) fn settlement_for(
        &self,
        relay: &RelayState,
        leased: &Leased,
        step: Option<SmtpStep>,
        verdict: LetterVerdict,
    ) -> Settlement {
        let now = self.now();
        let attempts = leased.letter.attempts;
        let later = |state, reply| settlement(leased, state, Some(now + retry_pause(leased)), reply);
        match verdict {
            LetterVerdict::Sent(reply) => {
                self.policy_replies.store(0, Ordering::Release);
                settlement(leased, LetterState::Sent, None, reply)
            }
            LetterVerdict::Deferred(reply) if attempts + 1 < MAX_ATTEMPTS => later(LetterState::Deferred, reply),
            LetterVerdict::Deferred(reply) => {
                let reply = format!("given up after {MAX_ATTEMPTS} tries: {reply}");
                settlement(leased, LetterState::Failed, None, reply)
            }
            LetterVerdict::Undeliverable(reply) => settlement(leased, LetterState::Failed, None, reply),
            // It counts once it was judged together with others (`refusals.rs`).
            LetterVerdict::Refused(reply) | LetterVerdict::NoAddress(reply) => {
                settlement(leased, LetterState::Deferred, Some(now + REFUSAL_REVIEW_DELAY), reply)
            }
            LetterVerdict::Policy(reply) => {
                // What is said about the text holds for every letter.
                let is_about_text = step == Some(SmtpStep::End);
                if is_about_text || self.policy_replies.fetch_add(1, Ordering::AcqRel) + 1 >= MAX_POLICY_REPLIES {
                    self.hold_for_policy(&relay.config.name, &reply);
                }
                match () {
                    () if self.hold_reason().is_some() => settlement(leased, LetterState::Queued, None, reply),
                    () if attempts + 1 < MAX_POLICY_ATTEMPTS => later(LetterState::Deferred, reply),
                    () => settlement(leased, LetterState::Failed, None, reply),
                }
            }
            LetterVerdict::Unknown(reply) => settlement(leased, LetterState::Unknown, None, reply),
            // Due now, which is behind the others: a letter at which relays hang up must not block them.
            LetterVerdict::Requeue(reply) => settlement(leased, LetterState::Queued, Some(now), reply),
        }
    }

    /// Defers a letter if its domain rests.
    pub(super) fn domain_rest(&self, leased: &Leased) -> Option<Settlement> {
        let until = self.domains.rests_until(domain(leased), self.now())?;
        let reply = "its domain puts letters off: it rests, and so does this letter".to_owned();
        Some(settlement(leased, LetterState::Deferred, Some(until + backoff::jitter(60, seed(leased))), reply))
    }

    /// Defers a letter if each relay in use has given its provider what that takes in an hour or a day.
    pub(super) fn limits_rest(&self, leased: &Leased) -> Option<Settlement> {
        let now = self.now();
        let in_use = self.relays.iter().filter(|relay| relay.out_of_use(now).is_none());
        let closed: Option<Vec<Instant>> = in_use.map(|relay| relay.limits.closed_until(leased, now)).collect();
        Some(self.limit_rest(leased, closed?.into_iter().min()?))
    }

    /// Defers a letter until its provider takes more.
    pub(super) fn limit_rest(&self, leased: &Leased, until: Instant) -> Settlement {
        let reply = "its provider has had what it takes in this hour, or in a day".to_owned();
        settlement(leased, LetterState::Deferred, Some(until + backoff::jitter(60, seed(leased))), reply)
    }
}

fn settlement(leased: &Leased, state: LetterState, due: Option<Instant>, reply: String) -> Settlement {
    let reply = without_address(&reply, &leased.letter.address.to_string());
    Settlement { lease: leased.lease, state, due, reply, tries: 0, suppress: false }
}

/// How long a letter waits before it is tried again.
fn retry_pause(leased: &Leased) -> Duration {
    let minutes = backoff::pause_minutes(FIRST_PAUSE_MINUTES, MAX_PAUSE_MINUTES, leased.letter.attempts);
    backoff::pause_with_jitter(minutes, seed(leased))
}

/// Makes letters that were deferred together come back apart.
fn seed(leased: &Leased) -> u64 {
    leased.letter.id.unsigned_abs()
}
