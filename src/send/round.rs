//! One edition's letters on their way: what all who carry them share.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    clerk::Clerk,
    clock::LeaseClock,
    domains::Domains,
    erase::without_address,
    post::Job,
    refusals::domain,
    relays::{Reason, Relay},
    verdict::{Step, Verdict},
    wire::Unfit,
};
use crate::{
    edition::render::letter::RenderedLetter,
    model::{Edition, Instant, LetterState},
    store::{self, Leased, Settlement, Store},
};

/// How often a letter is tried before it counts as refused.
const TRIES: i64 = 12;

/// How often it is tried against a policy.
const POLICY_TRIES: i64 = 3;

/// After so many answers in a row that are about policy or reputation, with no letter taken between
/// them, the edition is held. (One alone may be a single reader's filter.)
const POLICY_PATIENCE: u32 = 3;

/// After this a letter that its relay cannot take is given to another one.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// A letter that was refused for good waits so long in the ledger, if nobody comes to weigh it.
const WEIGHED: Duration = Duration::from_secs(30 * 60);

/// What a round begins with.
pub(super) struct Start {
    pub(super) edition: Edition,
    pub(super) store: Store,
    pub(super) clerk: Clerk,
    pub(super) clock: LeaseClock,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) finished: Arc<AtomicU64>,
    pub(super) relays: Vec<Arc<Relay>>,
    /// Letters of the edition that were taken in earlier rounds.
    pub(super) before: u64,
    /// The bytes of the largest letter, at least.
    pub(super) largest: u64,
}

/// The round of an edition.
pub(super) struct Round {
    pub(super) edition: Edition,
    pub(super) store: Store,
    pub(super) clerk: Clerk,
    pub(super) domains: Domains,
    pub(super) relays: Vec<Arc<Relay>>,
    before: u64,
    largest: u64,
    clock: LeaseClock,
    stop: Arc<AtomicBool>,
    paused: OnceLock<String>,
    failed: AtomicBool,
    /// Why what was written down could not be corrected, if it could not.
    uncorrected: OnceLock<store::Error>,
    held: AtomicBool,
    policy: AtomicU32,
    /// Letters leased and not settled.
    in_hand: AtomicUsize,
    /// Letters about which nothing more will be done by itself.
    finished: Arc<AtomicU64>,
    news: Notify,
}

impl Round {
    pub(super) fn new(start: Start) -> Self {
        Self {
            edition: start.edition,
            store: start.store,
            clerk: start.clerk,
            domains: Domains::default(),
            relays: start.relays,
            before: start.before,
            largest: start.largest,
            clock: start.clock,
            stop: start.stop,
            paused: OnceLock::new(),
            failed: AtomicBool::new(false),
            uncorrected: OnceLock::new(),
            held: AtomicBool::new(false),
            policy: AtomicU32::new(0),
            in_hand: AtomicUsize::new(0),
            finished: start.finished,
            news: Notify::new(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether nothing more may be begun: the program is to stop, the edition is held, or a carrier
    /// has broken off.
    pub(super) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.paused.get().is_some()
            || self.failed.load(Ordering::Relaxed)
            || self.held.load(Ordering::Relaxed)
    }

    /// A carrier has broken off: the round ends.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
        self.news.notify_one();
    }

    /// Somebody holds the edition: nothing more is begun.
    pub(super) fn hold(&self) {
        self.held.store(true, Ordering::Relaxed);
        self.news.notify_one();
    }

    /// Holds the edition: a relay wants nothing of the kind from us.
    pub(super) fn pause(&self, relay: &str, words: &str) {
        self.pause_because(format!("{relay} refuses for reasons of policy or reputation: {words}"));
    }

    fn pause_because(&self, words: String) {
        let _ = self.paused.set(words);
    }

    /// A relay has said what it takes: if none takes the largest letters, nothing goes out.
    pub(super) fn knows_sizes(&self) {
        let Ok(nobody) = "a@a.example".parse() else { return };
        let unfit: Vec<Unfit> =
            self.relays.iter().filter_map(|relay| relay.takes(self.largest, &nobody).err()).collect();
        if let (true, Some(unfit)) = (unfit.len() == self.relays.len(), unfit.first()) {
            self.too_large(unfit);
        }
    }

    fn too_large(&self, unfit: &Unfit) {
        let what = if self.relays.len() > 1 { "no relay takes it: " } else { "" };
        self.pause_because(format!(
            "{what}{unfit}; fewer columns (digest.max_columns) or shorter standfirsts make it smaller"
        ));
    }

    /// What becomes of a letter that a relay cannot take: another one gets it, if there is one.
    pub(super) fn unfit(&self, relay: &Relay, leased: &Leased, written: &RenderedLetter, unfit: Unfit) -> Settlement {
        let size = written.text.len() as u64;
        if self.relays.iter().any(|other| other.takes(size, &written.recipient).is_ok()) {
            let reply = format!("{} cannot take it: {unfit}", relay.config.name);
            return settlement(leased, LetterState::Queued, Some(self.now() + ELSEWHERE), reply);
        }
        match unfit {
            Unfit::BeyondAscii => settlement(leased, LetterState::Failed, None, format!("not sent: {unfit}")),
            Unfit::TooLarge { .. } => {
                self.too_large(&unfit);
                settlement(leased, LetterState::Queued, None, format!("not sent: {unfit}"))
            }
        }
    }

    /// Corrects what was written down. If that cannot be done, the round ends.
    pub(super) async fn correct(&self, corrections: &[Settlement]) {
        if let Err(error) = self.clerk.correct(corrections).await {
            let _ = self.uncorrected.set(error);
            self.fail();
        }
    }

    /// Why what was written down could not be corrected, if it could not.
    pub(super) fn uncorrected(&mut self) -> Option<store::Error> {
        self.uncorrected.take()
    }

    /// Whether relays that are of use have taken letters, this one aside.
    pub(super) fn others_take(&self, relay: &Arc<Relay>) -> bool {
        let now = self.now();
        let mut others = self.relays.iter().filter(|other| !Arc::ptr_eq(other, relay));
        others.any(|other| other.out(now).is_none() && other.refusals().has_taken())
    }

    /// Settles the refusals that can be settled; all of them, if the round is over.
    pub(super) async fn settle_refusals(&self, is_over: bool) {
        for relay in &self.relays {
            let now = self.now();
            // One that is in trouble may have more to say.
            let in_trouble = matches!(relay.out(now), Some(Reason::Trouble(_)));
            let is_over = is_over && !self.stop.load(Ordering::Relaxed) && !in_trouble;
            let ruling = relay.refusals().rule(&relay.config.name, is_over, self.before);
            if let Some(words) = ruling.distrust {
                // What others take goes on over them.
                match self.others_take(relay) {
                    true => relay.refuses(words, now),
                    false => self.pause_because(words),
                }
            }
            let finished = ruling.settled.iter().filter(|s| s.state == LetterState::Failed).count();
            self.correct(&ruling.settled).await;
            self.finished.fetch_add(finished as u64, Ordering::AcqRel);
        }
    }

    /// Why the edition is to be held, if it is.
    pub(super) fn paused(&self) -> Option<&str> {
        self.paused.get().map(String::as_str)
    }

    pub(super) fn in_hand(&self) -> usize {
        self.in_hand.load(Ordering::Acquire)
    }

    /// Letters were leased.
    pub(super) fn is_leased(&self, letters: usize) {
        self.in_hand.fetch_add(letters, Ordering::AcqRel);
    }

    /// Letters were settled or their leases lost; of so many nothing more is to be done.
    pub(super) fn is_done(&self, letters: usize, finished: usize) {
        if letters > 0 {
            self.in_hand.fetch_sub(letters, Ordering::AcqRel);
            self.finished.fetch_add(finished as u64, Ordering::AcqRel);
            self.news.notify_one();
        }
    }

    /// Waits until letters are settled, for some time at the most.
    pub(super) async fn news(&self, most: Duration) {
        let _ = tokio::time::timeout(most, self.news.notified()).await;
    }

    /// Gives a letter back to the ledger that nobody began with.
    pub(super) async fn give_back(&self, job: Job) {
        let settlement = settlement(&job.leased, LetterState::Queued, None, "not handed over".into());
        self.clerk.record(vec![settlement], Vec::new()).await;
        self.is_done(1, 0);
    }

    /// Notes what a verdict says of the domain that a letter goes to.
    pub(super) fn strike(&self, leased: &Leased, verdict: &Verdict) {
        if let Some(strike) = verdict.strike() {
            self.domains.note(domain(leased), strike, self.now());
        }
    }

    /// What becomes of a letter by a verdict, and what that says of us.
    pub(super) fn judge(&self, relay: &Relay, leased: &Leased, step: Option<Step>, verdict: Verdict) -> Settlement {
        let now = self.now();
        let attempts = leased.letter.attempts;
        let later = |state, reply| settlement(leased, state, Some(now + pause(leased)), reply);
        match verdict {
            Verdict::Sent(reply) => {
                self.policy.store(0, Ordering::Release);
                settlement(leased, LetterState::Sent, None, reply)
            }
            Verdict::Deferred(reply) if attempts + 1 < TRIES => later(LetterState::Deferred, reply),
            Verdict::Deferred(reply) => {
                let reply = format!("given up after {TRIES} tries: {reply}");
                settlement(leased, LetterState::Failed, None, reply)
            }
            Verdict::Unfit(reply) => settlement(leased, LetterState::Failed, None, reply),
            // It counts when it is known what becomes of the others.
            Verdict::Refused(reply) | Verdict::NoAddress(reply) => {
                settlement(leased, LetterState::Deferred, Some(now + WEIGHED), reply)
            }
            Verdict::Policy(reply) => {
                // What is said of the text is said of every letter.
                let all = step == Some(Step::End);
                if all || self.policy.fetch_add(1, Ordering::AcqRel) + 1 >= POLICY_PATIENCE {
                    self.pause(&relay.config.name, &reply);
                }
                match () {
                    () if self.paused().is_some() => settlement(leased, LetterState::Queued, None, reply),
                    () if attempts + 1 < POLICY_TRIES => later(LetterState::Deferred, reply),
                    () => settlement(leased, LetterState::Failed, None, reply),
                }
            }
            Verdict::Unknown(reply) => settlement(leased, LetterState::Unknown, None, reply),
            // Behind the others: one that makes relays hang up must not keep them from theirs.
            Verdict::Back(reply) => settlement(leased, LetterState::Queued, Some(now), reply),
        }
    }

    /// Puts a letter off whose domain rests, if it does.
    pub(super) fn rest(&self, leased: &Leased) -> Option<Settlement> {
        let until = self.domains.rests_until(domain(leased), self.now())?;
        let reply = "its domain puts letters off: it rests, and so does this letter".to_owned();
        Some(settlement(leased, LetterState::Deferred, Some(until + spread(leased, 60)), reply))
    }
}

fn settlement(leased: &Leased, state: LetterState, due: Option<Instant>, reply: String) -> Settlement {
    let reply = without_address(&reply, &leased.letter.address.to_string());
    Settlement { lease: leased.lease, state, due, reply, tries: 0, suppress: false }
}

/// How long a letter waits before it is tried again: 5 minutes, then twice as long each time up to
/// 6 hours, and up to a quarter more, so that letters deferred together come apart.
fn pause(leased: &Leased) -> Duration {
    let minutes = (5u64 << leased.letter.attempts.clamp(0, 7)).min(360);
    Duration::from_secs(minutes * 60) + spread(leased, minutes * 15)
}

/// Up to so many seconds, by the letter.
fn spread(leased: &Leased, seconds: u64) -> Duration {
    let own = leased.letter.id.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    Duration::from_secs(seconds * own / 255)
}
