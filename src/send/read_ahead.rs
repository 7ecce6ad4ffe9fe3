//! How many letters are leased ahead of the relays.

use std::{sync::Arc, time::Duration};

use super::relays::RelayState;

/// How many letters are leased at once at the most, however fast the relays are.
const MAX_LEASED_LETTERS: usize = 4_000;

/// How many seconds' worth of letters are held ready where a rate is configured.
const READ_AHEAD_SECONDS: u32 = 5;

/// How often the speed is measured.
const MEASURE_INTERVAL: Duration = Duration::from_millis(50);

/// How many letters to hold ready: what the relays take in a second. With more, leases end before letters are sent;
/// with fewer, relays wait for letters.
pub(super) struct ReadAhead {
    min: usize,
    since: tokio::time::Instant,
    finished: u64,
    letters: usize,
}

impl ReadAhead {
    pub(super) fn new(relays: &[Arc<RelayState>]) -> Self {
        let of_relay = |relay: &Arc<RelayState>| {
            let config = &relay.config;
            // As many as are in flight, and as many again.
            let ready = config.connections as usize * config.window.max(2) as usize * 2;
            let seconds = |letters: u32, span: u32| (letters.saturating_mul(READ_AHEAD_SECONDS) / span).max(1) as usize;
            let bounds = [config.rates.second.map(|n| (n, 1)), config.rates.minute.map(|n| (n, 60))];
            bounds.into_iter().flatten().fold(ready, |ready, (n, span)| ready.min(seconds(n.get(), span)))
        };
        let min = relays.iter().map(of_relay).sum::<usize>().clamp(1, MAX_LEASED_LETTERS);
        Self { min, since: tokio::time::Instant::now(), finished: 0, letters: min }
    }

    pub(super) fn letters(&mut self, finished: u64) -> usize {
        let elapsed = self.since.elapsed();
        if elapsed >= MEASURE_INTERVAL {
            let rate = finished.saturating_sub(self.finished) as f64 / elapsed.as_secs_f64();
            self.letters = (rate as usize).clamp(self.min, MAX_LEASED_LETTERS.max(self.min));
            (self.since, self.finished) = (tokio::time::Instant::now(), finished);
        }
        self.letters
    }
}
