//! Whether a proof went out: an editor who is told that it is on its way waits for it.

use std::time::Duration;

use super::{Desk, DeskError};
use crate::model::Instant;

/// How long the page waits for the relay's word.
const MAX_WAIT: Duration = Duration::from_secs(4);
/// How often it looks.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Has the proofs handed over that were queued at an instant. Nothing if the relay took all of them; else why they
/// wait.
pub(super) async fn delivery(desk: &Desk, queued: Instant) -> Result<Option<Vec<String>>, DeskError> {
    let shared = desk.shared();
    shared.wake_outbox();
    let end = tokio::time::Instant::now() + MAX_WAIT;
    loop {
        let waiting = shared.store().unsent_desk_letters(queued).await?;
        if waiting.is_empty() {
            return Ok(None);
        }
        let untried = waiting.iter().filter(|letter| letter.attempts == 0).count();
        if untried == 0 || tokio::time::Instant::now() >= end {
            let mut lines: Vec<String> = waiting.into_iter().map(|letter| letter.reply).collect();
            lines.retain(|line| !line.is_empty());
            lines.dedup();
            if untried > 0 {
                lines.push(desk.words().proof_untried.clone());
            }
            return Ok(Some(lines));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
