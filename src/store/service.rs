//! The outbox of letters that serve one person. They are sent soon and more than once rather than
//! not at all: a second letter to confirm does no harm.

use data_encoding::BASE32_NOPAD;

use super::{Result, Store, Tx, millis, query::from_row, sql};
use crate::model::{EmailAddress, Instant};

/// What a letter to one person is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// It asks to confirm a subscription.
    Join,
    /// It says that there is a subscription already.
    Known,
    /// It has the link to the preferences.
    Link,
    /// It asks to confirm a new address.
    Move,
    /// It tells the old address of the new one.
    Moved,
    /// It asks whether its reader wants to leave.
    Leave,
    /// It is for an editor.
    Desk,
    /// It welcomes a new reader.
    Welcome,
    /// It asks whether to go on.
    Reconfirm,
}

impl ServiceKind {
    /// As the store writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Known => "known",
            Self::Link => "link",
            Self::Move => "move",
            Self::Moved => "moved",
            Self::Leave => "leave",
            Self::Desk => "desk",
            Self::Welcome => "welcome",
            Self::Reconfirm => "reconfirm",
        }
    }
}

/// A letter to one person that is to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLetter {
    /// What it is about: each kind has limits of its own.
    pub kind: ServiceKind,
    /// Where to.
    pub address: EmailAddress,
    /// RFC 5322.
    pub message: String,
    /// Now.
    pub queued: Instant,
    /// After this it is of no use.
    pub expires: Instant,
}

/// Queues a letter in the commit of what it tells of, to be sent from an instant on.
pub(super) async fn queue_letter(tx: &mut Tx<'_>, hashes: &Hashes, letter: &ServiceLetter, due: Instant) -> Result<()> {
    tx.query(sql::ADD_SERVICE_LETTER)
        .bind(Store::random()?.to_vec())
        .bind(&hashes.address)
        .bind(letter.address.to_string())
        .bind(&letter.message)
        .bind(millis(letter.queued))
        .bind(millis(due))
        .bind(millis(letter.expires))
        .bind(letter.kind.as_str())
        .bind(&hashes.mailbox)
        .execute()
        .await?;
    Ok(())
}

/// What an address and its mailbox are recognised by.
pub(super) struct Hashes {
    pub(super) address: Vec<u8>,
    pub(super) mailbox: Vec<u8>,
}

/// A letter that a worker has leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLease {
    id: i64,
    public_id: Vec<u8>,
    fence: i64,
    /// Where to, as the store wrote it.
    pub address: String,
    /// RFC 5322.
    pub message: String,
    /// How often it was tried before.
    pub attempts: i64,
}

from_row!(ServiceLease { id, public_id, fence, address, message, attempts });

impl ServiceLease {
    /// What its file in an outbox and its envelope name it by: never another letter's.
    pub fn name(&self) -> String {
        name(&self.public_id)
    }

    /// The same as bytes.
    pub fn public_id(&self) -> Option<[u8; 16]> {
        self.public_id.as_slice().try_into().ok()
    }
}

fn name(public_id: &[u8]) -> String {
    BASE32_NOPAD.encode(public_id).to_lowercase()
}

/// A letter that no relay has taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentLetter {
    /// How often it was tried.
    pub attempts: i64,
    /// What a relay said last.
    pub reply: String,
}

from_row!(in order UnsentLetter { attempts, reply });

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// The relay took it.
    Sent,
    /// It is tried again from this instant on.
    Queued(Instant),
    /// It is not tried again.
    Failed,
}

impl Store {
    /// What an address and its mailbox are recognised by.
    pub(super) fn hashes(&self, address: &EmailAddress) -> Hashes {
        Hashes { address: self.hash(address), mailbox: self.mailbox_hash(address) }
    }

    /// Queues a letter in the commit of what it tells of.
    pub(super) async fn queue_letter(&self, tx: &mut Tx<'_>, letter: &ServiceLetter) -> Result<()> {
        queue_letter(tx, &self.hashes(&letter.address), letter, letter.queued).await
    }

    /// Takes up to so many letters that are due at an instant, for a time that ends by the machine's
    /// clock.
    pub async fn lease_service_letters(
        &self,
        at: Instant,
        limit: u32,
        clock: Instant,
        until: Instant,
    ) -> Result<Vec<ServiceLease>> {
        // Nearly always none is, and a look takes no lock.
        let due: i64 = self.read(sql::SERVICE_LETTERS_DUE).bind(millis(at)).fetch_one().await?;
        if due == 0 {
            return Ok(Vec::new());
        }
        self.write(sql::LEASE_SERVICE_LETTERS)
            .bind(millis(at))
            .bind(i64::from(limit))
            .bind(millis(until))
            .bind(millis(clock))
            .fetch_sorted(|letter: &ServiceLease| letter.id)
            .await
    }

    /// Writes down what became of a letter. What it said, and to whom, goes when it is settled.
    pub async fn settle_service_letter(&self, lease: &ServiceLease, state: ServiceState, reply: &str) -> Result<()> {
        let (state, due) = match state {
            ServiceState::Sent => ("sent", None),
            ServiceState::Queued(due) => ("queued", Some(due)),
            ServiceState::Failed => ("failed", None),
        };
        self.write(sql::SETTLE_SERVICE_LETTER)
            .bind(lease.id)
            .bind(lease.fence)
            .bind(state)
            .bind(due.map_or(0, millis))
            .bind(reply)
            .execute()
            .await?;
        Ok(())
    }

    /// Letters for editors that were queued at an instant and that no relay has taken: how often each was tried, and
    /// what a relay said last.
    pub async fn unsent_desk_letters(&self, queued: Instant) -> Result<Vec<UnsentLetter>> {
        self.read(sql::UNSENT_DESK_LETTERS).bind(millis(queued)).fetch_all().await
    }

    /// The names of the letters to a reader that are remembered, whichever address they went to.
    pub async fn service_letters_of(&self, id: i64) -> Result<Vec<String>> {
        let ids: Vec<Vec<u8>> = self.read(sql::SERVICE_NAMES_OF).bind(id).fetch_all().await?;
        Ok(ids.iter().map(|id| name(id)).collect())
    }

    /// Says that a worker is still at a letter, by the machine's clock; false if another has it now.
    pub async fn renew_service_letter(&self, lease: &ServiceLease, until: Instant) -> Result<bool> {
        let renewed = self
            .write(sql::RENEW_SERVICE_LETTER)
            .bind(lease.id)
            .bind(lease.fence)
            .bind(millis(until))
            .execute()
            .await?;
        Ok(renewed == 1)
    }

    /// Forgets wishes that can no longer be confirmed, and letters that were settled or are of no
    /// use any more and older than an instant; says how many of both.
    pub async fn tidy(&self, at: Instant, older: Instant) -> Result<u64> {
        self.transact(async |mut tx| {
            let requests = tx.query(sql::DROP_OLD_REQUESTS).bind(millis(at)).execute().await?;
            let query = tx.query(sql::DROP_OLD_SERVICE_LETTERS).bind(millis(older)).bind(millis(at));
            let letters = query.execute().await?;
            tx.commit().await?;
            Ok(requests + letters)
        })
        .await
    }

    /// Whether [`Self::tidy`] would find something: a look takes no lock.
    pub async fn is_untidy(&self, at: Instant, older: Instant) -> Result<bool> {
        let old: i64 = self.read(sql::UNTIDY).bind(millis(at)).bind(millis(older)).fetch_one().await?;
        Ok(old > 0)
    }
}
