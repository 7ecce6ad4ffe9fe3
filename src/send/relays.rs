//! The relays of a round: which one gets the next letter, how fast, and which are out of use.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;

use super::{
    Error,
    post::Job,
    refusals::Refusals,
    wire::{Broken, Offers, Unfit},
};
use crate::{
    config::{self, Rates},
    model::{EmailAddress, Instant},
    store::Store,
};

/// After so many troubles in a row a relay is out of use.
const PATIENCE: u32 = 3;

/// For how long at first; twice as long each further time …
const REST: chrono::Duration = chrono::Duration::seconds(30);

/// … up to this.
const LONGEST: chrono::Duration = chrono::Duration::minutes(15);

/// What is taken of a relay's day at once.
const SHARE: u32 = 50;

/// After so many letters in chunks a relay must prove for the first time that its answers are in
/// step; four times as many each further time …
const PROOF: usize = 8;

/// … up to this. A proof costs a round trip, and a line that breaks leaves no more than these in doubt.
const SELDOM: usize = 512;

/// A relay whose answers to MAIL, RCPT and the end look alike must prove it after so many.
const ALIKE: usize = 32;

/// A relay and the letters that wait for it.
pub(super) struct Relay {
    pub(super) config: config::Relay,
    waiting: Mutex<Waiting>,
    news: Notify,
    health: Mutex<Health>,
    rates: Vec<DefaultDirectRateLimiter>,
    /// Connections that are open.
    pub(super) open: AtomicUsize,
    /// Whether a connection has been made in this round, and the door to pass before that.
    pub(super) known: AtomicBool,
    pub(super) door: tokio::sync::Mutex<()>,
    /// Letters taken out of the store for this day and not handed over yet.
    of_day: tokio::sync::Mutex<u32>,
    /// What it offers, once a connection was made.
    offers: Mutex<Option<Offers>>,
    refusals: Mutex<Refusals>,
    /// After how many letters it must prove that its answers are in step.
    proof: AtomicUsize,
    /// They were not.
    mistrusted: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    closed: bool,
    /// For the smooth weighted round robin of [`choose`].
    credit: i64,
}

#[derive(Debug, Default)]
struct Health {
    troubles: u32,
    rests: u32,
    out_until: Option<Instant>,
    reason: Option<Reason>,
}

/// Why a relay is out of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is in trouble.
    Trouble(String),
    /// It has had all that it may have in 24 hours.
    Full,
}

impl Relay {
    pub(super) fn new(config: config::Relay) -> Self {
        let Rates { second, minute, .. } = config.rates;
        let rates = [
            second.map(Quota::per_second),
            minute.map(|n| {
                // Evenly: what a minute allows does not go out in its first second.
                let burst = std::num::NonZeroU32::new(n.get() / 60).unwrap_or(std::num::NonZeroU32::MIN);
                Quota::per_minute(n).allow_burst(burst)
            }),
        ];
        Self {
            rates: rates.into_iter().flatten().map(RateLimiter::direct).collect(),
            config,
            waiting: Mutex::default(),
            news: Notify::new(),
            health: Mutex::default(),
            open: AtomicUsize::new(0),
            known: AtomicBool::new(false),
            door: tokio::sync::Mutex::default(),
            of_day: tokio::sync::Mutex::default(),
            offers: Mutex::default(),
            refusals: Mutex::default(),
            proof: AtomicUsize::new(PROOF),
            mistrusted: AtomicBool::new(false),
        }
    }

    /// What it took and refused in this round.
    pub(super) fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was made, on which it said what it can do.
    pub(super) fn learns(&self, offers: Offers) {
        *self.offers.lock().unwrap_or_else(PoisonError::into_inner) = Some(offers);
    }

    /// Whether it takes a letter of this size to this address, as far as one knows.
    pub(super) fn takes(&self, size: u64, to: &EmailAddress) -> Result<(), Unfit> {
        let offers = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        offers.as_ref().map_or(Ok(()), |offers| offers.takes(size, to))
    }

    /// How many letters may be on their way on one connection. One whose answers were out of step gets
    /// one at a time for the rest of the round.
    pub(super) fn window(&self) -> usize {
        if self.mistrusted.load(Ordering::Relaxed) { 1 } else { self.config.window as usize }
    }

    /// Whether it must prove after so many letters that its answers are in step.
    pub(super) fn wants_proof(&self, letters: usize, alike: bool) -> bool {
        let mistrusted = self.mistrusted.load(Ordering::Relaxed);
        let most = if mistrusted { 1 } else { self.proof.load(Ordering::Relaxed) };
        letters >= if alike { most.min(ALIKE) } else { most }
    }

    /// It has proven that its answers are in step.
    pub(super) fn trusts(&self) {
        let _ = self.proof.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |most| Some((most * 4).min(SELDOM)));
    }

    /// Its answers were out of step.
    pub(super) fn mistrusts(&self) {
        self.mistrusted.store(true, Ordering::Relaxed);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a letter at the end of those that wait.
    pub(super) fn push(&self, job: Job) {
        self.waiting().jobs.push_back(job);
        self.news.notify_one();
    }

    /// No more letters will come.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.news.notify_waiters();
    }

    /// The next letter, if one is there.
    pub(super) fn try_next(&self) -> Option<Job> {
        self.waiting().jobs.pop_front()
    }

    /// Waits until there is a letter; false when no more will come.
    pub(super) async fn has_letters(&self) -> bool {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            {
                let waiting = self.waiting();
                if !waiting.jobs.is_empty() || waiting.closed {
                    // Who looks takes nothing: the news are for others too.
                    self.news.notify_one();
                    return !waiting.jobs.is_empty();
                }
            }
            news.await;
        }
    }

    /// Waits for the next letter; none when no more will come.
    pub(super) async fn next(&self) -> Option<Job> {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            {
                let mut waiting = self.waiting();
                if let Some(job) = waiting.jobs.pop_front() {
                    if !waiting.jobs.is_empty() {
                        self.news.notify_one();
                    }
                    return Some(job);
                }
                if waiting.closed {
                    return None;
                }
            }
            news.await;
        }
    }

    /// Whether a letter may go now, by the second and the minute.
    pub(super) fn may_go(&self) -> bool {
        self.rates.iter().all(|rate| rate.check().is_ok())
    }

    /// Waits until a letter may go.
    pub(super) async fn pace(&self) {
        for rate in &self.rates {
            rate.until_ready().await;
        }
    }

    /// Whether the relay may have one more letter in these 24 hours.
    pub(super) async fn within_day(&self, store: &Store, now: Instant) -> Result<bool, Error> {
        let Some(limit) = self.config.rates.day else { return Ok(true) };
        let mut left = self.of_day.lock().await;
        if *left == 0 {
            *left = store.take_from_day(&self.config.name, limit.get(), SHARE, now).await?;
        }
        let may = *left > 0;
        *left -= u32::from(may);
        Ok(may)
    }

    /// Gives back what was taken of the day and not needed.
    pub(super) async fn give_back(&self, store: &Store, now: Instant) -> Result<(), Error> {
        match std::mem::take(&mut *self.of_day.lock().await) {
            0 => Ok(()),
            rest => Ok(store.give_back(&self.config.name, rest, now).await?),
        }
    }

    /// A letter was taken: whatever trouble there was is over.
    pub(super) fn thrives(&self) {
        let mut health = self.health();
        health.troubles = 0;
        health.rests = 0;
    }

    /// A connection broke. How long to wait before the next one is made; none if the relay is out
    /// of use now.
    pub(super) fn suffers(&self, broken: &Broken, now: Instant) -> Option<Duration> {
        let mut health = self.health();
        health.troubles += if broken.silent { PATIENCE } else { 1 };
        if health.troubles < PATIENCE {
            return Some(Duration::from_millis(100 << health.troubles));
        }
        let rest = (REST * (1 << health.rests.min(8))).min(LONGEST);
        health.rests += 1;
        health.troubles = 0;
        health.out_until = Some(now + rest);
        health.reason = Some(Reason::Trouble(broken.words.clone()));
        None
    }

    /// It refuses everything, and others don't: it gets nothing more in this round.
    pub(super) fn refuses(&self, words: String, now: Instant) {
        let mut health = self.health();
        health.out_until = Some(now + chrono::Duration::days(1));
        health.reason = Some(Reason::Trouble(words));
    }

    /// The relay has had its day's letters: it gets none for a while.
    pub(super) fn is_full(&self, now: Instant) {
        let mut health = self.health();
        health.out_until = Some(now + REST * 20);
        health.reason = Some(Reason::Full);
    }

    /// Why it is out of use, if it is.
    pub(super) fn out(&self, now: Instant) -> Option<Reason> {
        let health = self.health();
        health.out_until.filter(|until| *until > now)?;
        health.reason.clone()
    }

    /// Why it was out of use in this round, though it may not be any more.
    pub(super) fn was_out(&self) -> Option<Reason> {
        self.health().reason.clone()
    }
}

/// The relay that gets the next letter: in turn by weight, of those that are of use, can take it, and
/// have not much more waiting than others (who is slow keeps nobody else waiting).
pub(super) fn choose<'a>(
    relays: &'a [std::sync::Arc<Relay>],
    job: &Job,
    now: Instant,
    most: usize,
) -> Option<&'a Relay> {
    let address: Option<EmailAddress> = if relays.len() > 1 { job.leased.letter.address.parse().ok() } else { None };
    let size = job.form.length() as u64;
    let fits = |relay: &Relay| address.as_ref().is_none_or(|address| relay.takes(size, address).is_ok());
    // Where none is known to take it, the one that gets it says why.
    let any = !relays.iter().any(|relay| relay.out(now).is_none() && fits(relay));
    let mut best: Option<(i64, &Relay)> = None;
    let mut total = 0;
    for relay in relays.iter().filter(|relay| relay.out(now).is_none()) {
        let weight = i64::from(relay.config.weight);
        let fits = any || fits(relay);
        let mut waiting = relay.waiting();
        if !fits || waiting.jobs.len() >= most {
            continue;
        }
        total += weight;
        waiting.credit += weight;
        if best.is_none_or(|(credit, _)| waiting.credit > credit) {
            best = Some((waiting.credit, relay));
        }
    }
    let (_, relay) = best?;
    relay.waiting().credit -= total;
    Some(relay)
}
