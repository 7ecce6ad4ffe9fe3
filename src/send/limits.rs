//! How much a mailbox provider takes of one relay: over how many connections at once, in how many letters over one of them,
//! in an hour and in a day. Hours and days are counted in the store, for all that share it.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DurationRound, TimeDelta};

use super::{Error, job::LetterJob, refusals::domain};
use crate::{
    config::{ProviderLimit, Relay},
    model::Instant,
    store::{Leased, ProviderHours, Store},
};

/// How many letters of an hour or a day are reserved in the store at once.
const SHARE_LETTERS: u32 = 50;

/// The providers with limits of a relay.
pub(super) struct ProviderLimits {
    limits: Vec<LimitState>,
    by_domain: HashMap<String, usize>,
}

struct LimitState {
    config: ProviderLimit,
    /// By what it is counted in the store. The name of a relay is one word.
    key: String,
    /// How many connections carry letters to it.
    connections: AtomicUsize,
    /// Until when nothing goes there.
    closed_until: Mutex<Option<Instant>>,
    reserved: tokio::sync::Mutex<Reserved>,
}

/// Letters that are reserved and not used yet, of an hour.
#[derive(Default)]
struct Reserved {
    until: Option<Instant>,
    letters: u32,
}

/// The providers that a connection carries letters to, each with how many.
#[derive(Debug, Default)]
pub(super) struct Bound(Vec<(usize, u32)>);

impl ProviderLimits {
    pub(super) fn new(relay: &Relay) -> Self {
        let domains = relay.limits.iter().enumerate();
        let by_domain =
            domains.flat_map(|(index, limit)| limit.domains.iter().map(move |d| (d.clone(), index))).collect();
        let state = |limit: &ProviderLimit| LimitState {
            key: format!("{} {}", relay.name, limit.name),
            config: limit.clone(),
            connections: AtomicUsize::new(0),
            closed_until: Mutex::default(),
            reserved: tokio::sync::Mutex::default(),
        };
        Self { limits: relay.limits.iter().map(state).collect(), by_domain }
    }

    fn index(&self, leased: &Leased) -> Option<usize> {
        if self.limits.is_empty() {
            return None;
        }
        self.by_domain.get(&domain(leased).to_ascii_lowercase()).copied()
    }

    pub(super) fn count(&self) -> usize {
        self.limits.len()
    }

    /// The limit of a letter that not every connection may carry.
    pub(super) fn narrow(&self, job: &LetterJob) -> Option<usize> {
        let index = self.index(&job.leased)?;
        let ProviderLimit { connections, letters_per_connection, .. } = &self.limits.get(index)?.config;
        connections.or(*letters_per_connection).map(|_| index)
    }

    /// Whether one more connection may carry letters to a provider.
    pub(super) fn has_room(&self, index: usize) -> bool {
        self.limits.get(index).is_some_and(|limit| {
            let most = limit.config.connections.map_or(usize::MAX, |most| most.get() as usize);
            limit.connections.load(Ordering::Acquire) < most
        })
    }

    /// Whether a connection may carry a letter to a provider; from then on it counts among those that do. The queue of the
    /// relay is locked meanwhile, so that no two take the last place.
    pub(super) fn takes(&self, index: usize, bound: &mut Bound) -> bool {
        if let Some((_, letters)) = bound.0.iter().find(|(at, _)| *at == index) {
            return *letters < self.most_letters(index);
        }
        let has_room = self.has_room(index);
        if has_room && let Some(limit) = self.limits.get(index) {
            limit.connections.fetch_add(1, Ordering::AcqRel);
            bound.0.push((index, 0));
        }
        has_room
    }

    fn most_letters(&self, index: usize) -> u32 {
        let limit = self.limits.get(index);
        limit.and_then(|limit| limit.config.letters_per_connection).map_or(u32::MAX, u32::from)
    }

    /// A connection is about to carry this letter.
    pub(super) fn carried(&self, leased: &Leased, bound: &mut Bound) {
        if let Some(index) = self.index(leased)
            && let Some((_, letters)) = bound.0.iter_mut().find(|(at, _)| *at == index)
        {
            *letters += 1;
        }
    }

    /// Whether a connection has had its letters to a provider.
    pub(super) fn is_full(&self, bound: &Bound) -> bool {
        bound.0.iter().any(|(index, letters)| *letters >= self.most_letters(*index))
    }

    /// A connection has ended.
    pub(super) fn release(&self, bound: &mut Bound) {
        for (index, _) in bound.0.drain(..) {
            if let Some(limit) = self.limits.get(index) {
                limit.connections.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }

    /// Until when nothing goes to the provider of a letter, as far as that is known.
    pub(super) fn closed_until(&self, leased: &Leased, now: Instant) -> Option<Instant> {
        let limit = self.limits.get(self.index(leased)?)?;
        limit.closed_until.lock().unwrap_or_else(PoisonError::into_inner).filter(|until| *until > now)
    }

    /// Takes a letter out of what its provider gets in this hour and day; gives until when it must wait, if nothing is left.
    pub(super) async fn take(&self, leased: &Leased, store: &Store, now: Instant) -> Result<Option<Instant>, Error> {
        let Some(limit) = self.index(leased).and_then(|index| self.limits.get(index)) else { return Ok(None) };
        let ProviderLimit { hour, day, .. } = limit.config;
        if hour.or(day).is_none() {
            return Ok(None);
        }
        let mut reserved = limit.reserved.lock().await;
        // What was reserved of an hour that is over has been counted there, and stays so.
        if reserved.until.is_none_or(|until| until <= now) || reserved.letters == 0 {
            let until = next_hour(now);
            let hours = ProviderHours { hour: hour.map(u32::from), day: day.map(u32::from) };
            let letters = store.take_from_provider(&limit.key, hours, SHARE_LETTERS, now).await?;
            *reserved = Reserved { until: Some(until), letters };
        }
        if reserved.letters > 0 {
            reserved.letters -= 1;
            return Ok(None);
        }
        let until = next_hour(now);
        *limit.closed_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        Ok(Some(until))
    }

    /// Gives back what was reserved and not used.
    pub(super) async fn give_back(&self, store: &Store, now: Instant) -> Result<(), Error> {
        for limit in &self.limits {
            let reserved = std::mem::take(&mut *limit.reserved.lock().await);
            if reserved.letters > 0 && reserved.until.is_some_and(|until| until > now) {
                store.give_back(&limit.key, reserved.letters, now).await?;
            }
        }
        Ok(())
    }
}

/// When the hour of an instant is over.
fn next_hour(now: Instant) -> Instant {
    now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now) + TimeDelta::hours(1)
}
