//! One subscriber's copy of an edition, a row in the ledger.

use serde::Serialize;

use super::ReaderId;

/// Where a letter stands. A letter is never sent again once it may have been taken: `Unknown` says
/// so, and only the operator decides about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterState {
    /// To be sent.
    Queued,
    /// A worker has taken it and not begun.
    Leased,
    /// A worker is handing it to the relay.
    Sending,
    /// The relay took it.
    Sent,
    /// The relay asked to try again later.
    Deferred,
    /// The relay refused it for good.
    Failed,
    /// The subscriber left, or must not be written to, after the edition was frozen.
    Suppressed,
    /// A worker died while it handed it to the relay: it may have arrived.
    Unknown,
    /// What it holds comes in another letter to the same reader.
    Carried,
}

impl LetterState {
    /// As the store writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
            Self::Unknown => "unknown",
            Self::Carried => "carried",
        }
    }
}

/// A letter that a worker has leased: all it needs to write and send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The ledger's key.
    pub id: i64,
    /// Whose it is.
    pub reader: ReaderId,
    /// The store's key of the variant.
    pub variant: i64,
    /// Where to, as the store wrote it.
    pub address: String,
    /// How the subscriber is called.
    pub name: Option<String>,
    /// How often it was tried before.
    pub attempts: i64,
}

/// How many letters of an edition are in which state. The sum is what was frozen, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// To be sent.
    pub queued: i64,
    /// Taken by a worker.
    pub leased: i64,
    /// Being handed to the relay.
    pub sending: i64,
    /// Taken by the relay.
    pub sent: i64,
    /// To be tried again later.
    pub deferred: i64,
    /// Refused for good.
    pub failed: i64,
    /// Not to be written to any more.
    pub suppressed: i64,
    /// May have arrived.
    pub unknown: i64,
    /// In other letters, whose fate is theirs.
    #[serde(skip_serializing_if = "is_none")]
    pub carried: i64,
}

fn is_none(count: &i64) -> bool {
    *count == 0
}

impl Tally {
    /// All letters of the edition.
    pub fn frozen(&self) -> i64 {
        self.settled() + self.to_do()
    }

    /// Letters about which nothing more will be done by itself.
    pub fn settled(&self) -> i64 {
        self.sent + self.failed + self.suppressed + self.unknown + self.carried
    }

    /// Letters still to do.
    pub fn to_do(&self) -> i64 {
        self.queued + self.leased + self.sending + self.deferred
    }
}
