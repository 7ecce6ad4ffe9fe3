//! Which relay gets the next letter.

use std::sync::Arc;

use super::{job::LetterJob, relays::RelayState};
use crate::model::{EmailAddress, Instant};

/// The relay that gets the next letter: in turn by weight, among those that are in use, can accept it and have fewer
/// than `max_waiting` letters in their queue, so that a slow relay holds up no other.
pub(super) fn choose<'a>(
    relays: &'a [Arc<RelayState>],
    job: &LetterJob,
    now: Instant,
    max_waiting: usize,
) -> Option<&'a RelayState> {
    let address: Option<EmailAddress> = if relays.len() > 1 { job.leased.letter.address.parse().ok() } else { None };
    let size = job.form.length() as u64;
    let fits = |relay: &RelayState| {
        address.as_ref().is_none_or(|address| {
            relay.accepts(size, address).is_ok() && relay.limits.closed_until(&job.leased, now).is_none()
        })
    };
    // If no relay can accept it, the one that gets it says why.
    let none_fits = !relays.iter().any(|relay| relay.out_of_use(now).is_none() && fits(relay));
    let mut best: Option<(i64, &RelayState)> = None;
    let mut total = 0;
    for relay in relays.iter().filter(|relay| relay.out_of_use(now).is_none()) {
        let weight = i64::from(relay.config.weight);
        let fits = none_fits || fits(relay);
        let mut queue = relay.queue();
        if !fits || queue.waiting() >= max_waiting {
            continue;
        }
        total += weight;
        queue.credit += weight;
        if best.is_none_or(|(credit, _)| queue.credit > credit) {
            best = Some((queue.credit, relay));
        }
    }
    let (_, relay) = best?;
    relay.queue().credit -= total;
    Some(relay)
}
