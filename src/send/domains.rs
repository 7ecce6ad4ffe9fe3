//! Domains that put letters off: after some of them in a row the domain rests, alone, and its
//! letters wait in the ledger instead of being refused one by one.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::Duration;

use crate::model::Instant;

/// After so many letters put off in a row, a domain rests.
const PATIENCE: u32 = 5;

/// Its first rest; each further one is twice as long.
const REST: Duration = Duration::minutes(2);

/// The longest rest.
const LONGEST: Duration = Duration::hours(2);

/// What was said of a letter to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strike {
    /// It was taken.
    Taken,
    /// It was put off.
    PutOff,
}

#[derive(Debug, Default)]
struct Standing {
    strikes: u32,
    rests: u32,
    until: Option<Instant>,
}

/// The domains that have put letters off in this round.
#[derive(Debug, Default)]
pub(super) struct Domains(Mutex<HashMap<String, Standing>>);

impl Domains {
    /// Notes what was said of a letter to a domain.
    pub(super) fn note(&self, domain: &str, strike: Strike, now: Instant) {
        let mut domains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match strike {
            Strike::Taken => {
                domains.remove(domain);
            }
            Strike::PutOff => {
                let standing = domains.entry(domain.to_owned()).or_default();
                standing.strikes += 1;
                if standing.strikes >= PATIENCE && standing.until.is_none_or(|until| until <= now) {
                    let rest = (REST * (1 << standing.rests.min(8))).min(LONGEST);
                    standing.rests += 1;
                    // After a rest, one letter that is put off is enough.
                    standing.strikes = PATIENCE - 1;
                    standing.until = Some(now + rest);
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
        let domains = Domains::default();
        let now = Instant::UNIX_EPOCH;
        for _ in 1..PATIENCE {
            domains.note("slow.example", Strike::PutOff, now);
        }
        assert_eq!(domains.rests_until("slow.example", now), None);
        domains.note("slow.example", Strike::PutOff, now);
        assert_eq!(domains.rests_until("slow.example", now), Some(now + REST));
        assert_eq!(domains.rests_until("other.example", now), None);
        // Letters that were on their way meanwhile make the rest no longer.
        domains.note("slow.example", Strike::PutOff, now);
        assert_eq!(domains.rests_until("slow.example", now), Some(now + REST));
        let later = now + REST;
        assert_eq!(domains.rests_until("slow.example", later), None);
        domains.note("slow.example", Strike::PutOff, later);
        assert_eq!(domains.rests_until("slow.example", later), Some(later + REST * 2));
        domains.note("slow.example", Strike::Taken, later);
        assert_eq!(domains.rests_until("slow.example", later), None);
    }
}
