//! The outbox of letters that serve one person. They are sent soon and more than once rather than
//! not at all: a second letter to confirm does no harm.

use data_encoding::BASE32_NOPAD;

use super::{Result, Store, millis, on, on_writing, sql, transact, worded};
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
    /// It is for an editor.
    Desk,
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
            Self::Desk => "desk",
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
macro_rules! queue_letter {
    ($transaction:ident, $hash:expr, $mailbox:expr, $letter:expr, $due:expr) => {
        sqlx::query(sql::ADD_SERVICE_LETTER)
            .bind(Store::random()?.to_vec())
            .bind($hash)
            .bind($letter.address.to_string())
            .bind(&$letter.message)
            .bind(millis($letter.queued))
            .bind(millis($due))
            .bind(millis($letter.expires))
            .bind($letter.kind.as_str())
            .bind($mailbox)
            .execute(&mut *$transaction)
            .await?
    };
}
pub(super) use queue_letter;

/// A letter that a worker has leased.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ServiceLease {
    id: i64,
    #[sqlx(try_from = "Vec<u8>")]
    public_id: PublicId,
    fence: i64,
    /// Where to, as the store wrote it.
    pub address: String,
    /// RFC 5322.
    pub message: String,
    /// How often it was tried before.
    pub attempts: i64,
}

impl ServiceLease {
    /// What its file in an outbox and its envelope name it by: never another letter's.
    pub fn name(&self) -> String {
        name(&self.public_id.0)
    }

    /// The same as bytes.
    pub fn public_id(&self) -> Option<[u8; 16]> {
        self.public_id.0.as_slice().try_into().ok()
    }
}

fn name(public_id: &[u8]) -> String {
    BASE32_NOPAD.encode(public_id).to_lowercase()
}

/// The bytes of a letter's public id.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PublicId(Vec<u8>);

impl From<Vec<u8>> for PublicId {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

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
        let due: i64 = on!(self, pool => {
            sqlx::query_scalar(sql::SERVICE_LETTERS_DUE).bind(millis(at)).fetch_one(pool).await?
        });
        if due == 0 {
            return Ok(Vec::new());
        }
        let mut letters: Vec<ServiceLease> = on_writing!(self, pool => {
            sqlx::query_as(worded(pool, sql::LEASE_SERVICE_LETTERS))
                .bind(millis(at))
                .bind(i64::from(limit))
                .bind(millis(until))
                .bind(millis(clock))
                .fetch_all(pool)
                .await?
        });
        letters.sort_by_key(|letter| letter.id);
        Ok(letters)
    }

    /// Writes down what became of a letter. What it said, and to whom, goes when it is settled.
    pub async fn settle_service_letter(&self, lease: &ServiceLease, state: ServiceState, reply: &str) -> Result<()> {
        let (state, due) = match state {
            ServiceState::Sent => ("sent", None),
            ServiceState::Queued(due) => ("queued", Some(due)),
            ServiceState::Failed => ("failed", None),
        };
        on_writing!(self, pool => {
            sqlx::query(sql::SETTLE_SERVICE_LETTER)
                .bind(lease.id)
                .bind(lease.fence)
                .bind(state)
                .bind(due.map_or(0, millis))
                .bind(reply)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The names of the letters to a reader that are remembered, whichever address they went to.
    pub async fn service_letters_of(&self, id: i64) -> Result<Vec<String>> {
        let ids: Vec<Vec<u8>> = on!(self, pool => {
            sqlx::query_scalar(sql::SERVICE_NAMES_OF).bind(id).fetch_all(pool).await?
        });
        Ok(ids.iter().map(|id| name(id)).collect())
    }

    /// Says that a worker is still at a letter, by the machine's clock; false if another has it now.
    pub async fn renew_service_letter(&self, lease: &ServiceLease, until: Instant) -> Result<bool> {
        let renewed = on_writing!(self, pool => {
            let query = sqlx::query(sql::RENEW_SERVICE_LETTER).bind(lease.id).bind(lease.fence).bind(millis(until));
            query.execute(pool).await?.rows_affected()
        });
        Ok(renewed == 1)
    }

    /// Forgets wishes that can no longer be confirmed, and letters that were settled or are of no
    /// use any more and older than an instant; says how many of both.
    pub async fn tidy(&self, at: Instant, older: Instant) -> Result<u64> {
        transact!(self, begin, pool, tx => {
            let requests = sqlx::query(sql::DROP_OLD_REQUESTS).bind(millis(at)).execute(&mut *tx).await?;
            let query = sqlx::query(sql::DROP_OLD_SERVICE_LETTERS).bind(millis(older)).bind(millis(at));
            requests.rows_affected() + query.execute(&mut *tx).await?.rows_affected()
        })
    }

    /// Whether [`Self::tidy`] would find something: a look takes no lock.
    pub async fn is_untidy(&self, at: Instant, older: Instant) -> Result<bool> {
        let old: i64 = on!(self, pool => {
            sqlx::query_scalar(sql::UNTIDY).bind(millis(at)).bind(millis(older)).fetch_one(pool).await?
        });
        Ok(old > 0)
    }
}
