//! Hands over the letters that readers' pages have queued, as soon as they are.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use super::Shared;
use crate::{model::Instant, outbox::service};

/// How often it looks without being called: for letters that a relay asked to bring later.
const ROUND: Duration = Duration::from_secs(30);

/// Where the courier is called.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Notify,
    over: AtomicBool,
}

impl Bell {
    /// There is a letter.
    pub(super) fn call(&self) {
        self.rung.notify_one();
    }
}

/// Carries letters until [`Shared::close`].
pub async fn carry(shared: Shared) {
    let bell = shared.courier();
    while !bell.over.load(Ordering::Acquire) {
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
        let _ = tokio::time::timeout(ROUND, bell.rung.notified()).await;
    }
}

impl Shared {
    /// Sends the courier home, after the letter at hand.
    pub fn close(&self) {
        self.courier().over.store(true, Ordering::Release);
        self.courier().call();
    }
}

/// The machine's clock, by which leases end.
fn clock() -> Instant {
    chrono::Utc::now()
}
