//! Carries letters over one connection to a relay. How depends on what the relay offers:
//!
//! - **chunks** (BDAT, RFC 3030): a few letters are on their way at once;
//! - **flights** (RFC 2920): the end of one letter and the envelope of the next go out in one
//!   write, so that a letter costs one round trip;
//! - **steps**: the plain dialogue.
//!
//! Before a letter's last byte goes out, it stands in the ledger as `sending`. So of a carrier that
//! dies, as many letters are `unknown` as were on their way: one, or a window of them. What a relay
//! answers counts once it is certain that its answers are in step (`track.rs`).

mod chunks;
mod settle;
mod texts;
mod track;

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    Error,
    clerk::{MARK, not_handed_over},
    post::Job,
    refusals::Refusal,
    relays::Relay,
    round::Round,
    verdict::{Reply, Verdict},
    wire::{Broken, Proven, Wire},
};
use crate::{
    edition::render::letter::RenderedLetter,
    model::LetterState,
    store::{Leased, Mark, Settlement},
};
use track::Track;

/// How long a connection is kept without a letter: one that the relay has closed meanwhile would
/// cost a letter its certainty.
const IDLE: Duration = Duration::from_secs(3);

/// How often a carrier that waits looks whether it should go on.
const LOOK: Duration = Duration::from_millis(100);

/// How long a carrier waits that got no connection where others have one.
const QUEUE: Duration = Duration::from_millis(500);

/// A letter with its envelope, ready to go.
struct Letter {
    leased: Leased,
    written: RenderedLetter,
    mail: String,
    rcpt: String,
    /// Whether it stands in the ledger as `sending`.
    marked: bool,
    /// The answers to its envelope, once they are there.
    answers: Option<(Reply, Reply)>,
}

/// Who carries letters over one connection.
pub(super) struct Carrier {
    round: Arc<Round>,
    relay: Arc<Relay>,
    wire: Option<Wire>,
    /// Letters over this connection.
    carried: u32,
    /// RSET must go before the next letter.
    reset: bool,
    /// Nothing more goes over this connection.
    leave: bool,
    /// What was settled over this connection and is not certain yet.
    track: Track,
    /// What is known and not written down yet.
    settled: Vec<Settlement>,
    /// Of these, what the relay refused for good.
    refused: Vec<Refusal>,
    /// What was written down, and turns out to be unknown.
    corrected: Vec<Settlement>,
    /// It came to its end as it should.
    well: bool,
}

impl Drop for Carrier {
    /// Nobody waits for letters that nobody carries.
    fn drop(&mut self) {
        if !self.well {
            self.round.fail();
        }
    }
}

impl Carrier {
    pub(super) fn new(round: Arc<Round>, relay: Arc<Relay>) -> Self {
        Self {
            round,
            relay,
            wire: None,
            carried: 0,
            reset: false,
            leave: false,
            track: Track::default(),
            settled: Vec::new(),
            refused: Vec::new(),
            corrected: Vec::new(),
            well: false,
        }
    }

    /// Carries letters until no more will come.
    pub(super) async fn work(mut self) -> Result<(), Error> {
        let outcome = self.carry_all().await;
        self.record(&[]).await;
        self.close().await;
        self.well = outcome.is_ok();
        outcome
    }

    async fn carry_all(&mut self) -> Result<(), Error> {
        loop {
            self.record(&[]).await;
            if self.wire.is_none() {
                if !self.relay.has_letters().await {
                    return Ok(());
                }
                // Whoever has a connection meanwhile takes the letters, or gives them back.
                if !self.round.is_over() && self.relay.out(self.round.now()).is_none() && !self.connect().await {
                    continue;
                }
            }
            let job = match tokio::time::timeout(IDLE, self.relay.next()).await {
                Ok(Some(job)) => job,
                Ok(None) => return Ok(()),
                Err(_) => {
                    self.close().await;
                    continue;
                }
            };
            if self.round.is_over() || self.relay.out(self.round.now()).is_some() {
                self.round.give_back(job).await;
                continue;
            }
            // Its domain may have begun to rest while it lay ready.
            if let Some(rest) = self.round.rest(&job.leased) {
                self.settled.push(rest);
                continue;
            }
            if !self.wait_for_turn().await {
                self.round.give_back(job).await;
                continue;
            }
            if !self.relay.within_day(&self.round.store, self.round.now()).await? {
                self.relay.is_full(self.round.now());
                self.round.give_back(job).await;
                continue;
            }
            if job.is_stale(self.round.now()) {
                self.round.is_done(1, 0);
                continue;
            }
            let Some(letter) = self.compose(job) else { continue };
            let outcome = match self.wire.as_ref().is_some_and(|wire| wire.offers.chunking) {
                true => self.chunks(letter).await,
                false => self.texts(letter).await,
            };
            let full = self.relay.config.letters_per_connection.is_some_and(|most| self.carried >= most);
            if let Err(broken) = outcome {
                self.wire = None;
                self.part(&broken);
                self.record(&[]).await;
                self.recover(&broken).await;
            } else if full || self.leave {
                self.close().await;
            }
        }
    }

    /// Waits until a letter may go by the relay's rates; false if it should not go any more.
    async fn wait_for_turn(&self) -> bool {
        let pace = self.relay.pace();
        tokio::pin!(pace);
        loop {
            tokio::select! {
                () = &mut pace => return true,
                () = tokio::time::sleep(LOOK) => {
                    if self.round.is_over() {
                        return false;
                    }
                }
            }
        }
    }

    /// Makes a connection. Until one has been made, one is tried at a time: a relay that is not
    /// there is not asked by all at once.
    async fn connect(&mut self) -> bool {
        let relay = Arc::clone(&self.relay);
        let known = || relay.known.load(Ordering::Acquire);
        let door = if known() { None } else { Some(relay.door.lock().await) };
        // Who waited at the door finds it open, or comes too late.
        let door = door.filter(|_| !known());
        if relay.out(self.round.now()).is_some() {
            return false;
        }
        match Wire::open(&relay.config).await {
            Ok(wire) => {
                relay.learns(wire.offers.clone());
                self.round.knows_sizes();
                self.wire = Some(wire);
                relay.open.fetch_add(1, Ordering::AcqRel);
                relay.known.store(true, Ordering::Release);
                return true;
            }
            // It takes letters, but no more connections.
            Err(_) if relay.open.load(Ordering::Acquire) > 0 => {
                drop(door);
                tokio::time::sleep(QUEUE).await;
            }
            Err(broken) => self.recover(&broken).await,
        }
        false
    }

    async fn recover(&self, broken: &Broken) {
        if broken.ours {
            return;
        }
        if let Some(pause) = self.relay.suffers(broken, self.round.now()) {
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends the connection politely. That it ends so proves what was said over it.
    async fn close(&mut self) {
        if let Some(wire) = self.wire.take() {
            match wire.quit().await {
                Ok(()) => {
                    if self.track.letters > 0 {
                        self.relay.trusts();
                    }
                    self.certain();
                    self.hang_up();
                }
                Err(broken) => self.part(&broken),
            }
            self.record(&[]).await;
        }
    }

    fn hang_up(&mut self) {
        self.relay.open.fetch_sub(1, Ordering::AcqRel);
        self.track = std::mem::take(&mut self.track).renewed();
        self.carried = 0;
        self.reset = false;
        self.leave = false;
    }

    /// Writes a letter and its envelope; none if it cannot be written, or this relay cannot take it.
    fn compose(&mut self, job: Job) -> Option<Letter> {
        let id = format!("{}.{}", self.round.edition.period, job.leased.letter.reader);
        let (written, leased) = match job.write() {
            Ok(written) => (written, job.leased),
            Err(reason) => {
                let settlement = self.round.judge(&self.relay, &job.leased, None, Verdict::Unfit(reason));
                self.settled.push(settlement);
                return None;
            }
        };
        let Some(wire) = &self.wire else {
            let settlement = self.round.judge(&self.relay, &leased, None, Verdict::Back("not handed over".into()));
            self.settled.push(settlement);
            return None;
        };
        if let Err(unfit) = wire.offers.takes(written.text.len() as u64, &written.recipient) {
            let settlement = self.round.unfit(&self.relay, &leased, &written, unfit);
            self.settled.push(settlement);
            return None;
        }
        let (mail, rcpt) = wire.offers.envelope(&written, &id);
        self.carried += 1;
        Some(Letter { leased, written, mail, rcpt, marked: false, answers: None })
    }

    /// One more letter for this connection, if one may go now.
    async fn one_more(&mut self) -> Option<Letter> {
        let full = self.relay.config.letters_per_connection.is_some_and(|most| self.carried >= most);
        // On one that was closed while letters were written down, nothing goes any more.
        if full || self.leave || self.wire.is_none() || self.round.is_over() || !self.relay.may_go() {
            return None;
        }
        loop {
            let job = self.relay.try_next()?;
            if job.is_stale(self.round.now()) {
                self.round.is_done(1, 0);
                continue;
            }
            if let Some(rest) = self.round.rest(&job.leased) {
                self.settled.push(rest);
                continue;
            }
            match self.relay.within_day(&self.round.store, self.round.now()).await {
                Ok(true) => {}
                // Who asks next finds out why.
                _ => {
                    self.relay.push(job);
                    return None;
                }
            }
            if let Some(letter) = self.compose(job) {
                return Some(letter);
            }
        }
    }

    fn pipelines(&self) -> bool {
        self.wire.as_ref().is_some_and(|wire| wire.offers.pipelining)
    }

    fn wire(&mut self) -> Result<&mut Wire, Broken> {
        self.wire.as_mut().ok_or_else(|| Broken::because("there is no connection"))
    }

    async fn answer(&mut self) -> Result<Reply, Broken> {
        self.wire()?.answer().await
    }

    /// Clears the relay's state, and makes certain what was settled until now. Where the relay does
    /// not answer that question, the end of the connection does.
    async fn prove(&mut self) -> Result<(), Broken> {
        self.reset = false;
        match self.wire()?.prove().await? {
            Proven::InStep => {
                self.track.shapes.proven();
                self.relay.trusts();
                self.certain();
            }
            Proven::NoAnswer => self.leave = true,
        }
        Ok(())
    }

    /// Whether there is something that only a certain point settles.
    fn must_prove(&self) -> bool {
        !self.leave && !self.track.held.is_empty()
    }

    /// Who refuses the sender refuses every letter.
    fn refused_sender(&mut self, letter: Letter, mail: &Reply) -> Broken {
        if mail.is_policy() {
            self.round.pause(&self.relay.config.name, &mail.to_string());
        }
        let words = format!("it refuses our sender: {mail}");
        self.settle(letter, None, Verdict::Back(words.clone()));
        Broken::because(words)
    }

    /// Has written down what is known, and that these letters are about to be handed over.
    async fn record(&mut self, letters: &[Letter]) -> HashSet<i64> {
        let settled = std::mem::take(&mut self.settled);
        let until = self.round.now() + MARK;
        let marks: Vec<Mark> = letters.iter().map(|letter| Mark { lease: letter.leased.lease, until }).collect();
        let done = settled.len();
        let finished = settled.iter().filter(|s| s.state != LetterState::Queued && s.state != LetterState::Deferred);
        let finished = finished.count();
        let granted = self.round.clerk.record(settled, marks).await;
        self.round.is_done(done, finished);
        // Those were done already, and are written down by now.
        self.round.correct(&std::mem::take(&mut self.corrected)).await;
        // The edition is held, the reader is gone, or another worker has the letter: of ours, whoever comes next
        // need not wait until the lease ends.
        let refused = letters.iter().filter(|letter| !granted.contains(&letter.leased.lease.letter));
        self.settled.extend(refused.map(|letter| not_handed_over(letter.leased.lease)));
        if !self.refused.is_empty() {
            // Now that they stand in the ledger as deferred, somebody may weigh them.
            let refused = std::mem::take(&mut self.refused);
            let others_take = self.round.others_take(&self.relay);
            let is_ripe = {
                let mut refusals = self.relay.refusals();
                refused.into_iter().for_each(|refusal| refusals.refused(refusal, others_take));
                refusals.is_ripe()
            };
            if is_ripe {
                self.round.settle_refusals(false).await;
            }
        }
        granted
    }
}
