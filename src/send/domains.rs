//! Domains whose letters are deferred: after some of them in a row, no letter to this domain is tried for a while, and
//! those that are due are deferred without asking the relay.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::Duration;

use super::backoff;
use crate::model::Instant;

/// After so many deferred letters in a row, a domain rests.
const MAX_DEFERRALS: u32 = 5;

/// Its first rest; each further one is twice as long.
const FIRST_REST: Duration = Duration::minutes(2);

const MAX_REST: Duration = Duration::hours(2);

/// What a relay replied about a letter to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DomainReply {
    Accepted,
    Deferred,
}

#[derive(Debug, Default)]
struct DomainState {
    deferrals: u32,
    rests: u32,
    until: Option<Instant>,
}

/// The domains whose letters were deferred in this session.
#[derive(Debug, Default)]
pub(super) struct DomainBackoff(Mutex<HashMap<String, DomainState>>);

impl DomainBackoff {
    pub(super) fn record(&self, domain: &str, reply: DomainReply, now: Instant) {
        let mut domains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match reply {
            DomainReply::Accepted => {
                domains.remove(domain);
            }
            DomainReply::Deferred => {
                let state = domains.entry(domain.to_owned()).or_default();
                state.deferrals += 1;
                if state.deferrals >= MAX_DEFERRALS && state.until.is_none_or(|until| until <= now) {
                    let rest = backoff::rest(FIRST_REST, MAX_REST, state.rests);
                    state.rests += 1;
                    // After a rest, one deferred letter is enough for the next one.
                    state.deferrals = MAX_DEFERRALS - 1;
                    state.until = Some(now + rest);
                }
            }
        }
    }

    /// Until when a domain rests, if it does.
    pub(super) fn rests_until(&self, domain: &str, now: Instant) -> Option<Instant> {
        let domains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        domains.get(domain)?.until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_rests_alone_and_longer_each_time() {
        let domains = DomainBackoff::default();
        let now = Instant::UNIX_EPOCH;
        for _ in 1..MAX_DEFERRALS {
            domains.record("slow.example", DomainReply::Deferred, now);
        }
        assert_eq!(domains.rests_until("slow.example", now), None);
        domains.record("slow.example", DomainReply::Deferred, now);
        assert_eq!(domains.rests_until("slow.example", now), Some(now + FIRST_REST));
        assert_eq!(domains.rests_until("other.example", now), None);
        // Letters that were on their way meanwhile make the rest no longer.
        domains.record("slow.example", DomainReply::Deferred, now);
        assert_eq!(domains.rests_until("slow.example", now), Some(now + FIRST_REST));
        let later = now + FIRST_REST;
        assert_eq!(domains.rests_until("slow.example", later), None);
        domains.record("slow.example", DomainReply::Deferred, later);
        assert_eq!(domains.rests_until("slow.example", later), Some(later + FIRST_REST * 2));
        domains.record("slow.example", DomainReply::Accepted, later);
        assert_eq!(domains.rests_until("slow.example", later), None);
    }
}
