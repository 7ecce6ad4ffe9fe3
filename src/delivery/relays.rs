//! The relays of a round: which one gets the next letter, how fast, and which are out of use.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize},
    },
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Notify;

use super::{Error, post::Job, wire::Broken};
use crate::{
    config::{self, Rates},
    model::Instant,
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
        }
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

/// The relay that gets the next letter: in turn by weight, of those that are of use and have not
/// much more waiting than others (who is slow keeps nobody else waiting).
pub(super) fn choose(relays: &[std::sync::Arc<Relay>], now: Instant, most: usize) -> Option<&Relay> {
    let mut best: Option<(i64, &Relay)> = None;
    let mut total = 0;
    for relay in relays.iter().filter(|relay| relay.out(now).is_none()) {
        let weight = i64::from(relay.config.weight);
        let mut waiting = relay.waiting();
        if waiting.jobs.len() >= most {
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
