//! Sends an edition's letters: lease a batch, hand it over, settle, until none is left. A run that
//! finds letters of another worker waits until they are settled or their leases end.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::{Error, Verdict, outbox, smtp::Connection};
use crate::{
    config::{Config, Route},
    digest::letter::{Form, Written},
    model::{Edition, EditionState, EmailAddress, Instant, LetterState, Tally},
    store::{Leased, Settlement, Store},
};

/// How many letters a worker takes at once.
const BATCH: u32 = 64;

/// How long it may keep those that it has not begun.
const LEASE: Duration = Duration::from_secs(20);

/// How often a letter is tried before it counts as refused.
const TRIES: i64 = 12;

/// What delivery needs from the outside.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The store.
    pub store: &'a Store,
    /// The machine's clock: leases are between machines, whatever `--at` says.
    pub clock: &'a (dyn Fn() -> Instant + Sync),
    /// Set when the worker should finish what it has begun and stop.
    pub stop: &'a AtomicBool,
}

impl Post<'_> {
    /// Sends what is to be sent of an edition, and says how it stands afterwards.
    pub async fn send(&self, edition: &Edition) -> Result<Tally, Error> {
        self.store.move_edition(edition.id, EditionState::Frozen, EditionState::Sending).await?;
        let mut forms = HashMap::new();
        let mut line = None;
        let outcome = self.work(edition, &mut forms, &mut line).await;
        if let Some(connection) = line {
            connection.quit().await;
        }
        outcome?;
        let tally = self.store.tally(edition.id).await?;
        if tally.to_do() == 0 {
            self.store.move_edition(edition.id, EditionState::Sending, EditionState::Sent).await?;
        }
        Ok(tally)
    }

    async fn work<'f>(
        &'f self,
        edition: &'f Edition,
        forms: &mut HashMap<i64, Form<'f>>,
        line: &mut Option<Connection>,
    ) -> Result<(), Error> {
        // A file may be written twice, a letter not be sent twice.
        let lapsed = match self.config.relay.route {
            Route::Folder(_) => LetterState::Queued,
            Route::Smtp { .. } => LetterState::Unknown,
        };
        while !self.stop.load(Ordering::Relaxed) {
            let now = (self.clock)();
            self.store.lapse(edition.id, now, lapsed).await?;
            let batch = self.store.lease_letters(edition.id, now, BATCH, now + LEASE).await?;
            if batch.is_empty() {
                if self.wait(edition).await? {
                    continue;
                }
                break;
            }
            for leased in &batch {
                let id = leased.letter.variant;
                if let std::collections::hash_map::Entry::Vacant(vacant) = forms.entry(id) {
                    let variant = self.store.variant(id).await?;
                    vacant.insert(Form::new(self.config, edition, self.store.key(), &variant.entity)?);
                }
            }
            match &self.config.relay.route {
                Route::Folder(folder) => {
                    let mut written = Vec::new();
                    let mut settled = Vec::new();
                    for leased in &batch {
                        match write(forms, leased) {
                            Ok(letter) => {
                                written.push((leased.letter.subscriber, letter));
                                settled.push(settlement(leased, Verdict::Sent("written".into()), now));
                            }
                            Err(reason) => settled.push(settlement(leased, Verdict::Refused(reason), now)),
                        }
                    }
                    if let Err(error) = outbox::put(folder, &edition.period, &written) {
                        self.put_back(&batch).await?;
                        return Err(error);
                    }
                    self.store.settle(&settled, (self.clock)()).await?;
                }
                route => self.hand_over(route, &batch, forms, line).await?,
            }
        }
        Ok(())
    }

    /// Hands a batch to an SMTP server, letter by letter.
    async fn hand_over(
        &self,
        route: &Route,
        batch: &[Leased],
        forms: &HashMap<i64, Form<'_>>,
        line: &mut Option<Connection>,
    ) -> Result<(), Error> {
        let timeout = self.config.relay.timeout;
        for (index, leased) in batch.iter().enumerate() {
            if self.stop.load(Ordering::Relaxed) {
                return self.put_back(&batch[index..]).await;
            }
            let letter = match write(forms, leased) {
                Ok(letter) => letter,
                Err(reason) => {
                    let now = (self.clock)();
                    self.store.settle(&[settlement(leased, Verdict::Refused(reason), now)], now).await?;
                    continue;
                }
            };
            let connection = match line.take() {
                Some(connection) => Ok(connection),
                None => Connection::open(route, timeout).await,
            };
            let mut connection = match connection {
                Ok(connection) => connection,
                Err(reason) => {
                    self.put_back(&batch[index..]).await?;
                    return Err(trouble(route, reason));
                }
            };
            // The data may take as long as an answer, and its answer too.
            let until = (self.clock)() + timeout * 2 + Duration::from_secs(10);
            if !self.store.mark_sending(leased.lease, until).await? {
                // The lease ended and another worker has the letter.
                *line = Some(connection);
                continue;
            }
            let verdict = connection.send(&letter).await;
            let now = (self.clock)();
            match verdict {
                Verdict::Trouble(reason) => {
                    self.put_back(&batch[index..]).await?;
                    return Err(trouble(route, reason));
                }
                Verdict::Unknown(_) => {}
                _ => *line = Some(connection),
            }
            self.store.settle(&[settlement(leased, verdict, now)], now).await?;
        }
        Ok(())
    }

    /// Gives letters back to the queue.
    async fn put_back(&self, letters: &[Leased]) -> Result<(), Error> {
        let back = |leased: &Leased| Settlement {
            lease: leased.lease,
            state: LetterState::Queued,
            due: None,
            reply: "not handed over".into(),
        };
        Ok(self.store.settle(&letters.iter().map(back).collect::<Vec<_>>(), (self.clock)()).await?)
    }

    /// Waits for letters that another worker holds; false if there is nothing to wait for now.
    async fn wait(&self, edition: &Edition) -> Result<bool, Error> {
        let Some(end) = self.store.leases_end(edition.id).await? else { return Ok(false) };
        let left = (end - (self.clock)()).to_std().unwrap_or_default();
        if left > LEASE {
            return Ok(false);
        }
        tokio::time::sleep(left.clamp(Duration::from_millis(20), Duration::from_millis(500))).await;
        Ok(true)
    }
}

/// A letter's bytes, or why there are none.
fn write(forms: &HashMap<i64, Form<'_>>, leased: &Leased) -> Result<Written, String> {
    let letter = &leased.letter;
    let address: EmailAddress = letter.address.parse().map_err(|error| format!("not sent: {error}"))?;
    let form = forms.get(&letter.variant).ok_or("not sent: its variant is gone")?;
    form.write(letter.subscriber, &address, letter.name.as_deref()).map_err(|error| format!("not sent: {error}"))
}

fn settlement(leased: &Leased, verdict: Verdict, now: Instant) -> Settlement {
    let attempts = leased.letter.attempts;
    let (state, due, reply) = match verdict {
        Verdict::Sent(reply) => (LetterState::Sent, None, reply),
        Verdict::Deferred(reply) if attempts + 1 < TRIES => (LetterState::Deferred, Some(now + pause(leased)), reply),
        Verdict::Deferred(reply) => (LetterState::Failed, None, format!("given up after {TRIES} tries: {reply}")),
        Verdict::Refused(reply) => (LetterState::Failed, None, reply),
        Verdict::Unknown(reply) => (LetterState::Unknown, None, reply),
        Verdict::Trouble(reply) => (LetterState::Queued, None, reply),
    };
    Settlement { lease: leased.lease, state, due, reply }
}

/// How long a letter waits before it is tried again: 5 minutes, then twice as long each time up to
/// 6 hours, and up to a quarter more, so that letters deferred together come apart.
fn pause(leased: &Leased) -> Duration {
    let minutes = (5u64 << leased.letter.attempts.clamp(0, 7)).min(360);
    let spread = leased.letter.id.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    Duration::from_secs(minutes * 60 + minutes * 15 * spread / 255)
}

fn trouble(route: &Route, reason: String) -> Error {
    let relay = match route {
        Route::Folder(path) => path.display().to_string(),
        Route::Smtp { host, port, .. } => format!("{host}:{port}"),
    };
    Error::Relay { relay, reason }
}
