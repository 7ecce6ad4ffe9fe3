//! Hands over the letters that readers' pages have queued, as soon as they are.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use super::Shared;
use crate::{
    doctor::alarms::{self, Asker},
    model::Instant,
    outbox::service,
};

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
    // The machine may have just come up: a run may come first.
    let mut last_watch = tokio::time::Instant::now();
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
        if last_watch.elapsed() >= shared.config().watch.every {
            last_watch = tokio::time::Instant::now();
            watch(&shared).await;
        }
        shared.tidy();
        let interval = POLL_INTERVAL.min(shared.config().watch.every);
        let _ = tokio::time::timeout(interval, signal.called.notified()).await;
    }
}

/// Tells the editors of what should have happened and did not.
async fn watch(shared: &Shared) {
    match alarms::tell(shared.config(), shared.store(), shared.moment(), Asker::Watcher).await {
        Ok(news) => news.iter().for_each(|alarm| tracing::warn!("{}", alarm.words)),
        Err(error) => tracing::error!("what is missed could not be looked for: {error}"),
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
