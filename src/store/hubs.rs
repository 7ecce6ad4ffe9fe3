//! The outbox of WebSub: which hub has to be told of which topic. A fence counts the leases and
//! the changes of a topic, so that an answer about what it was settles nothing about what it is.

use url::Url;

use super::{Result, Store, Tx, millis, query::from_row, sql};
use crate::model::{Instant, column::fingerprint};

/// A document that readers subscribe to, as it now stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    url: Url,
    fingerprint: String,
    /// Who alone is told of it; none for all hubs.
    hub: Option<Url>,
}

impl Topic {
    /// A document by its address (that of its self link) and its bytes.
    pub fn new(url: Url, bytes: &[u8]) -> Self {
        Self { url, fingerprint: fingerprint([bytes]), hub: None }
    }

    /// The same, of which one hub alone is told.
    #[must_use]
    pub fn for_hub(self, hub: Url) -> Self {
        Self { hub: Some(hub), ..self }
    }
}

/// Queues news for the hubs that do not know them, inside the transaction that says that the
/// documents are on disk.
///
/// Why nothing is lost. A topic counts as changed when its bytes are not those that the hub was
/// last told of (or is going to be): not when a file was written. So there are two cases for a
/// program that dies between the files and this commit: the commit is there, and the pings with
/// it; or it is not, then the feed's old state is not replaced either, the next run makes the feed
/// again, writes nothing because the files hold the same bytes, and queues the pings all the same,
/// because the hub has not been told of these bytes. For the same reason nothing is told in vain:
/// a feed that is made again without a difference queues nothing.
pub(super) async fn queue_pings(tx: &mut Tx<'_>, hubs: &[Url], topics: &[Topic], at: Instant) -> Result<()> {
    for topic in topics {
        for hub in topic.hub.as_ref().map_or(hubs, std::slice::from_ref) {
            tx.query(sql::QUEUE_PING)
                .bind(hub.as_str())
                .bind(topic.url.as_str())
                .bind(&topic.fingerprint)
                .bind(millis(at))
                .execute()
                .await?;
        }
    }
    Ok(())
}

/// A hub is to be told of a topic; this is the right to do so, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// The outbox's key.
    pub id: i64,
    fence: i64,
    /// The address of the document.
    pub topic: String,
    /// How often it was tried.
    pub attempts: i64,
    since_at: i64,
}

from_row!(Ping { id, fence, topic, attempts, since_at });

impl Ping {
    /// How long the hub has not known what is new, at an instant.
    pub fn age(&self, at: Instant) -> chrono::Duration {
        chrono::Duration::milliseconds(millis(at).saturating_sub(self.since_at))
    }
}

/// What became of a ping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PingState {
    /// The hub knows.
    Told,
    /// It is tried again from this instant on.
    Queued(Instant),
    /// It is not tried again before the topic changes.
    Failed,
}

/// A ping, what became of it, and the hub's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledPing {
    /// The ping.
    pub ping: Ping,
    /// What became of it.
    pub state: PingState,
    /// The hub's words, or why there are none.
    pub reply: String,
}

/// Pings of a hub that was silent, and from when on they are tried again.
#[derive(Debug, Clone, Copy)]
pub struct PutOff<'a> {
    /// Those that are due at this instant.
    pub at: Instant,
    /// Are due at this one.
    pub until: Instant,
    /// Those that wait since this instant or longer, and have been tried that often, are given up.
    pub since: Instant,
    /// See `since`.
    pub tries: i64,
    /// Why.
    pub reply: &'a str,
}

impl Store {
    /// Takes up to so many of a hub's pings that are due, for a time. The two clocks may differ:
    /// pings are due by the clock of the run (`--at`), leases end by the machine's.
    pub async fn lease_pings(
        &self,
        hub: &Url,
        at: Instant,
        limit: u32,
        clock: Instant,
        until: Instant,
    ) -> Result<Vec<Ping>> {
        self.transact(async |mut tx| {
            let pings = tx
                .query(sql::LEASE_PINGS)
                .bind(hub.as_str())
                .bind(millis(at))
                .bind(i64::from(limit))
                .bind(millis(until))
                .bind(millis(clock))
                .fetch_sorted(|ping: &Ping| ping.id)
                .await?;
            tx.commit().await?;
            Ok(pings)
        })
        .await
    }

    /// Writes down what became of pings, in one commit. What is said of a topic that has changed
    /// meanwhile counts for nothing: it is queued again already.
    pub async fn settle_pings(&self, settled: &[SettledPing]) -> Result<()> {
        self.transact(async |mut tx| {
            for SettledPing { ping, state, reply } in settled {
                let (state, attempts, due) = match state {
                    PingState::Told => ("told", 0, None),
                    PingState::Queued(due) => ("queued", ping.attempts + 1, Some(*due)),
                    PingState::Failed => ("failed", ping.attempts + 1, None),
                };
                tx.query(sql::SETTLE_PING)
                    .bind(ping.id)
                    .bind(ping.fence)
                    .bind(state)
                    .bind(attempts)
                    .bind(due.map_or(0, millis))
                    .bind(reply)
                    .execute()
                    .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Puts off what a silent hub was still to be told of, as if it had been tried; says how many
    /// pings wait and how many were given up.
    pub async fn put_off_pings(&self, hub: &Url, off: PutOff<'_>) -> Result<(usize, usize)> {
        let states: Vec<String> = self
            .transact(async |mut tx| {
                let states = tx
                    .query(sql::PUT_OFF_PINGS)
                    .bind(hub.as_str())
                    .bind(millis(off.at))
                    .bind(millis(off.until))
                    .bind(millis(off.since))
                    .bind(off.tries)
                    .bind(off.reply)
                    .fetch_all()
                    .await?;
                tx.commit().await?;
                Ok(states)
            })
            .await?;
        let failed = states.iter().filter(|state| *state == "failed").count();
        Ok((states.len() - failed, failed))
    }
}
