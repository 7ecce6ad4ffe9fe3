//! Sends the letters that serve one person: soon, one by one, and again later where a relay defers them.

use std::time::Duration;

use super::{
    attempt::{AttemptResult, OutboxReport},
    retention,
};
use crate::{
    config::Config,
    model::{Instant, Key, token},
    send::{
        Error, backoff,
        single::{SingleLetter, SingleResult, send_single},
    },
    store::{ServiceLease, Store},
};

/// How many letters a worker leases at once.
const BATCH_LETTERS: u32 = 8;

/// How long it may keep them: relays can be slow.
const LETTER_LEASE: chrono::Duration = chrono::Duration::minutes(10);

/// The pause after the first attempt, short because somebody is waiting for the letter; twice as long each further time …
const FIRST_PAUSE_MINUTES: u64 = 1;

/// … up to this.
const MAX_PAUSE_MINUTES: u64 = 64;

/// Sends what is due at an instant. `clock` is the machine's: leases are between machines.
pub async fn deliver(
    config: &Config,
    store: &Store,
    at: Instant,
    clock: fn() -> Instant,
) -> Result<OutboxReport, Error> {
    retention::tidy_service_letters(config, store, at).await?;
    let mut report = OutboxReport::default();
    loop {
        let now = clock();
        let letters = store.lease_service_letters(at, BATCH_LETTERS, now, now + LETTER_LEASE).await?;
        if letters.is_empty() {
            return Ok(report);
        }
        for letter in letters {
            // If the letters before it took too long, another worker may have leased it.
            if !store.renew_service_letter(&letter, clock() + LETTER_LEASE).await? {
                continue;
            }
            let (result, reply) = match send_letter(config, store.key(), &letter, at).await {
                SingleResult::Accepted(reply) => (AttemptResult::Sent, reply),
                SingleResult::Deferred(reply) => (AttemptResult::RetryAt(at + retry_pause(&letter)), reply),
                SingleResult::Refused(reply) | SingleResult::Unsupported(reply) => (AttemptResult::Failed, reply),
            };
            report.count(result, &reply);
            store.settle_service_letter(&letter, result.into(), &reply).await?;
        }
    }
}

async fn send_letter(config: &Config, key: &Key, letter: &ServiceLease, at: Instant) -> SingleResult {
    let letter = SingleLetter {
        name: format!("service.{}", letter.name()),
        sender: bounce_address(config, key, letter),
        address: &letter.address,
        text: &letter.message,
    };
    send_single(config, letter, at).await
}

fn retry_pause(letter: &ServiceLease) -> Duration {
    let minutes = backoff::pause_minutes(FIRST_PAUSE_MINUTES, MAX_PAUSE_MINUTES, letter.attempts);
    Duration::from_secs(minutes * 60)
}

/// The address that a letter comes back to. It names the letter, so that a request whose letter could not be delivered
/// ends.
fn bounce_address(config: &Config, key: &Key, letter: &ServiceLease) -> String {
    let (bounce, separator) = (&config.letters.bounce_address, config.letters.bounce_separator);
    match letter.public_id() {
        Some(id) => format!("{}{separator}{}@{}", bounce.local(), token::service_bounce(key, &id), bounce.domain()),
        None => bounce.to_string(),
    }
}
