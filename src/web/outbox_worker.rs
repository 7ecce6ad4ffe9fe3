//! Hands over the letters that readers' pages have queued, as soon as they are.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use super::Shared;
use crate::{model::Instant, outbox::service};

/// How often it looks without being called: for letters that a relay asked to bring later.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// Wakes the outbox worker, and ends it.
#[derive(Debug, Default)]
pub(super) struct OutboxSignal {
    called: Notify,
    over: AtomicBool,
}

impl OutboxSignal {
    /// There is a letter.
    pub(super) fn wake(&self) {
        self.called.notify_one();
    }
}

/// Hands over queued letters until [`Shared::close`].
pub async fn run_outbox_worker(shared: Shared) {
    let signal = shared.outbox();
    while !signal.over.load(Ordering::Acquire) {
        match service::deliver(shared.config(), shared.store(), shared.now(), clock).await {
            Ok(told) if told.waiting + told.failed > 0 => {
                tracing::warn!(
                    "{} letters to readers wait, {} were refused: {}",
                    told.waiting,
                    told.failed,
                    told.reply
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!("letters to readers wait: {error}"),
        }
        shared.tidy();
        let _ = tokio::time::timeout(POLL_INTERVAL, signal.called.notified()).await;
    }
}

impl Shared {
    /// Ends the outbox worker, after the letter at hand.
    pub fn close(&self) {
        self.outbox().over.store(true, Ordering::Release);
        self.outbox().wake();
    }
}

/// The machine's clock, by which leases end.
fn clock() -> Instant {
    chrono::Utc::now()
}
