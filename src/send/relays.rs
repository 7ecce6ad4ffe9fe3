//! The relays while an edition is sent: which one gets the next letter, how fast, and which are out of use.

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
    Error, backoff,
    job::LetterJob,
    limits::{Bound, ProviderLimits},
    refusals::Refusals,
    smtp::{ConnectionError, Extensions, RelayLimit},
};
use crate::{
    config::{self, Rates},
    model::{EmailAddress, Instant},
    store::Store,
};

/// After so many failed connections in a row a relay is out of use.
const MAX_FAILURES: u32 = 3;

/// How long it is out of use at first; twice as long each further time …
const FIRST_REST: chrono::Duration = chrono::Duration::seconds(30);

/// … up to this.
const MAX_REST: chrono::Duration = chrono::Duration::minutes(15);

/// How long a relay is out of use that has had its letters of the day.
const DAY_LIMIT_REST: chrono::Duration = chrono::Duration::minutes(10);

/// How many letters of a relay's daily limit are reserved in the store at once.
const DAY_SHARE_LETTERS: u32 = 50;

/// After so many letters by BDAT it is checked for the first time whether the relay's replies are in step; after four
/// times as many each further time …
const FIRST_CHECK_LETTERS: usize = 8;

/// … up to this. A check costs a round trip; a connection that is lost leaves no more letters than these in doubt.
const MAX_CHECK_LETTERS: usize = 512;

/// Where replies to MAIL, RCPT and the end look alike, they are checked after so many letters at the latest.
const ALIKE_CHECK_LETTERS: usize = 32;

/// A relay and the letters that wait for it.
pub(super) struct RelayState {
    pub(super) config: config::Relay,
    queue: Mutex<RelayQueue>,
    changed: Notify,
    health: Mutex<RelayHealth>,
    rates: Vec<DefaultDirectRateLimiter>,
    /// How many are open.
    pub(super) connections: AtomicUsize,
    /// Whether a connection was made in this session.
    pub(super) was_connected: AtomicBool,
    /// Held while the first one is tried.
    pub(super) first_connection: tokio::sync::Mutex<()>,
    /// Letters of the daily limit that are reserved and not used yet.
    day_allowance: tokio::sync::Mutex<u32>,
    /// Known once a connection was made.
    extensions: Mutex<Option<Extensions>>,
    refusals: Mutex<Refusals>,
    pub(super) limits: ProviderLimits,
    /// After how many letters its replies are checked.
    check_after: AtomicUsize,
    was_out_of_step: AtomicBool,
}

#[derive(Default)]
pub(super) struct RelayQueue {
    jobs: VecDeque<LetterJob>,
    /// Letters to providers with limits, for which the connection that came to them was not the right one.
    aside: Vec<VecDeque<LetterJob>>,
    closed: bool,
    /// For the smooth weighted round robin of [`super::choice`].
    pub(super) credit: i64,
}

impl RelayQueue {
    /// How many letters wait.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.len() + self.aside.iter().map(VecDeque::len).sum::<usize>()
    }
}

#[derive(Debug, Default)]
struct RelayHealth {
    failures: u32,
    rests: u32,
    out_until: Option<Instant>,
    reason: Option<OutOfUse>,
}

/// Why a relay is out of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OutOfUse {
    Failing(String),
    /// It has had its letters of 24 hours.
    DayLimit,
}

impl RelayState {
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
            limits: ProviderLimits::new(&config),
            queue: Mutex::new(RelayQueue {
                aside: config.limits.iter().map(|_| VecDeque::new()).collect(),
                ..RelayQueue::default()
            }),
            config,
            changed: Notify::new(),
            health: Mutex::default(),
            connections: AtomicUsize::new(0),
            was_connected: AtomicBool::new(false),
            first_connection: tokio::sync::Mutex::default(),
            day_allowance: tokio::sync::Mutex::default(),
            extensions: Mutex::default(),
            refusals: Mutex::default(),
            check_after: AtomicUsize::new(FIRST_CHECK_LETTERS),
            was_out_of_step: AtomicBool::new(false),
        }
    }

    /// What it accepted and refused in this session.
    pub(super) fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_extensions(&self, extensions: Extensions) {
        *self.extensions.lock().unwrap_or_else(PoisonError::into_inner) = Some(extensions);
    }

    /// Whether it accepts a letter of this size to this address, as far as its extensions are known.
    pub(super) fn accepts(&self, size: u64, to: &EmailAddress) -> Result<(), RelayLimit> {
        let extensions = self.extensions.lock().unwrap_or_else(PoisonError::into_inner);
        extensions.as_ref().map_or(Ok(()), |extensions| extensions.accepts(size, to))
    }

    /// How many letters may be in flight on one connection. A relay whose replies were out of step gets one at a time
    /// for the rest of the session.
    pub(super) fn window(&self) -> usize {
        if self.was_out_of_step.load(Ordering::Relaxed) { 1 } else { self.config.window as usize }
    }

    /// Whether its replies must be checked after so many letters.
    pub(super) fn needs_check(&self, letters: usize, alike: bool) -> bool {
        let was_out_of_step = self.was_out_of_step.load(Ordering::Relaxed);
        let max = if was_out_of_step { 1 } else { self.check_after.load(Ordering::Relaxed) };
        letters >= if alike { max.min(ALIKE_CHECK_LETTERS) } else { max }
    }

    /// Its replies have proved to be in step.
    pub(super) fn replies_in_step(&self) {
        let _ = self
            .check_after
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |letters| Some((letters * 4).min(MAX_CHECK_LETTERS)));
    }

    pub(super) fn replies_out_of_step(&self) {
        self.was_out_of_step.store(true, Ordering::Relaxed);
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, RelayQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> MutexGuard<'_, RelayHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a letter at the end of the queue.
    pub(super) fn push(&self, job: LetterJob) {
        self.queue().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// No more letters will come.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.changed.notify_waiters();
    }

    /// The next letter for a connection, if one is there.
    pub(super) fn try_next(&self, bound: &mut Bound) -> Option<LetterJob> {
        self.pop(&mut self.queue(), bound)
    }

    /// Any letter, of those that are left.
    pub(super) fn take_back(&self) -> Option<LetterJob> {
        let mut queue = self.queue();
        queue.jobs.pop_front().or_else(|| queue.aside.iter_mut().find_map(VecDeque::pop_front))
    }

    fn pop(&self, queue: &mut RelayQueue, bound: &mut Bound) -> Option<LetterJob> {
        for (index, aside) in queue.aside.iter_mut().enumerate() {
            if !aside.is_empty() && self.limits.takes(index, bound) {
                return aside.pop_front();
            }
        }
        while let Some(job) = queue.jobs.pop_front() {
            match self.limits.narrow(&job) {
                Some(index) if !self.limits.takes(index, bound) => match queue.aside.get_mut(index) {
                    Some(aside) => aside.push_back(job),
                    None => return Some(job),
                },
                _ => return Some(job),
            }
        }
        None
    }

    /// A connection has ended: others may carry what it did.
    pub(super) fn release(&self, bound: &mut Bound) {
        let queue = self.queue();
        self.limits.release(bound);
        drop(queue);
        self.changed.notify_one();
    }

    /// Waits until there is a letter; false when no more will come.
    pub(super) async fn has_letters(&self) -> bool {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut queue = self.queue();
                // What no further connection may carry is no reason to make one.
                while let Some(index) = queue.jobs.front().and_then(|job| self.limits.narrow(job)) {
                    if self.limits.has_room(index) {
                        break;
                    }
                    let job = queue.jobs.pop_front();
                    queue.aside[index].extend(job);
                }
                let is_there = !queue.jobs.is_empty()
                    || (0..self.limits.count()).any(|at| !queue.aside[at].is_empty() && self.limits.has_room(at));
                if is_there || queue.closed {
                    // This takes no letter: another task must be woken for it.
                    self.changed.notify_one();
                    return is_there;
                }
            }
            changed.await;
        }
    }

    /// Waits for the next letter; none when no more will come.
    pub(super) async fn next(&self, bound: &mut Bound) -> Option<LetterJob> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut queue = self.queue();
                if let Some(job) = self.pop(&mut queue, bound) {
                    if !queue.jobs.is_empty() {
                        self.changed.notify_one();
                    }
                    return Some(job);
                }
                if queue.closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Whether the rates by the second and the minute allow a letter now.
    pub(super) fn rate_allows(&self) -> bool {
        self.rates.iter().all(|rate| rate.check().is_ok())
    }

    /// Waits until the rates allow a letter.
    pub(super) async fn wait_for_rate(&self) {
        for rate in &self.rates {
            rate.until_ready().await;
        }
    }

    /// Whether the daily limit allows one more letter.
    pub(super) async fn take_from_day(&self, store: &Store, now: Instant) -> Result<bool, Error> {
        let Some(limit) = self.config.rates.day else { return Ok(true) };
        let mut left = self.day_allowance.lock().await;
        if *left == 0 {
            *left = store.take_from_day(&self.config.name, limit.get(), DAY_SHARE_LETTERS, now).await?;
        }
        let may = *left > 0;
        *left -= u32::from(may);
        Ok(may)
    }

    /// Gives back what was reserved of the daily limit and not used.
    pub(super) async fn return_day_allowance(&self, store: &Store, now: Instant) -> Result<(), Error> {
        self.limits.give_back(store, now).await?;
        match std::mem::take(&mut *self.day_allowance.lock().await) {
            0 => Ok(()),
            rest => Ok(store.give_back(&self.config.name, rest, now).await?),
        }
    }

    /// A letter was accepted: earlier failures no longer count.
    pub(super) fn record_success(&self) {
        let mut health = self.health();
        health.failures = 0;
        health.rests = 0;
    }

    /// A connection has failed. Returns how long to wait before the next one; none if the relay is out of use now.
    pub(super) fn record_failure(&self, error: &ConnectionError, now: Instant) -> Option<Duration> {
        let mut health = self.health();
        health.failures += if error.timed_out { MAX_FAILURES } else { 1 };
        if health.failures < MAX_FAILURES {
            return Some(Duration::from_millis(100 << health.failures));
        }
        let rest = backoff::rest(FIRST_REST, MAX_REST, health.rests);
        health.rests += 1;
        health.failures = 0;
        health.out_until = Some(now + rest);
        health.reason = Some(OutOfUse::Failing(error.message.clone()));
        None
    }

    /// It refuses everything while others accept letters: it gets none for the rest of the session.
    pub(super) fn exclude(&self, words: String, now: Instant) {
        let mut health = self.health();
        health.out_until = Some(now + chrono::Duration::days(1));
        health.reason = Some(OutOfUse::Failing(words));
    }

    pub(super) fn day_limit_reached(&self, now: Instant) {
        let mut health = self.health();
        health.out_until = Some(now + DAY_LIMIT_REST);
        health.reason = Some(OutOfUse::DayLimit);
    }

    /// Why it is out of use, if it is.
    pub(super) fn out_of_use(&self, now: Instant) -> Option<OutOfUse> {
        let health = self.health();
        health.out_until.filter(|until| *until > now)?;
        health.reason.clone()
    }

    /// Why it was last out of use in this session, even if it is in use again.
    pub(super) fn last_out_of_use(&self) -> Option<OutOfUse> {
        self.health().reason.clone()
    }
}
