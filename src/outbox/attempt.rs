//! What service letters and pings have in common: each attempt succeeds, is repeated later or was the last one.

use crate::{
    model::Instant,
    store::{PingState, ServiceState},
};

/// The counts of a round of attempts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboxReport {
    pub sent: usize,
    /// Those that will be tried again.
    pub waiting: usize,
    /// Those that were refused for good or given up.
    pub failed: usize,
    /// The last words about one that was not sent.
    pub reply: String,
}

impl OutboxReport {
    pub(super) fn count(&mut self, result: AttemptResult, reply: &str) {
        match result {
            AttemptResult::Sent => self.sent += 1,
            AttemptResult::RetryAt(_) => self.waiting += 1,
            AttemptResult::Failed => self.failed += 1,
        }
        if result != AttemptResult::Sent {
            reply.clone_into(&mut self.reply);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptResult {
    Sent,
    RetryAt(Instant),
    Failed,
}

impl From<AttemptResult> for ServiceState {
    fn from(result: AttemptResult) -> Self {
        match result {
            AttemptResult::Sent => Self::Sent,
            AttemptResult::RetryAt(due) => Self::Queued(due),
            AttemptResult::Failed => Self::Failed,
        }
    }
}

impl From<AttemptResult> for PingState {
    fn from(result: AttemptResult) -> Self {
        match result {
            AttemptResult::Sent => Self::Told,
            AttemptResult::RetryAt(due) => Self::Queued(due),
            AttemptResult::Failed => Self::Failed,
        }
    }
}
